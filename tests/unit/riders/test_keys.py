"""Each side leaves word of the keys that it has started with, and is stopped by nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.riders.keys import GLANCE, NOVA, record_mark_keys, recorded_mark_keys
from glance_related.riders.mark import Marks

OLD, NEW = "an old key" * 4, "a new key" * 4


@dataclass(frozen=True)
class Started:
    """What a filter has when it starts."""

    database: Database
    marks: Marks


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(made.engine)
    return made


def test_what_one_side_records_is_read_in_its_order_and_the_other_side_stays_unknown(database: Database) -> None:
    marks = Marks((NEW, OLD))
    record_mark_keys(Started(database, marks), NOVA)
    assert recorded_mark_keys(database, NOVA) == marks.fingerprints()
    assert recorded_mark_keys(database, GLANCE) is None


def test_the_last_start_counts(database: Database) -> None:
    record_mark_keys(Started(database, Marks((OLD,))), GLANCE)
    record_mark_keys(Started(database, Marks((NEW, OLD))), GLANCE)
    assert recorded_mark_keys(database, GLANCE) == Marks((NEW, OLD)).fingerprints()


def test_a_side_without_keys_is_known_to_have_none(database: Database) -> None:
    record_mark_keys(Started(database, Marks(())), GLANCE)
    assert recorded_mark_keys(database, GLANCE) == ()


def test_no_key_is_told_by_what_is_recorded(database: Database) -> None:
    record_mark_keys(Started(database, Marks((OLD,))), NOVA)
    (told,) = recorded_mark_keys(database, NOVA) or ()
    assert told not in OLD
    assert len(told) == 16


def test_more_keys_than_there_is_room_for_are_cut_at_the_end(database: Database) -> None:
    marks = Marks([f"{number:0>40}" for number in range(40)])
    record_mark_keys(Started(database, marks), NOVA)
    assert recorded_mark_keys(database, NOVA) == marks.fingerprints()[:15]


def test_a_database_that_is_down_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    down = Database(DatabaseSettings(f"sqlite:///{tmp_path}/nowhere/ours.sqlite"))
    with caplog.at_level(logging.INFO, "glance_related"):
        record_mark_keys(Started(down, Marks((OLD,))), NOVA)
    assert "were not recorded" in caplog.text
    with pytest.raises(DatabaseDown):
        recorded_mark_keys(down, NOVA)
