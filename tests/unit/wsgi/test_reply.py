"""A reply that has something to do once it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import webtest.lint

from glance_related.wsgi.reply import Reply, collect, json_reply

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

ENVIRON: dict[str, Any] = {"REQUEST_METHOD": "POST"}


def answered(app: Any) -> Any:
    """What a server has in hand before it has sent anything."""
    return app(dict(ENVIRON), lambda *_: lambda _: None)


def test_what_comes_afterwards_comes_when_the_server_has_sent_the_answer_and_once() -> None:
    done: list[str] = []
    reply = json_reply("202 Accepted", {"server": {}})
    chunks = answered(reply.then(lambda: done.append("first")).then(lambda: done.append("second")))
    assert (b"".join(chunks), done) == (b'{"server": {}}', [])
    chunks.close()
    chunks.close()
    assert done == ["first", "second"]


def test_whoever_reads_the_answer_on_its_way_lets_nobody_wait_for_it_either() -> None:
    done: list[str] = []

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        read = collect(json_reply("202 Accepted", {"a": 1}).then(lambda: done.append("done")), environ)
        return read.with_document({**read.document(), "b": 2})(environ, start_response)

    chunks = answered(outer)
    assert (b"".join(chunks), done) == (b'{"a": 1, "b": 2}', [])
    chunks.close()
    assert done == ["done"]


def test_a_stranger_who_reads_the_answer_has_it_done_when_he_closes_it() -> None:
    done: list[str] = []
    reply = json_reply("202 Accepted", {}).then(lambda: done.append("done"))

    def stranger(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chunks = reply(environ, start_response)
        try:
            return [b"".join(chunks)]
        finally:
            _closed(chunks)()

    assert (b"".join(answered(stranger)), done) == (b"{}", ["done"])


def test_it_is_plain_wsgi() -> None:
    done: list[str] = []
    environ = webtest.TestRequest.blank("/").environ
    reply = Reply("200 OK", (("Content-Type", "text/plain"),), b"x").then(lambda: done.append("done"))
    chunks = webtest.lint.middleware(reply)(environ, lambda *_: lambda _: None)
    assert list(chunks) == [b"x"]
    chunks.close()
    assert done == ["done"]


def _closed(chunks: Any) -> Callable[[], None]:
    return getattr(chunks, "close", lambda: None)  # type: ignore[no-any-return]
