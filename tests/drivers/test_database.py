"""`Database` against servers that die, come back, or are in each other's way."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.database import BadValue, Database, DatabaseBusy, DatabaseDown, DatabaseSettings
from glance_related.db.models import facts
from glance_related.testing.store_suite import at_once
from tests.drivers.asking import NO_SQLITE, SERVERS, TIMEOUT, Clock, Server, ask, fact, setting, within
from tests.servers import PASSWORD

# -- the breaker


@SERVERS
def test_an_outage_is_two_lines_in_the_log_and_nothing_of_the_url(
    server: Server, database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert database.read(ask) == 1
    told = []
    server.stop()
    try:
        for _ in range(20):
            with pytest.raises(DatabaseDown) as down:
                database.read(ask)
            told.append(str(down.value))
            clock.now += 1
        ours = [record for record in caplog.records if record.name.startswith("glance_related")]
        assert len(ours) == 1
        assert "is down; what does not need it goes on" in ours[0].getMessage()
        assert database.is_down
    finally:
        server.start()
    clock.now += 10
    assert database.read(ask) == 1
    assert not database.is_down
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("glance_related")]
    assert len(ours) == 2
    assert "answers again" in ours[1]
    everything = caplog.text + "".join(told)
    for secret in (PASSWORD, database.engine.url.render_as_string(hide_password=False).split("@")[0]):
        assert secret not in everything


@SERVERS
def test_a_wrong_password_is_a_database_that_is_down_and_stays_secret(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    database_url = sa.make_url(server.new_database()).set(password="another secret")
    database = Database(DatabaseSettings(database_url.render_as_string(hide_password=False), timeout=TIMEOUT))
    with pytest.raises(DatabaseDown) as down:
        database.read(ask)
    assert "is down" in caplog.text
    assert "another" not in caplog.text + str(down.value)


def test_what_is_stored_is_not_in_the_text_of_an_error(database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        connection.execute(sa.insert(facts), [{"name": "classified", "value": "v"}, {"name": "swept", "value": "0"}])

    with pytest.raises(db_exception.DBDuplicateEntry) as duplicate:
        database.write(work)
    assert "classified" not in str(duplicate.value)
    assert not database.is_down


@NO_SQLITE
def test_a_value_that_cannot_be_stored_is_not_an_outage(backend: str, database: Database) -> None:
    with pytest.raises(BadValue):
        database.write(setting("x" * 300, "too long"))
    if backend == "postgresql":
        with pytest.raises(BadValue):
            database.write(setting("a\0b", "with a NUL"))
    assert not database.is_down
    assert database.read(ask) == 1


# -- a database that comes back


@SERVERS
@pytest.mark.parametrize("way", ["stop", "kill"])
def test_after_a_restart_the_first_calls_succeed(way: str, server: Server, database: Database) -> None:
    assert at_once(*[lambda: database.read(ask)] * 4) == [1] * 4  # four connections in the pool
    getattr(server, way)()
    server.start()
    assert at_once(*[lambda: database.read(ask)] * 4) == [1] * 4
    getattr(server, way)()
    server.start()
    database.write(setting("a", "written"))
    assert fact(database, "a") == "written"
    assert not database.is_down


# -- forks


@NO_SQLITE
def test_a_forked_process_leaves_its_parents_connections_alone(backend: str, database: Database) -> None:
    with database.engine.connect() as held:  # in the middle of a transaction while children come and go
        session = held.execute(sa.select(session_id(backend))).scalar()
        for _ in range(3):
            assert database.read(ask) == 1
            assert in_a_child(lambda: database.read(ask)) == 1
        assert held.execute(sa.select(session_id(backend))).scalar() == session
    database.dispose()  # one connection from here on
    parents = database.read(lambda connection: connection.execute(sa.select(session_id(backend))).scalar())
    childs = in_a_child(lambda: database.read(lambda c: c.execute(sa.select(session_id(backend))).scalar()))
    assert childs not in (None, parents)
    again = database.read(lambda connection: connection.execute(sa.select(session_id(backend))).scalar())
    assert again == parents


@SERVERS
def test_a_forked_process_finds_out_by_itself_that_the_server_hangs(server: Server, database: Database) -> None:
    assert database.read(ask) == 1

    def child() -> str:
        assert database.read(ask) == 1
        server.freeze()
        began = time.monotonic()
        try:
            database.read(ask)
        except DatabaseDown:
            return "down" if time.monotonic() - began < TIMEOUT + 2.5 else "too late"
        return "answered"

    try:
        assert in_a_child(child) == "down"
    finally:
        server.thaw()
    assert database.read(ask) == 1


def session_id(backend: str) -> sa.Function[int]:
    return sa.func.pg_backend_pid() if backend == "postgresql" else sa.func.connection_id()


def in_a_child(call: Callable[[], object]) -> object:
    """What a call returns in a forked process, which then ends as a worker does: with its objects torn down."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(call()))
    process.start()
    assert receiver.poll(30), "the child does not answer"
    result = receiver.recv()
    process.join(30)
    assert process.exitcode == 0
    assert process.pid != os.getpid()
    return result


# -- others in the way


@NO_SQLITE
def test_two_transactions_that_deadlock_both_succeed_in_the_end(backend: str, database: Database) -> None:
    database.write(setting("a", "0"))
    database.write(setting("b", "0"))

    def crossing(first: str, second: str) -> Callable[[], None]:
        def work(connection: sa.Connection) -> None:
            for name in (first, second):
                statement = sa.update(facts).where(facts.c.name == name).values(value=facts.c.value + "x")
                connection.execute(statement)
                time.sleep(0.2)

        return lambda: database.write(work)

    assert at_once(crossing("a", "b"), crossing("b", "a")) == [None, None]
    assert (fact(database, "a"), fact(database, "b")) == ("0xx", "0xx")


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
def test_a_serialization_failure_is_tried_again(backend: str, database: Database) -> None:
    database.write(setting("a", "0"))

    def add(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        value = connection.execute(sa.select(facts.c.value).where(facts.c.name == "a")).scalar_one()
        time.sleep(0.05)
        connection.execute(sa.update(facts).where(facts.c.name == "a").values(value=str(int(value) + 1)))

    assert at_once(*[lambda: database.write(add)] * 3) == [None] * 3
    assert fact(database, "a") == "3"


@SERVERS
def test_who_waits_too_long_for_anothers_row_is_told_and_the_database_is_not_down(
    backend: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.write(setting("a", "0"))
    with database.engine.connect() as other:
        other.execute(sa.update(facts).where(facts.c.name == "a").values(value="1"))
        with within(2 * TIMEOUT + 1), pytest.raises(DatabaseBusy):
            database.write(setting("a", "2"))
        assert not database.is_down
        assert database.read(ask) == 1
        other.commit()
    assert fact(database, "a") == "1"
    assert [record for record in caplog.records if record.name.startswith("glance_related")] == []


def test_writers_who_read_first_wait_for_each_other(database: Database) -> None:
    database.write(setting("n", "0"))
    patient = Database(DatabaseSettings(database.engine.url.render_as_string(hide_password=False), timeout=20))

    def add(connection: sa.Connection) -> None:
        query = sa.select(facts.c.value).where(facts.c.name == "n")
        connection.execute(query)
        statement = sa.update(facts).where(facts.c.name == "n").values(value=facts.c.value + "x")
        connection.execute(statement)

    def add_five() -> None:
        for _ in range(5):
            patient.write(add)

    assert at_once(*[add_five] * 4) == [None] * 4
    assert fact(database, "n") == "0" + "x" * 20
