"""A store on SQLite, a Glance that is asked, and a clock two hours ahead: every row is old enough."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import utcnow
from glance_related.instance_aware.options import InstanceAwareSettings
from glance_related.instance_aware.reconcile import Report, reconcile
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from tests.unit.instance_aware.account_of_fakes import FakeAccount
from tests.unit.instance_aware.novas_of_fakes import NOVA, adopting, adoptions, noted, nova, novas, now, snapshot

__all__ = ["NOVA", "adopting", "adoptions", "noted", "nova", "novas", "now", "snapshot"]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(database.engine)
    return database


@pytest.fixture
def store(database: Database) -> Store:
    store = Store(database)
    store.add_installation(Installation(NOVA, "nova", ("nova",), ("scheduler",)))
    return store


@pytest.fixture
def glance(store: Store) -> FakeAccount:
    return FakeAccount(store.state()["database_id"])


@pytest.fixture
def later() -> datetime.datetime:
    return utcnow() + datetime.timedelta(hours=2)


@pytest.fixture
def run(store: Store, glance: FakeAccount, later: datetime.datetime) -> Callable[..., Report]:
    """``reconcile``, two hours from now."""

    def run_now(**options: Any) -> Report:
        options.setdefault("clock", lambda: later)
        return reconcile(store, glance, InstanceAwareSettings(), **options)

    return run_now
