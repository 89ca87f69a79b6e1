"""The query string, read and written exactly as the hosts do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import webob

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Pairs = tuple[tuple[str, str], ...]


def read_query(environ: WSGIEnvironment) -> Pairs | None:
    """The query's pairs in the client's order, repeated keys kept.

    :returns: None where the query is not UTF-8; the hosts refuse such a request themselves
    """
    text = environ.get("QUERY_STRING", "")
    if not text:
        return ()
    try:
        # WebOb's own parser, because it is the one that both hosts use
        return tuple(webob.Request({"QUERY_STRING": text}).GET.items())
    except UnicodeDecodeError:
        return None


def write_query(pairs: Pairs) -> str:
    """The query string of these pairs.

    Commas and colons stay as they are: what is all safe is copied, else each character is looked at, and the
    ids of an ``in:`` are thousands.
    """
    return urlencode(pairs, safe=",:")


def last(pairs: Pairs, key: str) -> str | None:
    """The last value of a key, which is the one that the hosts take; None where it is absent."""
    return next((value for name, value in reversed(pairs) if name == key), None)
