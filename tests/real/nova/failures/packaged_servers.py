"""Servers of the customer of these tests that were booted with packages, and what is kept and handed over of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cloud.worker import Worker
from glance_related.db.database import Database, DatabaseSettings
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.settings.keys import Keys
from tests.real.nova.failures.basis import OURS, WHO, Basis
from tests.real.nova.failures.places import ACTIVE, State

if TYPE_CHECKING:
    from tests.real.nova.failures.site import Site
    from tests.real.wire import Answer

#: A package, and two variables that each server has a value of its own for.
ENTRIES = (
    {"name": "apache", "kind": "package", "on_by_default": False},
    {"name": "logs", "kind": "package", "on_by_default": True},
    {"name": "owner", "kind": "variable", "type": "string", "default": "nobody", "on_by_default": True},
    {"name": "password", "kind": "variable", "type": "secret", "on_by_default": True},
)
#: What a server is handed that has said nothing.
OF_PROJECT = {"packages": ["logs"], "variables": {"owner": "nobody"}}

_SECONDS = 180

Settings = Mapping[str, Any]


def of_its_own(name: str) -> dict[str, Any]:
    """What a boot asks for, told apart from every other by its name."""
    return {"packages": ["apache"], "package_variables": {"owner": name, "password": f"secret of {name}"}}


def handed(name: str) -> dict[str, Any]:
    """What a server is handed that was asked for with that."""
    return {"packages": ["apache", "logs"], "variables": {"owner": name, "password": f"secret of {name}"}}


def shown_of(handed: Settings) -> dict[str, Any]:
    """What is shown of what a server is handed: no secret."""
    variables = {name: None if name == "password" else value for name, value in handed["variables"].items()}
    return {"packages": handed["packages"], "variables": variables}


@contextmanager
def published(site: Site, *projects: str) -> Iterator[None]:
    """There is a menu, within the block; these people's projects may have all of it, and so may that of these tests."""

    def need(method: str, path: str, document: Any = None) -> None:
        answer = site.ask(method, path, document, who="admin")
        assert answer.status < 300, answer

    need("POST", "/package-menu", {"entries": list(ENTRIES)})
    for who in (WHO, *projects):
        path = f"/package-menu/projects/{site.cloud.project(who)}/apache"
        need("PUT", path, {"state": "available"})
    yield
    for entry in ENTRIES:
        need("DELETE", f"/package-menu/{entry['name']}?force=true")


