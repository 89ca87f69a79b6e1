"""The real cloud of these tests: what they ask of it, and what they look up behind its back."""

from __future__ import annotations

import json as json_
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pymysql
from sqlalchemy.engine import make_url

from cloud.accounts import CUSTOMERS
from cloud.compute import FLAVOR
from cloud.glance import Glance
from cloud.images import DATA, IMAGE
from cloud.nova import Nova
from cloud.nova_programs import Api
from tests.real.nova.servers import Servers
from tests.real.wire import Answer, exchange

#: What a request says where a test does not say otherwise: createImage answers with the image's id.
MICROVERSION = "2.90"

OTHER_FLAVOR = "m1.other"


class NovaCloud(Servers):
    """Everything that a test asks for, of the servers of `Servers`."""

    # -- asking

    def token(self, who: str) -> str:
        """A real token: customers and the administrator in the project of their name, services in `service`.

        `user@project` is anyone anywhere.
        """
        return self.keystone.token(*_user_and_project(who))

    def project(self, who: str) -> str:
        """The id of the project that `who` acts in."""
        return self.accounts.projects[_user_and_project(who)[1]]

    def call(
        self,
        server: Api | Glance | Nova,
        who: str | None,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        service_token: str | None = None,
        chunked: bool = False,
        microversion: str | None = None,
    ) -> Answer:
        """One request as `who` (None: without a token), the path sent letter by letter as it stands.

        `service_token` names whose token is sent as X-Service-Token. A header that is None is not sent.
        """
        sent: dict[str, str | None] = {"Accept": "application/json"}
        if who:
            sent["X-Auth-Token"] = self.token(who)
        if service_token:
            sent["X-Service-Token"] = self.token(service_token)
        if microversion:
            sent["OpenStack-API-Version"] = f"compute {microversion}"
        if json is not None:
            body = json_.dumps(json).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        present = {name: value for name, value in sent.items() if value is not None}
        port = server.api.port if isinstance(server, Nova) else server.port
        return exchange(port, method, path, present, body, chunked=chunked)

    def compute_call(
        self, who: str, method: str, path: str, json: Any = None, *, on: Api | Nova | None = None, **extra: Any
    ) -> Answer:
        """One request to Nova, by default to `nova` with our filter; `path` as in /servers."""
        extra.setdefault("microversion", MICROVERSION)
        return self.call(on or self.nova, who, method, f"/v2.1{path}", json=json, **extra)

    def boot(
        self,
        who: str,
        name: str = "a server",
        image: str | None = None,
        *,
        on: Api | Nova | None = None,
        wait: bool = True,
        **more: Any,
    ) -> str:
        """A server of `who` that must become ACTIVE; its id. `more` stands in the body beside the usual."""
        flavor = self.flavor(on=on)
        image = image or self.images_by_name[IMAGE]
        about = {"name": name, "flavorRef": flavor, "imageRef": image, "networks": "none", **more}
        answer = self.compute_call(who, "POST", "/servers", {"server": about}, on=on)
        assert answer.status == 202, answer
        server_id = str(answer.json()["server"]["id"])
        if wait:
            self.wait_for_server(who, server_id, "ACTIVE", on=on)
        return server_id

    def action(
        self,
        who: str,
        server_id: str,
        body: Any,
        microversion: str | None = MICROVERSION,
        *,
        on: Api | Nova | None = None,
        **extra: Any,
    ) -> Answer:
        """POST /servers/{id}/action, whatever the answer."""
        path = f"/servers/{server_id}/action"
        return self.compute_call(who, "POST", path, body, on=on, microversion=microversion, **extra)

    def snapshot(
        self, who: str, server_id: str, name: str = "a snapshot", *, on: Api | Nova | None = None, **more: Any
    ) -> str:
        """createImage, which must be accepted and end in an active image; the image's id."""
        answer = self.action(who, server_id, {"createImage": {"name": name, **more}}, on=on)
        assert answer.status == 202, answer
        image_id = str(answer.json()["image_id"])
        self.wait_for_image(image_id)
        return image_id

    def server(self, who: str, server_id: str, *, on: Api | Nova | None = None) -> dict[str, Any]:
        """The server as `who` sees it."""
        answer = self.compute_call(who, "GET", f"/servers/{server_id}", on=on)
        assert answer.status == 200, answer
        return dict(answer.json()["server"])

    def delete_server(self, who: str, server_id: str, *, on: Api | Nova | None = None) -> None:
        """It must go."""
        answer = self.compute_call(who, "DELETE", f"/servers/{server_id}", on=on)
        assert answer.status == 204, answer

        def gone() -> bool:
            return self.compute_call(who, "GET", f"/servers/{server_id}", on=on).status == 404

        self.wait_for(gone, f"server {server_id} does not go")

    def upload(self, who: str, data: bytes = DATA, **properties: Any) -> str:
        """An active image of `who`; its id."""
        about = {"name": "an image", "disk_format": "raw", "container_format": "bare", **properties}
        answer = self.call(self.glance, who, "POST", "/v2/images", json=about)
        assert answer.status == 201, answer
        image_id = str(answer.json()["id"])
        headers = {"Content-Type": "application/octet-stream"}
        sent = self.call(self.glance, who, "PUT", f"/v2/images/{image_id}/file", body=data, headers=headers)
        assert sent.status == 204, sent
        return image_id

    def images(self, who: str, query: str = "", *, on: Glance | None = None) -> list[dict[str, Any]]:
        """GET /v2/images{query}, which must be answered."""
        answer = self.call(on or self.glance, who, "GET", f"/v2/images{query}")
        assert answer.status == 200, answer
        return list(answer.json()["images"])

    def shown(self, who: str, image_id: str, *, on: Glance | None = None) -> dict[str, Any]:
        """The image as `who` sees it."""
        answer = self.call(on or self.glance, who, "GET", f"/v2/images/{image_id}")
        assert answer.status == 200, answer
        return dict(answer.json())

    # -- waiting

    def wait_for(self, happens: Callable[[], Any], otherwise: str, seconds: float = 60) -> Any:
        """What `happens` returns once it is true; else the sentence `otherwise`."""
        end = time.monotonic() + seconds
        while True:
            seen = happens()
            if seen:
                return seen
            assert time.monotonic() < end, otherwise
            time.sleep(0.2)

    def wait_for_server(
        self, who: str, server_id: str, *statuses: str, on: Api | Nova | None = None, seconds: float = 60
    ) -> dict[str, Any]:
        """Until it has one of these statuses and nothing is being done to it; ERROR ends it at once."""

        def there() -> dict[str, Any] | None:
            server = self.server(who, server_id, on=on)
            assert server["status"] != "ERROR" or "ERROR" in statuses, server.get("fault")
            settled = server["status"] in statuses and server["OS-EXT-STS:task_state"] is None
            return server if settled else None

        return dict(self.wait_for(there, f"server {server_id} is not {' or '.join(statuses)}", seconds))

    def wait_for_image(self, image_id: str, seconds: float = 60) -> None:
        """Until Glance has it as active."""

        def active() -> bool:
            image = self.image(image_id)
            return image is not None and image["status"] == "active"

        self.wait_for(active, f"image {image_id} is not active", seconds)

    def wait_until_older(self, image_id: str) -> None:
        """Until whatever is made from now on is younger than this image.

        On MariaDB Glance keeps whole seconds, and of backups of the same one Nova may take any for the oldest.
        """
        image = self.image(image_id)
        assert image is not None, f"image {image_id} is gone"
        younger = image["created_at"] + timedelta(seconds=1)
        self.wait_for(lambda: datetime.now(UTC).replace(tzinfo=None) >= younger, "the clock stands still", 10)

    # -- what was stored

    def image(self, image_id: str) -> dict[str, Any] | None:
        """What Glance's own tables hold of an image, with its properties under "properties"; None: nothing."""
        rows = self.glance_rows("select * from images where id = %s and deleted = 0", image_id)
        if not rows:
            return None
        query = "select name, value from image_properties where image_id = %s and deleted = 0"
        properties = {row["name"]: row["value"] for row in self.glance_rows(query, image_id)}
        return {**rows[0], "properties": properties}

    def images_of(self, server_id: str) -> list[str]:
        """The ids of Glance's images that by Nova's own property come from that server."""
        query = """select i.id from images i join image_properties p on p.image_id = i.id
            where i.deleted = 0 and p.deleted = 0 and p.name = 'instance_uuid' and p.value = %s"""
        return [row["id"] for row in self.glance_rows(query, server_id)]

    def stored(self, image_id: str) -> tuple[str, str] | None:
        """What our table holds of an image: (installation, instance)."""
        rows = self.suite_rows("select * from glance_related_image_instances where image_id = %s", image_id)
        return (rows[0]["nova_installation_uuid"], rows[0]["instance_id"]) if rows else None

    def glance_rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of Glance's own database (MariaDB, as all of them: values are %s), read beside the servers."""
        return _mariadb_rows(self.glance.database, query, *values)

    def suite_rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the suite's database."""
        return _mariadb_rows(self.suite.database, query, *values)

    def nova_rows(self, query: str, *values: Any, nova: Nova | None = None) -> list[dict[str, Any]]:
        """Rows of the database of Nova's cell."""
        return _mariadb_rows((nova or self.nova).database("cell1"), query, *values)

    def api_rows(self, query: str, *values: Any, nova: Nova | None = None) -> list[dict[str, Any]]:
        """Rows of the database of Nova's API (MariaDB: values are %s)."""
        return _mariadb_rows((nova or self.nova).database("api"), query, *values)

    # -- flavors

    def flavor(self, name: str = FLAVOR, *, on: Api | Nova | None = None) -> str:
        """The id of a flavor."""
        return str(self._flavors(on)[name]["id"])

    def flavor_memory(self) -> int:
        """The memory of the usual flavor, in MB."""
        return int(self._flavors(None)[FLAVOR]["ram"])

    def other_flavor(self) -> str:
        """The id of another flavor, to which a server of the usual one can be resized."""
        if OTHER_FLAVOR not in self._flavors(None):
            about = {"name": OTHER_FLAVOR, "ram": self.flavor_memory() * 2, "vcpus": 1, "disk": 1}
            answer = self.compute_call("admin", "POST", "/flavors", {"flavor": about})
            assert answer.status == 200, answer
        return self.flavor(OTHER_FLAVOR)

    def _flavors(self, on: Api | Nova | None) -> dict[str, Any]:
        answer = self.compute_call("admin", "GET", "/flavors/detail", on=on)
        assert answer.status == 200, answer
        return {one["name"]: one for one in answer.json()["flavors"]}


def _user_and_project(who: str) -> tuple[str, str]:
    user, _, project = who.partition("@")
    return user, project or (user if user in (*CUSTOMERS, "admin") else "service")


def _mariadb_rows(database: str, query: str, *values: Any) -> list[dict[str, Any]]:
    url = make_url(database)
    connection = pymysql.connect(
        host=url.host, port=url.port or 0, user=url.username, password=str(url.password), database=url.database,
        charset="utf8mb4", autocommit=True, connect_timeout=10, read_timeout=60,
        cursorclass=pymysql.cursors.DictCursor,
    )  # fmt: skip
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
