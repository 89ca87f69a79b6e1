"""The registry's bodies: one image, a list of them, and what a client sends of one."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from glance_related.hosts.registry.errors import BAD_IMAGE, UNREADABLE
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Image = dict[str, Any]

#: What ``GET /images`` shows of an image.
BRIEF = ("id", "name", "size", "disk_format", "container_format", "checksum")


def image_of(reply: Reply) -> Image:
    """The image in a reply of the registry.

    :raises Problem: 502 where there is none; such a reply is never handed on, for nobody could say
        who may see what stands in it
    """
    document = reply.document()
    image: Any = document.get("image") if isinstance(document, dict) else None
    if not _is_image(image):
        raise UNREADABLE()
    return dict(image)


def images_of(reply: Reply) -> list[Image]:
    """The images in a list of the registry.

    :raises Problem: 502 where it is none
    """
    document = reply.document()
    images = document.get("images") if isinstance(document, dict) else None
    if not isinstance(images, list) or not all(_is_image(image) for image in images):
        raise UNREADABLE()
    return images


def members_of(reply: Reply) -> list[dict[str, Any]]:
    """The rows in a list of those an image is shared with.

    :raises Problem: 502 where it is none
    """
    document = reply.document()
    rows = document.get("members") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "member_id" in row for row in rows):
        raise UNREADABLE()
    return rows


def image_in(body: Any) -> Image:
    """The image in what a client has sent.

    :raises Problem: 400 where there is none, or where its properties are no object
    """
    image = body.get("image") if isinstance(body, dict) else None
    if not isinstance(image, dict) or not isinstance(image.get("properties", {}), dict):
        raise BAD_IMAGE()
    return image


def take(image: Image, names: Collection[str]) -> dict[str, Any]:
    """Take some properties out of an image that a client has sent."""
    properties = image.get("properties", {})
    return {name: properties.pop(name) for name in names if name in properties}


def show(image: Image, names: Collection[str], ours: dict[str, str]) -> None:
    """Show properties of ours on an image of the registry's, and native ones of those names never."""
    native = image.get("properties")
    kept = {key: value for key, value in native.items() if key not in names} if isinstance(native, dict) else {}
    image["properties"] = kept | ours


def replaces_properties(environ: WSGIEnvironment) -> bool:
    """Whether a PUT replaces all properties, or leaves alone those that it does not name."""
    purge: str = environ.get("HTTP_X_GLANCE_REGISTRY_PURGE_PROPS", "false")
    return purge == "true"


def _is_image(image: Any) -> bool:
    return isinstance(image, dict) and isinstance(image.get("id"), str)
