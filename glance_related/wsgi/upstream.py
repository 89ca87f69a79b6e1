"""`Upstream`: asking the wrapped service something of our own.

A sub-request gets a *fresh* environ, made from a list of keys that may be copied. A copy of the
whole environ would take the parent's unread body along: the sub-request would carry it, and the
parent would then find it gone.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from glance_related.wsgi.reply import Reply, collect

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

_COPIED = (
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "SCRIPT_NAME",
    "HTTP_HOST",
    "HTTP_ACCEPT",  # a refusal of the sub-request may become the reply
    "HTTP_ACCEPT_LANGUAGE",
    "api.version",
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.errors",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
)
_COPIED_PREFIXES = ("HTTP_X_", "HTTP_OPENSTACK_", "keystone.", "openstack.")


class Upstream:
    """The wrapped service, asked with the credentials of the request at hand.

    :param app: the wrapped application
    :param environ: the request whose caller is asking
    """

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._app = app
        self._environ = environ

    def get(self, path: str, query: str = "", headers: Mapping[str, str | None] = MappingProxyType({})) -> Reply:
        """GET a path of the service, as the same caller, and read the whole answer.

        :param headers: what headers shall say instead of what the client's say, under their names in the environ;
            None: nothing
        """
        environ = self._fresh(path, query)
        for name, value in headers.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        return collect(self._app, environ)

    def _fresh(self, path: str, query: str) -> WSGIEnvironment:
        parent = self._environ
        environ = {key: parent[key] for key in _COPIED if key in parent}
        environ |= {key: value for key, value in parent.items() if key.startswith(_COPIED_PREFIXES)}
        attributes = parent.get("webob.adhoc_attrs")
        if attributes is not None:
            # WebOb keeps what a host hangs on its request here (Glance: the context); only that is handed on
            environ["webob.adhoc_attrs"] = {key: attributes[key] for key in ("context",) if key in attributes}
        environ.update(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "wsgi.input": io.BytesIO(b""),
                "glance_related.source": "upstream",
            }
        )
        return environ
