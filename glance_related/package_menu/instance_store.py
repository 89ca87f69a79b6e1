"""`InstanceStore`: the servers that have settings, where each differs from its project, and who changed that."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.among import among
from glance_related.db.clock import now_ms
from glance_related.db.database import Database
from glance_related.db.models import (
    package_entries,
    package_history,
    package_instance_states,
    package_instances,
)
from glance_related.db.paging import is_behind
from glance_related.deliveries.delivery import Wish
from glance_related.deliveries.fanouts import Fanout, FanoutStore
from glance_related.deliveries.wish_store import forget, wish
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.rules import NO_CHOICES, Choice
from glance_related.package_menu.store import BATCH, SYSTEM, Stale
from glance_related.package_menu.stored import value_of, written

_ROWS, _CHOICES, _HISTORY = package_instances.c, package_instance_states.c, package_history.c


@dataclass(frozen=True)
class Kept:
    """A server that has settings.

    :param hostname: by which it may know itself
    :param os_distro: of its image; "" where that does not say
    :param generation: counts the changes of its own choices, from 1 on
    :param request_id: Nova's own id of the request that made it; "" where that is not known
    :param created_at: when it was made, UTC
    :param choices: where it differs from its project
    """

    ref: InstanceRef
    project_id: str
    name: str
    hostname: str
    os_distro: str
    created_at: datetime.datetime
    request_id: str = ""
    generation: int = 1
    choices: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """A change of a server's choices, for people to read: nothing in it is secret.

    :param changes: what of each entry was so and is otherwise
    :param created_at: milliseconds since 1970
    """

    user_id: str
    changes: Sequence[Mapping[str, Any]]
    id: str = ""
    generation: int = 0
    created_at: int = 0


# Built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_THIS = sa.and_(
    _ROWS.nova_installation_uuid == sa.bindparam("installation"), _ROWS.instance_id == sa.bindparam("instance")
)
_OF_THIS = sa.and_(
    _CHOICES.nova_installation_uuid == _ROWS.nova_installation_uuid, _CHOICES.instance_id == _ROWS.instance_id
)
_WITH_CHOICES = sa.select(
    package_instances,
    _CHOICES.name.label("entry"),
    _CHOICES.state.label("said_state"),
    _CHOICES.is_on.label("said_on"),
    _CHOICES.value.label("said_value"),
).outerjoin(package_instance_states, _OF_THIS)
_ONE = _WITH_CHOICES.where(_THIS)
_IN_ORDER = (_ROWS.nova_installation_uuid, _ROWS.instance_id)
_ONE_CHOICE = sa.and_(
    _CHOICES.nova_installation_uuid == sa.bindparam("installation"),
    _CHOICES.instance_id == sa.bindparam("instance"),
    _CHOICES.name == sa.bindparam("entry"),
)
_DROP_CHOICE = sa.delete(package_instance_states).where(_ONE_CHOICE)
_MADE_BY = (
    sa.select(sa.func.count())
    .select_from(package_instances)
    .where(_ROWS.nova_installation_uuid == sa.bindparam("installation"), _ROWS.request_id == sa.bindparam("request"))
)


class InstanceStore:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.engine.dialect.name
        self._now = now_ms(self._dialect)

    # -- reading

    def get(self, ref: InstanceRef) -> Kept | None:
        """One server, with its choices."""
        return self._database.read(lambda connection: _first(connection.execute(_ONE, _key(ref))))

    def some(self, refs: Collection[InstanceRef]) -> dict[InstanceRef, Kept]:
        """Some servers, with their choices."""
        by_nova: dict[str, list[str]] = {}
        for ref in refs:
            by_nova.setdefault(ref.nova_installation_uuid, []).append(ref.instance_id)

        def work(connection: sa.Connection) -> dict[InstanceRef, Kept]:
            found: dict[InstanceRef, Kept] = {}
            for installation, ids in by_nova.items():
                these = among(connection.dialect.name, _ROWS.instance_id, "ids")
                query = _WITH_CHOICES.where(_ROWS.nova_installation_uuid == installation, these)
                found |= _all(connection.execute(query, {"ids": tuple(ids)}))
            return found

        return self._database.read(work)

    def after(self, marker: InstanceRef, limit: int, **equal: str) -> list[Kept]:
        """Some servers in the order of their ids, from behind one on, without their choices.

        :param equal: what columns must say, as ``project_id=...``
        """
        behind = is_behind(self._dialect, _IN_ORDER, (marker.nova_installation_uuid, marker.instance_id))
        same = [_ROWS[name] == value for name, value in equal.items()]
        query = sa.select(package_instances).where(behind, *same).order_by(*_IN_ORDER).limit(limit)
        return self._database.read(lambda connection: [_kept(row) for row in connection.execute(query).mappings()])

    def named(
        self, installation: str, words: Mapping[str, Collection[str]], project_id: str = "", limit: int = 100
    ) -> list[Kept]:
        """Servers of a Nova by what is known of them, as their ``hostname``, with their choices.

        :param words: what each column may say
        :param project_id: whose are found before others': so many may have the same hostname that not all are looked at
        """
        these = (
            sa.select(_ROWS.instance_id)
            .where(_ROWS.nova_installation_uuid == installation)
            .where(*(_ROWS[name].in_(sorted(values)) for name, values in words.items()))
            .order_by(sa.case((_ROWS.project_id == project_id, 0), else_=1))
            .limit(limit)
        )

        def work(connection: sa.Connection) -> list[InstanceRef]:
            return [InstanceRef(installation, one) for one in connection.execute(these).scalars()]

        return list(self.some(self._database.read(work)).values())

    def choosing(self, name: str, marker: InstanceRef, limit: int) -> list[InstanceRef]:
        """Servers that have said anything of an entry, in the order of their ids, from behind one on."""
        order = (_CHOICES.nova_installation_uuid, _CHOICES.instance_id)
        behind = is_behind(self._dialect, order, (marker.nova_installation_uuid, marker.instance_id))
        query = sa.select(*order).where(_CHOICES.name == name, behind).order_by(*order).limit(limit)
        return self._database.read(
            lambda connection: [InstanceRef(row[0], row[1]) for row in connection.execute(query)]
        )

    def made_by(self, installation: str, request_id: str) -> int:
        """How many servers of a Nova a request has made, as far as is known."""
        asked = {"installation": installation, "request": request_id}
        return self._database.read(lambda connection: int(connection.execute(_MADE_BY, asked).scalar_one()))

    def history(self, ref: InstanceRef, marker: str, limit: int) -> list[Record]:
        """Who changed what, the last first, from behind a record on."""
        of_server = sa.and_(
            _HISTORY.instance_id == ref.instance_id, _HISTORY.nova_installation_uuid == ref.nova_installation_uuid
        )
        order = (_HISTORY.created_at, _HISTORY.id)
        query = sa.select(package_history).where(of_server).order_by(*(column.desc() for column in order)).limit(limit)

        def work(connection: sa.Connection) -> list[Record]:
            last = connection.execute(sa.select(*order).where(of_server, _HISTORY.id == marker)).first()
            asked = (
                query if last is None else query.where(is_behind(self._dialect, order, tuple(last), descending=True))
            )
            return [
                Record(row["user_id"], json.loads(row["changes"]), row["id"], row["generation"], row["created_at"])
                for row in connection.execute(asked).mappings()
            ]

        return self._database.read(work)

    # -- changing

    def add(self, kept: Kept, wishes: Collection[Wish], record: Record | None = None) -> bool:
        """A server has settings from now on; False where it had some already."""

        def work(connection: sa.Connection) -> None:
            values = {name: getattr(kept, name) for name in _PLAIN}
            connection.execute(sa.insert(package_instances), {**_columns(kept.ref), **values})
            self._write(connection, kept, {}, kept.choices)
            wish(connection, wishes, is_news=True)  # it may have been there before
            self._note(connection, kept, record)

        try:
            self._database.write(work)
        except db_exception.DBDuplicateEntry:
            return False
        return True

    def change(
        self,
        seen: Kept,
        choices: Mapping[str, Choice],
        wishes: Collection[Wish],
        record: Record | None,
        **about: Any,
    ) -> Kept:
        """Let a server differ from its project so.

        :param seen: what the change was judged against
        :param about: what has become known of the server with it, as its ``os_distro``
        :raises Stale:
        """
        after = replace(seen, choices=choices, generation=seen.generation + 1, **about)

        def work(connection: sa.Connection) -> None:
            statement = (
                sa.update(package_instances)
                .where(_THIS, _ROWS.generation == seen.generation)
                .values(generation=after.generation, **about)
            )
            if not connection.execute(statement, _key(seen.ref)).rowcount:
                raise Stale
            self._write(connection, seen, seen.choices, choices)
            wish(connection, wishes, is_news=True)  # a changed menu may have gone out under that generation already
            self._note(connection, after, record)

        self._database.write(work)
        return after

    def describe(self, ref: InstanceRef, **values: str) -> None:
        """Note what has become known of a server, as its ``hostname``; nothing is delivered for it."""
        statement = sa.update(package_instances).where(_THIS).values(**values)
        self._database.write(lambda connection: connection.execute(statement, _key(ref)))

    def remove(self, ref: InstanceRef, wishes: Collection[Wish]) -> bool:
        """A server is gone, and what was kept of it goes; False where nothing was.

        :param wishes: that receivers forget it too
        """

        def work(connection: sa.Connection) -> bool:
            gone = connection.execute(sa.delete(package_instances).where(_THIS), _key(ref)).rowcount > 0
            for table in (package_instance_states, package_history):
                of_server = (
                    table.c.nova_installation_uuid == ref.nova_installation_uuid,
                    table.c.instance_id == ref.instance_id,
                )
                connection.execute(sa.delete(table).where(*of_server))
            if gone:
                forget(connection, ref, SYSTEM, wishes)
            return gone

        return self._database.write(work)

    def fan_out(
        self, fanouts: FanoutStore, fanout: Fanout, wishes: Callable[[Sequence[Kept]], Collection[Wish]], lease: float
    ) -> Fanout | None:
        """Put a page of the servers that a change reaches into the outbox.

        :param wishes: what receivers shall have, for some servers
        :returns: what is left of the change; None: nothing, or it is another worker's now, or has begun anew
        """
        installation, _, instance = fanout.marker.partition(" ")
        equal = {"project_id": fanout.scope} if fanout.scope else {}
        page = self.after(InstanceRef(installation, instance), BATCH, **equal)
        last = page[-1].ref if len(page) == BATCH else None
        left = None if last is None else replace(fanout, marker=f"{last.nova_installation_uuid} {last.instance_id}")
        wanted = wishes(page)

        def work(connection: sa.Connection) -> bool:
            if not fanouts.advance(connection, fanout, None if left is None else left.marker, lease):
                return False
            wish(connection, wanted)
            return True

        return left if self._database.write(work) else None

    def purge(self, age: float, limit: int = 1000) -> int:
        """Forget old history, some at a time; how much went.

        :param age: seconds
        """
        past = _HISTORY.created_at < self._now - int(age * 1000)

        def work(connection: sa.Connection) -> int:
            ids = tuple(connection.execute(sa.select(_HISTORY.id).where(past).limit(limit)).scalars())
            if not ids:
                return 0
            these = among(connection.dialect.name, _HISTORY.id, "ids")
            return connection.execute(sa.delete(package_history).where(these), {"ids": ids}).rowcount

        return self._database.write(work)

    # -- parts of a transaction

    def _write(
        self, connection: sa.Connection, kept: Kept, before: Mapping[str, Choice], after: Mapping[str, Choice]
    ) -> None:
        other = {name: after.get(name) for name in {*before, *after} if before.get(name) != after.get(name)}
        gone = [{**_key(kept.ref), "entry": name} for name in sorted(other) if name in before]
        if gone:
            connection.execute(_DROP_CHOICE, gone)
        come = [
            {
                **_columns(kept.ref),
                "name": name,
                "state": choice.state,
                "is_on": None if choice.is_on is None else int(choice.is_on),
                "value": written(choice.value),
            }
            for name, choice in sorted(other.items())
            if choice is not None
        ]
        if come:
            connection.execute(sa.insert(package_instance_states), come)

    def _note(self, connection: sa.Connection, kept: Kept, record: Record | None) -> None:
        if record is not None and record.changes:
            values = {
                **_columns(kept.ref),
                "id": str(uuid.uuid4()),
                "generation": kept.generation,
                "user_id": record.user_id,
                "changes": json.dumps(list(record.changes)),
            }
            connection.execute(sa.insert(package_history).values(created_at=self._now), values)


def is_in_use(database: Database) -> bool:
    """Whether there is a menu, or there are servers that have settings.

    :raises DatabaseDown:
    """

    def work(connection: sa.Connection) -> bool:
        one = sa.select(sa.literal(1)).limit(1)
        return any(
            connection.execute(one.select_from(table)).first() is not None
            for table in (package_entries, package_instances)
        )

    return database.read(work)


_PLAIN = ("project_id", "name", "hostname", "os_distro", "generation", "request_id", "created_at")


def _key(ref: InstanceRef) -> dict[str, str]:
    return {"installation": ref.nova_installation_uuid, "instance": ref.instance_id}


def _columns(ref: InstanceRef) -> dict[str, str]:
    return {"nova_installation_uuid": ref.nova_installation_uuid, "instance_id": ref.instance_id}


def _kept(row: Any) -> Kept:
    ref = InstanceRef(row["nova_installation_uuid"], row["instance_id"])
    return Kept(ref=ref, **{name: row[name] for name in _PLAIN})


def _all(rows: Any) -> dict[InstanceRef, Kept]:
    """Servers, from a row for each of their choices."""
    found: dict[InstanceRef, Kept] = {}
    choices: dict[InstanceRef, dict[str, Choice]] = {}
    for row in rows.mappings():
        ref = InstanceRef(row["nova_installation_uuid"], row["instance_id"])
        if ref not in found:
            found[ref] = _kept(row)
        if row["entry"] is not None:
            is_on = None if row["said_on"] is None else bool(row["said_on"])
            choices.setdefault(ref, {})[row["entry"]] = Choice(row["said_state"], is_on, value_of(row["said_value"]))
    return {ref: replace(kept, choices=choices.get(ref, NO_CHOICES)) for ref, kept in found.items()}


def _first(rows: Any) -> Kept | None:
    return next(iter(_all(rows).values()), None)
