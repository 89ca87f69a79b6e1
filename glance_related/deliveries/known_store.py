"""`known`: what the outbox has for some servers, told shortly: to see what is missing of very many."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from glance_related.db.among import among
from glance_related.db.database import Database
from glance_related.db.models import deliveries
from glance_related.instance_ref import InstanceRef

_ROWS = deliveries.c


class Known(NamedTuple):
    """One row of the outbox; see `glance_related.deliveries.delivery.Delivery`."""

    is_pulled: bool
    action: str
    generation: int


def known(database: Database, system: str, refs: Collection[InstanceRef]) -> dict[tuple[InstanceRef, str], Known]:
    """What there is for servers of one Nova, by receiver.

    :raises DatabaseDown:
    """
    novas = {ref.nova_installation_uuid for ref in refs}

    def work(connection: sa.Connection) -> dict[tuple[InstanceRef, str], Known]:
        found: dict[tuple[InstanceRef, str], Known] = {}
        for nova in novas:
            these = among(connection.dialect.name, _ROWS.instance_id, "ids")
            query = sa.select(_ROWS.instance_id, _ROWS.driver, _ROWS.is_pulled, _ROWS.action, _ROWS.generation).where(
                _ROWS.nova_installation_uuid == nova, these, _ROWS.system == system
            )
            ids = tuple(ref.instance_id for ref in refs if ref.nova_installation_uuid == nova)
            for row in connection.execute(query, {"ids": ids}):
                known = Known(bool(row.is_pulled), row.action, row.generation)
                found[InstanceRef(nova, row.instance_id), row.driver] = known
        return found

    return database.read(work)
