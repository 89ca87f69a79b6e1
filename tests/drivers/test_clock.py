"""The database's own clock counts milliseconds since 1970, whatever clocks on walls do."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from glance_related.db.clock import now_ms
from glance_related.db.database import Database
from glance_related.db.engine import open_engine
from tests.servers import MissingProgram
from tests.servers.mariadb import MariaDB

#: When Berlin's clocks were put back from three to two: 2025-10-26 01:00 UTC.
PUT_BACK = 1761440400


def test_every_database_tells_the_same_time(databases: Sequence[Database]) -> None:
    for database in databases:
        query = sa.select(now_ms(database.engine.dialect.name))
        before = time.time()
        told = database.read(lambda connection: connection.execute(query).scalar_one())  # noqa: B023
        assert isinstance(told, int)
        assert before - 0.1 < told / 1000 < time.time() + 0.1


@pytest.mark.real
def test_an_hour_that_comes_twice_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    try:
        server = MariaDB()
    except MissingProgram as missing:
        pytest.skip(str(missing))
    with server:
        engine = open_engine(server.new_database(), 5)
        with engine.connect() as connection:
            zone = connection.exec_driver_sql("SELECT @@system_time_zone").scalar_one()
            told = []
            for seconds in range(-5400, 5401, 900):
                connection.exec_driver_sql(f"SET timestamp = {PUT_BACK + seconds}")
                told.append(int(connection.execute(sa.select(now_ms("mysql"))).scalar_one()))
        engine.dispose()
    assert zone in ("CET", "CEST"), "its walls have other clocks, and nothing is proven"
    assert told == [(PUT_BACK + seconds) * 1000 for seconds in range(-5400, 5401, 900)]
