"""The database's own clock: what several hosts must agree on is not read from the clock of any of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

# When the statement began. What is told anew for each row could not be looked up in an index.
_NOW = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
}


def now_ms(dialect: str) -> sa.ColumnElement[Any]:
    """Now, in milliseconds since 1970 (UTC), as an expression.

    :param dialect: SQLAlchemy's name of the database
    """
    return sa.literal_column(_NOW[dialect], sa.BigInteger)
