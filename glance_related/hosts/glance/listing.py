"""Narrowing a list of images, walking one, and rebuilding its links.

A list is narrowed by asking Glance for certain ids (``id=in:...``), so that order, paging,
visibility and every other filter stay Glance's own. The client must not see that: ``first`` and
``next`` are written again in its own words, with the repeated keys that Glance itself loses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from glance_related.hosts.glance.routes import IMAGES
from glance_related.wsgi.query import Pairs, last, write_query
from glance_related.wsgi.reply import Reply

#: Most ids that one list is narrowed with: measured on SQLite, PostgreSQL and MariaDB.
MAX_IDS = 10_000

#: How many images one request looks at where a list has to be walked, and how many at a time.
WALK_BOUND = 10_000
WALK_PAGE = 1_000

# An id that no image has: Glance's ids are UUIDs.
_NOTHING = "-"
# How Glance splits the operand of `in:`; for it a quote behind a backslash neither opens nor closes anything.
_QUOTED_OR_PLAIN = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)",?|([^,]+),?|,')
_QUOTE = re.compile(r'(?<!\\)"')


def narrowed(pairs: Pairs, ids: Collection[str]) -> str:
    """The query that makes Glance list only these images.

    A client's own ``id`` filter is intersected; one that Glance would refuse is left for Glance to refuse.

    :param pairs: the client's query without what is not Glance's
    :param ids: at most `MAX_IDS` image ids
    """
    own = last(pairs, "id")
    if own is not None:
        asked = _asked_ids(own)
        if asked is None:
            return write_query(pairs)
        ids = [image_id for image_id in ids if image_id in asked]
    rest = tuple(pair for pair in pairs if pair[0] != "id")
    return write_query((*rest, ("id", "in:" + (",".join(ids) or _NOTHING))))


def _asked_ids(expression: str) -> frozenset[str] | None:
    operator, separator, operand = expression.partition(":")
    if not separator:
        return frozenset((expression,))
    if operator == "eq":
        return frozenset((operand,))
    if operator != "in" or not _is_well_quoted(operand):
        return None
    return frozenset(quoted or plain for quoted, plain in _QUOTED_OR_PLAIN.findall(operand))


def _is_well_quoted(operand: str) -> bool:
    """Whether Glance accepts these quotes: what it accepts and we did not would be a list that nothing narrows."""
    opening = True
    for quote in _QUOTE.finditer(operand):
        beside = operand[quote.start() - 1 : quote.start()] if opening else operand[quote.end() : quote.end() + 1]
        if beside not in ("", ","):
            return False
        opening = not opening
    return opening


def next_marker(document: dict[str, Any]) -> str | None:
    """The marker in a list's ``next``, or None on the last page."""
    return last(tuple(parse_qsl(urlsplit(document.get("next", "")).query)), "marker")


def set_links(document: dict[str, Any], pairs: Pairs, marker: str | None) -> None:
    """Write ``first`` and ``next`` in the client's own words, repeated keys and all.

    :param pairs: the query as the client sent it
    :param marker: where the next page begins, None on the last page
    """
    rest = tuple(pair for pair in pairs if pair[0] != "marker")
    document.pop("next", None)
    document["first"] = _link(rest)
    if marker is not None:
        document["next"] = _link((*rest, ("marker", marker)))


def _link(pairs: Pairs) -> str:
    return f"{IMAGES}?{write_query(pairs)}" if pairs else IMAGES


@dataclass(frozen=True)
class Walked:
    """A page that was found by walking.

    :param reply: the host's first answer; its status and headers stand for the page
    :param images: the page, in the host's order; None where the host refused, which `reply` says
    :param marker: where the next page begins, None where there is none
    """

    reply: Reply
    images: list[dict[str, Any]] | None
    marker: str | None


def walk(ask: Callable[[str], Reply], pairs: Pairs, wanted: Callable[[list[str]], Collection[str]]) -> Walked:
    """Find one page of a list by walking the host's own, looking at no more than about `WALK_BOUND` images.

    Where the bound is reached first, the page is short and its marker is the last image looked at.

    :param ask: asks the host for the list with a query
    :param pairs: the client's query without what is not Glance's
    :param wanted: which of the images of a page belong in the list
    """
    first = reply = ask(write_query(pairs))
    document = reply.document()
    if reply.code != 200 or document is None:
        return Walked(reply, None, None)
    # the host cuts a page at the client's limit, its own default or its maximum: whatever it was, it is
    # the length of a full page
    page_length = len(document["images"])
    base = tuple(pair for pair in pairs if pair[0] not in ("limit", "marker"))
    found: list[dict[str, Any]] = []
    looked_at = 0
    while True:
        images = document["images"]
        looked_at += len(images)
        hits = wanted([image["id"] for image in images])
        marker = next_marker(document)
        for image in images:
            if image["id"] in hits:
                found.append(image)
                if len(found) == page_length:
                    last_of_all = marker is None and image is images[-1]
                    return Walked(first, found, None if last_of_all else image["id"])
        if marker is None:
            return Walked(first, found, None)
        if looked_at >= WALK_BOUND:
            return Walked(first, found, marker)
        reply = ask(write_query((*base, ("limit", str(WALK_PAGE)), ("marker", marker))))
        document = reply.document()
        if reply.code != 200 or document is None:
            return Walked(reply, None, None)
