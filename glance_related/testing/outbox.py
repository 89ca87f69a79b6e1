"""`OutboxSuite`: what the suites of the outbox work with: two stores of it, and a way to wish for something."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from glance_related.db.database import Database
from glance_related.deliveries.delivery import Done, Wish
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.wish_store import wish
from glance_related.instance_ref import InstanceRef

NOVA = "11111111-2222-3333-4444-555555555555"
LEASE = 60.0


def ref() -> InstanceRef:
    """A server of its own."""
    return InstanceRef(NOVA, str(uuid.uuid4()))


class OutboxSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def store(self, databases: Sequence[Database]) -> DeliveryStore:
        """The one that writes."""
        return DeliveryStore(databases[0])

    @pytest.fixture
    def other(self, databases: Sequence[Database]) -> DeliveryStore:
        """The one that reads, or works beside the first."""
        return DeliveryStore(databases[-1])

    @pytest.fixture
    def wished(self, databases: Sequence[Database]) -> Any:
        """Puts a wish into the outbox: of a menu, or a server's own, which is always news."""

        def put(
            server: InstanceRef, generation: int = 1, driver: str = "file", *, is_news: bool = False, **more: Any
        ) -> None:
            one = Wish(server, "package_menu", driver, "alice-project", generation, **more)
            databases[0].write(lambda connection: wish(connection, [one], is_news=is_news))

        return put


def deliver(store: DeliveryStore) -> list[str]:
    """Hand over what is due for the driver file; the ids."""
    claim, taken = store.claim("file", "w", 100, LEASE)
    store.finish(claim, [(one, Done()) for one in taken])
    return [one.id for one in taken]
