"""Servers of the customer of these tests that were made with image properties of their own; what Nova holds of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.real.nova.failures.basis import OURS, WHO, Basis
from tests.real.nova.failures.places import ACTIVE, State
from tests.real.nova.overridden import KEY, stored

if TYPE_CHECKING:
    from tests.real.nova.failures.site import Site
    from tests.real.wire import Answer

#: The properties that these tests override; the image itself has none of them.
NAMES = ("os_command_line", "hw_video_model", "hw_disk_bus")

_SECONDS = 180

# What is kept, and when it was: riders are believed for an hour. Which was first stays as it was.
_KEPT = (
    (f"{OURS}.glance_related_riders", "created_at", "json_value(content, '$.image_id')"),
    (f"{OURS}.glance_related_server_overrides", "made_at", "image_id"),
    ("instances", "created_at", "image_ref"),
)


class Overridden:
    """Servers booted from one image at a site; `made` has the ids of those that are to be deleted.

    What is waited for is looked at through the cloud's own Nova, whose filter knows nothing of this site's database:
    to look through the site's is to have a server found out.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cloud = site.cloud
        self.image = site.basis.upload()
        self._flavor = site.cloud.flavor()

    # -- asking

    def boot(self, name: str, override: Any = None, *, attempt: str = "", who: str = WHO, **more: Any) -> Answer:
        """POST /servers, whatever the answer; without a word of properties where they are None."""
        about = {"name": name, "imageRef": self.image, "flavorRef": self._flavor, "networks": "none"}
        about |= ({} if override is None else {KEY: override}) | more
        return self.site.ask("POST", "/servers", {"server": about}, attempt=attempt, who=who)

    def booted(self, name: str, override: Any = None, count: int = 1, **more: Any) -> list[str]:
        """The ids of servers that must become active."""
        answer = self.boot(name, override, min_count=count, max_count=count, **more)
        assert answer.status == 202, answer
        self.cloud.wait_for(lambda: len(self.named(name)) == count, f"servers are missing: {name}", _SECONDS)
        for server_id in self.named(name):
            self.wait_for(server_id)
        return self.named(name)

    def rebuild(self, server_id: str, override: Any = None, *, attempt: str = "", **more: Any) -> Answer:
        """The action, from the same image, whatever the answer."""
        about = {"imageRef": self.image} | ({} if override is None else {KEY: override}) | more
        return self.site.act(server_id, {"rebuild": about}, attempt=attempt)

    def shown(self, server_id: str) -> dict[str, str]:
        """What the site shows of its properties: a look at the server by its owner."""
        answer = self.site.ask("GET", f"/servers/{server_id}")
        assert answer.status == 200, answer
        return dict(answer.json()["server"].get(KEY, {}))

    # -- looking elsewhere

    def named(self, name: str) -> list[str]:
        """The ids of the servers of that name, or of those that one request made under it."""
        answer = self.cloud.compute_call(WHO, "GET", f"/servers?name={quote(name)}")
        assert answer.status == 200, answer
        return [one["id"] for one in answer.json()["servers"] if one["name"] in (name, f"{name}-1", f"{name}-2")]

    def state(self, server_id: str) -> State:
        """What Nova says of it."""
        server = self.cloud.server(WHO, server_id)
        return server["status"], server["OS-EXT-STS:task_state"]

    def wait_for(self, server_id: str, state: State = ACTIVE) -> None:
        """Until it is in this state; ERROR ends it at once."""

        def there() -> bool:
            seen = self.state(server_id)
            assert seen[0] != "ERROR", self.cloud.server(WHO, server_id).get("fault")
            return seen == state

        self.cloud.wait_for(there, f"server {server_id} does not become {state}", _SECONDS)

    def recorded(self, server_id: str) -> dict[str, str]:
        """Which of `NAMES` Nova's own record of a server has."""
        return {name: value for name, value in stored(self.cloud, server_id).items() if name in NAMES}

    def all(self) -> list[str]:
        """Every server that Nova has of this image."""
        query = "select uuid from instances where image_ref = %s and deleted = 0 and vm_state != 'deleted'"
        return [row["uuid"] for row in self.cloud.nova_rows(query, self.image)]

    def lies(self) -> list[str]:
        """What is shown of these servers that is not so by Nova's record, and what is so and not shown."""
        wrong = []
        for server_id in self.all():
            shown, recorded = self.shown(server_id), self.recorded(server_id)
            if shown != recorded:
                wrong.append(f"server {server_id} is shown with {shown}, and has {recorded}")
        return wrong

    def delete(self) -> None:
        """Nova is asked to remove all of them."""
        for server_id in self.all():
            self.cloud.compute_call("admin", "DELETE", f"/servers/{server_id}")


# -- what our tables hold


def kept_of(basis: Basis, server_id: str) -> dict[str, str] | None:
    """The properties in our row of a server."""
    query = f"select properties from {OURS}.glance_related_server_overrides where instance_id = %s"
    rows = basis.rows(query, server_id)
    return json.loads(rows[0]["properties"]) if rows else None


def riding(basis: Basis, image_id: str, *, is_open: bool = False) -> int:
    """How many overrides of an image's ride on requests to Nova, all or those that are open."""
    query = f"""select count(*) as number from {OURS}.glance_related_riders
        where kind = 'override' and json_value(content, '$.image_id') = %s and is_open >= %s"""
    return int(basis.rows(query, image_id, int(is_open))[0]["number"])


def rows_of_overrides(basis: Basis, image_id: str) -> int:
    """How many servers are kept to have properties in place of those of an image."""
    query = f"select count(*) as number from {OURS}.glance_related_server_overrides where image_id = %s"
    return int(basis.rows(query, image_id)[0]["number"])


def reconcile_overrides(basis: Basis, image_id: str) -> str:
    """What has happened to servers of an image is made hours older, then the command is run; what it said."""
    for table, column, image in _KEPT:
        basis.rows(f"update {table} set {column} = {column} - interval 3 hour where {image} = %s", image_id)
    done = basis.suite.manage("reconcile")
    assert done.returncode == 0, f"reconcile failed: {done.stdout} {done.stderr}"
    return done.stdout
