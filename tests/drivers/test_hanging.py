"""`Database` against servers that hang: each is waited for once, and not for long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.db.models import facts
from glance_related.db.watchdog import Watchdog
from glance_related.testing.store_suite import at_once
from tests.drivers.asking import SERVERS, TIMEOUT, Clock, Server, ask, frozen, setting, within
from tests.servers.postgresql import PostgreSQL
from tests.servers.strange import SilentServer

pytestmark = pytest.mark.real


@SERVERS
@pytest.mark.parametrize("idle", [0.0, 1.2], ids=["used a moment ago", "idle"])
def test_a_server_that_hangs_under_a_pooled_connection_is_waited_for_once(
    idle: float, server: Server, database: Database
) -> None:
    assert database.read(ask) == 1
    time.sleep(idle)  # after which the connection would be asked for a sign of life first
    with frozen(server):
        with within(TIMEOUT + 2.5), pytest.raises(DatabaseDown):
            database.read(ask)
        with within(TIMEOUT / 4), pytest.raises(DatabaseDown):
            database.read(ask)


@SERVERS
def test_a_server_that_hangs_is_waited_for_once_by_a_new_connection(server: Server, database: Database) -> None:
    database.dispose()
    with frozen(server), within(TIMEOUT + 2.5), pytest.raises(DatabaseDown):
        database.read(ask)


@SERVERS
def test_all_who_wait_for_a_server_that_hangs_wait_at_the_same_time(server: Server, database: Database) -> None:
    assert at_once(*[lambda: database.read(ask)] * 5) == [1] * 5
    with frozen(server), within(TIMEOUT + 2.5):
        assert {type(one) for one in at_once(*[lambda: database.read(ask)] * 8)} == {DatabaseDown}


@SERVERS
def test_a_server_that_hangs_at_the_commit_is_waited_for_once(server: Server, database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        setting("a", "1")(connection)
        server.freeze()

    try:
        with within(TIMEOUT + 2.5), pytest.raises(DatabaseDown):
            database.write(work)
    finally:
        server.thaw()


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
def test_a_server_that_accepts_and_never_answers_is_waited_for_once(driver: str) -> None:
    with SilentServer() as silent:
        database = Database(DatabaseSettings(f"{driver}://app:secret@127.0.0.1:{silent.port}/app", timeout=TIMEOUT))
        with within(TIMEOUT + 2.5), pytest.raises(DatabaseDown):
            database.read(ask)
        with within(TIMEOUT / 4), pytest.raises(DatabaseDown):
            database.read(ask)
        assert silent.connections == 1


def test_a_locked_sqlite_is_waited_for_once(tmp_path: Path, clock: Clock) -> None:
    database = Database(DatabaseSettings(f"sqlite:///{tmp_path}/db", timeout=1), clock)
    migration.upgrade(database.engine)
    with database.engine.connect() as other:
        other.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
        other.exec_driver_sql("DELETE FROM glance_related_facts WHERE name = 'nothing'")
        other.commit()  # in this mode the file stays locked
        for call in (lambda: database.read(ask_facts), lambda: database.write(setting("a", "1"))):
            with within(2.5), pytest.raises(DatabaseDown):
                call()
            clock.now += 10
    assert ask_facts_of(database) >= 2


def ask_facts(connection: sa.Connection) -> int:
    return len(connection.execute(sa.select(facts)).all())


def ask_facts_of(database: Database) -> int:
    return database.read(ask_facts)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
def test_who_is_slow_between_two_questions_is_not_cut_off(backend: str, database: Database) -> None:
    def work(connection: sa.Connection) -> int:
        first = ask(connection)
        time.sleep(TIMEOUT + 1)
        return first + ask(connection)

    assert database.read(work) == 2
    assert not database.is_down


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
def test_an_answer_that_is_overdue_costs_nobody_else_an_answer(backend: str, database: Database) -> None:
    def slow(connection: sa.Connection) -> object:
        return connection.exec_driver_sql("select pg_sleep(30)").scalar()

    def busy() -> int:
        end = time.monotonic() + TIMEOUT + 1
        done = 0
        while time.monotonic() < end:
            with database.engine.connect() as connection:  # past the breaker, which the slow one opens
                done += ask(connection)
            time.sleep(0.01)
        return done

    overdue, done = at_once(lambda: database.read(slow), busy)
    assert isinstance(overdue, DatabaseDown)
    assert isinstance(done, int)
    assert done > 10


def test_the_watchdogs_thread_ends_when_there_is_nothing_to_watch(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glance_related.db.watchdog._LINGER", 0.1)
    engine = sa.create_engine(postgresql.url("postgres"))
    watchdog = Watchdog(engine, 1.0)
    for _ in range(2):
        with engine.connect() as connection:
            assert ask(connection) == 1
        thread = watchdog._thread
        assert thread is not None
        thread.join(5)
        assert not thread.is_alive()
