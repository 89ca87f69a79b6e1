"""A list in pages, with filters, and a link to the next page in the client's own words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glance_related.wsgi.query import Pairs, read_query, write_query

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

#: Most things on one page, where the client says nothing.
LIMIT = 1000


class BadPage(Exception):
    """The query is not as it must be; the sentence says why."""


@dataclass(frozen=True)
class Page:
    """What a client wants to see of a list.

    :param marker: of the last thing that he has seen; "" at the beginning
    :param wanted: what things must be, by the words of the query
    """

    limit: int
    marker: str
    wanted: dict[str, str]
    _pairs: Pairs = ()

    def links(self, path: str, key: str, last: str | None) -> dict[str, Any]:
        """The member of the document that leads to the next page; nothing where this is the last.

        :param path: of the list
        :param key: of the list in the document
        :param last: the marker of the last thing on this page; None: there is no more
        """
        if last is None:
            return {}
        kept = tuple((name, value) for name, value in self._pairs if name != "marker")
        return {f"{key}_links": [{"rel": "next", "href": f"{path}?{write_query((*kept, ('marker', last)))}"}]}


def read_page(environ: WSGIEnvironment, words: Collection[str], most: int = LIMIT) -> Page:
    """What a client wants to see.

    :param words: the filters that the list knows
    :param most: things on one page
    :raises BadPage:
    """
    pairs = read_query(environ)
    if pairs is None:
        raise BadPage("it is not UTF-8")
    asked = dict(pairs)  # of a word that is there twice the hosts take the last
    unknown = sorted(set(asked) - {"limit", "marker", *words})
    if unknown:
        raise BadPage(f"there is no filter {unknown[0][:100]}; there are {', '.join(sorted(words)) or 'none'}")
    limit = asked.pop("limit", "") or str(most)
    if not limit.isascii() or not limit.isdecimal() or int(limit[:9]) < 1:
        raise BadPage("limit must be a number from 1 on")
    return Page(min(int(limit[:9]), most), asked.pop("marker", ""), asked, pairs)


def is_true(text: str) -> bool:
    """Whether a word of a query means yes.

    :raises BadPage: it means neither yes nor no
    """
    if text.lower() in ("true", "1", "yes", "on", ""):
        return True
    if text.lower() in ("false", "0", "no", "off"):
        return False
    raise BadPage(f"{text[:100]} is neither true nor false")
