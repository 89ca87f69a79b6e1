"""`FakeGlance`: a Glance that answers what a test has told it to, and remembers what it was asked.

::

    glance = FakeGlance()
    glance.answers("GET", "/v2/images", json={"images": []})
    ...
    assert glance.calls[0].query == "id=in:-"
    assert not glance.unclosed

Contract: replies are registered by method and path; several for the same are given one after the
other, the last one again and again; a request that nobody registered is a 404. Every call's method,
path, query, headers and body are kept. `unclosed` counts replies whose iterator was never closed.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@dataclass(frozen=True)
class Call:
    """One request as Glance received it; ``json`` is its body, None where there was none."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    environ: WSGIEnvironment

    @property
    def json(self) -> Any:
        return json_module.loads(self.body) if self.body else None


@dataclass
class _Answer:
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    error: Exception | None
    before: Callable[[Call], None] | None


@dataclass
class FakeContext:
    """What Glance's ``context`` filter leaves behind, as far as the suite looks at it."""

    user_id: str | None = "alice"
    project_id: str | None = "alice-project"
    roles: list[str] = field(default_factory=lambda: ["member", "reader"])
    service_roles: list[str] = field(default_factory=list)
    is_admin: bool = False
    system_scope: str | None = None
    domain_id: str | None = None


class FakeGlance:
    """See the module."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unclosed = 0
        self._answers: dict[tuple[str, str], list[_Answer]] = {}

    def answers(
        self,
        method: str,
        path: str,
        *,
        status: str = "200 OK",
        json: Any = None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        error: Exception | None = None,
        before: Callable[[Call], None] | None = None,
    ) -> FakeGlance:
        """Register a reply.

        :param json: the body as a document; ``body`` otherwise
        :param error: raised instead of answering
        :param before: called with the request before it is answered
        """
        content = json_module.dumps(json).encode() if json is not None else body
        all_headers = {} if status.startswith("204") else {"Content-Length": str(len(content))}
        if not status.startswith("204"):
            all_headers["Content-Type"] = "text/plain" if json is None else "application/json"
        all_headers |= headers or {}
        answer = _Answer(status, list(all_headers.items()), content, error, before)
        self._answers.setdefault((method, path), []).append(answer)
        return self

    def asked(self, method: str, path: str) -> list[Call]:
        """The calls of one method and path."""
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        call = _call(environ)
        self.calls.append(call)
        registered = self._answers.get((call.method, call.path))
        if not registered:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return self._closing(b"")
        answer = registered.pop(0) if len(registered) > 1 else registered[0]
        if answer.before:
            answer.before(call)
        if answer.error:
            raise answer.error
        start_response(answer.status, list(answer.headers))
        return self._closing(answer.body)

    def _closing(self, body: bytes) -> _Closing:
        self.unclosed += 1
        return _Closing(self, body)


class _Closing(Iterator[bytes]):
    """A reply's iterator, which wants to be closed as PEP 3333 says."""

    def __init__(self, glance: FakeGlance, body: bytes) -> None:
        self._glance = glance
        self._chunks = [body] if body else []
        self._open = True

    def __next__(self) -> bytes:
        if not self._chunks:
            raise StopIteration
        return self._chunks.pop(0)

    def close(self) -> None:
        if self._open:
            self._glance.unclosed -= 1
        self._open = False


def _call(environ: WSGIEnvironment) -> Call:
    length = environ.get("CONTENT_LENGTH")
    body = b""
    if length or environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
    headers = {
        key[5:].replace("_", "-").title(): str(value) for key, value in environ.items() if key.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    return Call(
        environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), headers, body, environ
    )
