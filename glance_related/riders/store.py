"""`RiderStore`: riders, kept under their marked request id until Glance has been asked."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from glance_related.db.among import among
from glance_related.db.database import Database
from glance_related.db.models import riders, service_users
from glance_related.db.upsert import upsert
from glance_related.riders.rider import Rider

_RIDERS = riders.c

# Built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_THIS = sa.and_(_RIDERS.request_id == sa.bindparam("asked_id"), _RIDERS.kind == sa.bindparam("asked_kind"))
_ONE = sa.select(riders).where(_THIS)
_GONE = sa.delete(riders).where(_THIS)
_CLOSED = sa.update(riders).where(_THIS).values(is_open=0)
_TOLD = sa.update(riders).where(_THIS).values(content=sa.bindparam("told"))
_OPEN = sa.and_(_RIDERS.is_open == 1, _RIDERS.kind == sa.bindparam("asked_kind"))
_IN_ORDER = (_RIDERS.created_at, _RIDERS.request_id)
_OPEN_ONES = sa.select(riders).where(_OPEN, _RIDERS.created_at < sa.bindparam("before")).order_by(*_IN_ORDER)
_OPEN_NUMBER = sa.select(sa.func.count()).where(_RIDERS.is_open == 1)
#: Most that are read at once: whoever looks at a server pays for what its project has left open.
MOST_OPEN = 100
_OPEN_AT = (
    sa.select(riders)
    .where(_OPEN, _RIDERS.nova_installation_uuid == sa.bindparam("installation"))
    .order_by(_RIDERS.created_at.desc(), _RIDERS.request_id.desc())
    .limit(MOST_OPEN)
)
# With the rider comes whether whoever asks is a service user of the rider's own Nova: one question, not two.
_ASKED = (
    sa.select(riders, service_users.c.user_id.is_not(None).label("of_its_nova"))
    .outerjoin(
        service_users,
        sa.and_(
            service_users.c.nova_installation_uuid == _RIDERS.nova_installation_uuid,
            service_users.c.user_id == sa.bindparam("asking"),
            service_users.c.trusted_program == sa.false(),
        ),
    )
    .where(_THIS)
)


class RiderStore:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, rider: Rider) -> None:
        """Keep a rider; it is the only one of its kind, for its id is fresh, and may be kept twice."""
        values = {name: getattr(rider, name) for name in _PLAIN}
        values |= {"content": json.dumps(rider.content), "is_open": int(rider.is_open)}
        self._database.write(lambda connection: upsert(connection, riders, values))

    def get(self, request_id: str, kind: str) -> Rider | None:
        """What rides on a request."""
        asked = {"asked_id": request_id, "asked_kind": kind}
        row = self._database.read(lambda connection: connection.execute(_ONE, asked).mappings().first())
        return None if row is None else _rider(row)

    def asked(self, request_id: str, kind: str, service_user_id: str) -> tuple[Rider, bool] | None:
        """What rides on a request, and whether the service that asks is a service user of the rider's own Nova."""
        asked = {"asked_id": request_id, "asked_kind": kind, "asking": service_user_id}
        row = self._database.read(lambda connection: connection.execute(_ASKED, asked).mappings().first())
        return None if row is None else (_rider(row), bool(row["of_its_nova"]))

    def open_of(self, kind: str, installation: str, project_ids: Collection[str]) -> list[Rider]:
        """What these projects' latest requests to a Nova have left open, the oldest first, `MOST_OPEN` at most."""
        asked = {"asked_kind": kind, "installation": installation, "projects": tuple(project_ids)}

        def work(connection: sa.Connection) -> list[Rider]:
            query = _OPEN_AT.where(among(connection.dialect.name, _RIDERS.project_id, "projects"))
            return [_rider(row) for row in connection.execute(query, asked).mappings()][::-1]

        return self._database.read(work)

    def open_before(self, kind: str, before: datetime.datetime, limit: int | None = None) -> list[Rider]:
        """What all requests from before a time (UTC) have left open, the oldest first.

        :param limit: most that are read
        """
        asked = {"asked_kind": kind, "before": before}
        query = _OPEN_ONES if limit is None else _OPEN_ONES.limit(limit)
        return self._database.read(
            lambda connection: [_rider(row) for row in connection.execute(query, asked).mappings()]
        )

    def open_number(self, kind: str | None = None) -> int:
        """How many riders are open, of a kind or of all; read from an index, however many are not."""
        query = _OPEN_NUMBER if kind is None else _OPEN_NUMBER.where(_RIDERS.kind == kind)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    def tell(self, request_id: str, kind: str, content: Mapping[str, Any]) -> None:
        """More is known of a rider than when it was kept: this is what it holds from now on."""
        asked = {"asked_id": request_id, "asked_kind": kind, "told": json.dumps(content)}
        self._database.write(lambda connection: connection.execute(_TOLD, asked))

    def close(self, request_id: str, kind: str) -> None:
        """For which servers a rider was is known."""
        asked = {"asked_id": request_id, "asked_kind": kind}
        self._database.write(lambda connection: connection.execute(_CLOSED, asked))

    def remove(self, request_id: str, kind: str) -> None:
        """Forget a rider, as where Nova has refused its request."""
        asked = {"asked_id": request_id, "asked_kind": kind}
        self._database.write(lambda connection: connection.execute(_GONE, asked))

    def purge(self, before: datetime.datetime, limit: int = 1000) -> int:
        """Forget riders that nobody will ask for any more, some at a time; those that are open stay.

        :param before: those that were kept before this time (UTC)
        :returns: how many went; less than ``limit`` where no more are left
        """

        def work(connection: sa.Connection) -> int:
            is_past = sa.and_(_RIDERS.created_at < before, _RIDERS.is_open == 0)
            old = sa.select(_RIDERS.request_id).where(is_past).limit(limit)
            ids = tuple(set(connection.execute(old).scalars()))
            if not ids:
                return 0
            these = among(connection.dialect.name, _RIDERS.request_id, "ids")
            return connection.execute(sa.delete(riders).where(these, is_past), {"ids": ids}).rowcount

        return self._database.write(work)

    def count(self) -> int:
        """How many riders are kept."""
        query = sa.select(sa.func.count()).select_from(riders)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))


_PLAIN = (
    "request_id",
    "kind",
    "own_request_id",
    "nova_installation_uuid",
    "project_id",
    "user_id",
    "created_at",
)


def _rider(row: Any) -> Rider:
    plain = {name: row[name] for name in _PLAIN}
    return Rider(**plain, content=json.loads(row["content"]), is_open=bool(row["is_open"]))
