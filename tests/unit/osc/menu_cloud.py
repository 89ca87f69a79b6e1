"""A cloud with a package menu: the filter itself, a Nova behind it that makes servers, and a Keystone."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import webob

from tests.filters.acting_nova import OWN_ID
from tests.filters.conftest import ADMIN, MEMBER
from tests.filters.menu_side import BOB, MANAGER, READER, MenuSide

COMPUTE, IDENTITY, IMAGE_SERVICE = "/compute/v2.1", "/identity/v3", "/image"
#: Who there is, and as whom Keystone confirms them to Nova.
PEOPLE = {"admin": ADMIN, "alice": MEMBER, "mallory": MANAGER, "rita": READER, "bob": BOB}
#: What Nova shows of a server besides, without which no command of openstackclient can show one.
_OF_EVERY_SERVER = {"flavor": {"original_name": "tiny", "ram": 64}, "addresses": {}, "metadata": {}}
PROJECTS = {"alice-project": "alice", "bob-project": "bob", "admin-project": "admin"}


@dataclass(frozen=True)
class Sent:
    """One request as it reached Nova's address."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any


class MenuCloud:
    """See the module.

    :param side: the filter and what is around it
    :param url: where it is
    """

    def __init__(self, side: MenuSide, url: str) -> None:
        self.side = side
        self.url = url
        self.sent: list[Sent] = []
        #: Whether the filter stands in front of Nova.
        self.has_menu = True
        #: Whether only administrators may look projects up.
        self.is_discreet = True
        #: What Keystone was asked, but for tokens and versions.
        self.looked_up: list[tuple[str, dict[str, str]]] = []
        #: The projects of whoever asks for his own, but for that of his token.
        self.more_projects: list[dict[str, str]] = []
        #: Run before each request to a path that ends so, once each, and taken out then.
        self.before: list[tuple[str, str, Callable[[], object]]] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if path.startswith(IDENTITY):
            return self._keystone(method, path.removeprefix(IDENTITY), environ, body, start_response)
        if path.startswith(IMAGE_SERVICE):
            return self._glance(path.removeprefix(IMAGE_SERVICE), start_response)
        if path.rstrip("/") == COMPUTE:
            version = {"id": "v2.1", "status": "CURRENT", "version": "2.100", "min_version": "2.1"}
            return _answer(start_response, 200, {"version": {**version, "links": self._links(COMPUTE)}})
        return self._nova(environ, path.removeprefix(COMPUTE), body, start_response)

    # -- what was asked

    def asked(self, method: str, path: str = "") -> list[Sent]:
        """What was sent with this method to paths that end so."""
        return [one for one in self.sent if one.method == method and one.path.endswith(path)]

    @property
    def changes(self) -> list[Sent]:
        """Everything that was sent to change something."""
        return [one for one in self.sent if one.method != "GET"]

    def meanwhile(self, method: str, path: str, act: Callable[[], object]) -> None:
        """Do something before the next such request is answered."""
        self.before.append((method, path, act))

    # -- Nova

    def _nova(self, environ: Any, path: str, body: bytes, start_response: Any) -> Iterable[bytes]:
        headers = {name[5:].replace("_", "-").title(): value for name, value in environ.items() if "HTTP_" in name}
        query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        self.sent.append(Sent(environ["REQUEST_METHOD"], path, query, headers, json.loads(body) if body else None))
        who = PEOPLE[headers["X-Auth-Token"]]
        self._act_before(environ["REQUEST_METHOD"], path)
        if path == "/servers/detail":
            found = [one for one in self.side.nova.servers.values() if query.get("name", one.name) == one.name]
            own = [one for one in found if one.tenant_id == who["X-Project-Id"]]
            return _answer(start_response, 200, {"servers": [{**one.shown(), "name": one.name} for one in own]})
        if path == "/flavors/1":
            flavor = {"id": "1", "name": "tiny", "ram": 64, "disk": 1, "vcpus": 1}
            return _answer(start_response, 200, {"flavor": flavor})
        if (environ["REQUEST_METHOD"], path) == ("POST", "/servers"):
            body = _understood(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        if not self.has_menu and "/package" in path:
            return _answer(start_response, 404, {"title": "Not Found", "code": "404 Not Found", "message": "..."})
        confirmed = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in who.items()}
        environ |= {"HTTP_X_IDENTITY_STATUS": "Confirmed", **confirmed, OWN_ID: f"req-{uuid.uuid4()}"}
        environ |= {"keystone.token_auth": object(), "PATH_INFO": path, "SCRIPT_NAME": COMPUTE}
        environ["wsgi.input"] = io.BytesIO(body)
        reply = webob.Request(environ).get_response(self.side.app.app)
        if reply.status_int == 200 and "server" in reply.json:
            reply.json = {"server": {**_OF_EVERY_SERVER, **self._named(reply.json["server"])}}
        return reply(environ, start_response)  # type: ignore[no-any-return]

    def _named(self, server: dict[str, Any]) -> dict[str, Any]:
        return {"name": self.side.nova.servers[server["id"]].name, **server}

    def _glance(self, path: str, start_response: Any) -> Iterable[bytes]:
        if path.startswith("/v2/images/"):
            image_id = path.removeprefix("/v2/images/")
            return _answer(start_response, 200, {"id": image_id, "name": "debian", "tags": []})
        links = self._links(f"{IMAGE_SERVICE}/v2")
        return _answer(start_response, 200, {"versions": [{"id": "v2.17", "status": "CURRENT", "links": links}]})

    def _act_before(self, method: str, path: str) -> None:
        for one in self.before:
            if one[0] == method and path.endswith(one[1]):
                self.before.remove(one)
                one[2]()
                return

    # -- Keystone

    def _keystone(self, method: str, path: str, environ: Any, body: bytes, start_response: Any) -> Iterable[bytes]:
        if path.rstrip("/") == "":
            version = {"id": "v3.14", "status": "stable", "links": self._links(IDENTITY)}
            return _answer(start_response, 200, {"version": version})
        if (method, path) == ("POST", "/auth/tokens"):
            name = json.loads(body)["auth"]["identity"]["password"]["user"]["name"]
            return _answer(start_response, 201, {"token": self._token(name)}, ("X-Subject-Token", name))
        who = PEOPLE[environ["HTTP_X_AUTH_TOKEN"]]
        own = who["X-Project-Id"]
        query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        self.looked_up.append((path, query))
        if path == "/auth/projects":
            first = {"id": own, "name": PROJECTS[own], "domain_id": "default"}
            return _answer(start_response, 200, {"projects": [first, *self.more_projects]})
        if self.is_discreet and who is not ADMIN:
            return _answer(start_response, 403, {"error": {"code": 403, "message": "You are not authorized."}})
        if path == "/domains/Default":
            return _answer(start_response, 200, {"domain": {"id": "default", "name": "Default"}})
        if path == "/projects":
            found = [{"id": one, "name": name} for one, name in PROJECTS.items() if name == query["name"]]
            return _answer(start_response, 200, {"projects": found})
        project_id = path.removeprefix("/projects/")
        if project_id not in PROJECTS:
            return _answer(start_response, 404, {"error": {"code": 404, "message": "Could not find it."}})
        return _answer(start_response, 200, {"project": {"id": project_id, "name": PROJECTS[project_id]}})

    def _token(self, name: str) -> dict[str, Any]:
        who = PEOPLE[name]
        domain = {"id": "default", "name": "Default"}
        services = {"compute": COMPUTE, "identity": IDENTITY, "image": IMAGE_SERVICE}
        return {
            "methods": ["password"],
            "user": {"id": who["X-User-Id"], "name": name, "domain": domain},
            "project": {"id": who["X-Project-Id"], "name": PROJECTS[who["X-Project-Id"]], "domain": domain},
            "roles": [{"id": role, "name": role} for role in who["X-Roles"].split(",")],
            "expires_at": "2100-01-01T00:00:00.000000Z",
            "catalog": [
                {
                    "type": type_,
                    "name": type_,
                    "endpoints": [
                        {"region": "here", "region_id": "here", "interface": "public", "url": self.url + path}
                    ],
                }
                for type_, path in services.items()
            ],
        }

    def _links(self, path: str) -> list[dict[str, str]]:
        return [{"rel": "self", "href": f"{self.url}{path}/"}]


def _answer(start_response: Any, status: int, document: Any, *headers: tuple[str, str]) -> Iterable[bytes]:
    start_response(f"{status} So", [("Content-Type", "application/json"), *headers])
    return [json.dumps(document).encode()]


def _understood(body: bytes) -> bytes:
    """A boot, without what the Nova of these tests does not know."""
    document = json.loads(body)
    for key in ("flavorRef", "networks", "max_count"):
        document["server"].pop(key, None)
    return json.dumps(document).encode()
