"""Attacks by bodies that one reader takes for something else than the next."""

from __future__ import annotations

import json

from glance_related import problem
from glance_related.instance_aware import problems
from tests.real.nova.attacks.world import World, made

_RESERVED = problems.RESERVED_METADATA.code
_MALFORMED = problem.BODY_MALFORMED.code
_MEGABYTE = 1024 * 1024
_NOVAS_LIMIT = 114688  # bytes, its default


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
    answer = world.act_raw(_lying(world), chunked=True)
    world.nothing_made(answer)
    world.expect(answer, 400, _RESERVED)
    answer = world.act_raw(json.dumps(world.create_image()).encode(), chunked=True)
    world.rightly_bound(made(answer))


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
    answer = world.act_raw(body, chunked=form == "in chunks")
    world.nothing_made(answer)
    world.expect(answer, 413, problem.BODY_TOO_LARGE.code if world.undone else None)


def two_actions(world: World) -> None:
    for second in ("shelve", "createBackup"):
        answer = world.act({**world.create_image(), second: None})
        world.nothing_made(answer)
        world.expect(answer, 400, None)


def _lying(world: World) -> bytes:
    return json.dumps(world.create_image(instance_uuid=world.other_server)).encode()
