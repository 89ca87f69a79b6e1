"""Lists of entries: filtered, and in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, TypeVar

from glance_related.package_menu import problems
from glance_related.package_menu.entry import KINDS, Entry
from glance_related.wsgi.pages import BadPage, Page, is_true

_Thing = TypeVar("_Thing")

#: The filters that a list of entries knows.
FILTERS = ("kind", "category", "enabled", "q")


def is_wanted(entry: Entry, page: Page) -> bool:
    """Whether an entry belongs into a list.

    :raises BadPage:
    """
    wanted = page.wanted
    if "kind" in wanted and wanted["kind"] not in KINDS:
        raise BadPage(f"kind must be one of {', '.join(KINDS)}")
    if "enabled" in wanted and entry.enabled != is_true(wanted["enabled"]):
        return False
    if wanted.get("kind", entry.kind) != entry.kind or wanted.get("category", entry.category) != entry.category:
        return False
    sought = wanted.get("q", "").casefold()
    return sought in entry.name.casefold() or sought in entry.title.casefold() or sought in entry.description.casefold()


def paged(
    page: Page, things: Sequence[_Thing], name_of: Callable[[Any], str] = itemgetter("name")
) -> tuple[list[_Thing], str | None]:
    """The part of a sorted list that is wanted, and the marker of its last thing where there is more.

    :param name_of: of a thing; where something is yet to be made of each, only those of the page are worth it
    """
    rest = [one for one in things if name_of(one) > page.marker] if page.marker else list(things)
    return rest[: page.limit], name_of(rest[page.limit - 1]) if len(rest) > page.limit else None


def is_yes(page: Page, word: str) -> bool:
    """Whether a word of the query stands there and means yes.

    :raises Problem: 400
    """
    with filtered():
        return word in page.wanted and is_true(page.wanted[word])


@contextmanager
def filtered() -> Iterator[None]:
    """A context in which a filter that is not as it must be is answered 400."""
    try:
        yield
    except BadPage as bad:
        raise problems.QUERY_UNFIT(reason=bad) from None
