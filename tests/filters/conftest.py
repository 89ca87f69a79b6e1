"""The Glance filter in front of a `FakeGlance`, with a database of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import webtest

from glance_related.db import migration
from glance_related.instance_aware.instance_aware_filter import InstanceAwareMiddleware
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from glance_related.suite import Suite, open_suite
from glance_related.testing.fake_glance import FakeContext, FakeGlance

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER_NOVA = "99999999-8888-7777-6666-555555555555"
TUPLE = {"nova_installation_uuid": NOVA, "instance_id": "i-1"}

ADMIN = {"X-User-Id": "admin", "X-Project-Id": "admin-project", "X-Roles": "admin,member,reader"}
MEMBER = {"X-User-Id": "alice", "X-Project-Id": "alice-project", "X-Roles": "member,reader"}
SCHEDULER = {"X-User-Id": "scheduler", "X-Project-Id": "service-project", "X-Roles": "service"}
NOVAS = {
    **MEMBER,
    "X-Service-Token": "t",
    "X-Service-Identity-Status": "Confirmed",
    "X-Service-User-Id": "nova",
    "X-Service-Roles": "service",
}


@dataclass
class Setup:
    """A filter under test, with both of its sides."""

    glance: FakeGlance
    suite: Suite
    store: Store
    app: Any

    def request(self, who: dict[str, str], method: str, path: str, document: Any = None, **extra: Any) -> Any:
        headers = {"X-Identity-Status": "Confirmed", **who, **extra.pop("headers", {})}
        body = b"" if document is None else json.dumps(document).encode()
        environ = {"webob.adhoc_attrs": {"context": extra.pop("context", FakeContext(user_id=who["X-User-Id"]))}}
        if method in ("POST", "PATCH"):
            extra.setdefault("content_type", "application/json" if method == "POST" else PATCH_TYPE)
            extra["body"] = extra.get("body", body)
        return self.app.request(path, method=method, headers=headers, environ=environ, status="*", **extra)


PATCH_TYPE = "application/openstack-images-v2.1-json-patch"


def make(tmp_path: Path, options: str = "", connection: str = "") -> Setup:
    """:param connection: of another database than a file of SQLite's"""
    config = tmp_path / "glance-related.conf"
    connection = connection or f"sqlite:///{tmp_path}/ours.sqlite"
    config.write_text(f"[database]\nconnection = {connection}\nbreaker_seconds = 0.1\n{options}")
    suite = open_suite(str(config))
    migration.upgrade(suite.database.engine)
    store = Store(suite.database)
    store.add_installation(Installation(NOVA, "nova", ("nova",), ("scheduler",)))
    glance = FakeGlance()
    middleware = InstanceAwareMiddleware(glance, suite)
    return Setup(glance, suite, store, webtest.TestApp(middleware, lint=True))


@pytest.fixture
def setup(tmp_path: Path) -> Any:
    made = make(tmp_path)
    yield made
    assert made.glance.unclosed == 0, "a reply of Glance's was never closed"


@pytest.fixture
def without_database(tmp_path: Path) -> Any:
    """A filter whose database went away after it had started."""
    made = make(tmp_path)
    made.suite.database.dispose()
    (tmp_path / "ours.sqlite").unlink()
    (tmp_path / "ours.sqlite").mkdir()  # no SQLite opens a folder
    yield made
    assert made.glance.unclosed == 0, "a reply of Glance's was never closed"
