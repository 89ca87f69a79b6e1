"""The real cloud of these tests: one Keystone, several Glances over one database, people with real tokens.

Everything is started from the environment that runs pytest, in a temporary folder, on free ports of the
loopback, each server when it is first asked for, and stopped by its pid at the end.
"""

from __future__ import annotations

import json as json_
import sqlite3
import sys
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from cloud.accounts import CUSTOMERS, Accounts
from cloud.glance import Glance
from cloud.keystone import Keystone
from cloud.suite import Suite
from tests.real.wire import Answer, exchange
from tests.servers.ports import free_port

#: The WSGI servers that every behaviour is shown under.
SERVERS = ("gunicorn", "pyuwsgi")

#: Beside the people of tools/cloud, in project `service`. Only some of them are registered, see `_register`.
MORE_SERVICE_USERS = {
    "other-nova": ("service", "admin"),
    "other-scheduler": ("service", "member"),
    "cinder": ("service", "member"),
}

#: The user of a trusted program, with a token that says nothing of it: a plain member of alice's project.
MOONLIGHTER = "moonlighter@alice"

#: Glance's own default of service_token_roles_required, false, lets any good token pass as a service token:
#: what holds there holds under the strict form too.
_GLANCES: Mapping[str, Mapping[str, Any]] = {
    "gunicorn": {"server": "gunicorn", "service_token_roles_required": False},
    "pyuwsgi": {"server": "pyuwsgi", "service_token_roles_required": False},
    "strict-gunicorn": {"server": "gunicorn", "service_token_roles_required": True},
    "strict-pyuwsgi": {"server": "pyuwsgi", "service_token_roles_required": True},
    "stock": {"server": "gunicorn", "filters": "", "service_token_roles_required": False},
    "stock-pyuwsgi": {"server": "pyuwsgi", "filters": "", "service_token_roles_required": False},
}

_JSON_PATCH = "application/openstack-images-v{}-json-patch"


