"""Where a worker is at work is known to whoever has the database."""

from __future__ import annotations

import datetime
import socket
from pathlib import Path

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.db.facts import facts_under, set_fact
from glance_related.db.models import utcnow
from glance_related.deliveries.options import DeliveriesSettings
from glance_related.deliveries.signs import EVERY, SignsOfLife, last_sign
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.worker import Worker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(made.engine)
    return made


def test_a_worker_leaves_word_as_soon_as_it_works(database: Database) -> None:
    assert last_sign(database) is None
    Worker(DeliveryStore(database), [SignsOfLife(database)], DeliveriesSettings(), "w").step()
    sign = last_sign(database)
    assert sign is not None
    host, left_at = sign
    assert host == socket.gethostname()[:57]
    assert utcnow() - left_at < datetime.timedelta(seconds=60)


def test_it_does_so_now_and_then_and_not_at_every_turn(database: Database) -> None:
    clock = Clock()
    signs = SignsOfLife(database, clock)
    for passed, is_left in ((0.0, True), (1.0, False), (EVERY - 2, False), (1.5, True)):
        set_fact(database, f"worker.{socket.gethostname()}"[:64], "2020-01-01T00:00:00")
        clock.now += passed
        assert signs.chores() is False
        sign = last_sign(database)
        assert sign is not None
        assert (sign[1].year > 2020) is is_left, passed


def test_the_latest_of_several_hosts_is_told(database: Database) -> None:
    set_fact(database, "worker.one", "2024-02-29T12:00:00")
    set_fact(database, "worker.two", "2024-02-29T12:00:01")
    set_fact(database, "workers", "not one")
    assert last_sign(database) == ("two", datetime.datetime(2024, 2, 29, 12, 0, 1))


def test_a_sign_that_could_not_be_left_is_left_at_the_next_turn(database: Database, tmp_path: Path) -> None:
    signs = SignsOfLife(database)
    file = tmp_path / "ours.sqlite"
    database.dispose()
    away = file.rename(tmp_path / "away")
    file.mkdir()
    with pytest.raises(DatabaseDown):
        signs.chores()
    file.rmdir()
    away.rename(file)
    again = Database(DatabaseSettings(f"sqlite:///{file}"))
    signs._database = again
    signs.chores()
    assert len(facts_under(again, "worker.")) == 1
