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
    (found,) = _ask(database, [(query, list(values))], python)
    return found


def whole(database: str, *, python: str = sys.executable) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables there, by the name of the table."""
    if database.startswith("mysql"):
        quote, query = "`", "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()"
    else:
        quote, query = '"', "SELECT name FROM sqlite_master WHERE type = 'table'"
    names = [row["name"] for row in read(database, query, python=python)]
    found = _ask(database, [(f"SELECT * FROM {quote}{name}{quote}", []) for name in names], python)
    return dict(zip(names, found, strict=True))


def _ask(database: str, queries: list[tuple[str, list[str]]], python: str) -> list[list[dict[str, Any]]]:
    """What each of the queries finds."""
    if not database.startswith("mysql"):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [[dict(row) for row in connection.execute(query, values)] for query, values in queries]
    # By stdin: words of a command are seen by everybody, and the URL holds a password.
    asked = json.dumps({"database": database, "queries": queries})
    argv = [python, "-I", __file__]
    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True)
    found: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def _main() -> None:
    import pymysql

    asked = json.load(sys.stdin)
    url = urlsplit(asked["database"])
    connection = pymysql.connect(
        host=url.hostname, port=url.port or 3306, user=url.username, password=unquote(url.password or ""),
        database=url.path.lstrip("/"), charset="utf8mb4", cursorclass=pymysql.cursors.DictCursor,
    )  # fmt: skip
    found = []
    with closing(connection), connection.cursor() as cursor:
        for query, values in asked["queries"]:
            cursor.execute(query.replace("%", "%%").replace("?", "%s"), values)
            found.append(list(cursor.fetchall()))
    # Times and the like are shown as they are printed.
    json.dump(found, sys.stdout, default=str)


if __name__ == "__main__":
    _main()
