"""Who there is in the cloud: projects, users, roles and the catalogue, over Keystone's own API.

Every call looks before it makes, so all of it may be run again at any time.
"""

from __future__ import annotations

import urllib.parse
from typing import Any

from cloud import Trouble, web
from cloud.keystone import REGION, Keystone

CUSTOMERS = ("alice", "bob")

# What each service user of project `service` may do. `nova` is admin as many clouds have it; `glance-related`
# has to see every image to sweep. `scheduler` is a backup scheduler: it makes images of its own, for which
# Glance's policy wants `member`, and asks across customers as a service.
SERVICE_USERS = {
    "glance": ("service",),
    "nova": ("service", "admin"),
    "scheduler": ("service", "member"),
    "glance-related": ("service", "admin"),
}


class Accounts:
    """The cloud's people, by name: `projects`, `users`, `roles` are {name: id}."""

    def __init__(self, keystone: Keystone) -> None:
        self.keystone = keystone
        self.projects: dict[str, str] = {}
        self.users: dict[str, str] = {}
        self.roles: dict[str, str] = {}

    def standard(self, image_url: str | None = None) -> Accounts:
        """The people whom everything here is told with; with `image_url` a catalogue that leads to Glance."""
        self.user("admin", "admin", ("admin",))
        for customer in CUSTOMERS:
            self.user(customer, customer, ("member",))
        for name, roles in SERVICE_USERS.items():
            self.user(name, "service", roles)
        self.endpoint("identity", "keystone", self.keystone.url)
        if image_url:
            self.endpoint("image", "glance", image_url)
        return self

    def project(self, name: str) -> str:
        """The project of that name, made if it is not there; its id."""
        if name not in self.projects:
            self.projects[name] = self._ensure("project", {"name": name, "domain_id": "default"})
        return self.projects[name]

    def role(self, name: str) -> str:
        """The role of that name, made if it is not there; its id."""
        if name not in self.roles:
            self.roles[name] = self._ensure("role", {"name": name})
        return self.roles[name]

    def user(self, name: str, project: str, roles: tuple[str, ...] = ("member",)) -> str:
        """A user with a password of our file and these roles in that project; his id."""
        if name not in self.users:
            password = self.keystone.passwords[name]
            self.users[name] = self._ensure("user", {"name": name, "domain_id": "default"}, password=password)
        for role in roles:
            grant = f"projects/{self.project(project)}/users/{self.users[name]}/roles/{self.role(role)}"
            self._call("PUT", grant)
        return self.users[name]

    def region(self, name: str) -> None:
        """A region of that name; whatever is in the catalogue is in one."""
        if name not in [region["id"] for region in self._call("GET", "regions")["regions"]]:
            self._call("POST", "regions", {"region": {"id": name}})

    def endpoint(self, service_type: str, name: str, url: str, region: str = REGION) -> None:
        """One service in a region's catalogue, all interfaces at `url`, also where it stood elsewhere before."""
        service = self._ensure("service", {"type": service_type, "name": name})
        known = {
            endpoint["interface"]: endpoint
            for endpoint in self._call("GET", f"endpoints?service_id={service}&region_id={region}")["endpoints"]
        }
        for interface in ("public", "internal", "admin"):
            wanted = {"service_id": service, "interface": interface, "region_id": region, "url": url}
            if interface not in known:
                self._call("POST", "endpoints", {"endpoint": wanted})
            elif known[interface]["url"] != url:
                self._call("PATCH", f"endpoints/{known[interface]['id']}", {"endpoint": {"url": url}})

    def _ensure(self, kind: str, about: dict[str, str], **secret: str) -> str:
        """The id of the one thing that fits `about`; made, with the `secret` fields too, if there is none."""
        found = self._call("GET", f"{kind}s?{urllib.parse.urlencode(about)}")[f"{kind}s"]
        thing = found[0] if found else self._call("POST", f"{kind}s", {kind: about | secret})[kind]
        identifier: str = thing["id"]
        return identifier

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        token = self.keystone.token("admin")
        reply = web.request(method, f"{self.keystone.url}/{path}", token=token, json_body=body)
        if reply.status >= 300:
            raise Trouble(f"Keystone answers {reply.status} to {method} /v3/{path}: {reply.text}")
        return reply.json() if reply.body else None
