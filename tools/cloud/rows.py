"""Rows of a database, read beside the servers: of a SQLite file here, of MariaDB by a Python that has its driver.

Run as a program it is the latter: what to ask comes as JSON, and the rows go back as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit


def read(
    database: str, query: str, values: Sequence[str] = (), *, python: str = sys.executable
) -> list[dict[str, Any]]:
    """The rows that `query`, with a ? for each of the values, finds in a SQLite file or behind a mysql URL."""
    if not database.startswith("mysql"):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]
    # By stdin: words of a command are seen by everybody, and the URL holds a password.
    asked = json.dumps({"database": database, "query": query, "values": list(values)})
    argv = [python, "-I", __file__]
    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def tables(database: str, *, python: str = sys.executable) -> list[str]:
    """The names of all tables there."""
    if database.startswith("mysql"):
        query = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return [row["name"] for row in read(database, query, python=python)]


def _main() -> None:
    import pymysql

    asked = json.load(sys.stdin)
    url = urlsplit(asked["database"])
    connection = pymysql.connect(
        host=url.hostname, port=url.port or 3306, user=url.username, password=unquote(url.password or ""),
        database=url.path.lstrip("/"), charset="utf8mb4", cursorclass=pymysql.cursors.DictCursor,
    )  # fmt: skip
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(asked["query"].replace("%", "%%").replace("?", "%s"), asked["values"])
        # Times and the like are shown as they are printed.
        json.dump(list(cursor.fetchall()), sys.stdout, default=str)


if __name__ == "__main__":
    _main()
