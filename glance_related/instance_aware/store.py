"""The mapping of images to instances, the installations, and what is pending: all SQL of `instance_aware`.

Every method is one short transaction, and every write may be repeated: after a deadlock, or by a
client that saw no answer.
"""

from __future__ import annotations

import datetime
import functools
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.among import among
from glance_related.db.database import Database
from glance_related.db.models import facts, image_instances, installations, pending_images, service_users, utcnow
from glance_related.db.upsert import swap, upsert
from glance_related.instance_aware import register
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.rules import Registration, Wanted
from glance_related.instance_ref import InstanceRef, is_instance_id

_IMAGES = image_instances.c
_PENDING = pending_images.c

#: How many ids one statement compares with: far below every database's limit of variables.
_BATCH = 1000

# What every request asks is built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_REFS = sa.select(_IMAGES.image_id, _IMAGES.nova_installation_uuid, _IMAGES.instance_id)
_REGISTRATIONS = sa.select(
    service_users.c.nova_installation_uuid, service_users.c.user_id, service_users.c.trusted_program
)
_KNOWN = sa.select(installations.c.name).where(installations.c.nova_installation_uuid == sa.bindparam("installation"))

#: Longest image id that the tables hold, in characters.
_IMAGE_ID_MAX = 36


@dataclass(frozen=True)
class Pending:
    """An attempt to create an image under an id that the client chose.

    :param owner: the project that the image will belong to
    :param created_at: UTC, when the attempt began
    """

    attempt_id: str
    image_id: str
    owner: str | None
    ref: InstanceRef
    created_at: datetime.datetime


@dataclass(frozen=True)
class Row:
    """A bound image, as the sweep sees it; ``created_at`` is UTC."""

    image_id: str
    ref: InstanceRef
    created_at: datetime.datetime


