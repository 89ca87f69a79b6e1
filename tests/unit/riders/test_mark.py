"""A request id of ours is known by its mark, and nobody else can make one."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.riders.mark import Marks
from glance_related.riders.rider import GLOBAL_ID, drop_replayed, marked_id, ride

OURS = Marks(("a" * 32,))
# The spelling that Nova takes from a client; what it does not take would not reach Glance.
NOVAS_SPELLING = re.compile(r"^req-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$")


def test_an_id_of_ours_is_known_and_each_is_new() -> None:
    ids = {OURS.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(NOVAS_SPELLING.match(one) and OURS.is_ours(one) for one in ids)


@given(st.uuids() | st.text(max_size=50))
def test_no_other_id_is_ours(one: uuid.UUID | str) -> None:
    assert not OURS.is_ours(f"req-{one}")
    assert not OURS.is_ours(str(one))


@given(st.integers(0, 31), st.sampled_from("0123456789abcdef"))
def test_a_changed_digit_unmakes_the_mark(place: int, digit: str) -> None:
    made = OURS.new_id()
    places = [number for number, character in enumerate(made) if character != "-"][3:]
    changed = made[: places[place]] + digit + made[places[place] + 1 :]
    assert OURS.is_ours(changed) == (changed == made)


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda text: f" {text}", lambda text: f"{text}\n", lambda text: text[4:]]
)
def test_another_spelling_of_an_id_of_ours_is_none(spelling) -> None:  # type: ignore[no-untyped-def]
    assert not OURS.is_ours(spelling(OURS.new_id()))


def test_a_new_key_is_known_before_anyone_makes_marks_with_it() -> None:
    old, new = "o" * 32, "n" * 32
    staged, promoted, without_old = Marks((old, new)), Marks((new, old)), Marks((new,))
    assert staged.is_ours(promoted.new_id())
    assert promoted.is_ours(staged.new_id())
    assert not without_old.is_ours(staged.new_id())
    assert staged.fingerprints() == tuple(reversed(promoted.fingerprints()))
    assert all(old not in one and new not in one for one in staged.fingerprints())


def test_without_a_key_nothing_is_ours() -> None:
    assert not Marks(())
    assert not Marks(()).is_ours(OURS.new_id())


def test_several_filters_let_things_ride_under_one_id_and_it_is_not_taken_for_a_replay() -> None:
    environ: dict[str, str] = {GLOBAL_ID: OURS.new_id()}
    drop_replayed(environ, OURS)
    assert GLOBAL_ID not in environ
    first = marked_id(environ, OURS)
    ride(environ, first)
    drop_replayed(environ, OURS)
    assert (marked_id(environ, OURS), environ[GLOBAL_ID]) == (first, first)


def test_an_id_says_whether_glance_s_answers_depend_on_what_rides_under_it() -> None:
    deciding, other = OURS.new_id(decides=True), OURS.new_id()
    assert (OURS.decides(deciding), OURS.decides(other)) == (True, False)
    assert OURS.is_ours(deciding)
    assert not Marks(("b" * 32,)).decides(deciding)
    turned = deciding[:21] + format(int(deciding[21], 16) ^ 1, "x") + deciding[22:]
    assert not OURS.is_ours(turned), "the mark covers that bit too"


def test_what_decides_must_not_ride_under_an_id_that_says_otherwise() -> None:
    environ: dict[str, str] = {}
    marked_id(environ, OURS, decides=True)
    marked_id(environ, OURS)
    environ = {}
    marked_id(environ, OURS)
    with pytest.raises(AssertionError, match="stands behind"):
        marked_id(environ, OURS, decides=True)