class Packaged:
    """Servers at a site; `close` removes them.

    What is waited for is looked at through the cloud's own Nova, whose filter knows nothing of this site's database:
    to look through the site's is to have a server found out.

    :param name: with which the name of every server begins
    """

    def __init__(self, site: Site, name: str) -> None:
        self.site = site
        self.name = name
        self.cloud = site.cloud
        self.basis: Basis = site.basis
        self.image = site.basis.upload()
        self._flavor = site.cloud.flavor()
        self._database = Database(DatabaseSettings(site.basis.suite.database))
        self._instances = InstanceStore(self._database)
        self._keys = Keys(str(site.basis.suite.keys))
        self._worker = Worker(site.basis.suite, f"worker-{name}")

    def close(self) -> None:
        for server_id in self.all():
            self.cloud.compute_call("admin", "DELETE", f"/servers/{server_id}")
        self._database.dispose()

    # -- asking

    def boot(
        self, name: str, settings: Settings | None = None, *, attempt: str = "", who: str = WHO, **more: Any
    ) -> Answer:
        """POST /servers, whatever the answer; without a word of packages where they are None."""
        about = {"name": name, "imageRef": self.image, "flavorRef": self._flavor, "networks": "none"}
        return self.site.ask(
            "POST", "/servers", {"server": {**about, **(settings or {}), **more}}, attempt=attempt, who=who
        )

    def shown(self, server_id: str) -> dict[str, Any]:
        """What the site shows of a server's settings: a look at the server by its owner; a secret is null."""
        answer = self.site.ask("GET", f"/servers/{server_id}/packages?on=true")
        assert answer.status == 200, answer
        told = answer.json()["server_packages"]
        return {"packages": told["packages"], "variables": told["package_variables"]}

    # -- looking elsewhere

    def named(self, name: str) -> list[str]:
        """The ids of the servers of that name, or of those that one request made under it."""
        answer = self.cloud.compute_call(WHO, "GET", f"/servers?name={quote(name)}")
        assert answer.status == 200, answer
        return [one["id"] for one in answer.json()["servers"] if one["name"] in (name, f"{name}-1", f"{name}-2")]

    def all(self) -> list[str]:
        """Every server of these tests."""
        query = "select uuid from instances where image_ref = %s and deleted = 0 and vm_state != 'deleted'"
        return [row["uuid"] for row in self.cloud.nova_rows(query, self.image)]

    def wait_for(self, server_id: str, state: State = ACTIVE) -> None:
        """Until it is in this state; ERROR ends it at once."""

        def there() -> bool:
            server = self.cloud.server(WHO, server_id)
            assert server["status"] != "ERROR", server.get("fault")
            return (server["status"], server["OS-EXT-STS:task_state"]) == state

        self.cloud.wait_for(there, f"server {server_id} does not become {state}", _SECONDS)

    # -- what our tables hold

    def kept(self, server_id: str) -> dict[str, Any] | None:
        """What a server has of its own, secrets too; None: nothing is known of it."""
        kept = self._instances.get(InstanceRef(self.cloud.installation, server_id))
        if kept is None:
            return None
        choices = kept.choices.items()
        values = {name: one.value for name, one in choices if one.value is not None}
        return {
            "packages": sorted(name for name, one in choices if one.is_on),
            "package_variables": {
                name: self._keys.open(value.token) if isinstance(value, Sealed) else value
                for name, value in values.items()
            },
        }

    def made_by_a_rider(self) -> list[str]:
        """The servers that open requests with packages name, because Nova has answered them."""
        query = f"""select json_value(content, '$.made') as made from {OURS}.glance_related_riders
            where kind = 'packages' and project_id = %s and is_open = 1"""
        rows = self.basis.rows(query, self.cloud.project(WHO))
        return [row["made"] for row in rows if row["made"]]

    def riders(self, *, is_open: bool = False, who: str = WHO) -> int:
        """How many requests with packages are kept, all or those that are open."""
        query = f"""select count(*) as number from {OURS}.glance_related_riders
            where kind = 'packages' and project_id = %s and is_open >= %s"""
        return int(self.basis.rows(query, self.cloud.project(who), int(is_open))[0]["number"])

    def rows(self, who: str = WHO) -> int:
        """Of how many servers something is known."""
        query = f"select count(*) as number from {OURS}.glance_related_package_instances where project_id = %s"
        return int(self.basis.rows(query, self.cloud.project(who))[0]["number"])

    def wishes(self, who: str = WHO) -> int:
        """How much is to be handed over, or was."""
        query = f"select count(*) as number from {OURS}.glance_related_deliveries where project_id = %s"
        return int(self.basis.rows(query, self.cloud.project(who))[0]["number"])

    def age(self) -> None:
        """What has happened becomes three hours older: a rider is believed for one. Which was first stays as it was."""
        self.basis.rows(
            f"update {OURS}.glance_related_riders set created_at = created_at - interval 3 hour where kind = 'packages'"
        )
        self.cloud.nova_rows(
            "update instances set created_at = created_at - interval 3 hour where image_ref = %s", self.image
        )

    def reconcile(self) -> str:
        """Hours later the command is run; what it said."""
        self.age()
        done = self.basis.suite.manage("reconcile")
        assert done.returncode == 0, f"reconcile failed: {done.stdout} {done.stderr}"
        return done.stdout

    # -- what is handed over

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker looks around and hands over, within the block."""
        self._worker.start()
        try:
            yield
        finally:
            self._worker.stop()

    def document(self, server_id: str) -> dict[str, Any] | None:
        """What the driver has of a server; None: nothing."""
        path = self.basis.suite.handed_over / self.cloud.installation / f"{server_id}.json"
        if not path.exists():
            return None
        document = json.loads(path.read_text())
        return {"packages": sorted(document["packages"]), "variables": document["variables"]}

    def wait_until(self, happens: Callable[[], Any], otherwise: str) -> None:
        self.cloud.wait_for(happens, otherwise, _SECONDS)
