"""Facts of the database itself: short texts under a name, which every process may read and set."""

from __future__ import annotations

import sqlalchemy as sa

from glance_related.db.database import Database
from glance_related.db.models import facts
from glance_related.db.upsert import upsert


def read_fact(database: Database, name: str) -> str | None:
    """What is known under a name, or None.

    :raises DatabaseDown:
    """
    query = sa.select(facts.c.value).where(facts.c.name == name)
    return database.read(lambda connection: connection.execute(query).scalar_one_or_none())


def set_fact(database: Database, name: str, value: str) -> None:
    """Let everyone know a value; nothing is written where they know it already.

    :raises DatabaseDown:
    """
    if read_fact(database, name) != value:
        database.write(lambda connection: upsert(connection, facts, {"name": name, "value": value}))


def forget_fact(database: Database, name: str) -> bool:
    """Forget what is known under a name; False where nothing is.

    :raises DatabaseDown:
    """
    gone = sa.delete(facts).where(facts.c.name == name)
    return database.write(lambda connection: connection.execute(gone).rowcount > 0)


def facts_under(database: Database, prefix: str) -> dict[str, str]:
    """What is known under the names that begin so.

    :raises DatabaseDown:
    """
    query = sa.select(facts.c.name, facts.c.value).where(facts.c.name.startswith(prefix, autoescape=True))
    return database.read(lambda connection: {row.name: row.value for row in connection.execute(query)})
