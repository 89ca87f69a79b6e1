"""What the tests of the page prepare on a cloud, over HTTP alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from tests.filters.page_side import Person


@dataclass
class Cloud:
    """Keystone and Nova, with our filter in its pipeline.

    :param auth_url: Keystone's, with ``/v3``
    :param compute_url: Nova's, with ``/v2.1``
    """

    auth_url: str
    compute_url: str

    def token(self, person: Person) -> str:
        user = {"name": person.name, "password": person.password, "domain": {"name": "Default"}}
        scope = {"project": {"name": person.project, "domain": {"name": "Default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        document = {"auth": {"identity": identity, "scope": scope}}
        reply = requests.post(f"{self.auth_url}/auth/tokens", json=document, timeout=30)
        assert reply.status_code == 201, reply.text
        return reply.headers["X-Subject-Token"]

    def ask(self, person: Person, method: str, path: str, document: Any = None, **headers: str) -> requests.Response:
        headers = {"X-Auth-Token": self.token(person), "OpenStack-API-Version": "compute 2.9", **headers}
        return requests.request(method, self.compute_url + path, json=document, headers=headers, timeout=60)

    def publish(self, admin: Person, *entries: dict[str, Any]) -> None:
        for start in range(0, len(entries), 200):
            reply = self.ask(admin, "POST", "/package-menu", {"entries": list(entries[start : start + 200])})
            assert reply.status_code == 200, reply.text

    def say(self, person: Person, project_id: str, name: str, state: str, default: Any = None) -> None:
        document = {"state": state} | ({} if default is None else {"default": default})
        reply = self.ask(person, "PUT", f"/package-menu/projects/{project_id}/{name}", document)
        assert reply.status_code == 200, reply.text

    def settings(self, person: Person, server_id: str) -> Any:
        reply = self.ask(person, "GET", f"/servers/{server_id}/packages")
        assert reply.status_code == 200, reply.text
        return reply.json()["server_packages"]

    def change(self, person: Person, server_id: str, document: Any) -> None:
        reply = self.ask(person, "PUT", f"/servers/{server_id}/packages", document)
        assert reply.status_code == 200, reply.text
