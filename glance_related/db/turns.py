"""`Turns`: work that one process does at a time, of all that could, and that may have to rest afterwards.

Whose turn it is stands in a fact, which is changed only where it still says what was read. Times come from the
database's clock; one that dies at its work has its turn no longer than its lease lasts.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.clock import now_ms
from glance_related.db.database import Database
from glance_related.db.models import facts
from glance_related.db.upsert import swap


@dataclass(frozen=True)
class Turn:
    """Somebody's turn at something.

    :param name: of the fact
    :param value: what it says as long as it is his
    """

    name: str
    value: str


class Turns:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`.

    :param lease: after how many seconds without `keep` another may have a turn
    """

    def __init__(self, database: Database, lease: float) -> None:
        self._database = database
        self._lease = lease
        self._now = sa.select(now_ms(database.engine.dialect.name))
        self._held: dict[str, Turn] = {}
        self._is_closed = False

    def take(self, name: str) -> Turn | None:
        """One's own turn at something; None where it is another's, where it has to rest, or after `close`."""

        def work(connection: sa.Connection) -> Turn | None:
            now = connection.execute(self._now).scalar_one()
            before = connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()
            if before is not None and _until(before) > now:
                return None
            turn = Turn(name, f"{now + int(self._lease * 1000)} {uuid.uuid4()}")
            return turn if _swapped(connection, name, before, turn.value) else None

        if self._is_closed:
            return None
        try:
            turn = self._database.write(work)
        except db_exception.DBDuplicateEntry:
            return None
        if turn is not None:
            self._held[name] = turn
        return turn

    def keep(self, turn: Turn) -> Turn | None:
        """The same for another lease; None where it was lost."""
        kept = self._moved(turn, self._lease, turn.value.partition(" ")[2])
        if kept is not None:
            self._held[turn.name] = kept
        return kept

    def end(self, turn: Turn, rest: float = 0.0) -> None:
        """It is done.

        :param rest: seconds before which nobody has a turn at it again
        """
        self._held.pop(turn.name, None)
        self._moved(turn, rest, "")

    def close(self) -> None:
        """Whoever has turns stops here, in whichever thread: others may have them at once, and he has no more."""
        self._is_closed = True
        for turn in list(self._held.values()):
            self.end(turn)

    def _moved(self, turn: Turn, seconds: float, claim: str) -> Turn | None:
        def work(connection: sa.Connection) -> Turn | None:
            now = connection.execute(self._now).scalar_one()
            after = Turn(turn.name, f"{now + int(seconds * 1000) if seconds else 0} {claim}")
            return after if _swapped(connection, turn.name, turn.value, after.value) else None

        return self._database.write(work)


def _until(value: str) -> int:
    return int(value.partition(" ")[0])


def _swapped(connection: sa.Connection, name: str, before: str | None, after: str) -> bool:
    return swap(connection, facts, {"name": name}, None if before is None else {"value": before}, {"value": after})
