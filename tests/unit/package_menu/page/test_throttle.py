"""How often somebody may fail, as it is counted in one process; who he is, before anybody has told; and from where."""

from __future__ import annotations

import pytest

from glance_related.package_menu.page.known import address_of, network_of, spelt
from glance_related.package_menu.page.throttle import (
    FORGOTTEN,
    FREE,
    FREE_OF_ADDRESS,
    LONGEST,
    MOST,
    Attempts,
    Throttle,
    Who,
)


class Clock:
    """Time that passes when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


# -- counting


def test_after_some_failures_each_further_one_costs_a_wait_that_grows(clock: Clock) -> None:
    throttle, waits = Throttle(FREE, clock), []
    for _ in range(FREE + 10):
        throttle.failed("alice")
        waits.append(throttle.seconds_to_wait("alice"))
    assert waits[: FREE - 1] == [0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 3] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST
    assert throttle.seconds_to_wait("bob") == 0
    clock.now += LONGEST
    assert throttle.seconds_to_wait("alice") == 0
    throttle.forget("alice")
    throttle.failed("alice")
    assert throttle.seconds_to_wait("alice") == 0


def test_failures_are_forgotten_after_a_while_without_one(clock: Clock) -> None:
    throttle = Throttle(FREE, clock)
    for _ in range(FREE):
        throttle.failed("alice")
        clock.now += FORGOTTEN
    throttle.failed("alice")
    assert throttle.seconds_to_wait("alice") == 2, "none of them was so long ago that it was forgotten at the next"
    clock.now += FORGOTTEN + 1
    throttle.failed("alice")
    assert throttle.seconds_to_wait("alice") == 0


def test_those_of_an_address_are_forgotten_a_while_after_the_first(clock: Clock) -> None:
    throttle = Throttle(FREE, clock, since_first=True)
    for _ in range(3 * FREE):  # as in an office, where somebody mistypes now and then
        throttle.failed("office")
        clock.now += FORGOTTEN / (FREE - 1)
        assert throttle.seconds_to_wait("office") == 0


def test_whoever_has_to_wait_is_not_forgotten_for_others_and_the_memory_never_fills(clock: Clock) -> None:
    throttle = Throttle(FREE, clock)
    for _ in range(FREE + 6):
        throttle.failed("alice")
    for number in range(3 * MOST):
        throttle.failed(f"of no importance {number}")
    assert throttle.seconds_to_wait("alice") == LONGEST
    assert len(throttle) == MOST + 1
    for number in range(MOST + 100):
        for _ in range(FREE):
            throttle.failed(f"waits too {number}")
    assert throttle.seconds_to_wait("alice") == LONGEST
    assert len(throttle) <= 2 * MOST
    clock.now += FORGOTTEN + 1
    for _ in range(FREE):
        throttle.failed("bob")
    assert throttle.seconds_to_wait("bob") == 1
    assert len(throttle) <= MOST + 1, "who has waited long enough is forgotten"


def test_one_that_was_none_is_taken_back(clock: Clock) -> None:
    throttle = Throttle(FREE, clock)
    throttle.forgive("nobody")
    for _ in range(FREE):
        throttle.failed("alice")
    throttle.forgive("alice")
    assert throttle.seconds_to_wait("alice") == 0
    throttle.failed("alice")
    assert throttle.seconds_to_wait("alice") == 1
    throttle.failed("bob")
    throttle.forgive("bob")
    assert len(throttle) == 1


def test_of_many_at_once_each_counts_before_anybody_is_asked(clock: Clock) -> None:
    attempts, alice = Attempts(clock), Who("alice", "here")
    assert [attempts.begin(alice) for _ in range(FREE + 1)] == [0] * FREE + [1]
    attempts.succeeded(alice)
    assert attempts.begin(alice) == 0


def test_who_has_to_wait_is_counted_no_further(clock: Clock) -> None:
    attempts, alice = Attempts(clock), Who("alice", "here")
    for _ in range(FREE + 50):
        attempts.begin(alice)
    clock.now += 1
    assert attempts.begin(alice) == 0
    assert [attempts.begin(Who(f"user-{number}", "here")) for number in range(FREE_OF_ADDRESS)].count(0) == 44


def test_a_known_browser_is_counted_by_itself(clock: Clock) -> None:
    attempts = Attempts(clock)
    for number in range(FREE_OF_ADDRESS + 5):
        attempts.begin(Who(f"user-{number % 7}", "here"))
    assert attempts.begin(Who("user-1", "here")) > 0
    known = Who("user-1", "here", "his laptop")
    assert [attempts.begin(known) for _ in range(FREE + 1)] == [0] * FREE + [1]
    assert attempts.begin(Who("user-1", "here", "his telephone")) == 0
    attempts.succeeded(known)
    assert attempts.begin(known) == 0
    assert attempts.begin(Who("user-1", "here")) > 0, "and does not let the others go on"


# -- who, and from where


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("alice", ["ALICE", " alice ", "\u00e0lic\u00e9", "a\u0300lice", "al\u200bice", "\uff41lice", "alice\u00a0"]),
        ("stra\u00dfe", ["STRASSE", "strasse", "Stra\u1e9ee"]),
        ("i", ["I", "\u0130", "\u2170"]),
        ("a b", ["A\u00a0b"]),
    ],
)  # fmt: skip
def test_names_that_a_database_may_take_for_the_same_are_spelt_alike(name: str, same: list[str]) -> None:
    assert {spelt(one) for one in same} == {spelt(name)}


def test_other_names_are_spelt_otherwise() -> None:
    names = ["alice", "alicia", "a lice", "a-lice", "a.lice", "alice1", "\u6797", "\u68ee", "bob"]
    assert len({spelt(one) for one in names}) == len(names)


@pytest.mark.parametrize(
    ("said", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7", "192.0.2.7"),
        ("203.0.113.1, 192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7", "2001:db8::/64"),
        ('"[2001:DB8:0:0:1::7]:4711"', "2001:db8::1:0:0:7", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1%eth0", "fe80::/64"),
        ("", None, ""),
        ("unix:", None, ""),
        ("_hidden", None, ""),
        ("192.0.2.7,", None, ""),
        ("1.2.3", None, ""),
        ("x" * 5000, None, ""),
    ],
)
def test_an_address_is_one_that_nobody_can_make_up(said: str, address: str | None, network: str) -> None:
    assert address_of({"REMOTE_ADDR": said}) == address
    assert network_of(address) == network


def test_without_an_address_there_is_none() -> None:
    assert address_of({}) is None
