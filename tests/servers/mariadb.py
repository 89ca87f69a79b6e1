"""A MariaDB."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql

from tests.servers import HOST, PASSWORD, USER, program, url
from tests.servers.ports import free_port
from tests.servers.server import Server


class MariaDB(Server):
    """See `tests.servers`.

    :param settings: more of the server's variables, as ``{"max_connections": "20"}``
    """

    def __init__(self, root: Path | None = None, **settings: str) -> None:
        self._mariadbd = program("mariadbd", "mariadb-server")
        self._install_db = program("mariadb-install-db", "mariadb-server")
        super().__init__(root, "mysql")
        self.port = free_port()
        self._settings = settings

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.root / "data"

    @property
    def _socket(self) -> str:
        return str(self.root / "socket")

    def prepare(self) -> None:
        self.run(
            self._install_db, "--no-defaults", f"--datadir={self.data}", "--auth-root-authentication-method=normal",
            "--skip-test-db", "--skip-name-resolve",
        )  # fmt: skip

    def command(self) -> Sequence[str]:
        variables = {
            "datadir": str(self.data),
            "socket": self._socket,
            "pid-file": str(self.root / "pid"),
            "bind-address": HOST,
            "port": str(self.port),
            "innodb-buffer-pool-size": "64M",
            "innodb-log-file-size": "16M",
            "innodb-flush-log-at-trx-commit": "2",
            "skip-name-resolve": "ON",
            **self._settings,
        }
        return [self._mariadbd, "--no-defaults", *(f"--{name}={value}" for name, value in variables.items())]

    def start(self) -> None:
        """Start it, and make its user where it is not there yet."""
        super().start()
        password = PASSWORD.replace("'", "''")
        self.sql(f"create user if not exists {USER}@'{HOST}' identified by '{password}'")
        self.sql(f"grant all on *.* to {USER}@'{HOST}'")

    def answers(self) -> bool:
        try:
            self.sql("select 1")
        except pymysql.err.OperationalError:
            return False
        return True

    def sql(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run a statement as root, past TCP."""
        connection = pymysql.connect(
            unix_socket=self._socket,
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
            read_timeout=30,
        )
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def new_database(self) -> str:
        """The URL of a new, empty database; its default character set is the one that Glance's deployers choose."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.sql(f"create database {name} character set utf8mb3")
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of a database on this server."""
        return url("mysql+pymysql", self.port, database)
