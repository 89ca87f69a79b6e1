"""`ServersOverrides`: what is kept of a server, found even where a crash came between Nova's answer and our row."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from glance_related.db.database import BadValue
from glance_related.hosts.nova.servers import Servers
from glance_related.instance_ref import InstanceRef, canonical_uuid
from glance_related.props_override.override import OVERRIDE, Override, read
from glance_related.props_override.store import Kept, OverrideStore
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.riders.tracing import Tracing

LOG = logging.getLogger(__name__)

#: Of how many servers of one list Nova is asked; the others wait for the next look, or for ``reconcile``.
MOST_ASKED = 10


class Undecided(Exception):
    """Nova does not tell which requests made a server, and one of them may have overridden something."""


class ServersOverrides:
    """What servers of one Nova were made with.

    :param installation: which Nova
    """

    def __init__(self, store: OverrideStore, riders: RiderStore, installation: str) -> None:
        self._store = store
        self._tracing = Tracing(riders, OVERRIDE, installation)
        self._installation = installation

    def of_one(self, server: Mapping[str, Any], servers: Servers, *, certainly: bool = False) -> Kept | None:
        """What a server has now; None where it has, or is kept to have, nothing of its own.

        :param server: as Nova shows it
        :param servers: whom to ask about its actions
        :param certainly: it must not be overlooked
        :raises DatabaseDown:
        :raises Undecided: where it must not be overlooked, and Nova does not tell
        """
        waiting = self._waiting([server])
        kept = self._store.get(self._ref(server["id"]))
        riders = self._undecided(waiting, server, kept)
        kept = self._found_out(server, riders, servers, certainly=certainly) or kept
        return kept if _is_in_force(kept, server) else None

    def of_many(self, listed: list[dict[str, Any]], servers: Servers) -> dict[str, Kept]:
        """The same for a list of servers, by their ids."""
        waiting = self._waiting(listed)
        kept = self._store.of(self._installation, [server["id"] for server in listed])
        asked = 0
        for server in listed if waiting else ():
            riders = self._undecided(waiting, server, kept.get(server["id"]))
            if riders and asked < MOST_ASKED:
                asked += 1
                found = self._found_out(server, riders, servers)
                if found is not None:
                    kept[server["id"]] = found
        return {server["id"]: kept[server["id"]] for server in listed if _is_in_force(kept.get(server["id"]), server)}

    def get(self, server_id: str) -> Kept | None:
        """What is kept of a server, whatever Nova says of it now.

        :raises DatabaseDown:
        """
        return self._store.get(self._ref(server_id))

    def bind(self, server_id: str, project_id: str, rider: Rider) -> Kept:
        """Keep what a request has made of a server; a rider that can be of no other one is closed.

        :raises DatabaseDown: the rider stays open, and the server is found out about later
        """
        override = read(rider)
        kept = override.kept_of(server_id, rider, project_id)
        self._store.keep(kept)
        if not override.several or self._has_made_all(rider, override):
            self._tracing.close(rider)
        return kept

    def _has_made_all(self, rider: Rider, override: Override) -> bool:
        if override.most is None:
            return False
        return self._store.made_by(self._installation, rider.own_request_id) >= override.most

    def forget(self, server_id: str) -> None:
        """The server is gone.

        :raises DatabaseDown:
        """
        if self._store.forget(self._ref(server_id)):
            LOG.info("server %s is gone, and what was kept of it goes", server_id)

    # -- finding out

    def _ref(self, server_id: str) -> InstanceRef:
        return InstanceRef(self._installation, server_id)

    def _waiting(self, servers: Iterable[Mapping[str, Any]]) -> list[Rider]:
        """What may have made some servers, and is open; of one in a cell that is down Nova shows only a part.

        It is asked for before what is kept: `bind` keeps first and closes then, so one of the two tells.
        """
        return self._tracing.open_of({server["tenant_id"] for server in servers if server.get("tenant_id")})

    def _undecided(self, riders: list[Rider], server: Mapping[str, Any], kept: Kept | None) -> list[Rider]:
        """Those open riders that may say more of a server than what is kept."""
        return [
            rider
            for rider in self._tracing.candidates(riders, server)
            if kept is None or (rider.created_at >= kept.made_at and rider.own_request_id != kept.request_id)
        ]

    def _found_out(
        self, server: Mapping[str, Any], riders: list[Rider], servers: Servers, *, certainly: bool = False
    ) -> Kept | None:
        """What the last of these riders made of a server, if Nova's record of it names any of them."""
        if not riders:
            return None
        traced = self._tracing.traced(server["id"], riders, servers)
        if traced is None and certainly:
            raise Undecided
        kept = None
        for rider in traced or ():
            try:
                kept = self.bind(server["id"], server["tenant_id"], rider)
            except BadValue:  # whoever looks at the server is not refused for it
                LOG.error("what server %s was made with cannot be kept", server["id"])
                self._tracing.tell_apart(server["id"], rider)
            else:
                LOG.info("server %s was made by request %s, as Nova recorded", server["id"], rider.own_request_id)
        return kept


def _is_in_force(kept: Kept | None, server: Mapping[str, Any]) -> bool:
    """Whether a server has what is kept of it: none is kept as none, and it may have been rebuilt past us."""
    image = server.get("image")
    if kept is None or not kept.properties or not isinstance(image, dict):
        return False
    return _spelt_alike(image.get("id")) == _spelt_alike(kept.image_id)


def _spelt_alike(image_id: Any) -> str | None:
    """Nova keeps the id of an image as the request has spelt it, and we as Glance does."""
    return canonical_uuid(image_id) if isinstance(image_id, str) else None
