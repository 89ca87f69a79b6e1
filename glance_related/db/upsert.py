"""`upsert`: insert a row, or where its key is taken, make the row say what this one says.

One statement, so that two writers at once need no second try, and one writer no second round trip.
An UPDATE that finds nothing would also lock the gap in which it looked on MariaDB, and two of them deadlock.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite


def upsert(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Insert or replace one row.

    :param values: every column of the table
    """
    connection.execute(_statement(connection.dialect.name, table, tuple(values)), dict(values))


# Built once for each kind of row: building it took longer than everything else about the write.
@functools.cache
def _statement(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Any:
    key = [column.name for column in table.primary_key.columns]
    rest = [name for name in names if name not in key]
    if dialect == "mysql":
        statement = mysql.insert(table)
        return statement.on_duplicate_key_update({name: statement.inserted[name] for name in rest})
    dialects: Any = {"postgresql": postgresql, "sqlite": sqlite}[dialect]
    other = dialects.insert(table)
    return other.on_conflict_do_update(index_elements=key, set_={name: other.excluded[name] for name in rest})
