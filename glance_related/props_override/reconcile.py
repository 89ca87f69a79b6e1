"""``reconcile`` for system 2: open riders are settled by Nova's own record, and servers that are gone are forgotten.

Nothing is locked and everything may be run twice, at once, and beside requests.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from glance_related.db.models import utcnow
from glance_related.instance_ref import InstanceRef
from glance_related.props_override.override import OVERRIDE
from glance_related.props_override.servers import ServersOverrides
from glance_related.props_override.store import OverrideStore
from glance_related.riders.rider import Rider
from glance_related.riders.settling import UNDER_WAY, Novas, Settling
from glance_related.riders.store import RiderStore

LOG = logging.getLogger(__name__)

#: How many rows are read together.
BATCH = 100


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
    kept = {one: ServersOverrides(store, riders, one) for one in novas.installations}

    def bind(server: Mapping[str, Any], rider: Rider) -> None:
        kept[rider.nova_installation_uuid].bind(server["id"], server["tenant_id"], rider)

    now = utcnow()
    settled = Settling(riders, OVERRIDE, novas, bind, lifetime, now, dry_run=dry_run).run()
    report = OverridesReport(dry_run, settled.found, settled.abandoned, settled.unsettled, unasked=settled.unasked)
    for installation in novas.installations:
        _sweep(store, novas, installation, now, report)
    return report


def _sweep(
    store: OverrideStore, novas: Novas, installation: str, now: datetime.datetime, report: OverridesReport
) -> None:
    some = store.after(InstanceRef(installation, ""), BATCH)
    while some:
        for kept in some:
            answer = novas.answer(installation, f"/servers/{quote(kept.ref.instance_id, safe='')}")
            if answer is None:
                report.unasked += 1
            elif answer.status == 404 and kept.made_at < now - UNDER_WAY:
                report.gone += 1
                LOG.info("server %s is gone, and what was kept of it goes", kept.ref.instance_id)
                if not report.dry_run:
                    store.forget(kept.ref)
        some = store.after(some[-1].ref, BATCH)
