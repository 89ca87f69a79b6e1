"""Wishes are put into the outbox in the transaction of the change that they come from."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from glance_related.db.clock import now_ms
from glance_related.db.models import deliveries
from glance_related.deliveries.delivery import DELIVERING, OFFERED, PENDING, REMOVE, Wish
from glance_related.instance_ref import InstanceRef

_ROWS = deliveries.c


def wish(connection: sa.Connection, wishes: Collection[Wish], *, is_news: bool = False) -> None:
    """Put wishes into the outbox, in the transaction of the change that they come from.

    What a worker is just handing over stays in its hands, and is taken up again afterwards.

    :param is_news: whatever their generations: those were counted before the transaction, from something else too that
        may have changed meanwhile, and come out no higher than what has been handed over since
    """
    if not wishes:
        return
    rows = [
        {
            "id": str(uuid.uuid4()),
            "nova_installation_uuid": one.ref.nova_installation_uuid,
            "instance_id": one.ref.instance_id,
            "driver": one.driver,
            "item": one.item,
            "system": one.system,
            "project_id": one.project_id,
            "action": one.action,
            "is_pulled": int(one.is_pulled),
            "generation": one.generation,
            "state": OFFERED if one.is_pulled else PENDING,
        }
        for one in wishes
    ]
    connection.execute(_wishing(connection.dialect.name, is_always_news=is_news), rows)


@functools.cache
def _wishing(dialect: str, *, is_always_news: bool) -> Any:
    """Insert, or change where it is news: a server's own change always is, a menu's where it is later.

    Whether a server is there is told by its own changes alone: a change of a menu may have been begun before it was
    deleted. A server that comes back has generations that begin anew. MariaDB assigns from left to right: what is
    asked about comes last.
    """
    kind: Any = {"mysql": mysql, "postgresql": postgresql, "sqlite": sqlite}[dialect]
    now = now_ms(dialect)
    fixed = {
        "attempts": 0, "losses": 0, "claim": "", "claimed_by": "", "claimed_generation": -1, "message": "",
        "created_at": now, "wished_at": now, "updated_at": now,
        "due_at": sa.case((sa.bindparam("state", type_=sa.String) == PENDING, now), else_=None),
    }  # fmt: skip
    insert = kind.insert(deliveries).values({**{name: sa.bindparam(name) for name in _WISHED}, **fixed})
    new = insert.inserted if dialect == "mysql" else insert.excluded
    is_later, is_other = new.generation > _ROWS.generation, new.action != _ROWS.action
    comes_otherwise = new.is_pulled != _ROWS.is_pulled
    by_menu = sa.and_(sa.not_(is_other), sa.or_(is_later, comes_otherwise))
    is_news: sa.ColumnElement[bool] = sa.true() if is_always_news else by_menu
    is_free = sa.and_(is_news, _ROWS.state != DELIVERING)
    # nothing of what a receiver has said is true any more
    begins_anew = sa.and_(is_news, sa.or_(is_other, comes_otherwise))
    changes = [
        ("wished_at", sa.case((is_news, now), else_=_ROWS.wished_at)),
        ("updated_at", sa.case((is_news, now), else_=_ROWS.updated_at)),
        # who is just handing over the former thing will find that it is not the one any more
        ("claimed_generation", sa.case((is_news, -1), else_=_ROWS.claimed_generation)),
        ("attempts", sa.case((is_free, 0), else_=_ROWS.attempts)),
        ("due_at", sa.case((is_free, new.due_at), else_=_ROWS.due_at)),
        ("state", sa.case((is_free, new.state), else_=_ROWS.state)),
        ("message", sa.case((begins_anew, ""), else_=_ROWS.message)),
        *((name, sa.case((begins_anew, None), else_=_ROWS[name])) for name in _SAID),
        ("project_id", sa.case((is_news, new.project_id), else_=_ROWS.project_id)),
        ("generation", sa.case((sa.and_(is_news, sa.or_(is_later, is_other)), new.generation), else_=_ROWS.generation)),
        ("is_pulled", sa.case((is_news, new.is_pulled), else_=_ROWS.is_pulled)),
        ("action", sa.case((is_news, new.action), else_=_ROWS.action)),
    ]
    if dialect == "mysql":
        return insert.on_duplicate_key_update(changes)
    receiver = ["nova_installation_uuid", "instance_id", "driver", "item"]
    return insert.on_conflict_do_update(index_elements=receiver, set_=dict(changes))


_WISHED = (
    "id", "nova_installation_uuid", "instance_id", "driver", "item", "system", "project_id", "action", "is_pulled",
    "generation", "state",
)  # fmt: skip
_SAID = ("applied_generation", "applied", "read_at", "confirmed_at")


def forget(connection: sa.Connection, ref: InstanceRef, system: str, wishes: Collection[Wish]) -> None:
    """Let everybody forget a server: those of whom that is wished, and whoever else was handed something of it.

    Not everybody who deletes servers need know all receivers. One that pulls has nobody to come for it any more.
    """
    rows = sa.and_(
        _ROWS.nova_installation_uuid == ref.nova_installation_uuid,
        _ROWS.instance_id == ref.instance_id,
        _ROWS.system == system,
    )
    connection.execute(sa.delete(deliveries).where(rows, _ROWS.is_pulled == 1))
    told = {one.driver for one in wishes}
    others = [
        Wish(ref, system, row.driver, row.project_id, row.generation, REMOVE, item=row.item)
        for row in connection.execute(sa.select(deliveries).where(rows, _ROWS.action != REMOVE))
        if row.driver not in told
    ]
    wish(connection, [*wishes, *others], is_news=True)
