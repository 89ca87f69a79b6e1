"""`Rider`: what is kept of a request to Nova, and how the request gets its marked id."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glance_related.riders.mark import Marks

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

#: Where Nova's ``compute_req_id`` leaves the client's id, and where Nova's context takes it from: what stands
#: there when the context is built is what Glance is told.
GLOBAL_ID = "openstack.global_request_id"

#: Nova's own id of the request, which stands in its answer and in its record of the server's actions.
OWN_ID = "openstack.request_id"

#: Nova's global id of the request, as it reaches Glance.
AT_GLANCE = "HTTP_X_OPENSTACK_REQUEST_ID"

# The id that a filter of ours has put there: several filters may let something ride on one request.
_RIDING = "glance_related.request_id"


@dataclass(frozen=True)
class Rider:
    """Something that rides on a request.

    :param request_id: the marked id that Nova hands on
    :param kind: whose it is, as ``snapshot``
    :param own_request_id: Nova's own id of the request
    :param nova_installation_uuid: which Nova
    :param project_id: the project of the caller
    :param user_id: the caller
    :param content: what is kept; plain JSON. Where a rider can be open it names the ``server_id`` that its request
        is for, or None
    :param created_at: UTC
    :param is_open: it has still to be found out for which servers it was; such a rider is not purged
    """

    request_id: str
    kind: str
    own_request_id: str
    nova_installation_uuid: str
    project_id: str
    user_id: str
    content: Mapping[str, Any]
    created_at: datetime.datetime
    is_open: bool = False

    @property
    def server_id(self) -> str | None:
        """The server that the request is for; None: it makes servers."""
        named: str | None = self.content.get("server_id")
        return named


def drop_replayed(environ: WSGIEnvironment, marks: Marks) -> None:
    """Take a client's request id away where it carries our mark: only a filter of ours may put one there."""
    inbound = environ.get(GLOBAL_ID)
    if inbound is not None and environ.get(_RIDING) != inbound and marks.is_ours(inbound):
        del environ[GLOBAL_ID]


def marked_id(environ: WSGIEnvironment, marks: Marks, *, decides: bool = False) -> str:
    """The marked id of a request to Nova: fresh, or the one that another filter of ours has given it.

    :param decides: Glance's answers depend on the rider; what needs that must come before what does not
    """
    if _RIDING not in environ:
        environ[_RIDING] = marks.new_id(decides=decides)
    riding: str = environ[_RIDING]
    assert marks.decides(riding) or not decides, "a filter whose riders decide stands behind one whose do not"
    return riding


def ride(environ: WSGIEnvironment, request_id: str) -> None:
    """Let Nova use the marked id; from here on what was kept under it will be found."""
    environ[GLOBAL_ID] = request_id
