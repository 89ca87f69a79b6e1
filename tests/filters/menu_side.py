"""The filter of system 3 in front of a Nova that makes servers, with the driver file and a worker of its own."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import webtest
from cryptography.fernet import Fernet

from glance_related.deliveries.delivery import Wish
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.worker import Worker
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.deliverable import generation_of, wishes
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.package_menu_filter import filter_factory
from glance_related.riders.store import RiderStore
from glance_related.suite import Suite
from tests.filters.acting_nova import OWN_ID, ActingNova
from tests.filters.conftest import ADMIN, MEMBER, NOVA
from tests.filters.conftest import make as make_setup

IMAGE = "0a1b2c3d-1111-4222-8333-444455556666"
KEY = "k" * 32
MANAGER = {**MEMBER, "X-User-Id": "mallory", "X-Roles": "manager,member,reader"}
READER = {**MEMBER, "X-User-Id": "rita", "X-Roles": "reader"}
BOB = {"X-User-Id": "bob", "X-Project-Id": "bob-project", "X-Roles": "member,reader"}

#: A variable of a package ``web``, as most of these menus have it.
PORT = {
    "name": "port",
    "kind": "variable",
    "type": "integer",
    "default": 80,
    "packages": ["web"],
    "on_by_default": True,
}


@dataclass
class MenuSide:
    """Nova with our filter."""

    nova: ActingNova
    suite: Suite
    books: Books
    folder: Path
    app: Any

    @property
    def deliveries(self) -> DeliveryStore:
        return self.books.deliveries

    @property
    def riders(self) -> RiderStore:
        return RiderStore(self.suite.database)

    def ask(self, method: str, path: str, document: Any = None, *, who: dict[str, str] = MEMBER, **extra: Any) -> Any:
        """One request to Nova."""
        headers = {"X-Identity-Status": "Confirmed", **who, **extra.pop("headers", {})}
        environ = {"keystone.token_auth": object(), OWN_ID: f"req-{uuid.uuid4()}", **extra.pop("environ", {})}
        if document is not None:
            extra |= {"body": json.dumps(document).encode(), "content_type": "application/json"}
        return self.app.request(path, method=method, headers=headers, environ=environ, status="*", **extra)

    def publish(self, *entries: dict[str, Any]) -> None:
        """Put entries on the cloud's menu, which must be accepted."""
        reply = self.ask("POST", "/package-menu", {"entries": list(entries)}, who=ADMIN)
        assert reply.status_int == 200, reply.text

    def offer(self, *names: str, state: str = "available", project: str = "alice-project") -> None:
        """Let a project have entries."""
        for name in names:
            reply = self.ask("PUT", f"/package-menu/projects/{project}/{name}", {"state": state}, who=ADMIN)
            assert reply.status_int == 200, reply.text

    def boot(self, *, who: dict[str, str] = MEMBER, **more: Any) -> Any:
        return self.ask("POST", "/servers", {"server": {"name": "one", "imageRef": IMAGE, **more}}, who=who)

    def booted(self, **more: Any) -> str:
        """A server that must be made; its id."""
        reply = self.boot(**more)
        assert reply.status_int == 202, reply.text
        return str(reply.json["server"]["id"])

    def settings(self, server_id: str, **extra: Any) -> Any:
        """What a server has, as the API shows it."""
        reply = self.ask("GET", f"/servers/{server_id}/packages", **extra)
        assert reply.status_int == 200, reply.text
        return reply.json["server_packages"]

    def kept(self, server_id: str) -> Kept | None:
        return self.books.instances.get(InstanceRef(NOVA, server_id))

    def wishes(self, kept: Kept) -> list[Wish]:
        """That everybody shall have what a server has."""
        generation = generation_of(kept, self.books.menu.of_project(kept.project_id))
        return wishes([(kept.ref, kept.project_id, generation)], self.books.drivers)

    def deliver(self) -> None:
        """Let a worker hand over what is due."""
        worker = Worker(self.deliveries, [PackageCarrier(self.books)], self.suite.settings.deliveries, "w")
        worker.drain()

    def delivered(self, server_id: str) -> Any:
        """What the driver file has of a server; None: nothing."""
        path = self.folder / NOVA / f"{server_id}.json"
        return json.loads(path.read_text()) if path.exists() else None


def make(tmp_path: Path, options: str = "", connection: str = "") -> MenuSide:
    folder, keys = tmp_path / "settings", tmp_path / "keys"
    folder.mkdir()
    keys.mkdir()
    (keys / "1").write_bytes(Fernet.generate_key())
    setup = make_setup(
        tmp_path,
        f"[instance_aware]\nnova_installation_uuid = {NOVA}\n[riders]\nmark_keys = {KEY}\n"
        f"[package_menu_file]\nfolder = {folder}\n[keys]\nfolder = {keys}\n"
        f"[deliveries]\npoll_seconds = 0.05\nretry_seconds = 0.1\n{options}",
        connection,
    )
    nova = ActingNova(lambda image_id, _: (200, "", {"id": image_id, "name": "debian", "status": "active"}))
    middleware = filter_factory({}, config_file=setup.suite.settings.config_file)(nova)
    return MenuSide(nova, setup.suite, middleware.launch._books, folder, webtest.TestApp(middleware, lint=True))


def lose_database(side: MenuSide) -> None:
    """It goes away after the filter has started."""
    file = Path(side.suite.database.engine.url.database or "")
    side.suite.database.dispose()
    file.unlink()
    file.mkdir()  # no SQLite opens a folder
