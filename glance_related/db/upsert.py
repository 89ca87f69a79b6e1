"""`upsert`: insert a row, or where its key is taken, make the row say what this one says; `swap`: only
where it still says what it said.

An upsert is one statement, so that two writers at once need no second try, and one writer no second round trip.
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


def swap(
    connection: sa.Connection,
    table: sa.Table,
    key: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> bool:
    """Make one row another, None being none, where it is still what it was: who is slower changes nothing.

    :param key: the row's primary key
    :param before: what some columns must say; None: there is no such row
    :param after: what columns say then; None: the row goes
    :returns: False where the row has become another meanwhile
    :raises oslo_db.exception.DBDuplicateEntry: where a row has come meanwhile
    """
    if before is None:
        if after is not None:
            connection.execute(sa.insert(table).values(**key, **after))
        return True
    same = [table.c[name] == value for name, value in (*key.items(), *before.items())]
    statement = sa.delete(table) if after is None else sa.update(table).values(**after)
    return bool(connection.execute(statement.where(*same)).rowcount)


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
