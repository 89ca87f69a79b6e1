"""What the tests of `Database` ask of one, and how long they wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from glance_related.db.database import Database
from glance_related.db.models import facts
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL

Server = PostgreSQL | MariaDB

SERVERS = pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True, scope="session")
NO_SQLITE = pytest.mark.parametrize("backend", ["postgresql", "mariadb", "galera"], indirect=True, scope="session")

#: PostgreSQL's libpq waits two seconds for a connection at the least.
TIMEOUT = 3.0


class Clock:
    """The breaker's time, which a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(1)).scalar_one())


def setting(name: str, value: str) -> Callable[[sa.Connection], None]:
    """Work that replaces a fact."""

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.delete(facts).where(facts.c.name == name))
        connection.execute(sa.insert(facts).values(name=name, value=value))

    return work


def fact(database: Database, name: str) -> str | None:
    query = sa.select(facts.c.value).where(facts.c.name == name)
    return database.read(lambda connection: connection.execute(query).scalar())


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    waited = time.monotonic() - began
    assert waited < seconds, f"waited {waited:.1f} seconds"
