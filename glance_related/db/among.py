"""`among`: a column compared with many values at once, in the words that each driver takes fastest."""

from __future__ import annotations

import sqlalchemy as sa

#: Drivers that write a tuple into the statement themselves, in C or in one go; SQLAlchemy would make a
#: parameter of each value, which takes it longer than the database needs to answer.
_TAKING_TUPLES = ("postgresql", "mysql")


def among(dialect: str, column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """A condition: the column is one of the values that are given as the parameter ``name``, a tuple with any in it.

    :param dialect: SQLAlchemy's name of the database
    """
    if dialect in _TAKING_TUPLES:
        return column.op("IN", is_comparison=True)(sa.bindparam(name))
    return column.in_(sa.bindparam(name, expanding=True))
