"""Glance as ``reconcile`` asks it: a dictionary of images behind the answers that a real one gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from glance_related.hosts.account import Answer

FROM_GLANCE = {"x-openstack-request-id": "req-1"}


class FakeAccount:
    """Answers as Glance 33 does to an administrator; `answers` says what it answers instead, by path.

    :param database_id: what its filter says
    """

    def __init__(self, database_id: str) -> None:
        self.about: dict[str, Any] = {"database_id": database_id, "is_admin": True}
        self.images: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.asked: list[str] = []

    def has(self, image_id: str, *, owner: str | None = "alice-project", created_at: str = "", **more: Any) -> None:
        """There is such an image."""
        image = {"id": image_id, "owner": owner, "created_at": created_at, "os_hidden": False, **more}
        self.images[image_id] = image

    def get(self, path: str) -> Answer:
        self.asked.append(path)
        parts = urlsplit(path)
        if parts.path in self.answers:
            return self.answers[parts.path]()
        if parts.path == "/v2/glance-related":
            return Answer(200, FROM_GLANCE, dict(self.about))
        if parts.path == "/v2/images":
            try:
                return Answer(200, FROM_GLANCE, {"images": self._listed(dict(parse_qsl(parts.query)))})
            except KeyError:
                return Answer(400, FROM_GLANCE, {"title": "the marker is no image"})
        image = self.images.get(parts.path.removeprefix("/v2/images/"))
        return Answer(200, FROM_GLANCE, image) if image else Answer(404, FROM_GLANCE, {"title": "Not Found"})

    def gets_of(self, image_id: str) -> int:
        """How often that very image was asked for."""
        return self.asked.count(f"/v2/images/{image_id}")

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        assert query["visibility"] == "all"
        if "created_at" in query:
            return self._made_since(query)
        ids = query["id"].removeprefix("in:").split(",")
        hidden = query["os_hidden"] == "true"
        found = [self.images[one] for one in ids if one in self.images and self.images[one]["os_hidden"] is hidden]
        return found[: int(query["limit"])]

    def _made_since(self, query: dict[str, str]) -> list[dict[str, Any]]:
        assert query["sort"] == "created_at:asc"
        since, hidden = query["created_at"].removeprefix("gte:"), query["os_hidden"] == "true"
        found = [one for one in self.images.values() if one["os_hidden"] is hidden and one["created_at"] >= since]
        found.sort(key=lambda one: (one["created_at"], one["id"]))
        if "marker" in query:
            ids = [one["id"] for one in found]
            if query["marker"] not in ids:
                raise KeyError(query["marker"])
            found = found[ids.index(query["marker"]) + 1 :]
        return found[: int(query["limit"])]
