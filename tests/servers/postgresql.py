"""A PostgreSQL."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from tests.servers import HOST, PASSWORD, USER, program, url
from tests.servers.ports import free_port
from tests.servers.server import Server


class PostgreSQL(Server):
    """See `tests.servers`.

    :param settings: more of ``postgresql.conf``, as ``{"max_connections": "20"}``
    """

    stop_signal = signal.SIGINT  # SIGTERM waits for clients to leave

    def __init__(self, root: Path | None = None, **settings: str) -> None:
        self._postgres = _postgresql("postgres")
        self._initdb = _postgresql("initdb")
        super().__init__(root, "postgres")
        self.port = free_port()
        self._settings = {"fsync": "off", "shared_buffers": "64MB", **settings}

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.root / "data"

    def prepare(self) -> None:
        password_file = self.root / "password"
        password_file.write_text(PASSWORD)
        self._own(password_file)
        self.run(
            self._initdb, "--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
            f"--username={USER}", f"--pwfile={password_file}", str(self.data),
        )  # fmt: skip

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": str(self.root),
            **self._settings,
        }
        return [self._postgres, "-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())]

    def answers(self) -> bool:
        try:
            self.sql("select 1")
        except psycopg2.OperationalError:
            return False
        return True

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the owner of everything."""
        connection = psycopg2.connect(
            host=HOST, port=self.port, user=USER, password=PASSWORD, dbname=database, connect_timeout=5
        )
        with closing(connection):
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.sql(f"create database {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of a database on this server."""
        return url("postgresql+psycopg2", self.port, database)


def _postgresql(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return program(name, "postgresql", *map(str, places))
