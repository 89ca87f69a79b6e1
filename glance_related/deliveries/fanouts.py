"""`FanoutStore`: changes that reach many servers, made deliveries page by page.

A change of a project's or of the cloud's menu writes one row, in its own transaction; a worker turns it into
deliveries afterwards. Another change of the same scope begins anew: what was not reached yet is reached once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from glance_related.db.clock import now_ms
from glance_related.db.database import Database
from glance_related.db.models import fanouts
from glance_related.db.upsert import upsert

_ROWS = fanouts.c


@dataclass(frozen=True)
class Fanout:
    """A change on its way.

    :param scope: a project, or "" for the cloud
    :param marker: the last server that was reached, in the words of the system
    :param claim: by which the worker that has it is known
    """

    system: str
    scope: str
    marker: str
    claim: str


def begin(connection: sa.Connection, system: str, scope: str) -> None:
    """Let a change reach the servers of a scope, in the change's own transaction."""
    now = connection.execute(sa.select(now_ms(connection.dialect.name))).scalar_one()
    values = {"system": system, "scope": scope, "marker": "", "claim": "", "due_at": now, "created_at": now}
    upsert(connection, fanouts, values)


class FanoutStore:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = now_ms(database.engine.dialect.name)

    def claim(self, system: str, lease: float) -> Fanout | None:
        """Take up a change that nobody is at.

        :param lease: after how many seconds without `advance` another may take it up
        """
        due = sa.and_(_ROWS.system == system, _ROWS.due_at <= self._now)
        first = sa.select(_ROWS.scope, _ROWS.claim).where(due).order_by(_ROWS.due_at).limit(1)
        claim = str(uuid.uuid4())

        def work(connection: sa.Connection) -> Fanout | None:
            row = connection.execute(first).first()
            if row is None:
                return None
            this = sa.and_(_ROWS.system == system, _ROWS.scope == row.scope)
            taken = (
                sa.update(fanouts)
                .where(this, _ROWS.claim == row.claim, _ROWS.due_at <= self._now)
                .values(claim=claim, due_at=self._now + int(lease * 1000))
            )
            if not connection.execute(taken).rowcount:
                return None
            marker = connection.execute(sa.select(_ROWS.marker).where(this)).scalar_one()
            return Fanout(system, row.scope, marker, claim)

        return self._database.write(work)

    def advance(self, connection: sa.Connection, fanout: Fanout, marker: str | None, lease: float) -> bool:
        """Note how far it has come, in the transaction of the deliveries of a page; None: it has reached its end.

        :returns: False where it has begun anew, or another worker has it: that page must not be committed
        """
        this = sa.and_(_ROWS.system == fanout.system, _ROWS.scope == fanout.scope, _ROWS.claim == fanout.claim)
        statement: Any = (
            sa.delete(fanouts).where(this)
            if marker is None
            else sa.update(fanouts).where(this).values(marker=marker, due_at=self._now + int(lease * 1000))
        )
        return connection.execute(statement).rowcount > 0

    def count(self) -> int:
        """How many changes are on their way."""
        query = sa.select(sa.func.count()).select_from(fanouts)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))
