"""What a list asks for, and one page of it, found by walking the registry's own list.

A registry page ends where the client's limit does, and has no link to the next: a client goes on
behind the last image that it was shown, and takes a page shorter than its limit for the last one.
So rows that a caller may not see cannot simply be left out: the page is filled from behind them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from glance_related.hosts.registry.errors import TOO_FAR
from glance_related.hosts.registry.images import Image, image_of, images_of
from glance_related.hosts.registry.routes import IMAGES
from glance_related.hosts.registry.view import View
from glance_related.problem import Problem
from glance_related.wsgi.query import Pairs, last, write_query
from glance_related.wsgi.reply import Reply

PROPERTY = "property-"

#: How many images one request looks at, and how many at a time. There is no honest short page here, so at
#: the bound the list is refused.
WALK_BOUND = 100_000
WALK_PAGE = 1_000

_PUBLIC = {"true": True, "1": True, "false": False, "0": False, "none": None}


def properties(pairs: Pairs) -> Pairs:
    """The property filters of a query, by the names of the properties."""
    return tuple((key.removeprefix(PROPERTY), value) for key, value in pairs if key.startswith(PROPERTY))


@dataclass(frozen=True)
class Asked:
    """A list's query, with what the registry must not be asked.

    :param pairs: what the registry is asked, but for the marker
    :param is_public: only public images (True), only others (False), or both
    :param marker: the image behind which the page begins
    """

    pairs: Pairs
    is_public: bool | None
    marker: str | None


def read(pairs: Pairs, ours: tuple[str, ...], *, deleted: bool) -> Asked:
    """Read a list's query.

    Without ``is_public`` the registry would show public images alone, so it is always told.

    :param ours: properties that the registry does not know
    :param deleted: whether the caller may ask for deleted images
    """
    dropped = {"_method", "marker", "is_public", *(PROPERTY + name for name in ours)}
    rest = tuple(pair for pair in pairs if pair[0] not in dropped and (deleted or pair[0] != "deleted"))
    value = last(pairs, "is_public")
    value = "None" if value is None else value
    is_public = _PUBLIC.get(value.lower())
    if value.lower() in _PUBLIC:
        value = str(is_public)
    # a value that the registry does not know is left for it to refuse
    return Asked((*rest, ("is_public", value)), is_public, last(pairs, "marker"))


def behind_what_is_seen(asked: Asked, view: View) -> Asked:
    """The same list, or where the caller may not see its marker, one behind an image that is not there.

    The registry then answers as it answers any unknown marker.
    """
    marker = asked.marker
    if not marker or "/" in marker or view.is_admin:
        return asked
    reply = view.ask(f"{IMAGES}/{marker}")
    if reply.code != 200:
        return asked  # the registry refuses it itself
    return asked if _is_seen(reply, asked, view) else replace(asked, marker=str(uuid.uuid4()))


def _is_seen(reply: Reply, asked: Asked, view: View) -> bool:
    try:
        image = image_of(reply)
    except Problem:  # the marker names something, but no image
        return False
    with_deleted = any(key == "changes-since" for key, _ in asked.pairs)
    return view.sees(image) if with_deleted else view.reaches(image)


@dataclass(frozen=True)
class Walked:
    """A page that was found by walking.

    :param reply: the registry's first answer, whose status and headers stand for the page; its refusal,
        where there is no page
    :param images: the page, in the registry's order; None where it refused
    """

    reply: Reply
    images: list[Image] | None


def walk(
    ask: Callable[[str], Reply],
    asked: Asked,
    belonging: Callable[[list[Image]], list[Image]],
    found_all: Callable[[], bool] = lambda: False,
    bound: int = WALK_BOUND,
) -> Walked:
    """Find one page: as many images as the registry's own page has, all of which belong.

    :param ask: asks the registry for the detailed list with a query
    :param belonging: which of these images belong in the list
    :param found_all: whether no image behind those seen so far can belong
    :raises Problem: 503 where the page is not found among ``bound`` images
    """
    base = tuple(pair for pair in asked.pairs if pair[0] != "limit")
    marker = () if asked.marker is None else (("marker", asked.marker),)
    first = ask(write_query((*asked.pairs, *marker)))
    if first.code >= 300:
        return Walked(first, None)
    images = images_of(first)
    # the registry cuts a page at the client's limit, its own default or its maximum: whatever it was, it is
    # the length of a full page
    length = len(images)
    found: list[Image] = []
    looked_at = 0
    while images:
        found += belonging(images)
        if len(found) >= length or found_all():
            break
        looked_at += len(images)
        if looked_at >= bound:
            raise TOO_FAR(bound=bound)
        reply = ask(write_query((*base, ("limit", str(WALK_PAGE)), ("marker", images[-1]["id"]))))
        if reply.code >= 300:
            return Walked(reply, None)
        images = images_of(reply)
    return Walked(first, found[:length])
