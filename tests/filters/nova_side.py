"""The Nova filter in front of a fake Nova that, while it acts, makes an image through the Glance filter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import webtest

from glance_related.instance_aware.instance_aware_nova_filter import filter_factory
from glance_related.riders.store import RiderStore
from glance_related.testing.fake_glance import FakeGlance
from tests.filters.conftest import MEMBER, Setup

SERVER = "0a1b2c3d-1111-4222-8333-444455556666"
KEY = "k" * 32
ACTION = f"/servers/{SERVER}/action"
CREATE_IMAGE = {"createImage": {"name": "snap"}}
CREATE_BACKUP = {"createBackup": {"name": "b", "backup_type": "daily", "rotation": 2}}
OWN_ID = "req-00000000-0000-4000-8000-000000000001"
GLOBAL = "openstack.global_request_id"


def options(installation: str, key: str = KEY) -> str:
    return f"[instance_aware]\nnova_installation_uuid = {installation}\n[riders]\nmark_keys = {key}\n"


@dataclass
class NovaSide:
    """A Nova with our filter; `setup` is the Glance behind it, with the same database."""

    nova: FakeGlance
    riders: RiderStore
    setup: Setup
    app: Any

    def post(
        self, document: Any = None, *, path: str = ACTION, who: Any = MEMBER, method: str = "POST", **extra: Any
    ) -> Any:
        headers = {"X-Identity-Status": "Confirmed", **who, **extra.pop("headers", {})}
        environ = {"keystone.token_auth": object(), "openstack.request_id": OWN_ID, **extra.pop("environ", {})}
        environ = {name: value for name, value in environ.items() if value is not None}
        extra.setdefault("content_type", "application/json")
        body = extra.pop("body", json.dumps(document).encode())
        return self.app.request(path, method=method, headers=headers, environ=environ, body=body, status="*", **extra)

    def handed_on(self) -> str | None:
        """The request id under which Nova goes to Glance, in the last request that reached it."""
        found: str | None = self.nova.calls[-1].environ.get(GLOBAL)
        return found


def make(setup: Setup) -> NovaSide:
    nova = FakeGlance()
    middleware = filter_factory({}, config_file=setup.suite.settings.config_file)(nova)
    return NovaSide(nova, RiderStore(setup.suite.database), setup, webtest.TestApp(middleware, lint=True))
