"""The images of the reference registry: what it keeps, and how it lists."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webob import exc

_STATUSES = frozenset(
    {"active", "saving", "queued", "killed", "pending_delete", "deleted", "deactivated", "importing", "uploading"}
)
_FIELDS: dict[str, Any] = {
    "name": None,
    "status": "active",
    "size": None,
    "virtual_size": None,
    "disk_format": None,
    "container_format": None,
    "min_disk": 0,
    "min_ram": 0,
    "is_public": False,
    "checksum": None,
    "owner": None,
    "protected": False,
    "location": None,
    "location_data": [],
}
_EQUAL = ("name", "status", "container_format", "disk_format", "min_ram", "min_disk")
_SORT_KEYS = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_LATER_TRUE = frozenset({"true", "1", "t", "on", "y", "yes"})


@dataclass(frozen=True)
class Query:
    """What a list is asked for."""

    filters: Mapping[str, str]
    properties: Mapping[str, str]
    is_public: bool | None
    deleted: bool | None
    protected: bool | None
    changes_since: datetime.datetime | None
    sizes: tuple[float, float]
    limit: int
    marker: str | None
    sort_key: str
    descending: bool

    @classmethod
    def of(cls, params: Any, default_limit: int, max_limit: int) -> Query:
        """Read the parameters of a request, the last of a repeated one.

        :raises webob.exc.HTTPBadRequest:
        """
        since = params.get("changes-since")
        deleted = params.get("deleted")
        return cls(
            filters={name: params[name] for name in _EQUAL if name in params},
            properties={key[9:]: params[key] for key in params if key.startswith("property-")},
            is_public=_is_public(params.get("is_public", "true")),
            deleted=_deleted(deleted, since),
            protected=_flag(params["protected"], "protected") if "protected" in params else None,
            changes_since=None if since is None else _time(since),
            sizes=(_size(params, "size_min", float("-inf")), _size(params, "size_max", float("inf"))),
            limit=min(_limit(params.get("limit"), default_limit), max_limit),
            marker=_marker(params.get("marker")),
            sort_key=_one_of(params.get("sort_key", "created_at"), _SORT_KEYS, "sort_key"),
            descending=_one_of(params.get("sort_dir", "desc"), ("asc", "desc"), "sort_dir") == "desc",
        )

    def matches(self, image: Mapping[str, Any]) -> bool:
        """Whether an image belongs in the list."""
        smallest, largest = self.sizes
        unsized = image["size"] is None and self.sizes != (float("-inf"), float("inf"))
        return (
            self.is_public in (None, image["is_public"])
            and self.deleted in (None, image["deleted"])
            and not (self.deleted is False and image["status"] == "killed")
            and self.protected in (None, image["protected"])
            and (self.changes_since is None or _time(image["updated_at"]) > self.changes_since)
            and not unsized
            and smallest <= (image["size"] or 0) <= largest
            and all(str(image[name]) == value for name, value in self.filters.items())
            and all(image["properties"].get(name) == value for name, value in self.properties.items())
        )

    def place(self, image: Mapping[str, Any]) -> tuple[Any, ...]:
        """Where an image stands in the order; ids make it unique."""
        values = [image[key] for key in (self.sort_key, "created_at", "id")]
        return tuple((value is not None, "" if value is None else value) for value in values)


class Images:
    """Images by id, those that are deleted too, and who each is shared with."""

    def __init__(self) -> None:
        self._images: dict[str, dict[str, Any]] = {}
        self.members: dict[str, dict[str, bool]] = {}

    def get(self, image_id: str) -> dict[str, Any] | None:
        """An image, or None."""
        return self._images.get(image_id)

    def list(self, query: Query) -> list[dict[str, Any]]:
        """A page.

        :raises webob.exc.HTTPBadRequest: the marker is no image
        """
        images = [image for image in self._images.values() if query.matches(image)]
        if query.marker is not None:
            marker = self.get(query.marker)
            if marker is None:
                raise exc.HTTPBadRequest("Invalid marker. Image could not be found.")
            place = query.place(marker)
            images = [
                image
                for image in images
                if (query.place(image) < place if query.descending else query.place(image) > place)
            ]
        return sorted(images, key=query.place, reverse=query.descending)[: query.limit]

    def create(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new image.

        :raises webob.exc.HTTPException: 400 for a bad id or status, 409 for an id that was ever used
        """
        image_id = values.get("id") or str(uuid.uuid4())
        if not _is_uuid(image_id):
            raise exc.HTTPBadRequest("Invalid image id format")
        if image_id in self._images:
            raise exc.HTTPConflict(f"Image with identifier {image_id} already exists!")
        now = _now()
        image = _FIELDS | {"id": image_id, "created_at": now, "updated_at": now, "deleted_at": None, "deleted": False}
        image |= _own(values) | {"properties": _stored(values.get("properties", {}))}
        _check_status(image["status"])
        self._images[image_id] = image
        self.members[image_id] = {}
        return image

    def update(
        self, image_id: str, values: Mapping[str, Any], *, purge: bool, from_state: str | None
    ) -> dict[str, Any]:
        """The image with new values.

        :raises webob.exc.HTTPException: 400 for a bad status, 409 where it is not in ``from_state``
        """
        image = self._images[image_id]
        if from_state and image["status"] != from_state:
            raise exc.HTTPConflict(body=b"Image operation conflicts", content_type="text/plain")
        _check_status(values.get("status", image["status"]))
        kept = {} if purge else image["properties"]
        properties = kept | _stored(values.get("properties", {}))
        self._images[image_id] = image | _own(values) | {"properties": properties, "updated_at": _now()}
        return self._images[image_id]

    def delete(self, image_id: str) -> dict[str, Any]:
        """The image as it was; its row stays, marked, and its id is never free again."""
        now = _now()
        gone = {"deleted": True, "deleted_at": now, "updated_at": now, "properties": {}, "location_data": []}
        self._images[image_id] = self._images[image_id] | gone
        self.members[image_id] = {}
        return self._images[image_id]


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: values[name] for name in _FIELDS if name in values}
    own |= {name: bool(own[name]) for name in ("is_public", "protected") if name in own}
    if "owner" in own:
        own["owner"] = own["owner"] or None
    return own


