"""`WaitingSuite`: since when what is in the outbox has been wished for, and how much of it waits, as tests.

Inherit it in a test module as `glance_related.testing.delivery_suite.DeliverySuite`; the tables must be there, and
empty, for each test.
"""

from __future__ import annotations

import time
from typing import Any

from glance_related.deliveries.delivery import DELIVERED, DELIVERING, PENDING, REMOVE, Delivery, Done, Waiting
from glance_related.deliveries.store import DeliveryStore, Failed
from glance_related.instance_ref import InstanceRef
from glance_related.testing.outbox import LEASE, OutboxSuite, deliver, ref


class WaitingSuite(OutboxSuite):
    """See the module."""

    # -- since when

    def test_only_news_is_a_new_wish(self, store: DeliveryStore, other: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server, 2)
        first = since(other, server)
        later()
        wished(server, 2)
        wished(server, 1)
        assert since(other, server) == first
        wished(server, 3)
        second = since(other, server)
        assert second > first
        later()
        wished(server, 3, action=REMOVE, is_news=True)
        third = since(other, server)
        assert third > second
        later()
        deliver(store)
        assert since(other, server) == third
        assert one_of(other, server).updated_at > third

    def test_attempts_make_nobody_wait_for_less_long(self, store: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server)
        first = since(store, server)
        later()
        for outcome in (Failed("later", 0), Failed("no", None)):
            claim, (one,) = store.claim("file", "w", 10, LEASE)
            assert (one.ref, one.wished_at) == (server, first)
            store.finish(claim, [(one, outcome)])
        store.retry([one.id])
        assert (since(store, server), one_of(store, server).state) == (first, PENDING)

    def test_who_has_it_all_and_is_to_have_it_again_has_waited_from_then_on(
        self, store: DeliveryStore, wished: Any
    ) -> None:
        pushed, pulled = ref(), ref()
        wished(pushed)
        wished(pulled, driver="guest", is_pulled=True)
        deliver(store)
        store.told(pulled, "guest", 1, Done())
        before = {one: since(store, one) for one in (pushed, pulled)}
        later()
        assert store.retry([one_of(store, one).id for one in before]) == 2
        assert all(since(store, one) > then for one, then in before.items())

    def test_a_receiver_that_pulls_waits_for_what_is_new_to_it(self, store: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server, 3, "guest", is_pulled=True)
        first = since(store, server)
        later()
        store.read(server, "guest", 3)
        assert since(store, server) == first
        store.read(server, "guest", 4)
        second = since(store, server)
        assert second > first
        later()
        store.told(server, "guest", 4, Done())
        assert since(store, server) == second
        store.begun_anew(server)
        assert since(store, server) > second, "it has nothing any more"

    # -- how much

    def test_what_is_still_to_be_handed_over_is_counted(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        assert other.waiting(["file", "ldap"]) == Waiting(0, 0.0)
        for _ in range(4):
            wished(ref())
        wished(ref(), driver="ldap")
        wished(ref(), driver="guest", is_pulled=True)
        claim, (under_way, put_off, done) = store.claim("file", "w", 3, LEASE)
        store.finish(claim, [(put_off, Failed("later", 100)), (done, Done())])
        assert one_of(store, under_way.ref).state == DELIVERING
        assert other.waiting(["file"]).number == 3, "what is under way has not arrived"
        assert other.waiting(["ldap", "file", "guest"]).number == 4
        store.finish(claim, [(under_way, Failed("never", None))])
        assert other.waiting(["file"]).number == 2, "nobody hands over again what was refused"
        assert other.waiting(["guest", "nobody"]) == Waiting(0, 0.0)
        assert other.waiting([]) == Waiting(0, 0.0)

    def test_what_has_failed_is_counted_until_something_else_becomes_of_it(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        pulled, servers = ref(), [ref() for _ in range(3)]
        for server in servers:
            wished(server)
        wished(pulled, driver="guest", is_pulled=True)
        claim, (never, put_off, done) = store.claim("file", "w", 3, LEASE)
        store.finish(claim, [(never, Failed("no", None)), (put_off, Failed("later", 0)), (done, Done())])
        store.told(pulled, "guest", 1, Failed("broken", None))
        assert other.failed(["file", "guest"]) == 2
        assert (other.failed(["file"]), other.failed(["ldap"]), other.failed([])) == (1, 0, 0)
        wished(never.ref, 2)
        store.told(pulled, "guest", 1, Done())
        assert other.failed(["file", "guest"]) == 0

    def test_it_is_told_since_when_the_first_of_it_waits(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        wished(ref())
        time.sleep(0.3)
        wished(ref())
        wished(ref(), driver="ldap")
        claim, (one,) = store.claim("file", "w", 1, LEASE)
        store.finish(claim, [(one, Failed("later", 100))])
        assert 0.3 <= other.waiting(["file", "ldap"]).oldest < 60
        assert 0 <= other.waiting(["ldap"]).oldest < other.waiting(["file"]).oldest - 0.2
        oldest = {one.driver: one.oldest for one in other.depths()}
        assert 0.3 <= oldest["file"] < 60
        assert oldest["ldap"] < oldest["file"] - 0.2

    def test_it_is_told_how_much_waits_and_since_when(self, store: DeliveryStore, wished: Any) -> None:
        wished(ref())
        wished(ref())
        wished(ref(), driver="ldap")
        claim, (one, _) = store.claim("file", "w", 2, LEASE)
        store.finish(claim, [(one, Done())])
        depths = {(one.driver, one.state): one for one in store.depths()}
        assert {key: depth.number for key, depth in depths.items()} == {
            ("file", DELIVERED): 1,
            ("file", DELIVERING): 1,
            ("ldap", PENDING): 1,
        }
        assert 0 <= depths["ldap", PENDING].oldest < 60


def one_of(store: DeliveryStore, server: InstanceRef) -> Delivery:
    (one,) = store.of(server)
    return one


def since(store: DeliveryStore, server: InstanceRef) -> int:
    return one_of(store, server).wished_at


def later() -> None:
    """Let the databases' clocks, which count milliseconds, go on."""
    time.sleep(0.005)
