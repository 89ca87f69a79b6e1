"""`Riding`: in which order an override is kept, proved to be in force, and handed to Nova.

Kept first, then shown by Glance as it will be shown to the boot, then Nova: so that no server is made that has not
what it was asked for, and none whose making is not known.
"""

from __future__ import annotations

import datetime
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from glance_related.db.database import BadValue, DatabaseDown
from glance_related.db.models import utcnow
from glance_related.hosts.nova.servers import NotAnswered, Servers
from glance_related.problem import DATABASE_DOWN
from glance_related.props_override import problems
from glance_related.props_override.override import OVERRIDE, Override
from glance_related.props_override.servers import ServersOverrides
from glance_related.props_override.store import Kept
from glance_related.riders.rider import GLOBAL_ID, OWN_ID, Rider, marked_id, ride
from glance_related.riders.store import RiderStore
from glance_related.suite import Suite
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.filter import Request
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOG = logging.getLogger(__name__)


class Riding:
    """Requests to Nova on which an override rides.

    :param installation: which Nova
    """

    def __init__(self, suite: Suite, riders: RiderStore, kept: ServersOverrides, installation: str) -> None:
        self._suite = suite
        self._riders = riders
        self._kept = kept
        self._installation = installation

    def boot(self, request: Request, caller: Caller, servers: Servers, override: Override) -> Reply:
        """Let Nova make servers of an image with these properties."""
        rider = self._start(request, caller, servers, override)
        reply = request.forward()
        document = reply.document() if reply.code == 202 else None
        made = document.get("server") if isinstance(document, dict) else None
        self._end(reply, rider, made["id"] if isinstance(made, dict) else None, caller.project_id or "")
        return reply

    def rebuild(
        self,
        request: Request,
        caller: Caller,
        servers: Servers,
        override: Override,
        project_id: str,
        after: datetime.datetime | None,
    ) -> Reply:
        """Let Nova rebuild a server from an image with these properties, or with the image's own where there are none.

        :param project_id: the server's
        :param after: when what is kept of the server was made: whatever the clocks of two hosts say, this comes later
        """
        rider = self._start(request, caller, servers, override, after)
        reply = request.forward()
        self._end(reply, rider, override.server_id, project_id)
        return reply

    def rescue(self, request: Request, caller: Caller, kept: Kept) -> WSGIApplication:
        """Let Nova rescue a server from an image with the server's properties, or from the plain one where it must."""
        override = Override(kept.properties, kept.image_id, kept.rescue_image_id, kept.ref.instance_id)
        rider = self._rider(request, caller, override, is_open=False)
        try:
            self._riders.add(rider)
        except DatabaseDown:
            LOG.info("server %s is rescued without its own properties: the database is down", kept.ref.instance_id)
            return request.pass_on()
        self._ride(request, rider)
        return request.pass_on()

    # -- before and after Nova

    def _start(
        self,
        request: Request,
        caller: Caller,
        servers: Servers,
        override: Override,
        after: datetime.datetime | None = None,
    ) -> Rider:
        """Keep the override, and let Nova ask for its image under a request id by which it is found.

        :raises Problem: 503 where the database or Glance's side does not do its part; nothing is kept then
        """
        rider = self._rider(request, caller, override, is_open=True)
        if after is not None and rider.created_at <= after:
            rider = replace(rider, created_at=after + datetime.timedelta(seconds=1))
        try:
            self._riders.add(rider)
        except DatabaseDown:
            raise DATABASE_DOWN() from None
        if override.properties:
            self._ride(request, rider)
            if not _is_in_force(override, servers):
                self._forget(rider)
                raise problems.NOT_APPLIED()
        return rider

    def _end(self, reply: Reply, rider: Rider, server_id: str | None, project_id: str) -> None:
        """Keep for which server it was. After a failure of Nova's that is not known: the rider stays open."""
        if 400 <= reply.code < 500:
            self._forget(rider)
        elif reply.code < 400 and server_id is not None:
            self._suite.counters.count("riding")
            try:
                self._kept.bind(server_id, project_id, rider)
            except (DatabaseDown, BadValue):
                LOG.info("what server %s was made with is found out later: it could not be kept", server_id)

    def _rider(self, request: Request, caller: Caller, override: Override, *, is_open: bool) -> Rider:
        return Rider(
            request_id=marked_id(request.environ, self._suite.marks, decides=True),
            kind=OVERRIDE,
            own_request_id=request.environ.get(OWN_ID, ""),
            nova_installation_uuid=self._installation,
            project_id=caller.project_id or "",
            user_id=caller.user_id or "",
            content=override.content(),
            created_at=utcnow(),
            is_open=is_open,
        )

    def _ride(self, request: Request, rider: Rider) -> None:
        inbound = request.environ.get(GLOBAL_ID)
        LOG.info("request %s goes to Glance as %s, not as %s", rider.own_request_id, rider.request_id, inbound)
        ride(request.environ, rider.request_id)

    def _forget(self, rider: Rider) -> None:
        try:
            self._riders.remove(rider.request_id, OVERRIDE)
        except DatabaseDown:
            LOG.info("what rode on a refused request is left for reconcile: the database is down")


def _is_in_force(override: Override, servers: Servers) -> bool:
    """Whether Glance shows the image to Nova as the boot will need it: with another database, another key, an
    unregistered service user, or no filter at Glance at all, it shows the image's own properties."""
    try:
        image = servers.image(override.image_id)
    except NotAnswered:
        return False
    if image is None:
        return True  # nothing can be made of it: Nova says so
    return all(str(image.properties.get(name)) == value for name, value in override.properties.items())
