"""Attacks by bodies that one reader takes for something else than the next."""

from __future__ import annotations

import contextlib
import json

from glance_related import problem
from glance_related.instance_aware import problems
from tests.real.nova.attacks.world import World, made
from tests.real.wire import raw

_RESERVED = problems.RESERVED_METADATA.code
_MALFORMED = problem.BODY_MALFORMED.code
_MEGABYTE = 1024 * 1024
_NOVAS_LIMIT = 114688  # bytes, its default
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


def wrong_content_type(world: World, content_type: str) -> None:
    answer = world.act_raw(_lying(world), content_type)
    world.nothing_made(answer)
    world.expect(answer, 400, _RESERVED)
    if world.exact and content_type == "":
        for other in ("application/octet-stream", "application/x-www-form-urlencoded", "text/xml; charset=utf-16"):
            world.expect(world.act_raw(_lying(world), other), 400, _RESERVED)
            refused = world.act_raw(json.dumps(world.create_image()).encode(), other)
            world.expect(refused, 415, None)
            world.nothing_made(refused)


def chunked_body(world: World) -> None:
    """uWSGI gives Nova no chunked body, and a filter must not be the one that does."""
    (answer,) = world.raw(_head(world) + _CHUNKED + b"\r\n" + _chunks(_lying(world)))
    world.nothing_made(answer)
    world.expect(answer, 400, _RESERVED if world.reads_chunks else None)
    honest = _head(world) + _CHUNKED + b"\r\n" + _chunks(json.dumps(world.create_image()).encode())
    (answer,) = world.raw(honest)
    if world.reads_chunks:
        world.rightly_bound(made(answer))
        return
    world.nothing_made(answer)
    (stock,) = raw(world.stage.stock_api(world.api.server).port, honest)
    assert (stock.status, stock.json()) == (answer.status, answer.json()), "it is Nova that refuses it"


def smuggling(world: World) -> None:
    """Two lengths in one request: whoever believes the other one than its neighbour reads another body."""
    harmless, lying = b'{"none of Nova\'s": null}', _lying(world)
    head, chunks, chunked, length = _head(world), _chunks(lying), _CHUNKED, b"Content-Length: %d\r\n"
    requests = (
        head + chunked + b"\r\n" + chunks,
        head + length % len(chunks) + chunked + b"\r\n" + chunks,
        head + chunked + length % len(harmless) + b"\r\n" + chunks,
        head + chunked + length % 0 + b"\r\n" + chunks,
        head + length % len(harmless) + b"\r\n" + harmless + head + length % len(lying) + b"\r\n" + lying,
        head + length % len(harmless) + length % len(lying) + b"\r\n" + lying,
        head + b"Transfer-Encoding : chunked\r\n" + length % len(lying) + b"\r\n" + lying,
        head + b"Transfer-Encoding: identity, chunked\r\n\r\n" + chunks,
        head + b"Transfer-Encoding: gzip\r\n" + length % len(lying) + b"\r\n" + lying,
    )
    for request in requests:
        answers = world.raw(request)
        world.holds(world.named() == [], f"an image was made: {answers}")
    alive = world.call("alice", "GET", "/v2.1/servers?limit=1")
    assert alive.status == 200, "the server goes on"


def escaped_action(world: World) -> None:
    body = _lying(world).replace(b"createImage", b"create\\u0049mage")
    answer = world.act_raw(body)
    world.nothing_made(answer)
    world.expect(answer, 400, _RESERVED)
    if world.exact:
        name = _lying(world).replace(b"instance_uuid", b"inst\\u0061nce_uuid")
        world.expect(world.act_raw(name), 400, _RESERVED)
        for encoding in ("utf-16", "utf-8-sig", "utf-32"):
            answer = world.act_raw(_lying(world).decode().encode(encoding))
            world.nothing_made(answer)
            world.expect(answer, 400, ...)


def duplicate_keys(world: World, form: str) -> None:
    """Which of the two a reader takes is his own affair, so nobody downstream may get to see such a body."""
    once = json.dumps({"name": world.name})
    lie = f'{{"instance_uuid": "{world.other_server}"}}'
    named = f'"name": "{world.name}"'
    body = {
        "action": f'{{"createImage": {{{named}, "metadata": {lie}}}, "createImage": {once}}}',
        "metadata": f'{{"createImage": {{{named}, "metadata": {lie}, "metadata": {{}}}}}}',
        "name in metadata": f'{{"createImage": {{{named}, "metadata": {{"team": "red", "team": "blue"}}}}}}',
    }[form]
    answer = world.act_raw(body.encode())
    world.nothing_made(answer)
    world.expect(answer, 400, _MALFORMED)


def not_a_number(world: World) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e999"):
        body = f'{{"createImage": {{"name": "{world.name}", "metadata": {{"size": {number}}}}}}}'
        answer = world.act_raw(body.encode())
        world.holds(answer.code == _MALFORMED, f"{number} reached Nova, which answered {answer.status}")
        world.nothing_made(answer)
        world.expect(answer, 400, _MALFORMED)


def deep_nesting(world: World) -> None:
    """A stock Nova answers 500 to the deepest."""
    for levels in (10_000, 100):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            nested = opening * levels + "1" + closing * levels
            answer = world.act_raw(f'{{"createImage": {{"name": {nested}}}}}'.encode())
            world.holds(answer.code == _MALFORMED, f"{levels} levels reached Nova: {answer.status}")
            world.nothing_made(answer)
            world.expect(answer, 400, _MALFORMED)


def long_body(world: World, form: str) -> None:
    """Nova's own limit is far below ours, and stays what it is; where it is taken away ours holds."""
    length = 8 * _MEGABYTE if world.undone else 2 * _NOVAS_LIMIT
    body = json.dumps(world.create_image()).encode() + b" " * length
    if form == "in chunks" and not world.reads_chunks:
        with contextlib.suppress(ConnectionError):  # it may answer, and close, before all is sent
            world.expect(world.act_raw(body, chunked=True), 400, None)
        world.holds(world.named() == [], "an image was made")
        return
    answer = world.act_raw(body, chunked=form == "in chunks")
    world.nothing_made(answer)
    world.expect(answer, 413, problem.BODY_TOO_LARGE.code if world.undone else None)


def two_actions(world: World) -> None:
    for second in ("shelve", "createBackup"):
        answer = world.act({**world.create_image(), second: None})
        world.nothing_made(answer)
        world.expect(answer, 400, None)


def _head(world: World) -> bytes:
    """An action of alice's as far as the length of its body; sent in one piece with that, it is read in one piece."""
    return (
        f"POST {world.path} HTTP/1.1\r\nHost: nova\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nX-Auth-Token: {world.cloud.token('alice')}\r\n"
    ).encode()


def _chunks(body: bytes) -> bytes:
    """Two of them, so that somebody who reads one only is found out."""
    half = len(body) // 2
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:half], body[half:], b""))


def _lying(world: World) -> bytes:
    return json.dumps(world.create_image(instance_uuid=world.other_server)).encode()
