"""What every filter in front of Nova does with a request before it judges it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from glance_related.hosts.nova.context import is_well_placed
from glance_related.hosts.nova.routes import OWN
from glance_related.problem import MISPLACED
from glance_related.wsgi.body import parse_json, write_json
from glance_related.wsgi.filter import Request, Route


def each(method: str, paths: Iterable[str], handler: str, what: str) -> tuple[Route, ...]:
    """The same line of a table for each spelling of a path."""
    return tuple(Route(method, path, handler, what, is_own=path in OWN) for path in paths)


def may_name(body: bytes, names: Iterable[str]) -> bool:
    """Whether a body can have one of these keys: other bodies are not worth parsing.

    What Nova reads is UTF-8, in which these names stand as they are, unless letters of them are escaped.
    """
    return b"\\u" in body or any(name.encode() in body for name in names)


def judged(request: Request, body: bytes) -> Any:
    """The body as JSON; what goes on is written anew from what was judged.

    :raises Problem: 400 where it is not JSON as we read it, 500 where the filter is in the wrong place
    """
    if not is_well_placed(request.environ):
        raise MISPLACED()
    document = parse_json(body)
    write_json(request.environ, document)
    return document
