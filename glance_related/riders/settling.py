"""``reconcile`` for open riders: for which servers they were is found out by Nova's own record, asked by an account.

Nothing is locked and everything may be run twice, at once, and beside requests.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from glance_related.db.database import BadValue
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.riders.tracing import may_be_of

LOG = logging.getLogger(__name__)

#: How many servers one list of Nova's may have, and how many pages of them are looked at for one rider.
_BATCH, _PAGES = 100, 100
#: A request may still be under way for so long.
UNDER_WAY = datetime.timedelta(seconds=60)

#: Told a server as Nova shows it, and the rider that was for it; may raise `BadValue`.
Bind = Callable[[Mapping[str, Any], Rider], object]


class Said(Protocol):
    """An answer of Nova's."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def document(self) -> Any: ...


class Novas(Protocol):
    """The registered Novas, asked by an account that sees every project's servers."""

    @property
    def installations(self) -> tuple[str, ...]:
        """The UUID of each."""

    def answer(self, installation: str, path: str) -> Said | None:
        """What a Nova answers to a GET: 200, or its own 404; None where it says nothing certain."""


@dataclass
class Settled:
    """What was done; in a dry run, what would be.

    :param found: servers for which a rider was
    :param abandoned: requests that made no server
    :param unsettled: requests of which it is not known yet for which servers they were
    :param unasked: of those, how many because a Nova said nothing certain
    """

    found: int = 0
    abandoned: int = 0
    unsettled: int = 0
    unasked: int = 0


class Settling:
    """The open riders of one kind.

    :param kind: of rider
    :param novas: whom to ask
    :param bind: what to do with a server that was found
    :param lifetime: after which nobody is served by a rider any more: one that made nothing by then is abandoned
    :param now: UTC
    """

    def __init__(
        self,
        riders: RiderStore,
        kind: str,
        novas: Novas,
        bind: Bind,
        lifetime: datetime.timedelta,
        now: datetime.datetime,
        *,
        dry_run: bool = False,
    ) -> None:
        self._riders = riders
        self._kind = kind
        self._novas = novas
        self._bind = bind
        self._past = now - lifetime
        self._now = now
        self._dry_run = dry_run
        self._in_vain = 0
        self.settled = Settled()

    def run(self, after: datetime.timedelta = UNDER_WAY) -> Settled:
        """Settle what is open.

        :param after: what came later is left alone, for it may still be under way
        :raises DatabaseDown: what was done stays done
        """
        for rider in self._riders.open_before(self._kind, self._now - after):
            self._settle(rider)
        return self.settled

    def _settle(self, rider: Rider) -> None:
        is_known = rider.nova_installation_uuid in self._novas.installations
        made, in_vain = 0, self._in_vain
        for server in self._servers(rider) if is_known else ():
            if server is None:
                is_known = False
                break
            mine = self._is_of(rider, server)
            if mine:
                made += 1
                self._found(rider, server)
            is_known = is_known and mine is not None
        self.settled.found += made
        if not is_known:
            # of a Nova that works on it still, or that nobody registers any more, nothing is to be mended
            self.settled.unsettled += 1
            self.settled.unasked += self._in_vain > in_vain
        elif rider.created_at < self._past:
            self.settled.abandoned += not made
            if not self._dry_run:
                self._riders.close(rider.request_id, self._kind)

    def _found(self, rider: Rider, server: Mapping[str, Any]) -> None:
        LOG.info("server %s was made by request %s", server["id"], rider.own_request_id)
        if not self._dry_run:
            try:
                self._bind(server, rider)
            except BadValue:  # of this one; the others are settled
                LOG.error("what server %s was made with cannot be kept", server["id"])

    # -- what Nova says

    def _answer(self, rider: Rider, path: str) -> Said | None:
        answer = self._novas.answer(rider.nova_installation_uuid, path)
        self._in_vain += answer is None
        return answer

    def _servers(self, rider: Rider) -> Iterator[dict[str, Any] | None]:
        """The servers that a request may have been for; None where Nova does not tell them all."""
        if rider.server_id is not None:
            answer = self._answer(rider, f"/servers/{quote(rider.server_id, safe='')}")
            if answer is None:
                yield None
            elif answer.status == 200:
                yield answer.document["server"]
            return
        asked = {
            "all_tenants": "1",
            "project_id": rider.project_id,
            "changes-since": f"{(rider.created_at - UNDER_WAY).isoformat()}Z",
            "limit": str(_BATCH),
        }
        for _ in range(_PAGES):
            answer = self._answer(rider, f"/servers/detail?{urlencode(asked)}")
            if answer is None or answer.status != 200:
                break
            servers = answer.document["servers"]
            for server in servers:
                created = datetime.datetime.fromisoformat(server["created"]).replace(tzinfo=None)
                if server["status"] != "DELETED" and may_be_of(rider, server["id"], created):
                    yield server
            if "servers_links" not in answer.document or not servers:
                return
            asked["marker"] = servers[-1]["id"]
        yield None

    def _is_of(self, rider: Rider, server: Mapping[str, Any]) -> bool | None:
        """Whether Nova has recorded a request of a server; None where it may still do so, or does not say."""
        path = f"/servers/{quote(server['id'], safe='')}/os-instance-actions/{quote(rider.own_request_id, safe='')}"
        answer = self._answer(rider, path)
        if answer is None:
            return None
        if answer.status == 200:
            return True
        # The record is written once the server has a host. Of a boot that is past, Glance would not be asked any
        # more though Nova has left its server behind.
        is_past = rider.created_at < self._past
        return None if server.get("OS-EXT-STS:task_state") == "scheduling" and not is_past else False
