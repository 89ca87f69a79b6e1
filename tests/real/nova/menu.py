"""The package menu of the real cloud, as tests ask for it."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import utcnow
from glance_related.package_menu.servers import PACKAGES
from glance_related.riders.store import RiderStore
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.wire import Answer

#: What the cloud's administrator publishes.
ENTRIES: list[dict[str, Any]] = [
    {"name": "apache", "kind": "package", "title": "Apache", "category": "http",
     "realisations": {"file": {"debian": "apache2", "*": "httpd"}}},
    {"name": "apache_port", "kind": "variable", "type": "integer", "default": 80, "min": 1, "max": 65535,
     "packages": ["apache"], "on_by_default": True},
    {"name": "monitoring", "kind": "package", "on_by_default": True},
    {"name": "motd", "kind": "variable", "type": "text", "on_by_default": True},
    {"name": "token", "kind": "variable", "type": "secret", "on_by_default": True},
    {"name": "flags", "kind": "variable", "type": "list", "on_by_default": True},
    {"name": "ratio", "kind": "variable", "type": "number", "on_by_default": True},
    {"name": "debug", "kind": "variable", "type": "boolean", "on_by_default": True},
]  # fmt: skip

_PATIENCE = 60


class Menu:
    """See the module; whatever is published or said of a project is taken back by `clear`."""

    def __init__(self, cloud: NovaCloud) -> None:
        self.cloud = cloud

    def ask(self, who: str, method: str, path: str, json: Any = None, **extra: Any) -> Answer:
        return self.cloud.compute_call(who, method, path, json, **extra)

    def need(self, who: str, method: str, path: str, json: Any = None, **extra: Any) -> Any:
        """The same, which must succeed; the document."""
        answer = self.ask(who, method, path, json, **extra)
        assert answer.status < 300, answer
        return answer.json() if answer.body else None

    def publish(self, *entries: Mapping[str, Any]) -> None:
        self.need("admin", "POST", "/package-menu", {"entries": list(entries or ENTRIES)})

    def offer(self, who: str, *names: str, state: str = "available") -> None:
        """Let the project of somebody have entries."""
        for name in names:
            path = f"/package-menu/projects/{self.cloud.project(who)}/{name}"
            self.need("admin", "PUT", path, {"state": state})

    def clear(self) -> None:
        for entry in self.need("admin", "GET", "/package-menu")["package_menu"]:
            self.need("admin", "DELETE", f"/package-menu/{entry['name']}?force=true")

    def settings(self, who: str, server_id: str) -> Any:
        """What a server has, as the API shows it."""
        return self.need(who, "GET", f"/servers/{server_id}/packages")["server_packages"]

    def delivery(self, who: str, server_id: str, driver: str = "file") -> Any:
        """How far it has come to a driver, as the API shows it."""
        (found,) = [one for one in self.settings(who, server_id)["deliveries"] if one["driver"] == driver]
        return found

    def open_boots(self) -> int:
        """Of how many requests with settings it is not known yet which servers they made."""
        database = Database(DatabaseSettings(self.cloud.suite.database))
        try:
            later = utcnow() + datetime.timedelta(days=1)
            return len(RiderStore(database).open_before(PACKAGES, later))
        finally:
            database.dispose()

    def document(self, server_id: str, installation: str | None = None) -> Any:
        """What the driver file has of a server; None: nothing."""
        path = Path(self.cloud.suite.handed_over) / (installation or self.cloud.installation) / f"{server_id}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def until(self, happens: Callable[[], Any], what: str, seconds: float = _PATIENCE) -> Any:
        """What `happens` says, once it is true."""
        end = time.monotonic() + seconds
        while not (found := happens()):
            assert time.monotonic() < end, f"after {seconds:.0f} s it is not so that {what}"
            time.sleep(0.1)
        return found

    def delivered(self, server_id: str, **expected: Any) -> Any:
        """The document of a server, once it says what is expected, as ``packages`` or ``variables``."""
        _ = self.cloud.worker

        def arrived() -> Any:
            document = self.document(server_id)
            is_so = document is not None and all(document[name] == value for name, value in expected.items())
            return document if is_so else None

        return self.until(arrived, f"{expected} is handed over for server {server_id}, but {self.document(server_id)}")
