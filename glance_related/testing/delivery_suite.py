"""`DeliverySuite`: the whole contract of `DeliveryStore` and `FanoutStore`, as tests that any database must pass.

Inherit it in a test module, and say which databases it is to run on::

    class TestOnMyDatabase(DeliverySuite):
        @pytest.fixture
        def databases(self):
            return [Database(DatabaseSettings(URL)) for _ in range(2)]

The suite writes through the first and reads through the last, which should be another node where there are
several. The tables must be there, and empty, for each test.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from glance_related.db.database import Database
from glance_related.deliveries.delivery import (
    CONFIRMED,
    DELIVERED,
    DELIVERING,
    FAILED,
    OFFERED,
    PENDING,
    READ,
    REMOVE,
    Delivery,
    Done,
    Wish,
)
from glance_related.deliveries.fanouts import FanoutStore, begin
from glance_related.deliveries.store import DeliveryStore, Failed
from glance_related.instance_ref import InstanceRef
from glance_related.testing.outbox import LEASE, NOVA, OutboxSuite, deliver, ref
from glance_related.testing.store_suite import at_once


class DeliverySuite(OutboxSuite):
    """See the module."""

    # -- wishes

    def test_what_is_wished_for_is_due_at_once_and_once(self, other: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server)
        wished(server)
        (one,) = other.of(server)
        assert (one.state, one.generation, one.attempts, one.driver) == (PENDING, 1, 0, "file")
        assert one.due_at is not None

    def test_a_later_wish_takes_the_place_of_an_earlier_one_and_an_older_one_changes_nothing(
        self, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        for generation in (3, 5, 4):
            wished(server, generation)
        (one,) = other.of(server)
        assert one.generation == 5

    def test_receivers_and_servers_are_told_apart(self, other: DeliveryStore, wished: Any) -> None:
        first, second = ref(), InstanceRef(NOVA, "i ")
        wished(first)
        wished(first, driver="ldap")
        wished(second)
        wished(InstanceRef(NOVA, "I "))
        assert [one.driver for one in other.of(first)] == ["file", "ldap"]
        assert len(other.of(second)) == 1

    def test_what_is_pulled_is_nothing_for_a_worker(self, store: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server, driver="guest", is_pulled=True)
        (one,) = store.of(server)
        assert (one.state, one.due_at, one.is_pulled) == (OFFERED, None, True)
        assert store.claim("guest", "w", 10, LEASE)[1] == []

    def test_what_failed_or_was_put_off_is_due_at_once_where_something_else_is_wished_for(
        self, store: DeliveryStore, wished: Any
    ) -> None:
        for outcome in (Failed("no", None), Failed("later", 1000)):
            server = ref()
            wished(server)
            claim, (one,) = store.claim("file", "w", 10, LEASE)
            store.finish(claim, [(one, outcome)])
            wished(server, 2)
            claim, (again,) = store.claim("file", "w", 10, LEASE)
            assert (again.ref, again.generation, again.attempts) == (server, 2, 1)
            store.finish(claim, [(again, Done())])

    # -- claims

    def test_two_workers_never_have_the_same(self, store: DeliveryStore, other: DeliveryStore, wished: Any) -> None:
        servers = [ref() for _ in range(40)]
        for server in servers:
            wished(server)
        taken: list[str] = []

        def work(mine: DeliveryStore) -> list[str]:
            had: list[str] = []
            for _ in range(60):
                had += [one.id for one in mine.claim("file", "w", 3, LEASE)[1]]
            return had

        for had in at_once(lambda: work(store), lambda: work(other), lambda: work(store)):
            assert isinstance(had, list), had
            taken += had
        assert len(taken) == len(set(taken)) == 40

    def test_a_claim_counts_an_attempt_and_is_shown(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server, 7)
        _, (one,) = store.claim("file", "worker-1", 10, LEASE)
        assert (one.ref, one.generation, one.attempts) == (server, 7, 1)
        (shown,) = other.of(server)
        assert (shown.state, shown.claimed_by) == (DELIVERING, "worker-1")
        assert other.claim("file", "worker-2", 10, LEASE)[1] == []

    def test_a_claim_that_is_not_renewed_is_taken_up_by_another(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        wished(ref())
        claim, (one,) = store.claim("file", "slow", 10, 0.3)
        store.renew(claim, [one.id], LEASE)
        time.sleep(0.4)
        assert other.claim("file", "w", 10, LEASE)[1] == []
        store.renew(claim, [one.id], 0.1)
        time.sleep(0.2)
        (again,) = other.claim("file", "w", 10, LEASE)[1]
        assert (again.id, again.attempts) == (one.id, 2)

    def test_what_was_lost_and_handed_over_all_the_same_is_handed_over_once_more(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server)
        slow, (one,) = store.claim("file", "slow", 10, 0.1)
        time.sleep(0.2)
        wished(server, 2)
        quick, (newer,) = other.claim("file", "quick", 10, LEASE)
        assert newer.generation == 2
        assert store.finish(slow, [(one, Done())]) == [one.id]
        assert other.finish(quick, [(newer, Done())]) == []
        (row,) = store.of(server)
        assert row.state == PENDING
        assert deliver(store) == [one.id]
        # also where the other had been done before
        slow, (one,) = self._taken(store, wished, server, 3)
        time.sleep(0.2)
        quick, (newer,) = other.claim("file", "quick", 10, LEASE)
        other.finish(quick, [(newer, Done())])
        assert other.of(server)[0].state == DELIVERED
        assert store.finish(slow, [(one, Done())]) == [one.id]
        assert store.of(server)[0].state == PENDING

    def _taken(
        self, store: DeliveryStore, wished: Any, server: InstanceRef, generation: int
    ) -> tuple[str, list[Delivery]]:
        wished(server, generation)
        return store.claim("file", "slow", 10, 0.1)

    def test_of_what_workers_were_lost_with_never_more_than_one_goes_out_at_a_time(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        """It may be what has ended them."""
        lost, fresh = [ref() for _ in range(3)], ref()
        for server in lost:
            wished(server)
        store.claim("file", "dead", 10, 0.1)
        wished(fresh)
        time.sleep(0.2)
        (one,) = other.claim("file", "w", 10, LEASE, with_lost=False)[1]
        assert (one.ref, one.losses) == (fresh, 0)
        wished(ref())
        for number in range(3):
            taken = other.claim("file", "w", 10, LEASE)[1]
            assert len(taken) == (2 if number == 0 else 1)
            (again,) = [one.ref for one in taken if one.losses]
            lost.remove(again)
        assert lost == []

    def test_workers_that_were_lost_one_after_the_other_are_counted_until_something_else_is_wished_for(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server)

        def taken_up() -> int:
            (one,) = other.claim("file", "w", 10, 0.01)[1]
            time.sleep(0.1)
            return one.losses

        assert [taken_up() for _ in range(4)] == [0, 1, 2, 3]
        wished(server, 2)
        assert [taken_up() for _ in range(3)] == [1, 2, 3]
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, Failed("not now", 0.0))])
        assert [taken_up() for _ in range(2)] == [0, 1]
        wished(server, 3)
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, Done())])
        wished(server, 4)
        assert taken_up() == 0

    # -- outcomes

    def test_what_was_done_is_known_with_what_the_receiver_has(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server, 4)
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, Done({"packages": ["gr\u00fcn"]}, "it is well"))])
        (row,) = other.of(server)
        assert (row.state, row.applied_generation, row.attempts, row.due_at) == (DELIVERED, 4, 0, None)
        assert (row.applied, row.message) == ({"packages": ["gr\u00fcn"]}, "it is well")
        assert row.confirmed_at is not None

    def test_what_is_wished_for_while_it_is_handed_over_goes_out_afterwards(
        self, store: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        outcomes: tuple[Done | Failed, ...] = (Done(), Failed("later", 100), Failed("no", None))
        for number, outcome in enumerate(outcomes, 1):
            wished(server, 10 * number)
            claim, (one,) = store.claim("file", "w", 10, LEASE)
            wished(server, 10 * number + 1)
            assert store.of(server)[0].state == DELIVERING
            assert store.claim("file", "w", 10, LEASE)[1] == []
            store.finish(claim, [(one, outcome)])
            claim, (again,) = store.claim("file", "w", 10, LEASE)
            assert (again.generation, again.attempts) == (10 * number + 1, 1)
            store.finish(claim, [(again, Done())])

    def test_what_was_handed_over_already_is_wished_for_no_more(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        """A worker reads what there is when it hands over, and the wish for that may come later."""
        server = ref()
        wished(server, 4)
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, Done(generation=6))])
        for generation in (5, 6):
            wished(server, generation)
        (row,) = other.of(server)
        assert (row.state, row.generation, row.applied_generation) == (DELIVERED, 6, 6)
        wished(server, 7)
        assert other.of(server)[0].state == PENDING

    def test_a_failure_is_put_off_and_counted_or_ends_it(self, store: DeliveryStore, wished: Any) -> None:
        later, never, untried = ref(), ref(), ref()
        outcomes = {later: Failed("x" * 5000, 100), never: Failed("never", None), untried: Failed("", 0, counts=False)}
        for server in outcomes:
            wished(server)
        claim, taken = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, outcomes[one.ref]) for one in taken])
        (row,) = store.of(later)
        assert (row.state, row.attempts, len(row.message)) == (PENDING, 1, 2000)
        assert row.due_at is not None
        assert row.due_at > row.updated_at + 90_000
        assert (store.of(never)[0].state, store.of(never)[0].due_at) == (FAILED, None)
        assert (store.of(untried)[0].state, store.of(untried)[0].attempts) == (PENDING, 0)
        assert [one.ref for one in store.claim("file", "w", 10, LEASE)[1]] == [untried]

    def test_who_retries_is_served_at_once(self, store: DeliveryStore, other: DeliveryStore, wished: Any) -> None:
        server, pulled = ref(), ref()
        wished(server)
        wished(pulled, driver="guest", is_pulled=True)
        store.told(pulled, "guest", 1, Failed("broken", None))
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        assert other.retry([one.id]) == 0
        store.finish(claim, [(one, Failed("no", None))])
        assert other.retry([one.id, other.of(pulled)[0].id]) == 2
        assert other.of(pulled)[0].state == OFFERED
        assert deliver(store) == [one.id]

    # -- receivers that pull

    def test_a_receiver_that_pulls_reads_and_confirms(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        assert not store.read(server, "guest", 3), "nobody has wished for anything"
        store.add([Wish(server, "package_menu", "guest", "alice-project", 3, is_pulled=True)])
        assert store.read(server, "guest", 3)
        (row,) = other.of(server)
        assert (row.state, row.applied_generation) == (READ, None)
        assert row.read_at is not None
        assert store.told(server, "guest", 3, Done({"packages": []}, "ok"))
        (row,) = other.of(server)
        assert (row.state, row.applied_generation, row.applied, row.message) == (CONFIRMED, 3, {"packages": []}, "ok")
        store.read(server, "guest", 3)
        assert other.of(server)[0].state == CONFIRMED, "it reads again and again what it has"
        store.read(server, "guest", 4)
        assert (other.of(server)[0].state, other.of(server)[0].generation) == (READ, 4)

    def test_an_older_word_of_a_receiver_changes_nothing(self, store: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server, 3, "guest", is_pulled=True)
        assert store.told(server, "guest", 3, Done())
        assert not store.told(server, "guest", 2, Failed("it was broken then", None))
        assert store.of(server)[0].state == CONFIRMED
        assert not store.told(ref(), "guest", 1, Done())

    def test_what_failed_is_read_again_when_there_is_something_newer(self, store: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server, 3, "guest", is_pulled=True)
        store.told(server, "guest", 3, Failed("broken", None))
        store.read(server, "guest", 3)
        assert (store.of(server)[0].state, store.of(server)[0].message) == (FAILED, "broken")
        store.read(server, "guest", 4)
        assert store.of(server)[0].state == READ

    def test_a_server_that_is_made_anew_has_nothing_of_what_it_had_fetched(
        self, store: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server, 3, "guest", is_pulled=True)
        wished(server, 3)
        deliver(store)
        store.told(server, "guest", 3, Done({}))
        store.begun_anew(server)
        pushed, pulled = store.of(server)
        assert (pushed.state, pushed.applied_generation) == (DELIVERED, 3)
        assert (pulled.state, pulled.applied_generation, pulled.applied) == (OFFERED, None, None)

    # -- people

    def test_deliveries_are_listed_in_pages_and_filtered(self, store: DeliveryStore, wished: Any) -> None:
        for _ in range(5):
            wished(ref())
        wished(ref(), driver="ldap")
        seen: list[str] = []
        while page := store.some(seen[-1] if seen else "", 2, driver="file"):
            seen += [one.id for one in page]
        assert len(seen) == 5
        assert seen == sorted(seen)
        assert store.get(seen[0]) == store.some(limit=1, driver="file")[0]
        assert store.get("no-such") is None

    def test_receivers_that_have_forgotten_a_server_are_forgotten_after_a_while(
        self, store: DeliveryStore, wished: Any
    ) -> None:
        kept, gone, going = ref(), ref(), ref()
        wished(kept)
        wished(gone, 2, action=REMOVE)
        deliver(store)
        wished(going, 2, action=REMOVE)
        assert store.purge(60) == 0
        time.sleep(0.01)
        assert store.purge(0) == 1
        assert (len(store.of(kept)), store.of(gone), len(store.of(going))) == (1, [], 1)

    # -- changes that reach many servers

    def test_a_change_is_one_workers_until_its_lease_is_over(self, databases: Sequence[Database]) -> None:
        store, other = FanoutStore(databases[0]), FanoutStore(databases[-1])
        assert store.claim("package_menu", LEASE) is None
        databases[0].write(lambda connection: begin(connection, "package_menu", "alice-project"))
        fanout = store.claim("package_menu", LEASE)
        assert fanout is not None
        assert (fanout.scope, fanout.marker) == ("alice-project", "")
        assert other.claim("package_menu", LEASE) is None
        assert databases[0].write(lambda connection: store.advance(connection, fanout, "here", 0.1))
        time.sleep(0.2)
        again = other.claim("package_menu", LEASE)
        assert again is not None
        assert again.marker == "here"
        assert not databases[0].write(lambda connection: store.advance(connection, fanout, "there", LEASE))
        assert databases[-1].write(lambda connection: other.advance(connection, again, None, LEASE))
        assert store.count() == 0

    def test_another_change_of_the_same_scope_begins_anew(self, databases: Sequence[Database]) -> None:
        store = FanoutStore(databases[0])
        databases[0].write(lambda connection: begin(connection, "package_menu", ""))
        fanout = store.claim("package_menu", LEASE)
        assert fanout is not None
        databases[-1].write(lambda connection: begin(connection, "package_menu", ""))
        assert not databases[0].write(lambda connection: store.advance(connection, fanout, None, LEASE))
        again = store.claim("package_menu", LEASE)
        assert again is not None
        assert (again.marker, store.count()) == ("", 1)
