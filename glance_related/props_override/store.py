"""`OverrideStore`: which image properties each server was booted or rebuilt with that its image has not."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from glance_related.db.among import among
from glance_related.db.database import Database
from glance_related.db.models import server_overrides
from glance_related.db.upsert import upsert
from glance_related.instance_ref import InstanceRef

_ROWS = server_overrides.c


@dataclass(frozen=True)
class Kept:
    """What is kept of a server.

    :param project_id: the server's
    :param image_id: the image that the override was made for, as Glance spells it
    :param rescue_image_id: the image that Nova rescues the server with, unless it is told another
    :param properties: the override, under the names that Nova uses; empty: the server has none any more
    :param request_id: Nova's own id of the request that made it so
    :param made_at: when that request came, UTC
    """

    ref: InstanceRef
    project_id: str
    image_id: str
    rescue_image_id: str
    properties: Mapping[str, str]
    request_id: str
    made_at: datetime.datetime


# Built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_OF = _ROWS.nova_installation_uuid == sa.bindparam("installation")
_THIS = sa.and_(_OF, _ROWS.instance_id == sa.bindparam("instance"))
_ONE = sa.select(server_overrides).where(_THIS)
_GONE = sa.delete(server_overrides).where(_THIS)
_MADE_BY = (
    sa.select(sa.func.count()).select_from(server_overrides).where(_OF, _ROWS.request_id == sa.bindparam("request"))
)
_SOME = (
    sa.select(server_overrides)
    .where(_OF, _ROWS.instance_id > sa.bindparam("instance"))
    .order_by(_ROWS.instance_id)
    .limit(sa.bindparam("limit"))
)


class OverrideStore:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, ref: InstanceRef) -> Kept | None:
        """What is kept of a server."""
        row = self._database.read(lambda connection: connection.execute(_ONE, _key(ref)).mappings().first())
        return None if row is None else _kept(row)

    def of(self, installation: str, instance_ids: Collection[str]) -> dict[str, Kept]:
        """What is kept of some servers of a Nova, by their ids."""
        if not instance_ids:
            return {}
        asked = {"installation": installation, "ids": tuple(instance_ids)}

        def work(connection: sa.Connection) -> dict[str, Kept]:
            query = sa.select(server_overrides).where(_OF, among(connection.dialect.name, _ROWS.instance_id, "ids"))
            return {row["instance_id"]: _kept(row) for row in connection.execute(query, asked).mappings()}

        return self._database.read(work)

    def keep(self, kept: Kept) -> None:
        """Keep this of a server, unless a later request has said more."""
        values = {
            "nova_installation_uuid": kept.ref.nova_installation_uuid,
            "instance_id": kept.ref.instance_id,
            "project_id": kept.project_id,
            "image_id": kept.image_id,
            "rescue_image_id": kept.rescue_image_id,
            "properties": json.dumps(dict(kept.properties)),
            "request_id": kept.request_id,
            "made_at": kept.made_at,
        }
        self._database.write(lambda connection: upsert(connection, server_overrides, values, by_age="made_at"))

    def made_by(self, installation: str, request_id: str) -> int:
        """How many servers of a Nova a request has made, as far as is known."""
        asked = {"installation": installation, "request": request_id}
        return self._database.read(lambda connection: int(connection.execute(_MADE_BY, asked).scalar_one()))

    def forget(self, ref: InstanceRef) -> bool:
        """The server is gone; False where nothing was kept of it."""
        return self._database.write(lambda connection: connection.execute(_GONE, _key(ref)).rowcount > 0)

    def after(self, ref: InstanceRef, limit: int) -> list[Kept]:
        """What is kept of the servers of a Nova, in the order of their ids, from behind one on."""
        asked = {**_key(ref), "limit": limit}
        return self._database.read(
            lambda connection: [_kept(row) for row in connection.execute(_SOME, asked).mappings()]
        )

    def count(self) -> int:
        """Of how many servers something is kept."""
        query = sa.select(sa.func.count()).select_from(server_overrides)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))


def _key(ref: InstanceRef) -> dict[str, str]:
    return {"installation": ref.nova_installation_uuid, "instance": ref.instance_id}


def _kept(row: Any) -> Kept:
    return Kept(
        ref=InstanceRef(row["nova_installation_uuid"], row["instance_id"]),
        project_id=row["project_id"],
        image_id=row["image_id"],
        rescue_image_id=row["rescue_image_id"],
        properties=json.loads(row["properties"]),
        request_id=row["request_id"],
        made_at=row["made_at"],
    )
