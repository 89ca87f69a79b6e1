"""The database's own clock: what several hosts must agree on is not read from the clock of any of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

# When the statement began. What is told anew for each row could not be looked up in an index. MariaDB's NOW() is local
# time: where clocks are put back it means two hours, and leases and whatever is due would wait for one.
_NOW = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)",
    "mysql": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000",
}


def now_ms(dialect: str) -> sa.ColumnElement[Any]:
    """Now, in milliseconds since 1970 (UTC), as an expression.

    :param dialect: SQLAlchemy's name of the database
    """
    return sa.literal_column(_NOW[dialect], sa.BigInteger)
