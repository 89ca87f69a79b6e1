"""What the figures share: a folder, database servers, and pairs of Glances, each started when first wanted."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import loading
from benchmarks.client import Client
from benchmarks.clouds import NovaCloud
from benchmarks.databases import SERVERS, MariaDB, Server
from benchmarks.glances import STOCK, SYSTEM_1, Glance, db_upgrade
from benchmarks.options import Options
from benchmarks.population import Population
from cloud.progress import Progress
from glance_related.db.database import Database, DatabaseSettings

_LOAD = {"postgresql": loading.load_postgresql, "mariadb": loading.load_mariadb}


@dataclass(frozen=True)
class Pair:
    """Connections to a Glance with our filter and to a stock one over the same database."""

    ours: Client
    stock: Client


class Bench:
    """A context manager: what was started in it is stopped at its end."""

    def __init__(self, options: Options, progress: Progress) -> None:
        self.options = options
        self.progress = progress
        self.venv = Path(sys.prefix)
        self._stack = ExitStack()
        self._servers: dict[str, Server] = {}
        self._cloud: NovaCloud | None = None

    def __enter__(self) -> Bench:
        if self.options.data:
            self.root = self.options.data
            self.root.mkdir(parents=True, exist_ok=True)
        else:
            self.root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="glance-related-bench-")))
            os.chmod(self.root, 0o711)  # the database servers' accounts pass through it
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    # -- databases

    def servers(self) -> list[Server]:
        """Those that were asked for, running."""
        for name in self.options.databases:
            if name not in self._servers:
                server = SERVERS[name](self.root, self.options.pool_mb)
                with self.progress.step(f"starting {name} with {self.options.pool_mb} MB for pages"):
                    self._stack.callback(server.stop)
                    server.start()
                self._servers[name] = server
        return list(self._servers.values())

    def images(self, count: int) -> str:
        """The name of a database with Glance's and our tables, on every server, with so many images in it."""
        return self._filled(f"images_{count}", count, with_glance=True)

    def rows(self, count: int) -> str:
        """The name of a database with our tables only, on every server, with so many rows in it."""
        return self._filled(f"rows_{count}", count, with_glance=False)

    def database(self, server: Server, name: str) -> Database:
        """The suite's own way to a database; generous, for here nothing may count as down."""
        database = Database(DatabaseSettings(server.url(name), timeout=600))
        self._stack.callback(database.dispose)
        return database

    def _filled(self, name: str, count: int, *, with_glance: bool) -> str:
        wanting = [server for server in self.servers() if not server.has(name)]
        if not wanting:
            return name
        folder = self.root / "files" / name
        try:
            with self.progress.step(f"writing {name}"):
                tables = loading.write_files(folder, Population(count), with_glance=with_glance)
            with ThreadPoolExecutor() as pool:
                fill = [pool.submit(self._fill, server, name, folder, tables) for server in wanting]
                for future in fill:
                    future.result()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return name

    def _fill(self, server: Server, name: str, folder: Path, tables: dict[str, str]) -> None:
        with self.progress.step(f"filling {name} of {server.name}"):
            server.recreate(name)
            if "images" in tables:
                glance = Glance(self.root, f"{server.name}-{name}-fill", self.venv, server.url(name), filters=STOCK)
                glance.prepare()
                glance.db_sync()
            db_upgrade(self.root, f"{server.name}-{name}", self.venv, server.url(name))
            connection = server.connect(name)
            _LOAD[server.name](connection, folder, tables)
            connection.close()
            server.note(name)

    # -- Glances

    @contextmanager
    def glances(self, server: Server, name: str) -> Iterator[Pair]:
        """A Glance with our filter and a stock one over the same database."""
        with ExitStack() as stack:
            both = [
                stack.enter_context(self.glance(server, name, side, filters=filters))
                for side, filters in (("ours", SYSTEM_1), ("stock", STOCK))
            ]
            yield Pair(*(glance.client() for glance in both))

    @contextmanager
    def glance(
        self, server: Server, name: str, side: str, *, filters: str, beside: str | None = None
    ) -> Iterator[Glance]:
        """A Glance over a database, started.

        :param side: tells it from others over the same database
        """
        glance_name = f"{server.name}-{name}-{side}"
        glance = Glance(self.root, glance_name, self.venv, server.url(name), filters=filters, beside=beside)
        glance.prepare()
        try:
            glance.start()
            yield glance
        finally:
            glance.stop()

    # -- a cloud

    def cloud(self) -> NovaCloud:
        """A whole one with Nova, started when it is first asked for, new for every run."""
        if self._cloud is None:
            root = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="glance-related-cloud-")))
            made = NovaCloud(root)
            with self.progress.step("starting a whole cloud, each part with our filter and stock"):
                self._stack.callback(made.stop)
                made.start()
            self._cloud = made
        return self._cloud

    def mariadb(self) -> Server | None:
        """The MariaDB server, where it was asked for."""
        return next((server for server in self.servers() if isinstance(server, MariaDB)), None)
