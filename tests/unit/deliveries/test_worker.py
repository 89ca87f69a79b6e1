"""A worker: everything that is due is handed over, whatever a receiver or the database does meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

from glance_related.db.database import Database, DatabaseDown
from glance_related.deliveries.delivery import (
    DELIVERED,
    DELIVERING,
    FAILED,
    PENDING,
    Delivery,
    Done,
    Refused,
    Unavailable,
    Wish,
)
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.wish_store import wish
from tests.unit.deliveries.carrying import QUICK, Carrier, make, running, states, until


def test_everything_that_is_due_is_handed_over_once(store: DeliveryStore, wished: Any) -> None:
    refs, carrier = wished(250), Carrier()
    worker = make(store, carrier)
    worker.drain()
    assert states(store, refs) == {DELIVERED}
    assert len(carrier.had) == len({one.id for one in carrier.had}) == 250
    assert worker.counts == {("file", "done"): 250}
    assert store.of(refs[0])[0].applied == {"packages": []}


def test_no_more_are_handed_over_at_a_time_than_a_receiver_is_to_have(store: DeliveryStore, wished: Any) -> None:
    carrier = Carrier(act=lambda _: (time.sleep(0.01), Done())[1])
    wished(40)
    make(store, carrier).drain()
    assert 2 <= carrier.most_at_once <= QUICK.concurrency


def test_what_is_refused_stays_so_with_the_receivers_words_until_something_changes(
    store: DeliveryStore, wished: Any, database: Database
) -> None:
    def refuse(delivery: Delivery) -> Done:
        if delivery.generation == 1:
            raise Refused("parameter 'port' expects an Integer value, got String")
        return Done()

    (ref,), carrier = wished(), Carrier(act=refuse)
    make(store, carrier).drain()
    (row,) = store.of(ref)
    assert (row.state, row.message) == (FAILED, "parameter 'port' expects an Integer value, got String")
    database.write(lambda connection: wish(connection, [Wish(ref, "package_menu", "file", "alice-project", 2)]))
    make(store, carrier).drain()
    (row,) = store.of(ref)
    assert (row.state, row.message, row.applied_generation) == (DELIVERED, "", 2)


def test_a_poison_delivery_blocks_no_other_and_fails_in_the_end(store: DeliveryStore, wished: Any, caplog: Any) -> None:
    (poison,), others = wished(), wished(20)

    def act(delivery: Delivery) -> Done:
        if delivery.ref == poison:
            raise RuntimeError("secret-value")
        return Done()

    carrier = Carrier(act=act)
    with running(make(store, carrier)):
        until(lambda: states(store, others) == {DELIVERED})
        until(lambda: states(store, [poison]) == {FAILED})
    (row,) = store.of(poison)
    assert row.attempts == QUICK.max_attempts + 1
    assert len([one for one in carrier.had if one.ref == poison]) == QUICK.max_attempts
    assert "secret-value" not in row.message
    assert "tried 5 times" in row.message


def test_a_receiver_that_is_down_is_left_alone_and_no_other_waits_for_it(store: DeliveryStore, wished: Any) -> None:
    down = threading.Event()
    down.set()

    def act(delivery: Delivery) -> Done:
        if delivery.driver == "ldap" and down.is_set():
            raise Unavailable("the directory does not answer")
        return Done()

    carrier = Carrier(("ldap", "file"), act)
    piled, others = wished(200, "ldap"), wished(20)
    settings = replace(QUICK, retry_seconds=0.5, retry_seconds_max=0.5)
    began = time.monotonic()
    with running(make(store, carrier, settings)):
        until(lambda: states(store, others) == {DELIVERED})
        time.sleep(0.3)
        asked = len(carrier.of("ldap"))
        pauses = (time.monotonic() - began) / settings.retry_seconds
        assert asked <= QUICK.concurrency + pauses + 1, "whatever has piled up is not tried one after the other"
        (row, *_) = store.of(carrier.of("ldap")[0].ref)
        assert row.message == "the directory does not answer"
        down.clear()
        until(lambda: states(store, piled) == {DELIVERED}, 20)
    assert {one.attempts for one in carrier.of("ldap")[asked:]} <= {1, 2, 3}


def test_however_long_an_outage_lasts_nothing_is_given_up(
    store: DeliveryStore, wished: Any, database: Database
) -> None:
    down, asked = threading.Event(), []
    down.set()

    def act(delivery: Delivery) -> Done:
        asked.append(delivery)
        if down.is_set():
            raise Unavailable("the directory does not answer")
        return Done()

    refs = wished(3)
    gone = Wish(refs[0], "package_menu", "file", "alice-project", 2, "remove")
    database.write(lambda connection: wish(connection, [gone], is_news=True))
    for _ in range(QUICK.max_attempts * 3):  # as from a timer: each time it is a new one
        before = len(asked)
        with running(make(store, Carrier(act=act))):
            until(lambda: len(asked) > before)  # noqa: B023
    with running(make(store, Carrier(act=act))):
        until(lambda: len(asked) > QUICK.max_attempts * 10, 30)
        rows = [store.of(ref)[0] for ref in refs]
        assert {row.state for row in rows} <= {PENDING, DELIVERING}
        assert {row.message for row in rows} == {"the directory does not answer"}
        assert max(row.attempts for row in rows) <= 1
        down.clear()
        until(lambda: states(store, refs) == {DELIVERED})


def test_what_alone_is_never_answered_fails_in_the_end(store: DeliveryStore, wished: Any) -> None:
    (odd,) = wished()

    def act(delivery: Delivery) -> Done:
        if delivery.ref == odd:
            raise Unavailable("the directory hangs over it")
        return Done()

    with running(make(store, Carrier(act=act))):
        others = []
        for _ in range(200):
            others += wished()
            time.sleep(0.1)
            if states(store, [odd]) == {FAILED}:
                break
        until(lambda: states(store, others) == {DELIVERED})
    (row,) = store.of(odd)
    assert (row.state, row.message) == (FAILED, "It was tried 5 times. the directory hangs over it")


def test_after_an_outage_one_is_tried_first(store: DeliveryStore, wished: Any) -> None:
    moments: list[int] = []
    down = threading.Event()
    down.set()

    def act(_: Delivery) -> Done:
        moments.append(carrier.at_once)
        time.sleep(0.02)
        if down.is_set():
            raise Unavailable("down")
        return Done()

    carrier = Carrier(act=act)
    wished(50)
    worker = make(store, carrier, replace(QUICK, retry_seconds=0.3, retry_seconds_max=0.3))
    worker.step()
    until(lambda: carrier.at_once == 0)
    down.clear()
    del moments[:]
    with running(worker):
        until(lambda: len(moments) >= 7)
    assert moments[0] == 1
    assert max(moments[1:3]) <= 2


def test_what_is_not_prepared_is_tried_again(store: DeliveryStore, wished: Any) -> None:
    failures = iter([RuntimeError("a defect"), DatabaseDown("gone")])

    def prepare() -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    refs, carrier = wished(3), Carrier(prepare=prepare)
    with running(make(store, carrier)):
        until(lambda: states(store, refs) == {DELIVERED})


def test_who_is_told_to_stop_ends_what_it_has_begun_and_gives_back_the_rest(store: DeliveryStore, wished: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def act(_: Delivery) -> Done:
        begun.set()
        assert go_on.wait(10)
        return Done()

    refs, carrier = wished(50), Carrier(act=act)
    worker = make(store, carrier, replace(QUICK, concurrency=2))
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert begun.wait(10)
    worker.stop()
    time.sleep(0.1)
    go_on.set()
    thread.join(30)
    rows = [store.of(ref)[0] for ref in refs]
    done = [row for row in rows if row.state == DELIVERED]
    assert 1 <= len(done) == len(carrier.had) <= 2
    assert {row.state for row in rows} == {DELIVERED, PENDING}, "nothing stays in the hands of a worker that is gone"
    assert {row.attempts for row in rows if row.state == PENDING} == {0}


def test_a_slow_delivery_stays_with_its_worker(store: DeliveryStore, wished: Any) -> None:
    (ref,) = wished()
    settings = replace(QUICK, lease_seconds=2.0)
    slow, other = Carrier(act=lambda _: (time.sleep(4.5), Done())[1]), Carrier()
    with running(make(store, slow, settings)), running(make(store, other, settings)):
        until(lambda: states(store, [ref]) <= {DELIVERING, DELIVERED} and bool(slow.had or other.had))
        until(lambda: states(store, [ref]) == {DELIVERED})
    assert len(slow.had) + len(other.had) == 1


def test_what_a_worker_that_died_had_taken_up_is_taken_up_again(store: DeliveryStore, wished: Any) -> None:
    refs, carrier = wished(5), Carrier()
    store.claim("file", "dead", 5, 0.2)
    with running(make(store, carrier)):
        until(lambda: states(store, refs) == {DELIVERED})
    assert {one.attempts for one in carrier.had} == {2}


def test_what_ends_every_worker_that_has_it_is_given_up_soon(store: DeliveryStore, wished: Any) -> None:
    """Long before the attempts are used up that somebody else's outage may take."""
    (poison,), carrier = wished(), Carrier()
    settings = replace(QUICK, max_attempts=100)
    for number in range(10):
        assert len(store.claim("file", f"dead-{number}", 1, 0.01)[1]) == 1
        time.sleep(0.02)
    others = wished(5)
    make(store, carrier, settings).drain()
    assert states(store, others) == {DELIVERED}
    (row,) = store.of(poison)
    assert (row.state, row.losses) == (FAILED, 10)
    assert row.message == "It was tried 10 times. The worker that had it last was not heard of again."
    assert poison not in {one.ref for one in carrier.had}
    assert store.retry([row.id]) == 1
    make(store, carrier, settings).drain()
    assert states(store, [poison]) == {DELIVERED}


