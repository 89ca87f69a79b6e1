"""Entity tags: two who edit the same thing do not overwrite each other, and nobody is sent what he has already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def tagged(tag: str) -> tuple[str, str]:
    """The header that says which state of a thing is shown."""
    return "ETag", f'"{tag}"'


def must_be(environ: WSGIEnvironment) -> list[str] | None:
    """The tags of which a thing must have one before it is changed (``If-Match``); None: it may have any."""
    return _tags(environ.get("HTTP_IF_MATCH"))


def has_already(environ: WSGIEnvironment, tag: str) -> bool:
    """Whether the client has this state already (``If-None-Match``)."""
    tags = _tags(environ.get("HTTP_IF_NONE_MATCH"))
    return tags is not None and tag in tags


def unchanged(tag: str) -> Reply:
    """304: what the client has is what there is."""
    return Reply("304 Not Modified", (tagged(tag),), b"")


def _tags(header: str | None) -> list[str] | None:
    if header is None or header.strip() == "*":
        return None
    # one without quotes is meant as it stands: curl users forget them
    return _TAG.findall(header) or [header.strip()]
