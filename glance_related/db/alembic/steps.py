"""Steps of a revision that may be done twice.

MariaDB commits each change of a schema by itself. So a ``db upgrade`` that was killed leaves half of
a revision behind, and the next one begins with it again from the top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def create_table(name: str, *columns: Any, **options: Any) -> None:
    """Create a table where it is not there."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *columns, **options)


def create_index(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """Create an index where it is not there.

    :param where: which rows are in it, where the database can leave others out
    """
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    if name not in present:
        some = None if where is None else sa.text(where)
        op.create_index(name, table, list(columns), unique=unique, postgresql_where=some, sqlite_where=some)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column where it is not there."""
    present = {known["name"] for known in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in present:
        op.add_column(table, column)


def insert(table: str, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there.

    :param key: name of the column that is the primary key
    """
    described = sa.table(table, *(sa.column(name) for name in rows[0]))
    present = set(op.get_bind().execute(sa.select(described.c[key])).scalars())
    missing = [dict(row) for row in rows if row[key] not in present]
    if missing:
        op.bulk_insert(described, missing)