def test_two_workers_share_what_is_due(store: DeliveryStore, wished: Any) -> None:
    here = [threading.Event(), threading.Event()]

    def act(mine: int) -> Done:
        # neither has done everything before the other is there
        here[mine].set()
        assert here[1 - mine].wait(20)
        return Done()

    carriers = [Carrier(act=lambda _, mine=mine: act(mine)) for mine in range(2)]
    refs = wished(200)
    with running(make(store, carriers[0])), running(make(store, carriers[1])):
        until(lambda: states(store, refs) == {DELIVERED}, 20)
    ids = [one.id for carrier in carriers for one in carrier.had]
    assert len(ids) == len(set(ids)) == 200
    assert all(carrier.had for carrier in carriers)


def test_answers_wait_for_a_database_that_is_down(store: DeliveryStore, wished: Any, database: Database) -> None:
    (ref,) = wished()
    finish, fails = store.finish, iter([True, True])

    def failing(*words: Any) -> list[str]:
        if next(fails, False):
            raise DatabaseDown("gone")
        return finish(*words)

    store.finish = failing  # type: ignore[method-assign]
    carrier = Carrier()
    with running(make(store, carrier)):
        until(lambda: states(store, [ref]) == {DELIVERED})
    assert len(carrier.had) == 1


def test_chores_are_done_until_there_are_none(store: DeliveryStore) -> None:
    carrier = Carrier(chores_left=5)
    make(store, carrier).drain()
    assert carrier.chores_left == 0
