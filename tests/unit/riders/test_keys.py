"""Each side leaves word of the keys that it has started with, and is stopped by nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.db.models import facts
from glance_related.riders.keys import GLANCE, NOVA, record_mark_keys, recorded_mark_keys
from glance_related.riders.mark import Marks

OLD, NEW = "an old key" * 4, "a new key" * 4
EAST, WEST = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"


@dataclass(frozen=True)
class Started:
    """What a filter has when it starts."""

    database: Database
    marks: Marks
    nova: str = EAST

    def installation(self) -> str:
        return self.nova


@dataclass(frozen=True)
class AtGlance(Started):
    """Where nobody has said which Nova it is."""

    def installation(self) -> str:
        raise AssertionError("Glance is asked which Nova it is")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(made.engine)
    return made


def test_what_one_side_records_is_read_in_its_order_and_the_other_side_stays_unknown(database: Database) -> None:
    marks = Marks((NEW, OLD))
    record_mark_keys(Started(database, marks), NOVA)
    assert recorded_mark_keys(database, NOVA, EAST) == marks.fingerprints()
    assert recorded_mark_keys(database, GLANCE) is None


def test_each_nova_leaves_word_of_its_own(database: Database) -> None:
    record_mark_keys(Started(database, Marks((OLD,)), EAST), NOVA)
    assert recorded_mark_keys(database, NOVA, WEST) is None
    record_mark_keys(Started(database, Marks((NEW,)), WEST), NOVA)
    assert recorded_mark_keys(database, NOVA, EAST) == Marks((OLD,)).fingerprints()
    assert recorded_mark_keys(database, NOVA, WEST) == Marks((NEW,)).fingerprints()


def test_no_name_is_longer_than_its_column(database: Database) -> None:
    record_mark_keys(Started(database, Marks((OLD,))), NOVA)
    names = database.read(lambda connection: connection.execute(sa.select(facts.c.name)).scalars().all())
    (longest,) = [name for name in names if name.startswith("mark_keys.")]
    assert len(longest) <= facts.c.name.type.length


def test_the_last_start_counts(database: Database) -> None:
    record_mark_keys(AtGlance(database, Marks((OLD,))), GLANCE)
    record_mark_keys(AtGlance(database, Marks((NEW, OLD))), GLANCE)
    assert recorded_mark_keys(database, GLANCE) == Marks((NEW, OLD)).fingerprints()


def test_a_side_without_keys_is_known_to_have_none(database: Database) -> None:
    record_mark_keys(AtGlance(database, Marks(())), GLANCE)
    assert recorded_mark_keys(database, GLANCE) == ()


def test_no_key_is_told_by_what_is_recorded(database: Database) -> None:
    record_mark_keys(Started(database, Marks((OLD,))), NOVA)
    (told,) = recorded_mark_keys(database, NOVA, EAST) or ()
    assert told not in OLD
    assert len(told) == 16


def test_more_keys_than_there_is_room_for_are_cut_at_the_end(database: Database) -> None:
    marks = Marks([f"{number:0>40}" for number in range(40)])
    record_mark_keys(Started(database, marks), NOVA)
    assert recorded_mark_keys(database, NOVA, EAST) == marks.fingerprints()[:15]


def test_a_database_that_is_down_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    down = Database(DatabaseSettings(f"sqlite:///{tmp_path}/nowhere/ours.sqlite"))
    with caplog.at_level(logging.INFO, "glance_related"):
        record_mark_keys(Started(down, Marks((OLD,))), NOVA)
    assert "were not recorded" in caplog.text
    with pytest.raises(DatabaseDown):
        recorded_mark_keys(down, NOVA, EAST)
