"""Rows behind a marker, in the order of several columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def is_behind(
    dialect: str, columns: Sequence[Any], values: Sequence[Any], *, descending: bool = False
) -> sa.ColumnElement[bool]:
    """A condition: a row comes after one with these values.

    :param dialect: SQLAlchemy's name of the database: MariaDB would read the table from its beginning to compare rows
        as tuples, SQLite to compare them column by column
    """
    if dialect != "mysql":
        tuples = sa.tuple_(*columns), sa.tuple_(*values)
        return tuples[0] < tuples[1] if descending else tuples[0] > tuples[1]
    alternatives = []
    for index, (column, value) in enumerate(zip(columns, values, strict=True)):
        same = [one == other for one, other in zip(columns[:index], values[:index], strict=True)]
        alternatives.append(sa.and_(*same, column < value if descending else column > value))
    return sa.or_(*alternatives)
