"""Who is asking a registry: the identity headers, believed as they come.

In front of a registry without authentication stands no ``authtoken`` and no context that could
prove anything. A proxy in front must set these headers, and remove what the client sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glance_related.hosts.registry.errors import TWO_PROJECTS
from glance_related.wsgi.caller import Caller, read_caller

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_STATUS = "HTTP_X_IDENTITY_STATUS"


def read_identity(environ: WSGIEnvironment) -> Caller:
    """The caller; without headers, or where their status is not ``Confirmed``, nobody.

    :raises Problem: 400 where the two names of the project's header say different things, for the
        proxy has set one of them and the client the other
    """
    if environ.get(_STATUS, "Confirmed") != "Confirmed":
        return read_caller({})
    caller = read_caller({**environ, _STATUS: "Confirmed"})
    project, tenant = caller.project_id, environ.get("HTTP_X_TENANT_ID") or None
    if project and tenant and project != tenant:
        raise TWO_PROJECTS()
    return replace(caller, project_id=project or tenant)
