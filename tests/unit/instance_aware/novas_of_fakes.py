"""Fixtures of ``reconcile`` where it looks for a Nova's images: fake Novas, and images that they have made."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from glance_related.db.models import utcnow
from glance_related.instance_aware import adopt as module
from glance_related.instance_aware.adopt import Adopting
from glance_related.instance_aware.adoptions import Adoption, AdoptionStore
from glance_related.instance_aware.options import InstanceAwareSettings
from glance_related.instance_aware.reconcile import Report, reconcile
from glance_related.testing.fake_nova import FakeNova

NOVA = "11111111-2222-3333-4444-555555555555"
SERVER = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_SERVER = "aaaaaaaa-0000-4000-8000-000000000002"


@pytest.fixture
def now() -> datetime.datetime:
    return utcnow()


@pytest.fixture
def adoptions(database) -> AdoptionStore:
    return AdoptionStore(database)


@pytest.fixture
def nova() -> FakeNova:
    nova = FakeNova()
    nova.has_server(SERVER)
    nova.has_server(OTHER_SERVER)
    return nova


@pytest.fixture
def novas(nova) -> dict[str | None, FakeNova]:
    """By region; None is that of the account."""
    return {None: nova}


@pytest.fixture
def adopting(store, glance, adoptions, novas, later) -> Callable[..., Report]:
    """``reconcile``, two hours from now."""

    def run_now(since: datetime.timedelta = module.SINCE, **options: Any) -> Report:
        options.setdefault("clock", lambda: later)
        adopting = Adopting(adoptions, lambda region: novas[region], since)
        return reconcile(store, glance, InstanceAwareSettings(), adopting=adopting, **options)

    return run_now


@pytest.fixture
def snapshot(glance, now) -> Callable[..., str]:
    """Glance has an image that Nova has made."""

    def make(server: str | None = SERVER, at: datetime.datetime | None = None, **more: Any) -> str:
        image_id = str(uuid.uuid4())
        image = {"image_type": "snapshot", "user_id": "alice", "instance_uuid": server, **more}
        said = {name: value for name, value in image.items() if value is not None}
        glance.has(image_id, created_at=f"{(at or now).isoformat()}Z", **said)
        return image_id

    return make


@pytest.fixture
def noted(adoptions, snapshot, now) -> Callable[..., str]:
    """The same, and Glance's side has noted what Nova said."""

    def make(request_id: str, server: str = SERVER, at: datetime.datetime | None = None, **more: Any) -> str:
        image_id = snapshot(server, at, **more)
        adoptions.note(Adoption(image_id, NOVA, server, request_id, "alice-project", at or now))
        return image_id

    return make
