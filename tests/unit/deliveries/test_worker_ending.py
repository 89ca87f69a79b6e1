"""A worker that is told to stop while a receiver hangs: nothing old is handed over once another has taken it up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from glance_related.db.database import DatabaseDown
from glance_related.deliveries import worker as module
from glance_related.deliveries.delivery import DELIVERED, DELIVERING, PENDING, Delivery, Done
from glance_related.deliveries.store import DeliveryStore
from tests.unit.deliveries.carrying import QUICK, Carrier, make, running, states, until

LEASE = 1.0


class Hanging:
    """A receiver that says nothing before it is let go."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _: Delivery) -> Done:
        self.is_asked.set()
        assert self.go_on.wait(60)
        return Done()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.go_on.set()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for 20 seconds."""
    monkeypatch.setattr(module, "_LAST_WAIT", 3 * LEASE)


def told_to_stop(worker: Any, hanging: Hanging) -> threading.Thread:
    """It runs until the receiver hangs, then it is told to stop."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert hanging.is_asked.wait(10)
    worker.stop()
    return thread


def test_what_hangs_at_the_end_is_its_workers_as_long_as_that_lives(
    store: DeliveryStore, wished: Any, hanging: Hanging
) -> None:
    (ref,), other = wished(), Carrier()
    settings = replace(QUICK, lease_seconds=LEASE)
    worker = make(store, Carrier(act=hanging), settings)
    thread = told_to_stop(worker, hanging)
    with running(make(store, other, settings)):
        thread.join(10)
        assert (worker.hanging, other.had) == (1, []), "two had it at the same time"
        assert states(store, [ref]) == {DELIVERING}
        # from here on the process is at its end, and its thread with it
        until(lambda: states(store, [ref]) == {DELIVERED})
    assert len(other.had) == 1


def test_what_answers_at_the_last_moment_is_recorded(store: DeliveryStore, wished: Any, hanging: Hanging) -> None:
    (ref,) = wished()
    worker = make(store, Carrier(act=hanging), replace(QUICK, lease_seconds=LEASE))
    thread = told_to_stop(worker, hanging)
    time.sleep(2 * LEASE)
    hanging.go_on.set()
    thread.join(10)
    assert (worker.hanging, states(store, [ref])) == (0, {DELIVERED})


def test_what_waits_behind_something_that_hangs_is_given_back(
    store: DeliveryStore, wished: Any, hanging: Hanging
) -> None:
    refs = wished(20)
    worker = make(store, Carrier(act=hanging), replace(QUICK, concurrency=1))
    told_to_stop(worker, hanging).join(10)
    rows = [store.of(ref)[0] for ref in refs]
    assert worker.hanging == 1
    assert sorted(row.state for row in rows) == [DELIVERING] + [PENDING] * 19
    assert {row.attempts for row in rows if row.state == PENDING} == {0}


def test_a_database_that_is_lost_at_the_end_keeps_nobody(
    store: DeliveryStore, wished: Any, hanging: Hanging, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAST_WAIT", 60)
    wished()
    worker = make(store, Carrier(act=hanging))
    thread = told_to_stop(worker, hanging)

    def down(*_: Any) -> list[str]:
        raise DatabaseDown("gone")

    store.finish = down  # type: ignore[method-assign]
    hanging.go_on.set()
    thread.join(30)
    assert not thread.is_alive()
    assert (worker.hanging, "will be handed over again" in caplog.text) == (0, True)


@pytest.mark.parametrize("error", [DatabaseDown("gone"), ValueError("what now")])
def test_whoever_cannot_leave_what_he_sees_to_beside_ends_all_the_same(
    store: DeliveryStore, wished: Any, hanging: Hanging, error: Exception, caplog: Any
) -> None:
    (ref,) = wished()
    carrier = Carrier(act=hanging)

    def end() -> None:
        raise error

    carrier.end = end  # type: ignore[method-assign]
    worker = make(store, carrier)
    caplog.set_level("INFO")
    thread = told_to_stop(worker, hanging)
    hanging.go_on.set()
    thread.join(10)
    assert (thread.is_alive(), states(store, [ref])) == (False, {DELIVERED})
    assert "beside" in caplog.text
