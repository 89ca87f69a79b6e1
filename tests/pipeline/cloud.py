"""People and a cloud for the tests over the real Glance application."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glance_related.instance_aware.store import Store

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER_NOVA = "99999999-8888-7777-6666-555555555555"


@dataclass
class Who:
    """A caller, as authtoken's headers describe one."""

    user: str
    project: str
    roles: str
    service_user: str = ""
    service_roles: str = "service"

    def headers(self) -> dict[str, str]:
        headers = {
            "X-Identity-Status": "Confirmed",
            "X-User-Id": self.user,
            "X-Project-Id": self.project,
            "X-Roles": self.roles,
        }
        if self.service_user:
            headers |= {
                "X-Service-Token": "token",
                "X-Service-Identity-Status": "Confirmed",
                "X-Service-User-Id": self.service_user,
                "X-Service-Roles": self.service_roles,
            }
        return headers


ALICE = Who("alice", "alice-project", "member,reader")
BOB = Who("bob", "bob-project", "member,reader")
ADMIN = Who("admin", "admin-project", "admin,member,reader")
SCHEDULER = Who("scheduler", "service-project", "service,member,reader")
NOVA_FOR_ALICE = Who("alice", "alice-project", "member,reader", service_user="nova")


@dataclass
class Cloud:
    """The application under test, the stock one beside it, and both databases."""

    root: Path
    app: Any
    stock: Any
    store: Store
    made: list[str] = field(default_factory=list)

    def request(self, who: Who, method: str, path: str, *, app: Any = None, status: Any = "*", **extra: Any) -> Any:
        headers = {**who.headers(), **extra.pop("headers", {})}
        return (app or self.app).request(path, method=method, headers=headers, status=status, **extra)

    def get(self, who: Who, path: str, **extra: Any) -> Any:
        return self.request(who, "GET", path, **extra)

    def post(self, who: Who, image: dict[str, Any], **extra: Any) -> Any:
        return self.request(who, "POST", "/v2/images", **_json(image, "application/json"), **extra)

    def patch(self, who: Who, image_id: str, changes: list[Any], version: str = "2.1", **extra: Any) -> Any:
        media_type = f"application/openstack-images-v{version}-json-patch"
        return self.request(who, "PATCH", f"/v2/images/{image_id}", **_json(changes, media_type), **extra)

    def delete(self, who: Who, image_id: str) -> Any:
        return self.request(who, "DELETE", f"/v2/images/{image_id}")

    def image(self, who: Who, **properties: str) -> str:
        """An image that must be created; its id."""
        reply = self.post(who, {"name": "an image", **properties})
        assert reply.status_int == 201, reply.text
        return str(reply.json["id"])

    def ids(self, who: Who, query: str = "", **extra: Any) -> list[str]:
        reply = self.get(who, f"/v2/images{query}", **extra)
        assert reply.status_int == 200, reply.text
        return [image["id"] for image in reply.json["images"]]

    def native(self, image_id: str) -> dict[str, str]:
        """What Glance's own tables hold of an image's properties."""
        with sqlite3.connect(self.root / "glance.sqlite") as glance:
            rows = glance.execute(
                "select name, value from image_properties where image_id = ? and deleted = 0", (image_id,)
            )
            return dict(rows.fetchall())


def _json(document: Any, content_type: str) -> dict[str, Any]:
    return {"body": json.dumps(document).encode(), "content_type": content_type}