class Cloud:
    """Everything that a test asks for.

    `installation` is the Nova of users `nova` and `scheduler`, `other_installation` that of `other-nova` and
    `other-scheduler`; `cinder` is a service that nobody registered.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = Path(sys.prefix)
        self.keystone = Keystone(root, free_port(), self.venv)
        self.accounts = Accounts(self.keystone)
        self.suite = Suite(root, self.venv, self.keystone)
        self.installation = str(uuid.uuid4())
        self.other_installation = str(uuid.uuid4())
        self._glances: dict[str, Glance] = {}

    # -- servers

    def start(self) -> None:
        """Keystone, accounts, both databases; every Glance starts when it is first asked for."""
        self.keystone.prepare()
        self.suite.write_config()
        first = self._make("gunicorn", **_GLANCES["gunicorn"])
        with ThreadPoolExecutor() as together:
            done = [together.submit(first.db_sync), together.submit(self.suite.db_upgrade)]
            self.keystone.start()
            self._people(first.url)
            for one in done:
                one.result()
        self._register()

    def glance(self, name: str) -> Glance:
        """`gunicorn`, `pyuwsgi`, `strict-gunicorn`, `strict-pyuwsgi`, `stock`, `stock-pyuwsgi`."""
        glance = self._glances.get(name) or self._make(name, **_GLANCES[name])
        if glance.pid is None:
            glance.start()
        return glance

    def extra_glance(self, name: str, **options: Any) -> Glance:
        """One more Glance over the same database and store, started; `options` are those of `cloud.glance.Glance`."""
        glance = self._make(name, **options)
        glance.start()
        return glance

    def _make(self, name: str, **options: Any) -> Glance:
        first = self._glances.get("gunicorn")
        shared = {"database": first.database, "store": first.store} if first else {}
        options = {"suite_conf": self.suite.conf, "threads": 4, **shared, **options}
        glance = Glance(self.root, name, free_port(), self.venv, self.keystone, **options)
        glance.write_config()
        self._glances[name] = glance
        return glance

    def stop(self) -> None:
        for glance in self._glances.values():
            glance.stop()
        self.keystone.stop()

    def _people(self, image_url: str) -> None:
        self.accounts.standard(image_url)
        for name, roles in MORE_SERVICE_USERS.items():
            self.accounts.user(name, "service", roles)
        self.accounts.user(*_user_and_project(MOONLIGHTER), ("member",))

    def _register(self) -> None:
        users = self.accounts.users
        programs = [users["scheduler"], users[_user_and_project(MOONLIGHTER)[0]]]
        self.suite.add_installation(self.installation, "nova", [users["nova"]], programs)
        others = ([users["other-nova"]], [users["other-scheduler"]])
        self.suite.add_installation(self.other_installation, "other", *others)

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
        server: Glance,
        who: str | None,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        service_token: str | None = None,
        chunked: bool = False,
    ) -> Answer:
        """One request as `who` (None: without a token), the path sent letter by letter as it stands.

        `service_token` names whose token is sent as X-Service-Token. A header that is None is not sent.
        """
        sent: dict[str, str | None] = {"Accept": "application/json"}
        if who:
            sent["X-Auth-Token"] = self.token(who)
        if service_token:
            sent["X-Service-Token"] = self.token(service_token)
        if json is not None:
            body = json_.dumps(json).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        present = {name: value for name, value in sent.items() if value is not None}
        return exchange(server.port, method, path, present, body, chunked=chunked)

    def patch(
        self, server: Glance, who: str, image_id: str, changes: Any, *, version: str = "2.1", **extra: Any
    ) -> Answer:
        """PATCH an image in one of both media types."""
        headers = {"Content-Type": _JSON_PATCH.format(version), **extra.pop("headers", {})}
        return self.call(server, who, "PATCH", f"/v2/images/{image_id}", json=changes, headers=headers, **extra)

    def image(self, server: Glance, who: str, **properties: Any) -> str:
        """An image that must be created; its id."""
        answer = self.call(server, who, "POST", "/v2/images", json={"name": "an image", **properties})
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    def bound(self, server: Glance, who: str, instance: str, **properties: Any) -> str:
        """An image of `who` with the tuple (our installation, instance), set by the administrator; its id."""
        image_id = self.image(server, who, **properties)
        changes = [{"op": "add", "path": f"/{name}", "value": value} for name, value in self.tuple(instance).items()]
        answer = self.patch(server, "admin", image_id, changes)
        assert answer.status == 200, answer
        return image_id

    def tuple(self, instance: str, installation: str | None = None) -> dict[str, str]:
        """The two properties, as a client sends them."""
        return {"nova_installation_uuid": installation or self.installation, "instance_id": instance}

    def ids(self, server: Glance, who: str, query: str = "", **extra: Any) -> list[str]:
        """The ids of a list that must be answered."""
        answer = self.call(server, who, "GET", f"/v2/images{query}", **extra)
        assert answer.status == 200, answer
        return [image["id"] for image in answer.json()["images"]]

    # -- what was stored

    def native(self, image_id: str) -> dict[str, str]:
        """What Glance's own tables hold of an image's properties."""
        query = "select name, value from image_properties where image_id = ? and deleted = 0"
        return {row["name"]: row["value"] for row in self.glance_rows(query, image_id)}

    def stored(self, image_id: str) -> tuple[str, str] | None:
        """What our table holds of an image: (installation, instance)."""
        query = "select * from glance_related_image_instances where image_id = ?"
        rows = self.suite_rows(query, image_id)
        return (rows[0]["nova_installation_uuid"], rows[0]["instance_id"]) if rows else None

    def pending(self, image_id: str) -> list[dict[str, Any]]:
        """Attempts under that id which nobody has finished."""
        return self.suite_rows("select * from glance_related_pending_images where image_id = ?", image_id)

    def glance_rows(self, query: str, *values: str) -> list[dict[str, Any]]:
        """Rows of Glance's own database, read beside the servers."""
        return _rows(self._glances["gunicorn"].database_file, query, *values)

    def suite_rows(self, query: str, *values: str) -> list[dict[str, Any]]:
        """Rows of the suite's database."""
        return _rows(self.suite.database_file, query, *values)


def _user_and_project(who: str) -> tuple[str, str]:
    user, _, project = who.partition("@")
    return user, project or (user if user in (*CUSTOMERS, "admin") else "service")


def _rows(database: Path, query: str, *values: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]
