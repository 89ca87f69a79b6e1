"""`Reply`: the whole answer of an application, as a value that is itself a WSGI application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


_PHRASES = {
    200: "OK",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def status_line(status: int) -> str:
    """A status with its phrase, as an application says it; of what is not in the table, that of 500."""
    return f"{status} {_PHRASES.get(status, _PHRASES[500])}"


@dataclass(frozen=True)
class Reply:
    """A status line, headers and a body that has been read to its end.

    Only replies that are documents are ever read this way (an image, a list, a schema); image
    data never becomes a `Reply`.

    :param afterwards: what is done once the answer is sent, in order: no client waits for it
    """

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    afterwards: tuple[Callable[[], None], ...] = ()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, list(self.headers))
        return _Chunks(self.body, self.afterwards) if self.afterwards else [self.body]

    def then(self, work: Callable[[], None]) -> Reply:
        """The same reply, and something that is done once it is sent; nothing may hang on it, for a host may die."""
        return replace(self, afterwards=(*self.afterwards, work))

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def document(self) -> Any:
        """The body as JSON, or None where it is not a plain JSON document that we may rewrite."""
        media_type = self.header("Content-Type").partition(";")[0].strip().lower()
        is_json = media_type == "application/json" or media_type.endswith("+json")  # as Nova's own type
        if not is_json or self.header("Content-Encoding"):
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_document(self, document: Any) -> Reply:
        """The same reply with another JSON body; length and validators are put right."""
        body = json.dumps(document, ensure_ascii=False).encode()
        stale = ("content-length", "etag", "content-md5")
        headers = [(key, value) for key, value in self.headers if key.lower() not in stale]
        return replace(self, headers=(*headers, ("Content-Length", str(len(body)))), body=body)


class _Chunks(list[bytes]):
    """A body, at whose end there is something to do: servers close it when it is sent, or nobody wants it."""

    def __init__(self, body: bytes, afterwards: tuple[Callable[[], None], ...]) -> None:
        super().__init__([body])
        self.afterwards = afterwards

    def close(self) -> None:
        works, self.afterwards = self.afterwards, ()
        for work in works:
            work()


def json_reply(status: str, document: Any, *headers: tuple[str, str]) -> Reply:
    """A reply of our own with a JSON body; it may quote what no UTF-8 can carry, half of a surrogate pair."""
    body = json.dumps(document).encode("ascii")
    of_body = (("Content-Type", "application/json; charset=UTF-8"), ("Content-Length", str(len(body))))
    return Reply(status, (*of_body, *headers), body)


def no_content() -> Reply:
    """204: it is done, and there is nothing to say."""
    return Reply("204 No Content", (), b"")


def collect(app: WSGIApplication, environ: WSGIEnvironment) -> Reply:
    """Run an application and read its whole answer; its iterator is closed whatever happens.

    What it would do afterwards is done after this answer is sent.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return written.append

    chunks = app(environ, start_response)
    if isinstance(chunks, _Chunks):
        status, headers = started[0]
        return Reply(status, tuple(headers), b"".join(chunks), chunks.afterwards)
    try:
        read = b"".join(chunks)  # running the iterator may still call start_response and write
        body = b"".join(written) + read
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[0]
    return Reply(status, tuple(headers), body)
