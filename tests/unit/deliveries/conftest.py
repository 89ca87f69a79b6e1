"""An outbox in a file, and somebody who wishes for something."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.deliveries.delivery import Wish
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.wish_store import wish
from glance_related.instance_ref import InstanceRef
from tests.unit.deliveries.carrying import NOVA


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite", breaker_seconds=0.1))
    migration.upgrade(made.engine)
    return made


@pytest.fixture
def store(database: Database) -> DeliveryStore:
    return DeliveryStore(database)


@pytest.fixture
def wished(database: Database) -> Callable[..., list[InstanceRef]]:
    def put(number: int = 1, driver: str = "file", generation: int = 1) -> list[InstanceRef]:
        refs = [InstanceRef(NOVA, str(uuid.uuid4())) for _ in range(number)]
        some = [Wish(ref, "package_menu", driver, "alice-project", generation) for ref in refs]
        database.write(lambda connection: wish(connection, some))
        return refs

    return put
