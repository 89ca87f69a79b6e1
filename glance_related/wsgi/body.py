"""Reading and writing JSON bodies, with every guard in one place.

The rule is: read as the host reads, judge more strictly than the host, forward what was judged.
The host reads a body where it believes that there is one, whatever Content-Type says, so the
route alone decides whether a body is read here.
"""

from __future__ import annotations

import io
import json
import math
import re
from typing import TYPE_CHECKING, Any

from glance_related.problem import BODY_MALFORMED, BODY_TOO_LARGE, BODY_TRUNCATED

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

#: How deeply arrays and objects of a body may be nested. An image is one object with lists in it.
MAX_DEPTH = 32

#: A body over the limit is read and thrown away up to this many times the limit, so that its
#: sender reaches the point where it reads our 413; past that the connection is left to break.
_DISCARD_FACTOR = 64
_CHUNK = 64 * 1024

# The transfer encodings that make Glance read a body without a length. Nova leaves that to WebOb, which reads where
# the server says that the input ends by itself, as gunicorn does; "gzip, chunked" is none of these.
_TRANSFER_ENCODINGS = frozenset({"chunked", "compress", "deflate", "gzip", "identity"})
# What is matched is never given back, and a string that does not end is matched, too: each character is looked at
# once. Otherwise one body of escaped quotes would keep a worker busy for hours.
_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
_BRACKETS = re.compile(r"[\[{\]}]")


def read_body(environ: WSGIEnvironment, limit: int) -> bytes | None:
    """The body of a POST or PATCH, read as the host would read it.

    The environ keeps an unread input that holds the same bytes, so that the request may still be
    passed on as it came.

    :param limit: most bytes that are accepted
    :returns: None where the host sees no body. That is also so for a chunked body under a server
        that does not de-chunk (uWSGI): the host reads nothing there and refuses the request.
    :raises Problem: 413 over the limit, 400 where the body ends early
    """
    length = _content_length(environ)
    encoded = environ.get("HTTP_TRANSFER_ENCODING", "").lower() in _TRANSFER_ENCODINGS
    ends_by_itself = length is None and bool(environ.get("wsgi.input_terminated"))
    if not length and not encoded and not ends_by_itself:
        return None
    stream = environ["wsgi.input"]
    if environ.get("webob.is_body_seekable"):
        stream.seek(0)
    if length is not None and length > limit:
        _discard(stream, length, limit)
        raise BODY_TOO_LARGE(limit=limit)
    body = _read(stream, limit + 1 if length is None else length)
    if length is None and len(body) > limit:
        _discard(stream, limit * _DISCARD_FACTOR, limit)
        raise BODY_TOO_LARGE(limit=limit)
    if length is not None and len(body) < length:
        raise BODY_TRUNCATED()
    if not body:
        return None
    replace_body(environ, body)
    return body


def replace_body(environ: WSGIEnvironment, body: bytes) -> None:
    """Give a request another body: input, length and WebOb's notes about them."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    for stale in (
        "HTTP_TRANSFER_ENCODING",
        "wsgi.input_terminated",
        "webob.is_body_readable",
        "webob.is_body_seekable",
        "webob._parsed_post_vars",
        "webob._body_file",
    ):
        environ.pop(stale, None)


def parse_json(body: bytes) -> Any:
    """A JSON document, parsed so strictly that every other parser must agree on what it says.

    :raises Problem: 400 for anything but UTF-8 JSON without duplicate keys, without NaN and
        infinities, and nested no deeper than `MAX_DEPTH`
    """
    try:
        text = body.decode("utf-8")
        if text.count("{") + text.count("[") > MAX_DEPTH:
            _check_depth(text)
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)
    except UnicodeDecodeError:
        raise BODY_MALFORMED(reason="it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BODY_MALFORMED(reason=f"{error.msg} at character {error.pos}") from None
    except (ValueError, RecursionError) as error:
        raise BODY_MALFORMED(reason=str(error)) from None


def write_json(environ: WSGIEnvironment, document: Any) -> None:
    """Write the body anew from what was judged."""
    replace_body(environ, json.dumps(document).encode("ascii"))


def _content_length(environ: WSGIEnvironment) -> int | None:
    try:
        return max(int(environ.get("CONTENT_LENGTH") or ""), 0)
    except ValueError:
        return None


def _read(stream: Any, wanted: int) -> bytes:
    pieces = []
    while wanted > 0:
        piece = stream.read(min(wanted, _CHUNK))
        if not piece:
            break
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def _discard(stream: Any, length: int, limit: int) -> None:
    remaining = min(length, limit * _DISCARD_FACTOR)
    while remaining > 0:
        piece = stream.read(min(remaining, _CHUNK))
        if not piece:
            return
        remaining -= len(piece)


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in _BRACKETS.finditer(_STRINGS.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has the same key twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
