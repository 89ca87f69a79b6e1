"""Rows behind a marker, in the order of several columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def is_behind(columns: Sequence[Any], values: Sequence[Any], *, descending: bool = False) -> sa.ColumnElement[bool]:
    """A condition: a row comes after one with these values.

    Written out, for MariaDB would read the table from its beginning to compare rows as tuples.
    """
    alternatives = []
    for index, (column, value) in enumerate(zip(columns, values, strict=True)):
        same = [one == other for one, other in zip(columns[:index], values[:index], strict=True)]
        alternatives.append(sa.and_(*same, column < value if descending else column > value))
    return sa.or_(*alternatives)
