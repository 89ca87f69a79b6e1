"""`Reader`: a server and Nova's record of its actions, asked with a reader's right in the name of a customer.

Whoever asks for what a guest is to have is a service, and Nova shows that to none. The question goes into the
rest of the pipeline, behind ``authtoken``: with a fresh environ, the customer's user and project, the one role
``reader``, no token and no service, so that Nova shows what the customer may see, and does nothing in anyone's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glance_related.hosts.nova.servers import MICROVERSION, described, request_ids_in, shown_in
from glance_related.wsgi.upstream import Upstream

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

_OF_A_CALLER = ("HTTP_X_", "keystone.")


class Reader:
    """See the module.

    :param app: Nova, behind ``authtoken``
    :param environ: of the service's request
    :param with_project: whether a project stands in front of its path, as this Nova has it
    """

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment, *, with_project: bool) -> None:
        self._app = app
        self._environ = {key: value for key, value in environ.items() if not key.startswith(_OF_A_CALLER)}
        self._with_project = with_project
        self._user_id = environ.get("HTTP_X_USER_ID", "")

    def as_caller(self, user_id: str, project_id: str) -> ReadersRecord:
        """The record as this customer sees it."""
        return ReadersRecord(*self._read(user_id, project_id))

    def described(self, server_id: str, project_id: str) -> dict[str, Any] | None:
        """A server as a reader of its project sees it; None where it is not shown."""
        upstream, prefix = self._read(self._user_id, project_id)
        return shown_in(described(upstream, f"{prefix}/servers/{server_id}"))

    def _read(self, user_id: str, project_id: str) -> tuple[Upstream, str]:
        identity = {
            "HTTP_X_IDENTITY_STATUS": "Confirmed",
            "HTTP_X_USER_ID": user_id,
            "HTTP_X_PROJECT_ID": project_id,
            "HTTP_X_ROLES": "reader",
        }
        prefix = f"/{project_id}" if self._with_project else ""
        return Upstream(self._app, self._environ | identity), prefix


@dataclass(frozen=True)
class ReadersRecord:
    """See `glance_related.riders.tracing.Record`."""

    _upstream: Upstream
    _prefix: str

    def request_ids(self, server_id: str) -> frozenset[str] | None:
        """Nova's own ids of the requests that it has recorded of a server; None where it does not tell."""
        path = f"{self._prefix}/servers/{server_id}/os-instance-actions"
        return request_ids_in(self._upstream.get(path, headers=MICROVERSION))
