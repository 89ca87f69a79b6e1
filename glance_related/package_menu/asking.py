"""What every handler asks of a request before it acts: who is asking, what he sends, and which state he has read."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from glance_related.db.database import BadValue, DatabaseDown
from glance_related.hosts.nova.context import is_well_placed
from glance_related.package_menu import problems
from glance_related.package_menu.rules import Fault
from glance_related.problem import DATABASE_DOWN, MISPLACED, Problem
from glance_related.wsgi.body import parse_json, read_body
from glance_related.wsgi.caller import Caller, read_caller
from glance_related.wsgi.conditions import must_be
from glance_related.wsgi.filter import Request
from glance_related.wsgi.pages import LIMIT, BadPage, Page, read_page

#: How often a change is judged anew where others change the same thing at the same time.
TRIES = 10
#: Most faults that the text of an answer names; programs read all of them.
_TOLD = 20
#: Most of them that an answer has at all: it is not to be many times as large as what was sent.
_ALL = 1000


def caller_of(request: Request) -> Caller:
    """Who is asking.

    :raises Problem: the filter stands where that is not known
    """
    if not is_well_placed(request.environ):
        raise MISPLACED()
    return read_caller(request.environ)


def document_of(request: Request, limit: int, *words: str) -> dict[str, Any]:
    """The body: an object with some of these members, and no others.

    :raises Problem: 400, 413
    """
    body = read_body(request.environ, limit)
    document = parse_json(body) if body is not None else None
    if not isinstance(document, dict):
        raise problems.BODY_UNFIT(reason="it must be a JSON object")
    unknown = sorted(set(document) - set(words))
    if unknown:
        raise problems.BODY_UNFIT(reason=f"there is no member {unknown[0]!r:.100}; there are {', '.join(words)}")
    return document


def page_of(request: Request, *words: str, most: int = LIMIT) -> Page:
    """Which part of a list is wanted.

    :param most: things on one page
    :raises Problem: 400
    """
    try:
        return read_page(request.environ, words, most)
    except BadPage as bad:
        raise problems.QUERY_UNFIT(reason=bad) from None


def check_tag(request: Request, now: str) -> None:
    """Refuse a change of something that has changed since the client has read it.

    :raises Problem: 412
    """
    tags = must_be(request.environ)
    if tags is not None and now not in tags:
        raise problems.STALE(now=now, given=", ".join(tags)[:100])


def settings_refused(faults: Collection[Fault]) -> Problem:
    """Settings of a server or a project cannot be: everything that is wrong with them is told at once."""
    return problems.SETTINGS_REFUSED(_parts(faults), faults=told(faults))


def entries_refused(faults: Collection[Fault]) -> Problem:
    """The same of entries of the menu."""
    return problems.ENTRIES_REFUSED(_parts(faults), faults=told(faults))


def _parts(faults: Iterable[Fault]) -> list[dict[str, str]]:
    first = itertools.islice(faults, _ALL)
    return [{"name": one.name, "code": f"package_menu.{one.code}", "message": one.text} for one in first]


def told(faults: Iterable[Fault]) -> str:
    """Faults in one sentence."""
    listed = [f"{fault.name}: {fault.text}" for fault in faults]
    more = [f"and {len(listed) - _TOLD} more"] if len(listed) > _TOLD else []
    return "; ".join([*listed[:_TOLD], *more])


@contextmanager
def needing_the_database() -> Iterator[None]:
    """A context in which a database that is down is answered 503, and what it can neither keep nor look for 400."""
    try:
        yield
    except DatabaseDown:
        raise DATABASE_DOWN() from None
    except BadValue:  # of a marker or a filter: what stands in a path or a document is judged before
        raise problems.QUERY_UNFIT(
            reason="something in it is too long, or has characters that are in no name"
        ) from None
