"""How much a worker hands to one receiver, and how long it leaves it alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from glance_related.deliveries.lane import MOST, Lane, waited


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lane(clock: Clock) -> Lane:
    return Lane(8, 1.0, 60.0, clock)


def test_a_quick_receiver_is_given_more_at_once_than_it_is_handed(lane: Lane) -> None:
    for _ in range(100):
        lane.answered(0.001)
    assert lane.wants == MOST


def test_a_slow_receiver_is_given_no_more_than_it_can_take(lane: Lane) -> None:
    for _ in range(100):
        lane.answered(5.0)
    assert lane.wants == 8
    lane.in_hand = 5
    assert lane.wants == 3
    lane.in_hand = 9
    assert lane.wants == 0


def test_a_receiver_that_does_not_answer_is_left_alone_longer_each_time(lane: Lane, clock: Clock) -> None:
    pauses = []
    for _ in range(8):
        pauses.append(lane.did_not_answer())
        assert lane.is_paused
        assert lane.wants == 0
        clock.now += pauses[-1]
        assert not lane.is_paused
    assert 0.5 <= pauses[0] <= 1.0
    assert 30.0 <= pauses[6] <= 60.0
    assert max(pauses) <= 60.0
    assert pauses[4] > pauses[0]


def test_many_who_do_not_get_an_answer_at_once_are_one_failure(lane: Lane, clock: Clock) -> None:
    first = lane.did_not_answer()
    assert all(lane.did_not_answer() == first for _ in range(50))
    clock.now += first
    assert lane.did_not_answer() <= 2.0


def test_it_is_known_whether_a_receiver_answered_when_it_was_last_asked(lane: Lane) -> None:
    assert not lane.has_answered
    lane.answered(0.1)
    assert lane.has_answered
    lane.did_not_answer()
    assert not lane.has_answered


def test_after_a_pause_one_is_tried_and_then_twice_as_many_each_time(lane: Lane, clock: Clock) -> None:
    for _ in range(50):
        lane.answered(0.5)
    clock.now += lane.did_not_answer()
    widths = []
    for _ in range(4):
        widths.append(lane.wants)
        lane.answered(0.5)
    assert widths == [1, 2, 4, 8]


def test_whoever_failed_at_once_does_not_come_back_at_once() -> None:
    times = {waited(3, 1.0, 100.0) for _ in range(100)}
    assert len(times) > 90
    assert all(2.0 <= one <= 4.0 for one in times)


@pytest.mark.parametrize("attempts", [1, 40, 1000, 10**9])
def test_no_wait_is_longer_than_the_longest(attempts: int) -> None:
    assert 0 < waited(attempts, 5.0, 600.0) <= 600.0
