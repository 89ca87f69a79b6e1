"""The mapping of images to instances, the installations, and what is pending: all SQL of `instance_aware`.

Every method is one short transaction, and every write may be repeated: after a deadlock, or by a
client that saw no answer.
"""

from __future__ import annotations

import datetime
import functools
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.database import Database
from glance_related.db.models import facts, image_instances, installations, pending_images, service_users
from glance_related.db.upsert import swap, upsert
from glance_related.instance_aware.rules import Registration, Wanted
from glance_related.instance_ref import InstanceRef, is_instance_id

_IMAGES = image_instances.c
_PENDING = pending_images.c

#: How many ids one statement compares with: far below every database's limit of variables.
_BATCH = 1000

# What every request asks is built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_REFS = sa.select(_IMAGES.image_id, _IMAGES.nova_installation_uuid, _IMAGES.instance_id)
_REFS_OF = _REFS.where(_IMAGES.image_id.in_(sa.bindparam("ids", expanding=True)))
_REGISTRATIONS = sa.select(
    service_users.c.nova_installation_uuid, service_users.c.user_id, service_users.c.trusted_program
)
_REGISTRATIONS_OF = _REGISTRATIONS.where(service_users.c.user_id.in_(sa.bindparam("users", expanding=True)))
_KNOWN = sa.select(installations.c.name).where(installations.c.nova_installation_uuid == sa.bindparam("installation"))

# What the columns hold, in characters.
_IMAGE_ID_MAX, _NAME_MAX, _USER_MAX = 36, 255, 64


@dataclass(frozen=True)
class Installation:
    """A Nova whose tuples are accepted.

    :param nova_installation_uuid: canonical UUID
    :param name: the operator's word for it
    """

    nova_installation_uuid: str
    name: str
    service_users: tuple[str, ...]
    trusted_programs: tuple[str, ...]


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


class Conflict(Exception):
    """An installation, its name, or a user in another part, is registered already."""


def utcnow() -> datetime.datetime:
    """Now, as the tables keep it: UTC, naive, whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)


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
            for start in range(0, len(ids), _BATCH):
                rows = connection.execute(_REFS_OF, {"ids": ids[start : start + _BATCH]})
                found |= {row[0]: InstanceRef(row[1], row[2]) for row in rows}
            return found

        return self._database.read(work)

    def images_of(self, wanted: Wanted, limit: int) -> dict[str, InstanceRef]:
        """The images that a query asks for, in no order, at most ``limit`` of them."""
        if wanted.nothing:
            return {}
        query = _matching(wanted.installation is not None, wanted.instance is not None)
        values = {"installation": wanted.installation, "instance": wanted.instance, "limit": limit}
        asked = {name: value for name, value in values.items() if value is not None}
        return self._database.read(
            lambda connection: {row[0]: InstanceRef(row[1], row[2]) for row in connection.execute(query, asked)}
        )

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
        query, asked = (_REGISTRATIONS, None) if user_ids is None else (_REGISTRATIONS_OF, {"users": list(user_ids)})
        return self._database.read(
            lambda connection: [Registration(row[0], row[1], bool(row[2])) for row in connection.execute(query, asked)]
        )

    def is_known(self, installation: str) -> bool:
        """Whether an installation is registered."""
        asked = {"installation": installation}
        return self._database.read(lambda connection: connection.execute(_KNOWN, asked).first() is not None)

    def installations(self) -> list[Installation]:
        """Every installation with its users, by name."""

        def work(connection: sa.Connection) -> list[Installation]:
            rows = connection.execute(sa.select(installations).order_by(installations.c.name)).all()
            users = connection.execute(sa.select(service_users).order_by(service_users.c.user_id)).all()
            return [
                Installation(
                    row.nova_installation_uuid,
                    row.name,
                    tuple(_users_of(row.nova_installation_uuid, users, trusted=False)),
                    tuple(_users_of(row.nova_installation_uuid, users, trusted=True)),
                )
                for row in rows
            ]

        return self._database.read(work)

    def add_installation(self, installation: Installation) -> None:
        """Register a Nova, or more users of one that is registered under this name.

        :raises Conflict: the UUID has another name, the name another UUID, or a user would be both
            Nova's service user and a trusted program, or the service user of two Novas
        """
        asked = dict.fromkeys(installation.service_users, False) | dict.fromkeys(installation.trusted_programs, True)
        if len(asked) < len(installation.service_users) + len(installation.trusted_programs):
            raise Conflict("a user is either Nova's service user or a trusted program, not both")
        if len(installation.name) > _NAME_MAX or any(len(user) > _USER_MAX for user in asked):
            raise Conflict(f"a name has at most {_NAME_MAX} characters, the id of a user {_USER_MAX}")

        def work(connection: sa.Connection) -> None:
            _one_at_a_time(connection)
            _add_name(connection, installation)
            _add_users(connection, installation.nova_installation_uuid, asked)

        self._database.write(work)

    def remove_installation(self, installation: str) -> bool:
        """Forget an installation and its users; the images bound to it stay bound. False where it is unknown."""

        def work(connection: sa.Connection) -> bool:
            _one_at_a_time(connection)
            connection.execute(sa.delete(service_users).where(service_users.c.nova_installation_uuid == installation))
            gone = connection.execute(
                sa.delete(installations).where(installations.c.nova_installation_uuid == installation)
            )
            return gone.rowcount > 0

        return self._database.write(work)


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


def _one_at_a_time(connection: sa.Connection) -> None:
    """Let nobody else change the registrations until this transaction ends.

    What is checked before an insert, another's insert may make untrue, and no constraint says all of it.
    Everyone changes one row first, and each time differently: only so two nodes of Galera see each other.
    """
    upsert(connection, facts, {"name": "registrations", "value": str(uuid.uuid4())})


def _add_name(connection: sa.Connection, installation: Installation) -> None:
    uuid_ = installation.nova_installation_uuid
    is_known = False
    for row in connection.execute(sa.select(installations)):
        if (row.nova_installation_uuid == uuid_) != (row.name == installation.name):
            raise Conflict(f"{row.nova_installation_uuid} is registered as '{row.name}'")
        is_known = is_known or row.nova_installation_uuid == uuid_
    if not is_known:
        values = {"nova_installation_uuid": uuid_, "name": installation.name, "created_at": utcnow()}
        connection.execute(sa.insert(installations).values(values))


def _add_users(connection: sa.Connection, installation: str, asked: Mapping[str, bool]) -> None:
    """Add users, by id: whether a user is a trusted program."""
    if not asked:
        return
    query = sa.select(service_users).where(service_users.c.user_id.in_(list(asked)))
    present = connection.execute(query).all()
    for row in present:
        trusted = asked[row.user_id]
        if bool(row.trusted_program) != trusted:
            raise Conflict(f"user {row.user_id} is registered in the other part already")
        if not trusted and row.nova_installation_uuid != installation:
            raise Conflict(
                f"user {row.user_id} is the service user of another installation, {row.nova_installation_uuid}"
            )
    here = {row.user_id for row in present if row.nova_installation_uuid == installation}
    for user, trusted in asked.items():
        if user not in here:
            values = {"nova_installation_uuid": installation, "user_id": user, "trusted_program": trusted}
            connection.execute(sa.insert(service_users).values(values))


def _users_of(installation: str, users: Sequence[Any], *, trusted: bool) -> list[str]:
    return [
        user.user_id
        for user in users
        if user.nova_installation_uuid == installation and bool(user.trusted_program) is trusted
    ]
