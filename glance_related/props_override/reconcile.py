"""``reconcile`` for system 2: open riders are settled by Nova's own record, and servers that are gone are forgotten.

Nothing is locked and everything may be run twice, at once, and beside requests.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from glance_related.db.database import BadValue
from glance_related.db.models import utcnow
from glance_related.hosts.account import Answer
from glance_related.instance_ref import InstanceRef
from glance_related.props_override.override import OVERRIDE, may_be_of, read
from glance_related.props_override.servers import ServersOverrides
from glance_related.props_override.store import OverrideStore
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore

LOG = logging.getLogger(__name__)

#: How many rows are read together, and how many servers one list of Nova's may have.
BATCH = 100
#: How many pages of servers are looked at for one rider.
_PAGES = 100
#: A request may still be under way for so long.
_UNDER_WAY = datetime.timedelta(seconds=60)


class Novas(Protocol):
    """The registered Novas, asked by an account that sees every project's servers."""

    @property
    def installations(self) -> tuple[str, ...]:
        """The UUID of each."""

    def answer(self, installation: str, path: str) -> Answer | None:
        """What a Nova answers to a GET: 200, or its own 404; None where it says nothing certain."""


@dataclass
class OverridesReport:
    """What was done; with ``dry_run``, what would be.

    :param found: servers of which it was found out what they were made with
    :param abandoned: requests that made no server
    :param unsettled: requests of which it is not known yet for which servers they were
    :param gone: servers that are gone, and what was kept of them
    :param unasked: servers of which their Nova said nothing certain
    """

    dry_run: bool
    found: int = 0
    abandoned: int = 0
    unsettled: int = 0
    gone: int = 0
    unasked: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every Nova that had to be asked has answered."""
        return not self.unasked


def reconcile_overrides(
    store: OverrideStore,
    riders: RiderStore,
    novas: Novas,
    lifetime: datetime.timedelta,
    *,
    dry_run: bool = False,
) -> OverridesReport:
    """Settle what is open, and forget what is gone.

    :param lifetime: after which nobody is served by a rider any more: one that made nothing by then is abandoned
    :raises DatabaseDown: what was done stays done
    """
    work = _Work(store, riders, novas, OverridesReport(dry_run), utcnow())
    for rider in riders.open_before(OVERRIDE, work.now - _UNDER_WAY):
        work.settle(rider, lifetime)
    for installation in novas.installations:
        work.sweep(installation)
    return work.report


@dataclass
class _Work:
    store: OverrideStore
    riders: RiderStore
    novas: Novas
    report: OverridesReport
    now: datetime.datetime
    #: How often a Nova has said nothing certain.
    in_vain: int = 0

    def _answer(self, installation: str, path: str) -> Answer | None:
        answer = self.novas.answer(installation, path)
        self.in_vain += answer is None
        return answer

    # -- what is open

    def settle(self, rider: Rider, lifetime: datetime.timedelta) -> None:
        installation = rider.nova_installation_uuid
        kept = ServersOverrides(self.store, self.riders, installation)
        is_settled, made, in_vain = installation in self.novas.installations, 0, self.in_vain
        for server in self._candidates(rider) if is_settled else ():
            if server is None:
                is_settled = False
                break
            mine = self._is_of(rider, server, is_past=rider.created_at < self.now - lifetime)
            if mine:
                made += 1
                LOG.info("server %s was made by request %s", server["id"], rider.own_request_id)
                if not self.report.dry_run:
                    try:
                        kept.bind(server["id"], server["tenant_id"], rider)
                    except BadValue:  # of this one; the others are settled
                        LOG.error("what server %s was made with cannot be kept", server["id"])
            is_settled = is_settled and mine is not None
        self.report.found += made
        if not is_settled:
            # of a Nova that works on it still, or that nobody registers any more, nothing is to be mended
            self.report.unsettled += 1
            self.report.unasked += self.in_vain > in_vain
        elif rider.created_at < self.now - lifetime:
            self.report.abandoned += not made
            if not self.report.dry_run:
                self.riders.close(rider.request_id, OVERRIDE)

    def _candidates(self, rider: Rider) -> Iterator[dict[str, Any] | None]:
        """The servers that a request may have been for; None where Nova does not tell them all."""
        installation, one = rider.nova_installation_uuid, read(rider).server_id
        if one is not None:
            answer = self._answer(installation, f"/servers/{quote(one, safe='')}")
            if answer is None:
                yield None
            elif answer.status == 200:
                yield answer.document["server"]
            return
        asked = {
            "all_tenants": "1",
            "project_id": rider.project_id,
            "changes-since": f"{(rider.created_at - _UNDER_WAY).isoformat()}Z",
            "limit": str(BATCH),
        }
        for _ in range(_PAGES):
            answer = self._answer(installation, f"/servers/detail?{urlencode(asked)}")
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

    def _is_of(self, rider: Rider, server: dict[str, Any], *, is_past: bool) -> bool | None:
        """Whether Nova has recorded a request of a server; None where it may still do so, or does not say.

        :param is_past: Glance would not answer such a boot any more, though Nova has left its server behind
        """
        path = f"/servers/{quote(server['id'], safe='')}/os-instance-actions/{quote(rider.own_request_id, safe='')}"
        answer = self._answer(rider.nova_installation_uuid, path)
        if answer is None:
            return None
        if answer.status == 200:
            return True
        # the record is written once the server has a host
        return None if server.get("OS-EXT-STS:task_state") == "scheduling" and not is_past else False

    # -- what is gone

    def sweep(self, installation: str) -> None:
        some = self.store.after(InstanceRef(installation, ""), BATCH)
        while some:
            for kept in some:
                answer = self._answer(installation, f"/servers/{quote(kept.ref.instance_id, safe='')}")
                if answer is None:
                    self.report.unasked += 1
                elif answer.status == 404 and kept.made_at < self.now - _UNDER_WAY:
                    self.report.gone += 1
                    LOG.info("server %s is gone, and what was kept of it goes", kept.ref.instance_id)
                    if not self.report.dry_run:
                        self.store.forget(kept.ref)
            some = self.store.after(some[-1].ref, BATCH)
