"""A problem in Nova's shape: ``{"badRequest": {"code": 400, "message": "..."}}``, always JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glance_related.problem import CODE_HEADER, Problem
from glance_related.wsgi.reply import Reply, json_reply, status_line

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

# The names by which Nova's own faults go, from its nova.api.openstack.wsgi.Fault.
_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    412: "preconditionFailed",  # Nova itself answers none
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def render(problem: Problem) -> WSGIApplication:
    """The WSGI application that answers with this problem, as Nova would; our code stands beside ``message``."""
    name = _NAMES.get(problem.status, "computeFault")
    fault: dict[str, Any] = {"code": problem.status, "message": problem.text, "glance_related_code": problem.code}
    if problem.parts:
        fault["glance_related_problems"] = list(problem.parts)
    reply = json_reply(status_line(problem.status), {name: fault})
    return Reply(reply.status, (*reply.headers, (CODE_HEADER, problem.code)), reply.body)
