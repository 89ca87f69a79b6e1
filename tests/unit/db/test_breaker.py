"""The breaker, by a clock of the test's own."""

from __future__ import annotations

from glance_related.db.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_new_breaker_lets_everybody_through() -> None:
    breaker = Breaker(5, Clock())
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]
    assert not breaker.is_open


def test_it_opens_at_the_first_failure_and_says_so_once() -> None:
    breaker = Breaker(5, Clock())
    assert [breaker.failed() for _ in range(3)] == [True, False, False]
    assert breaker.is_open
    assert not breaker.lets_through()


def test_after_a_while_one_caller_probes_and_the_others_do_not_wait_for_it() -> None:
    clock = Clock()
    breaker = Breaker(5, clock)
    breaker.failed()
    clock.now += 4.9
    assert not breaker.lets_through()
    clock.now += 0.2
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]


def test_a_probe_that_never_comes_back_is_followed_by_another() -> None:
    clock = Clock()
    breaker = Breaker(5, clock)
    breaker.failed()
    for _ in range(3):
        clock.now += 5.1
        assert [breaker.lets_through() for _ in range(2)] == [True, False]


def test_a_probe_that_fails_keeps_it_open() -> None:
    clock = Clock()
    breaker = Breaker(5, clock)
    breaker.failed()
    clock.now += 5.1
    assert breaker.lets_through()
    clock.now += 4.0
    assert not breaker.failed()
    clock.now += 4.0
    assert not breaker.lets_through()


def test_a_probe_that_is_answered_closes_it_and_says_so_once() -> None:
    clock = Clock()
    breaker = Breaker(5, clock)
    breaker.failed()
    clock.now += 5.1
    assert breaker.lets_through()
    assert [breaker.answered() for _ in range(2)] == [True, False]
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]
    assert breaker.failed()