class Store:
    """Everything that `instance_aware` keeps.

    Every method may raise `glance_related.db.database.DatabaseDown`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- what a reply shows, what a list matches

    def refs(self, image_ids: Collection[str]) -> dict[str, InstanceRef]:
        """The tuples of these images; images without one are left out."""
        ids = [image_id for image_id in image_ids if _is_image_id(image_id)]
        if not ids:
            return {}

        def work(connection: sa.Connection) -> dict[str, InstanceRef]:
            found: dict[str, InstanceRef] = {}
            query = _refs_of(connection.dialect.name)
            for start in range(0, len(ids), _BATCH):
                found |= _by_id(connection.execute(query, {"ids": tuple(ids[start : start + _BATCH])}))
            return found

        return self._database.read(work)

    def images_of(self, wanted: Wanted, limit: int) -> dict[str, InstanceRef]:
        """The images that a query asks for, in no order, at most ``limit`` of them."""
        if wanted.nothing:
            return {}
        query = _matching(wanted.installation is not None, wanted.instance is not None)
        values = {"installation": wanted.installation, "instance": wanted.instance, "limit": limit}
        asked = {name: value for name, value in values.items() if value is not None}
        return self._database.read(lambda connection: _by_id(connection.execute(query, asked)))

    # -- binding

    def bind(self, image_id: str, ref: InstanceRef) -> None:
        """Set the tuple of an image, whatever it was."""
        values = _row(image_id, ref)
        self._database.write(lambda connection: upsert(connection, image_instances, values))

    def bind_unbound(self, image_id: str, ref: InstanceRef) -> bool:
        """Set the tuple of an image that has none; False, and nothing changed, where it has one."""
        statement = sa.insert(image_instances).values(_row(image_id, ref))
        try:
            self._database.write(lambda connection: connection.execute(statement))
        except db_exception.DBDuplicateEntry:
            return False
        return True

    def rebind(self, image_id: str, before: InstanceRef | None, after: InstanceRef | None) -> bool:
        """Make one tuple of an image another, None being none; False where it is a third one meanwhile."""
        key, old = {"image_id": image_id}, None if before is None else asdict(before)
        new = None if after is None else {**asdict(after), "created_at": utcnow()}
        with suppress(db_exception.DBDuplicateEntry):  # another writer has bound it
            if self._database.write(lambda connection: swap(connection, image_instances, key, old, new)):
                return True
        return self.refs([image_id]).get(image_id) == after  # as where a lost connection made us ask twice

    def unbind(self, image_id: str) -> bool:
        """Remove the tuple of an image; False where it had none."""
        if not _is_image_id(image_id):
            return False
        statement = sa.delete(image_instances).where(_IMAGES.image_id == image_id)
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)

    # -- pending attempts

    def begin(self, image_id: str, owner: str | None, ref: InstanceRef) -> str:
        """Note an attempt to create an image under an id of the client's; the answer names the attempt."""
        attempt_id = str(uuid.uuid4())
        values = {**_row(image_id, ref), "attempt_id": attempt_id, "owner": owner}
        self._database.write(lambda connection: upsert(connection, pending_images, values))
        return attempt_id

    def confirm(self, attempt_id: str, image_id: str, ref: InstanceRef) -> None:
        """The attempt made this image: bind it, and forget the attempt."""

        values = _row(image_id, ref)

        def work(connection: sa.Connection) -> None:
            upsert(connection, image_instances, values)
            connection.execute(sa.delete(pending_images).where(_PENDING.attempt_id == attempt_id))

        self._database.write(work)

    def abandon(self, attempt_id: str) -> None:
        """The attempt made nothing."""
        statement = sa.delete(pending_images).where(_PENDING.attempt_id == attempt_id)
        self._database.write(lambda connection: connection.execute(statement))

    def pending(self, before: datetime.datetime | None = None) -> list[Pending]:
        """Attempts that nobody has finished, the oldest first.

        :param before: only those that began before this time (UTC)
        """
        query = sa.select(pending_images).order_by(_PENDING.created_at, _PENDING.attempt_id)
        if before is not None:
            query = query.where(_PENDING.created_at < before)
        return self._database.read(
            lambda connection: [
                Pending(
                    row.attempt_id,
                    row.image_id,
                    row.owner,
                    InstanceRef(row.nova_installation_uuid, row.instance_id),
                    row.created_at,
                )
                for row in connection.execute(query)
            ]
        )

    # -- the sweep

    def rows_after(self, image_id: str, before: datetime.datetime, limit: int) -> list[Row]:
        """Bound images in the order of their ids, from behind one on.

        :param before: only those that were bound before this time (UTC)
        """
        query = (
            _REFS.add_columns(_IMAGES.created_at)
            .where(_IMAGES.image_id > image_id, _IMAGES.created_at < before)
            .order_by(_IMAGES.image_id)
            .limit(limit)
        )
        return self._database.read(
            lambda connection: [Row(row[0], InstanceRef(row[1], row[2]), row[3]) for row in connection.execute(query)]
        )

    def sweep(self, row: Row) -> bool:
        """Remove the row of an image that is gone, unless it has been bound anew since it was read."""
        statement = sa.delete(image_instances).where(
            _IMAGES.image_id == row.image_id,
            _IMAGES.nova_installation_uuid == row.ref.nova_installation_uuid,
            _IMAGES.instance_id == row.ref.instance_id,
            _IMAGES.created_at == row.created_at,
        )

        def work(connection: sa.Connection) -> bool:
            removed = connection.execute(statement).rowcount > 0
            if removed:
                swept = sa.cast(facts.c.value, sa.Integer) + 1
                connection.execute(
                    sa.update(facts).where(facts.c.name == "swept").values(value=sa.cast(swept, sa.String(255)))
                )
            return removed

        return self._database.write(work)

    # -- numbers and facts

    def count(self, installation: str | None = None) -> int:
        """How many images are bound, in all or to one installation."""
        query = sa.select(sa.func.count()).select_from(image_instances)
        if installation is not None:
            query = query.where(_IMAGES.nova_installation_uuid == installation)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    def state(self) -> dict[str, str]:
        """The facts of the database, with the number of ``pending`` attempts."""

        def work(connection: sa.Connection) -> dict[str, str]:
            state = {row[0]: row[1] for row in connection.execute(sa.select(facts.c.name, facts.c.value))}
            pending = connection.execute(sa.select(sa.func.count()).select_from(pending_images)).scalar_one()
            return {**state, "pending": str(pending)}

        return self._database.read(work)

    # -- installations

    def registrations(self, user_ids: Sequence[str] | None = None) -> list[Registration]:
        """The registrations of these users, or of all."""
        if user_ids is not None and not user_ids:
            return []
        asked = None if user_ids is None else {"users": tuple(user_ids)}

        def work(connection: sa.Connection) -> list[Registration]:
            query = _REGISTRATIONS if user_ids is None else _registrations_of(connection.dialect.name)
            return [Registration(row[0], row[1], bool(row[2])) for row in connection.execute(query, asked)]

        return self._database.read(work)

    def is_known(self, installation: str) -> bool:
        """Whether an installation is registered."""
        asked = {"installation": installation}
        return self._database.read(lambda connection: connection.execute(_KNOWN, asked).first() is not None)

    def installations(self) -> list[Installation]:
        """Every installation with its users, by name."""
        return self._database.read(register.every)

    def add_installation(self, installation: Installation) -> None:
        """Register a Nova, or more users of one that is registered under this name.

        :raises Conflict: the UUID has another name, the name another UUID, or a user would be both
            Nova's service user and a trusted program, or the service user of two Novas
        """
        register.check(installation)
        self._database.write(lambda connection: register.add(connection, installation))

    def remove_installation(self, installation: str) -> bool:
        """Forget an installation and its users; the images bound to it stay bound. False where it is unknown."""
        return self._database.write(lambda connection: register.remove(connection, installation))


@functools.cache
def _refs_of(dialect: str) -> sa.Select[Any]:
    return _REFS.where(among(dialect, _IMAGES.image_id, "ids"))


@functools.cache
def _registrations_of(dialect: str) -> sa.Select[Any]:
    return _REGISTRATIONS.where(among(dialect, service_users.c.user_id, "users"))


def _by_id(result: sa.CursorResult[Any]) -> dict[str, InstanceRef]:
    rows: Sequence[Any] = result.fetchall()
    return {image_id: InstanceRef(installation, instance) for image_id, installation, instance in rows}


@functools.cache
def _matching(by_installation: bool, by_instance: bool) -> sa.Select[Any]:
    query = _REFS.limit(sa.bindparam("limit"))
    if by_instance:
        query = query.where(_IMAGES.instance_id == sa.bindparam("instance"))
    if by_installation:
        query = query.where(_IMAGES.nova_installation_uuid == sa.bindparam("installation"))
    return query


def _row(image_id: str, ref: InstanceRef) -> dict[str, Any]:
    return {
        "image_id": image_id,
        "nova_installation_uuid": ref.nova_installation_uuid,
        "instance_id": ref.instance_id,
        "created_at": utcnow(),
    }


def _is_image_id(text: str) -> bool:
    # what is none has no row; asking for one with a NUL is an error to some databases
    return len(text) <= _IMAGE_ID_MAX and is_instance_id(text)
