"""The databases that the suite supports, one server of each for all tests of a session."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import metadata
from glance_related.instance_aware.store import Store
from tests.drivers.asking import TIMEOUT, Clock, Server
from tests.servers import MissingProgram
from tests.servers.galera import Galera
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.puppet import Puppet
from tests.servers.slapd import Slapd

S = TypeVar("S", PostgreSQL, MariaDB, Galera, Slapd)

#: What every test of a database's behaviour runs on.
BACKENDS = ("sqlite", "postgresql", "mariadb", "galera")


#: The fixtures that start a server.
SERVERS = {"postgresql", "mariadb", "galera", "slapd", "_puppet"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts a server is ``real``: the inner loop runs these tests over SQLite alone."""
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        values = getattr(getattr(item, "callspec", None), "params", {}).values()
        asked = {*getattr(item, "fixturenames", ()), *(value for value in values if isinstance(value, str))}
        if asked & SERVERS:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL for the whole session: leave it running, and make a database of your own."""
    with _or_skip(PostgreSQL) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB for the whole session: leave it running, and make a database of your own."""
    with _or_skip(MariaDB) as server:
        yield server


@pytest.fixture(scope="session")
def galera() -> Iterator[Galera]:
    """A cluster for the whole session: leave three nodes running, and make a database of your own."""
    with _or_skip(Galera) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """A directory for the whole session: leave it running, and make a folder of your own."""
    with _or_skip(Slapd) as server:
        yield server


@pytest.fixture(scope="session")
def _puppet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Puppet]:
    root = tmp_path_factory.mktemp("puppet")
    classifier = root / "classifier"
    classifier.write_text(f'#!/bin/sh\nexec cat "{root}/nodes/$1"\n')
    classifier.chmod(0o755)
    try:
        made = Puppet(root / "puppet", str(classifier))
    except MissingProgram as missing:
        pytest.skip(str(missing))
    with made:
        yield made


@pytest.fixture
def puppet(_puppet: Puppet) -> Puppet:
    """The session's Puppet, with nothing in it."""
    _puppet.clear()
    return _puppet


@pytest.fixture
def nodes(puppet: Puppet) -> Path:
    """What Puppet's classifier prints, in files of the nodes' names."""
    folder = puppet.root.parent / "nodes"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _or_skip(kind: Callable[[], S]) -> S:
    try:
        return kind()
    except MissingProgram as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of a database."""
    return str(request.param)


@pytest.fixture
def empty(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The URLs of a new database without tables, on each node."""
    if backend == "sqlite":
        return [f"sqlite:///{tmp_path}/glance-related.sqlite"]
    new = request.getfixturevalue(backend).new_database()
    return [new] if isinstance(new, str) else list(new)


@pytest.fixture
def url(empty: list[str]) -> str:
    """The URL of a new database without tables."""
    return empty[0]


@pytest.fixture(scope="session")
def _fast_folder() -> Iterator[Path]:
    # SQLite waits for the disk three times in each transaction, and thousands are made
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def _databases(backend: str, request: pytest.FixtureRequest) -> Iterator[list[Database]]:
    if backend == "sqlite":
        urls = [f"sqlite:///{request.getfixturevalue('_fast_folder')}/glance-related.sqlite"] * 2
    else:
        new = request.getfixturevalue(backend).new_database()
        urls = [new, new] if isinstance(new, str) else new
    databases = [Database(DatabaseSettings(url, timeout=20)) for url in urls]
    migration.upgrade(databases[0].engine)
    yield databases
    for database in databases:
        database.dispose()


@pytest.fixture
def databases(_databases: list[Database]) -> Sequence[Database]:
    """The same upgraded database, empty, twice or on each node."""
    with _databases[0].engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "glance_related_facts":
                connection.execute(table.delete())
    return _databases


@pytest.fixture
def stores(databases: Sequence[Database]) -> Sequence[Store]:
    """A store on each of `databases`."""
    return [Store(database) for database in databases]


@pytest.fixture
def server(backend: str, request: pytest.FixtureRequest) -> Server:
    """The session's server: what a test does to it, it undoes."""
    running: Server = request.getfixturevalue(backend)
    return running


@pytest.fixture
def clock() -> Clock:
    """The time of `database`'s breaker."""
    return Clock()


@pytest.fixture
def database(url: str, clock: Clock) -> Iterator[Database]:
    """A new, upgraded database, which is waited for `TIMEOUT`."""
    one = Database(DatabaseSettings(url, timeout=TIMEOUT), clock)
    migration.upgrade(one.engine)
    yield one
    one.dispose()
