"""`DeliveryStore`: the outbox in the database, taken up by compare-and-swap.

Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`. Times come from the
database's own clock, so that what two workers' hosts think of the time decides nothing.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from glance_related.db.among import among
from glance_related.db.clock import now_ms
from glance_related.db.database import Database
from glance_related.db.models import deliveries
from glance_related.deliveries import outcome_store
from glance_related.deliveries.delivery import (
    CONFIRMED,
    DELIVERED,
    DELIVERING,
    FAILED,
    OFFERED,
    PENDING,
    READ,
    REMOVE,
    Delivery,
    Depth,
    Done,
    Waiting,
    Wish,
    words,
)
from glance_related.deliveries.wish_store import wish
from glance_related.instance_ref import InstanceRef

_ROWS = deliveries.c
#: How many more than are wanted a claim looks at, so that two workers do not reach for the same ones.
_SPREAD = 4


@dataclass(frozen=True)
class Failed:
    """What a worker records of a delivery that did not succeed.

    :param delay: seconds until it may be taken up again; None: never, by itself
    :param counts: whether it was tried at all
    """

    message: str
    delay: float | None
    counts: bool = True


def _of(ref: InstanceRef) -> sa.ColumnElement[bool]:
    return sa.and_(
        _ROWS.nova_installation_uuid == ref.nova_installation_uuid,
        _ROWS.instance_id == ref.instance_id,
    )


class DeliveryStore:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = now_ms(database.engine.dialect.name)

    # -- workers

    def claim(
        self, driver: str, worker: str, limit: int, lease: float, *, with_lost: bool = True
    ) -> tuple[str, list[Delivery]]:
        """Take up some of what is due for a driver; the claim, and what it got.

        :param worker: whose name stands there
        :param lease: after how many seconds without `renew` it may be taken up by another
        :param with_lost: also one that a worker had who was not heard of again: it may be what has ended him, so
            there is never more than one; False: none
        """
        claim = str(uuid.uuid4())
        due = sa.and_(_ROWS.driver == driver, _ROWS.due_at <= self._now)
        wanted = due if with_lost else sa.and_(due, _ROWS.state != DELIVERING)
        some = sa.select(_ROWS.id, _ROWS.state).where(wanted).order_by(_ROWS.due_at).limit(limit * _SPREAD)

        def work(connection: sa.Connection) -> list[Delivery]:
            rows = connection.execute(some).all()
            if not rows:
                return []
            lost = _sample([row.id for row in rows if row.state == DELIVERING], 1)
            ids = lost + _sample([row.id for row in rows if row.state != DELIVERING], limit - len(lost))
            these = among(connection.dialect.name, _ROWS.id, "ids")
            taken = connection.execute(
                sa.update(deliveries).where(these, due).ordered_values(*self._taken_up(claim, worker, lease)),
                {"ids": tuple(ids)},
            ).rowcount
            if not taken:
                return []
            mine = sa.select(deliveries).where(these, _ROWS.claim == claim)
            got = connection.execute(mine, {"ids": tuple(ids)}).mappings()
            return [_delivery(row) for row in got]

        return claim, self._database.write(work)

    def _taken_up(self, claim: str, worker: str, lease: float) -> list[tuple[Any, Any]]:
        """What is changed by taking up; MariaDB assigns from left to right: what is asked about comes last."""
        is_other = _ROWS.claimed_generation != _ROWS.generation  # than what they were lost with
        losses = sa.case((_ROWS.state != DELIVERING, 0), (is_other, 1), else_=_ROWS.losses + 1)
        return [
            (_ROWS.claim, claim),
            (_ROWS.claimed_by, worker),
            (_ROWS.losses, losses),
            (_ROWS.claimed_generation, _ROWS.generation),
            (_ROWS.state, DELIVERING),
            (_ROWS.attempts, _ROWS.attempts + 1),
            (_ROWS.due_at, self._now + int(lease * 1000)),
            (_ROWS.updated_at, self._now),
        ]

    def renew(self, claim: str, ids: Collection[str], lease: float) -> None:
        """Say that what is left of a claim is still being handed over."""

        def work(connection: sa.Connection) -> None:
            these = among(connection.dialect.name, _ROWS.id, "ids")
            statement = (
                sa.update(deliveries)
                .where(these, _ROWS.claim == claim, _ROWS.state == DELIVERING)
                .values(due_at=self._now + int(lease * 1000))
            )
            connection.execute(statement, {"ids": tuple(ids)})

        if ids:
            self._database.write(work)

    def finish(self, claim: str, outcomes: Sequence[tuple[Delivery, Done | Failed]]) -> list[str]:
        """Record what came of some deliveries of a claim; the ids of those that somebody else has taken up meanwhile.

        What was wished for meanwhile is due again at once. So is what another has taken up: he may have been
        overwritten by us.
        """
        if not outcomes:
            return []
        done = [_finished(one, outcome) for one, outcome in outcomes if isinstance(outcome, Done)]
        failed = [(one.id, outcome) for one, outcome in outcomes if isinstance(outcome, Failed)]

        def work(connection: sa.Connection) -> list[str]:
            lost = _lost(connection, claim, [one.id for one, _ in outcomes])
            if done:
                connection.execute(outcome_store.done(claim, self._now), done)
            for one, outcome in failed:
                connection.execute(outcome_store.failed(claim, self._now, **vars(outcome)), {"asked_id": one})
            for one in lost:
                connection.execute(outcome_store.again(self._now), {"asked_id": one})
            return lost

        return self._database.write(work)

    # -- receivers that pull

    def add(self, wishes: Collection[Wish]) -> None:
        """Put wishes into the outbox that come from no change, as those of a receiver that came before it was named."""
        self._database.write(lambda connection: wish(connection, wishes))

    def read(self, ref: InstanceRef, driver: str, generation: int) -> bool:
        """A receiver has read what it is to have; False where nothing of it is known here."""
        is_unknown = sa.or_(_ROWS.applied_generation.is_(None), _ROWS.applied_generation < generation)
        is_news = sa.and_(is_unknown, sa.or_(_ROWS.state != FAILED, _ROWS.generation < generation))
        statement = (
            sa.update(deliveries)
            .where(_of(ref), _ROWS.driver == driver, _ROWS.item == "")
            .ordered_values(
                (_ROWS.read_at, self._now),
                (_ROWS.wished_at, sa.case((_ROWS.generation < generation, self._now), else_=_ROWS.wished_at)),
                (_ROWS.state, sa.case((is_news, READ), else_=_ROWS.state)),
                (_ROWS.generation, sa.case((_ROWS.generation < generation, generation), else_=_ROWS.generation)),
            )
        )
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)

    def told(self, ref: InstanceRef, driver: str, generation: int, outcome: Done | Failed) -> bool:
        """A receiver has said what became of it; False where nothing of it is known here.

        :param generation: of what it has applied; what is older than what it said before changes nothing
        """
        is_done = isinstance(outcome, Done)
        values: dict[str, Any] = {
            "state": CONFIRMED if is_done else FAILED,
            "message": words(outcome.message),
            "updated_at": self._now,
            "confirmed_at": self._now,
        }
        if isinstance(outcome, Done):
            values |= {"applied_generation": generation, "applied": _json(outcome.applied)}
        statement = (
            sa.update(deliveries)
            .where(
                _of(ref), _ROWS.driver == driver, _ROWS.item == "",
                sa.or_(_ROWS.applied_generation.is_(None), _ROWS.applied_generation <= generation),
            )
            .values(values)
        )  # fmt: skip
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)

    def begun_anew(self, ref: InstanceRef) -> None:
        """A server was made anew, as by a rebuild: what it had fetched it has no more."""
        statement = (
            sa.update(deliveries)
            .where(_of(ref), _ROWS.is_pulled == 1, _ROWS.action != REMOVE)
            .values(
                state=OFFERED, applied_generation=None, applied=None, confirmed_at=None, message="", wished_at=self._now
            )
        )
        self._database.write(lambda connection: connection.execute(statement))

    # -- people

    def of(self, ref: InstanceRef) -> list[Delivery]:
        """Everything for one server, by driver."""
        query = sa.select(deliveries).where(_of(ref)).order_by(_ROWS.driver, _ROWS.item)
        return self._database.read(lambda connection: [_delivery(row) for row in connection.execute(query).mappings()])

    def get(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        query = sa.select(deliveries).where(_ROWS.id == delivery_id)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else _delivery(row)

    def some(self, marker: str = "", limit: int = 100, **equal: str) -> list[Delivery]:
        """Some deliveries in the order of their ids, from behind one on.

        :param equal: what columns must say, as ``state="failed"``
        """
        same = [_ROWS[name] == value for name, value in equal.items()]
        query = sa.select(deliveries).where(_ROWS.id > marker, *same).order_by(_ROWS.id).limit(limit)
        return self._database.read(lambda connection: [_delivery(row) for row in connection.execute(query).mappings()])

    def retry(self, ids: Sequence[str]) -> int:
        """Hand these over again, whatever became of them; those under way stay as they are."""
        is_pushed = _ROWS.is_pulled == 0
        had_it = _ROWS.state.in_((DELIVERED, CONFIRMED))

        def work(connection: sa.Connection) -> int:
            these = among(connection.dialect.name, _ROWS.id, "ids")
            statement = (
                sa.update(deliveries)
                .where(these, _ROWS.state != DELIVERING)
                .ordered_values(
                    (_ROWS.wished_at, sa.case((had_it, self._now), else_=_ROWS.wished_at)),
                    (_ROWS.state, sa.case((is_pushed, PENDING), else_=OFFERED)),
                    (_ROWS.due_at, sa.case((is_pushed, self._now), else_=None)),
                    (_ROWS.attempts, 0),
                    (_ROWS.updated_at, self._now),
                )
            )
            return connection.execute(statement, {"ids": tuple(ids)}).rowcount

        return self._database.write(work) if ids else 0

    def waiting(self, drivers: Collection[str]) -> Waiting:
        """How much some drivers are still to be handed; read from an index, whatever was handed over before."""
        query = sa.select(sa.func.count(), self._since_first()).where(
            _ROWS.driver.in_(sorted(drivers)), _ROWS.due_at.is_not(None)
        )
        if not drivers:
            return Waiting()
        number, oldest = self._database.read(lambda connection: connection.execute(query).one())
        return Waiting(number, max(0.0, float(oldest))) if number else Waiting()

    def failed(self, drivers: Collection[str]) -> int:
        """How much some drivers will not be handed, until somebody changes or retries it; read from an index too."""
        # the word stands in the statement itself: only then does SQLite see that its index has all of it
        has_failed = _ROWS.state == sa.literal_column(f"'{FAILED}'")
        query = sa.select(sa.func.count()).where(has_failed, _ROWS.driver.in_(sorted(drivers)))
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one())) if drivers else 0

    def _since_first(self) -> sa.ColumnElement[Any]:
        return (self._now - sa.func.min(_ROWS.wished_at)) / 1000.0

    def depths(self) -> list[Depth]:
        """How much is in which state, by driver; everything is looked at."""
        query = (
            sa.select(_ROWS.driver, _ROWS.state, sa.func.count(), self._since_first())
            .group_by(_ROWS.driver, _ROWS.state)
            .order_by(_ROWS.driver, _ROWS.state)
        )
        return self._database.read(
            lambda connection: [
                Depth(driver, state, number, max(0.0, float(oldest)))
                for driver, state, number, oldest in connection.execute(query)
            ]
        )

    def purge(self, age: float, limit: int = 1000) -> int:
        """Forget receivers that have forgotten their server, some at a time; how many went.

        :param age: seconds since they said so
        """
        before = self._now - int(age * 1000)
        return self._forget(sa.and_(_ROWS.action == REMOVE, _ROWS.state == DELIVERED, _ROWS.updated_at < before), limit)

    def forget_driver(self, driver: str, limit: int = 1000) -> int:
        """Forget what a driver was to be handed that nobody names any more, some at a time; how many went."""
        return self._forget(_ROWS.driver == driver, limit)

    def _forget(self, which: sa.ColumnElement[bool], limit: int) -> int:
        def work(connection: sa.Connection) -> int:
            ids = tuple(connection.execute(sa.select(_ROWS.id).where(which).limit(limit)).scalars())
            if not ids:
                return 0
            these = among(connection.dialect.name, _ROWS.id, "ids")
            return connection.execute(sa.delete(deliveries).where(these, which), {"ids": ids}).rowcount

        return self._database.write(work)


def _sample(ids: list[str], most: int) -> list[str]:
    return ids if len(ids) <= most else random.sample(ids, most)


def _lost(connection: sa.Connection, claim: str, ids: Sequence[str]) -> list[str]:
    """Those of a claim that somebody else has taken up since."""
    query = sa.select(_ROWS.id).where(among(connection.dialect.name, _ROWS.id, "ids"), _ROWS.claim != claim)
    return list(connection.execute(query, {"ids": tuple(ids)}).scalars())


def _finished(delivery: Delivery, outcome: Done) -> dict[str, Any]:
    return {
        "asked_id": delivery.id,
        "had": delivery.generation if outcome.generation is None else outcome.generation,
        "said": _json(outcome.applied),
        "words": words(outcome.message),
        "asked": delivery.action,
        "did": outcome.action or delivery.action,
    }


def _json(applied: Mapping[str, Any] | None) -> str | None:
    return None if applied is None else json.dumps(applied)


_PLAIN = (
    "id", "system", "driver", "item", "project_id", "action", "generation", "state", "attempts", "losses", "due_at",
    "claimed_by", "applied_generation", "message", "created_at", "wished_at", "updated_at", "read_at", "confirmed_at",
)  # fmt: skip


def _delivery(row: Any) -> Delivery:
    applied = row["applied"]
    return Delivery(
        ref=InstanceRef(row["nova_installation_uuid"], row["instance_id"]),
        applied=None if applied is None else json.loads(applied),
        is_pulled=bool(row["is_pulled"]),
        **{name: row[name] for name in _PLAIN},
    )
