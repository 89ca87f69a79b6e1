"""`GoneSuite`: servers that are deleted and come back, and receivers that come otherwise than before, as tests.

Inherit it in a test module as `glance_related.testing.delivery_suite.DeliverySuite`; the tables must be there, and
empty, for each test.
"""

from __future__ import annotations

import time
from typing import Any

from glance_related.deliveries.delivery import DELIVERED, DELIVERING, OFFERED, PENDING, REMOVE, Done
from glance_related.deliveries.store import DeliveryStore, Failed
from glance_related.testing.outbox import LEASE, OutboxSuite, deliver, ref


class GoneSuite(OutboxSuite):
    """See the module."""

    def test_a_server_that_comes_back_is_news_whatever_its_generation(self, store: DeliveryStore, wished: Any) -> None:
        server = ref()
        wished(server, 8)
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, Done({"packages": ["web"]}, "it is well"))])
        wished(server, 9, action=REMOVE, is_news=True)
        deliver(store)
        wished(server, 1, is_news=True)
        (one,) = store.of(server)
        assert (one.action, one.generation, one.state) == ("settings", 1, PENDING)
        assert (one.applied_generation, one.applied, one.message, one.confirmed_at) == (None, None, "", None)

    def test_what_a_menu_wishes_brings_no_server_back(self, store: DeliveryStore, wished: Any) -> None:
        """It was begun before the server was deleted."""
        server = ref()
        wished(server, 3)
        deliver(store)
        wished(server, 9, action=REMOVE, is_news=True)
        for _ in range(2):
            wished(server, 10)
            (one,) = store.of(server)
            assert (one.action, one.generation) == (REMOVE, 9)
            deliver(store)
        assert (store.of(server)[0].state, store.of(server)[0].action) == (DELIVERED, REMOVE)

    def test_a_server_that_comes_back_while_it_is_forgotten_has_nothing_of_what_it_had(
        self, store: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server, 9, action=REMOVE, is_news=True)
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        wished(server, 1, is_news=True)
        store.finish(claim, [(one, Done())])
        (one,) = store.of(server)
        assert (one.state, one.action, one.generation, one.applied_generation) == (PENDING, "settings", 1, None)
        deliver(store)
        wished(server, 2)
        assert store.of(server)[0].state == PENDING, "its generations begin anew"

    def test_what_a_worker_finds_gone_is_forgotten_in_the_end(self, store: DeliveryStore, wished: Any) -> None:
        """A wish may come after the server has gone."""
        server = ref()
        wished(server, 3)
        claim, (one,) = store.claim("file", "w", 10, LEASE)
        store.finish(claim, [(one, Done(action=REMOVE))])
        (one,) = store.of(server)
        assert (one.state, one.action) == (DELIVERED, REMOVE)
        time.sleep(0.01)
        assert store.purge(0) == 1

    # -- receivers that come otherwise than before

    def test_a_receiver_that_is_pushed_to_from_now_on_is_handed_what_there_is(
        self, store: DeliveryStore, other: DeliveryStore, wished: Any
    ) -> None:
        server = ref()
        wished(server, 3, "puppet", is_pulled=True)
        store.told(server, "puppet", 3, Done({"packages": []}, "ok"))
        wished(server, 3, "puppet")
        (one,) = other.of(server)
        assert (one.state, one.is_pulled, one.applied_generation, one.read_at) == (PENDING, False, None, None)
        claim, (one,) = store.claim("puppet", "w", 10, LEASE)
        wished(server, 3, "puppet", is_pulled=True)
        assert store.of(server)[0].state == DELIVERING
        store.finish(claim, [(one, Failed("later", 0))])
        (one,) = other.of(server)
        assert (one.state, one.is_pulled, one.due_at) == (OFFERED, True, None)
        assert store.claim("puppet", "w", 10, LEASE)[1] == []