def _stored(properties: Mapping[str, Any]) -> dict[str, Any]:
    # a column of text
    return {
        name: value if value is None or isinstance(value, str) else json.dumps(value)
        for name, value in properties.items()
    }


def _check_status(status: object) -> None:
    if status not in _STATUSES:
        raise exc.HTTPBadRequest(f"Invalid image status '{status}' for image.")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _time(text: str) -> datetime.datetime:
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise exc.HTTPBadRequest("Unrecognized changes-since value") from None
    return time.replace(tzinfo=datetime.UTC) if time.tzinfo is None else time


def _is_public(text: str) -> bool | None:
    return None if text.lower() == "none" else _flag(text, "is_public", "None, ")


def _flag(text: str, name: str, more: str = "") -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise exc.HTTPBadRequest(f"{name} must be {more}True, or False")
    return text.lower() in _TRUE


def _deleted(text: str | None, since: str | None) -> bool | None:
    if text is not None:
        return text.strip().lower() in _LATER_TRUE
    return False if since is None else None


def _size(params: Any, name: str, default: float) -> float:
    try:
        return int(params[name]) if name in params else default
    except ValueError:
        raise exc.HTTPBadRequest("Unable to filter on a range with a non-numeric value.") from None


def _limit(text: str | None, default: int) -> int:
    try:
        limit = default if text is None else int(text)
    except ValueError:
        raise exc.HTTPBadRequest("limit param must be an integer") from None
    if limit < 0:
        raise exc.HTTPBadRequest("limit param must be positive")
    return limit


def _marker(text: str | None) -> str | None:
    if text and not _is_uuid(text):
        raise exc.HTTPBadRequest("Invalid marker format")
    return text


def _is_uuid(text: object) -> bool:
    try:
        return isinstance(text, str) and uuid.UUID(text) is not None
    except ValueError:
        return False


def _one_of(value: str, allowed: tuple[str, ...], name: str) -> str:
    if value not in allowed:
        raise exc.HTTPBadRequest(f"Unsupported {name}. Acceptable values: {', '.join(allowed)}")
    return value
