"""The register of installations, in SQL: which Novas are known, with their service users and trusted programs.

Functions over a connection, for `glance_related.instance_aware.store.Store` to run in its transactions.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from glance_related.db.models import facts, installations, service_users, utcnow
from glance_related.db.upsert import upsert

# What the columns hold, in characters.
_NAME_MAX, _USER_MAX = 255, 64


@dataclass(frozen=True)
class Installation:
    """A Nova whose tuples are accepted.

    :param nova_installation_uuid: canonical UUID
    :param name: the operator's word for it
    :param region_name: where the catalog has its compute endpoint; None: the region of the suite's account
    """

    nova_installation_uuid: str
    name: str
    service_users: tuple[str, ...]
    trusted_programs: tuple[str, ...]
    region_name: str | None = None


class Conflict(Exception):
    """An installation, its name, or a user in another part, is registered already."""


def every(connection: sa.Connection) -> list[Installation]:
    """Every installation with its users, by name."""
    rows = connection.execute(sa.select(installations).order_by(installations.c.name)).all()
    users = connection.execute(sa.select(service_users).order_by(service_users.c.user_id)).all()
    return [
        Installation(
            row.nova_installation_uuid,
            row.name,
            tuple(_users_of(row.nova_installation_uuid, users, trusted=False)),
            tuple(_users_of(row.nova_installation_uuid, users, trusted=True)),
            row.region_name,
        )
        for row in rows
    ]


def check(installation: Installation) -> None:
    """:raises Conflict: where what is to be registered contradicts itself, or is longer than what is stored"""
    asked = _users(installation)
    if len(asked) < len(installation.service_users) + len(installation.trusted_programs):
        raise Conflict("a user is either Nova's service user or a trusted program, not both")
    if len(installation.name) > _NAME_MAX or any(len(user) > _USER_MAX for user in asked):
        raise Conflict(f"a name has at most {_NAME_MAX} characters, the id of a user {_USER_MAX}")


def add(connection: sa.Connection, installation: Installation) -> None:
    """Register an installation, or more users of one.

    :raises Conflict: where it contradicts what is registered
    """
    _one_at_a_time(connection)
    _add_name(connection, installation)
    _add_users(connection, installation.nova_installation_uuid, _users(installation))


def remove(connection: sa.Connection, installation: str) -> bool:
    """Forget an installation and its users; False where it is unknown."""
    _one_at_a_time(connection)
    connection.execute(sa.delete(service_users).where(service_users.c.nova_installation_uuid == installation))
    gone = connection.execute(sa.delete(installations).where(installations.c.nova_installation_uuid == installation))
    return gone.rowcount > 0


def _users(installation: Installation) -> dict[str, bool]:
    """Its users, by id: whether each is a trusted program."""
    return dict.fromkeys(installation.service_users, False) | dict.fromkeys(installation.trusted_programs, True)


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
        connection.execute(sa.insert(installations).values(region_name=installation.region_name, **values))
    elif installation.region_name:
        this = installations.c.nova_installation_uuid == uuid_
        connection.execute(sa.update(installations).where(this).values(region_name=installation.region_name))


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
