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


def upsert(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any], *, by_age: str | None = None) -> None:
    """Insert or replace one row.

    :param values: every column of the table
    :param by_age: a column that says how old what a row says is: what is newer than these values stays
    """
    connection.execute(_statement(connection.dialect.name, table, tuple(values), by_age), dict(values))


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
def _statement(dialect: str, table: sa.Table, names: tuple[str, ...], by_age: str | None) -> Any:
    key = [column.name for column in table.primary_key.columns]
    rest = [name for name in names if name not in key]
    if dialect == "mysql":
        return _mysql_statement(table, rest, by_age)
    dialects: Any = {"postgresql": postgresql, "sqlite": sqlite}[dialect]
    statement = dialects.insert(table)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={name: new[name] for name in rest},
        where=None if by_age is None else table.c[by_age] <= new[by_age],
    )


def _mysql_statement(table: sa.Table, names: list[str], by_age: str | None) -> Any:
    statement = mysql.insert(table)
    new = statement.inserted
    if by_age is None:
        return statement.on_duplicate_key_update({name: new[name] for name in names})
    is_old = table.c[by_age] <= new[by_age]
    # Set in this order, and what is set already is what the next one sees: the age has to be the last.
    in_order = [*(name for name in names if name != by_age), by_age]
    return statement.on_duplicate_key_update(
        [(name, sa.case((is_old, new[name]), else_=table.c[name])) for name in in_order]
    )
