"""Turns at something, on every database: one at a time, and after a rest."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import pytest

from glance_related.db.database import Database
from glance_related.db.turns import Turn, Turns
from glance_related.testing.store_suite import at_once


@pytest.fixture
def name() -> str:
    """Something that nobody has done yet."""
    return f"package_menu.looking.{uuid.uuid4()}"


@pytest.fixture
def both(databases: Sequence[Database]) -> tuple[Turns, Turns]:
    """Two processes, on different nodes where there are some."""
    return Turns(databases[0], 60), Turns(databases[-1], 60)


def test_one_has_a_turn_until_he_ends_it(both: tuple[Turns, Turns], name: str) -> None:
    mine, others = both
    turn = mine.take(name)
    assert turn is not None
    assert others.take(name) is None
    assert others.take(f"{name[:-1]}+") is not None
    kept = mine.keep(turn)
    assert kept is not None
    assert (mine.keep(turn), others.take(name)) == (None, None)
    mine.end(kept)
    assert others.take(name) is not None


def test_of_many_who_want_a_turn_one_has_it(both: tuple[Turns, Turns], name: str) -> None:
    for _ in range(3):  # the first time there is nothing yet
        had = at_once(*[lambda turns=turns: turns.take(name) for turns in both * 3])
        (turn,) = [one for one in had if isinstance(one, Turn)]
        assert [one for one in had if one is not None] == [turn]
        both[0].end(turn)


def test_who_is_dead_has_it_as_long_as_his_lease_lasts(databases: Sequence[Database], name: str) -> None:
    dead, other = Turns(databases[0], 60), Turns(databases[-1], 60)
    lost = dead.take(name)
    assert lost is not None
    assert other.take(name) is None
    lost = Turns(databases[0], 0.1).keep(lost)
    assert lost is not None
    time.sleep(0.2)
    assert other.take(name) is not None
    assert dead.keep(lost) is None
    dead.end(lost)
    assert other.take(name) is None, "it is another's turn now"


def test_who_stops_leaves_what_he_has_to_others_and_has_no_more(both: tuple[Turns, Turns], name: str) -> None:
    stopping, other = both
    done, kept, left = (stopping.take(f"{name}{number}"[-60:]) for number in range(3))
    assert done is not None
    assert kept is not None
    assert left is not None
    stopping.end(done, 60)
    kept = stopping.keep(kept)
    assert kept is not None
    stopping.close()
    assert other.take(kept.name) is not None
    assert other.take(left.name) is not None
    assert other.take(done.name) is None, "what was done rests as before"
    assert stopping.keep(kept) is None
    assert stopping.take(f"{name[:-1]}+") is None


def test_what_was_done_rests(both: tuple[Turns, Turns], name: str) -> None:
    turn = both[0].take(name)
    assert turn is not None
    both[0].end(turn, 60)
    assert [turns.take(name) for turns in both] == [None, None]
    turn = both[0].take(f"{name}.short")
    assert turn is not None
    both[0].end(turn, 0.1)
    time.sleep(0.2)
    assert both[1].take(f"{name}.short") is not None
