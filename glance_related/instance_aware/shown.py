"""Glance's replies with our tuples on them: images, lists of images, and the schemas."""

from __future__ import annotations

from typing import Any

from glance_related.hosts.glance import listing
from glance_related.instance_aware import rules
from glance_related.instance_aware.conduct import Refs
from glance_related.instance_ref import INSTANCE_ID_MAX, InstanceRef
from glance_related.wsgi.query import Pairs
from glance_related.wsgi.reply import Reply

# What clients build their forms from; `is_base: false` makes Nova and the clients take them for custom properties.
_DESCRIPTIONS = {
    rules.INSTALLATION: {
        "type": "string",
        "description": "The Nova installation that the instance of this image belongs to (UUID)",
        "is_base": False,
    },
    rules.INSTANCE: {
        "type": "string",
        "description": "The instance that this image was made of, within its Nova installation",
        "is_base": False,
        "maxLength": INSTANCE_ID_MAX,
    },
}


def decorated(reply: Reply, refs: Refs, asked: Pairs | None = None) -> Reply:
    """A reply of one image or of a list, with our tuples shown and nobody else's properties of those names.

    :param refs: the tuples of the reply's images, asked for once they are known
    :param asked: the query whose words the links of a list are written in; None leaves them as they are
    """
    document = reply.document() if reply.code in (200, 201) else None
    if not isinstance(document, dict):
        return reply
    listed = document.get("images")
    images = listed if isinstance(listed, list) else [document]
    changed = show_tuples(images, refs([image["id"] for image in images if "id" in image]))
    if asked is not None:
        listing.set_links(document, asked, listing.next_marker(document))
        changed = True
    return reply.with_document(document) if changed else reply


def known(refs: dict[str, InstanceRef]) -> Refs:
    """Tuples that are known already, as `decorated` asks for them."""
    return lambda _: refs


def show_tuples(images: list[dict[str, Any]], refs: dict[str, InstanceRef]) -> bool:
    """Put tuples on images, and take native properties of those names away.

    :returns: whether anything changed
    """
    changed = False
    for image in images:
        for name in rules.NAMES:
            if name in image:
                del image[name]
                changed = True
        ref = refs.get(image.get("id", ""))
        if ref is not None:
            image.update(rules.as_properties(ref))
            changed = True
    return changed


def described_image(reply: Reply) -> Reply:
    """The schema of an image, with the two properties."""
    schema = reply.document() if reply.code == 200 else None
    if schema is None:
        return reply
    schema["properties"].update(_DESCRIPTIONS)
    return reply.with_document(schema)


def described_images(reply: Reply) -> Reply:
    """The schema of a list of images, with the two properties."""
    schema = reply.document() if reply.code == 200 else None
    if schema is None:
        return reply
    schema["properties"]["images"]["items"]["properties"].update(_DESCRIPTIONS)
    return reply.with_document(schema)
