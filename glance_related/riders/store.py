"""`RiderStore`: riders, kept under their marked request id until Glance has been asked."""

from __future__ import annotations

import datetime
import json
from typing import Any

import sqlalchemy as sa

from glance_related.db.among import among
from glance_related.db.database import Database
from glance_related.db.models import riders
from glance_related.db.upsert import upsert
from glance_related.riders.rider import Rider

_RIDERS = riders.c

# Built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_THIS = sa.and_(_RIDERS.request_id == sa.bindparam("asked_id"), _RIDERS.kind == sa.bindparam("asked_kind"))
_ONE = sa.select(riders).where(_THIS)
_GONE = sa.delete(riders).where(_THIS)


class RiderStore:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, rider: Rider) -> None:
        """Keep a rider; it is the only one of its kind, for its id is fresh, and may be kept twice."""
        values = {**{name: getattr(rider, name) for name in _PLAIN}, "content": json.dumps(rider.content)}
        self._database.write(lambda connection: upsert(connection, riders, values))

    def get(self, request_id: str, kind: str) -> Rider | None:
        """What rides on a request."""
        asked = {"asked_id": request_id, "asked_kind": kind}
        row = self._database.read(lambda connection: connection.execute(_ONE, asked).mappings().first())
        return None if row is None else _rider(row)

    def remove(self, request_id: str, kind: str) -> None:
        """Forget a rider, as where Nova has refused its request."""
        asked = {"asked_id": request_id, "asked_kind": kind}
        self._database.write(lambda connection: connection.execute(_GONE, asked))

    def purge(self, before: datetime.datetime, limit: int = 1000) -> int:
        """Forget riders that nobody will ask for any more, some at a time.

        :param before: those that were kept before this time (UTC)
        :returns: how many went; less than ``limit`` where no more are left
        """

        def work(connection: sa.Connection) -> int:
            old = sa.select(_RIDERS.request_id).where(_RIDERS.created_at < before).limit(limit)
            ids = tuple(set(connection.execute(old).scalars()))
            if not ids:
                return 0
            these = among(connection.dialect.name, _RIDERS.request_id, "ids")
            return connection.execute(
                sa.delete(riders).where(these, _RIDERS.created_at < before), {"ids": ids}
            ).rowcount

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
    return Rider(**{name: row[name] for name in _PLAIN}, content=json.loads(row["content"]))
