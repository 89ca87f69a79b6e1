"""The registry filter in front of the reference registry, with people to ask as and both databases to look into."""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import webtest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.instance_aware.instance_aware_registry_filter import InstanceAwareRegistryMiddleware
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.settings.options import load
from glance_related.settings.policy import Policy
from glance_related.suite import Suite
from glance_related.testing.registry import ReferenceRegistry

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER_NOVA = "99999999-8888-7777-6666-555555555555"
TUPLE = {"nova_installation_uuid": NOVA, "instance_id": "i-1"}
REF = InstanceRef(NOVA, "i-1")

ADMIN = {"X-User-Id": "admin", "X-Project-Id": "admin-project", "X-Roles": "admin,member"}
ALICE = {"X-User-Id": "alice", "X-Project-Id": "alice-project", "X-Roles": "member"}
BOB = {"X-User-Id": "bob", "X-Project-Id": "bob-project", "X-Roles": "member"}
SCHEDULER = {"X-User-Id": "scheduler", "X-Project-Id": "service-project", "X-Roles": "service"}
NOVA_FOR_ALICE = {
    **ALICE,
    "X-Service-Token": "token",
    "X-Service-Identity-Status": "Confirmed",
    "X-Service-User-Id": "nova",
    "X-Service-Roles": "service",
}
NOBODY: dict[str, str] = {}
PURGE = {"X-Glance-Registry-Purge-Props": "true"}


@dataclass
class Recorder:
    """Passes requests on to the registry and remembers them; fails instead where it is told to."""

    registry: ReferenceRegistry
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    fails_on: tuple[str, str] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        call = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        self.calls.append((*call, environ["QUERY_STRING"]))
        if self.fails_on == call:
            raise RuntimeError("the registry has crashed")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.bodies.append(body)
        return self.registry(environ | {"wsgi.input": _Input(body)}, start_response)


class _Input:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        size = len(self._body) if size < 0 else size
        taken, self._body = self._body[:size], self._body[size:]
        return taken


@dataclass
class RegistryCloud:
    """A filter under test, with both of its sides."""

    root: Path
    registry: ReferenceRegistry
    recorder: Recorder
    suite: Suite
    store: Store
    app: Any

    def request(self, who: dict[str, str], method: str, path: str, document: Any = None, **extra: Any) -> Any:
        headers = {**who, **extra.pop("headers", {})}
        if document is not None:
            extra["body"] = json.dumps(document).encode()
            extra.setdefault("content_type", "application/json")
        return self.app.request(path, method=method, headers=headers, status="*", **extra)

    def get(self, who: dict[str, str], path: str) -> Any:
        return self.request(who, "GET", path)

    def post(self, who: dict[str, str], **image: Any) -> Any:
        return self.request(who, "POST", "/images", {"image": image})

    def put(self, who: dict[str, str], image_id: str, headers: dict[str, str] | None = None, **image: Any) -> Any:
        return self.request(who, "PUT", f"/images/{image_id}", {"image": image}, headers=headers or {})

    def image(self, who: dict[str, str], **image: Any) -> str:
        """An image that must be made; its id."""
        reply = self.post(who, **image)
        assert reply.status_int == 200, reply.text
        return str(reply.json["image"]["id"])

    def bound(self, who: dict[str, str], instance: str = "i-1", **image: Any) -> str:
        """An image of a project, bound to an instance by the administrator; its id."""
        tuple_ = {"properties": {**TUPLE, "instance_id": instance}}
        return self.image(ADMIN, owner=who["X-Project-Id"], **image, **tuple_)

    def ids(self, who: dict[str, str], query: str = "", path: str = "/images/detail") -> list[str]:
        reply = self.get(who, f"{path}{query}")
        assert reply.status_int == 200, reply.text
        return [image["id"] for image in reply.json["images"]]

    def ref(self, image_id: str) -> InstanceRef | None:
        return self.store.refs([image_id]).get(image_id)

    def native(self, image_id: str) -> dict[str, Any]:
        """What the registry itself holds of an image's properties."""
        image = self.registry.images.get(image_id)
        assert image is not None
        return dict(image["properties"])

    def lose_the_database(self) -> None:
        self.suite.database.dispose()
        path = self.root / "ours.sqlite"
        path.rename(self.root / "lost.sqlite")
        path.mkdir()  # no SQLite opens a folder

    def find_the_database(self) -> None:
        path = self.root / "ours.sqlite"
        path.rmdir()
        (self.root / "lost.sqlite").rename(path)
        for _ in range(100):
            with contextlib.suppress(DatabaseDown):
                self.store.count()
                return
            time.sleep(0.05)
        raise AssertionError("the database was not found again")


def make(root: Path, options: str = "", **registry_options: int) -> RegistryCloud:
    """A registry without images, and a suite that knows two Novas."""
    config = root / "glance-related.conf"
    config.write_text(
        f"[database]\nconnection = sqlite:///{root}/ours.sqlite\nbreaker_seconds = 0.1\n"
        f"[instance_aware]\nallow_no_auth = true\nmax_body_bytes = 65536\n{options}"
    )
    (root / "ours.sqlite").write_bytes(_two_novas())
    settings = load(str(config))
    suite = Suite(settings, Database(settings.database), Policy(settings))
    registry = ReferenceRegistry(**registry_options)
    recorder = Recorder(registry)
    app = webtest.TestApp(InstanceAwareRegistryMiddleware(recorder, suite), lint=True)
    return RegistryCloud(root, registry, recorder, suite, Store(suite.database), app)


@functools.cache
def _two_novas() -> bytes:
    """An upgraded database that knows two Novas; upgrading one for every test would take most of its time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ours.sqlite"
        database = Database(DatabaseSettings(f"sqlite:///{path}"))
        migration.upgrade(database.engine)
        store = Store(database)
        store.add_installation(Installation(NOVA, "nova", ("nova",), ("scheduler",)))
        store.add_installation(Installation(OTHER_NOVA, "other", ("other-nova",), ("other-scheduler",)))
        database.dispose()
        return path.read_bytes()
