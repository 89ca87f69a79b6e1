"""Attacks by bodies that one reader takes for something else than the next."""

from __future__ import annotations

import json
import re
from pathlib import Path

from glance_related import problem
from glance_related.instance_aware import problems
from tests.real.attacks.world import World

_NOT_ALLOWED = problems.NOT_ALLOWED.code
_MALFORMED = problem.BODY_MALFORMED.code
_MEGABYTE = 1024 * 1024


def wrong_content_type(world: World) -> None:
    body = json.dumps({"name": "mine", **world.tuple}).encode()
    types = ("text/plain", None, "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
             "application/octet-stream", "text/xml; charset=utf-16")  # fmt: skip
    for content_type in types:
        answer = world.call("alice", "POST", "/v2/images", body=body, headers={"Content-Type": content_type})
        world.nothing_bound()
        world.expect(answer, 403, _NOT_ALLOWED)


def chunked_body(world: World) -> None:
    """pyuwsgi gives Glance no chunked JSON, and a filter must not be the one that does."""
    pyuwsgi = world.glance.server == "pyuwsgi"
    answer = world.post("alice", {"name": "mine", **world.tuple}, chunked=True)
    world.nothing_bound()
    world.expect(answer, 400 if pyuwsgi else 403, None if pyuwsgi else _NOT_ALLOWED)
    image_id = world.image("alice")
    answer = world.patch("alice", image_id, world.tuple_changes, chunked=True)
    world.unbound(image_id)
    world.expect(answer, 400 if pyuwsgi else 403, None if pyuwsgi else _NOT_ALLOWED)


def smuggling(world: World) -> None:
    """Two lengths in one request: whoever believes the other one than its neighbour reads another body."""
    harmless = json.dumps({"name": "mine"}).encode()
    tuple_ = json.dumps({"name": "mine", **world.tuple}).encode()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(tuple_), tuple_)
    head = (
        b"POST /v2/images HTTP/1.1\r\nHost: glance\r\nAccept: application/json\r\n%UNDO%"
        b"Content-Type: application/json\r\n" + f"X-Auth-Token: {world.cloud.token('alice')}\r\n".encode()
    )
    chunked, length = b"Transfer-Encoding: chunked\r\n", b"Content-Length: %d\r\n"
    requests = (
        head + chunked + b"\r\n" + chunks,
        head + length % len(chunks) + chunked + b"\r\n" + chunks,
        head + chunked + length % len(harmless) + b"\r\n" + chunks,
        head + chunked + length % 0 + b"\r\n" + chunks,
        head + length % len(harmless) + b"\r\n" + harmless + head + length % len(tuple_) + b"\r\n" + tuple_,
        head + length % len(harmless) + length % len(tuple_) + b"\r\n" + tuple_,
        head + b"Transfer-Encoding : chunked\r\n" + length % len(tuple_) + b"\r\n" + tuple_,
        head + b"Transfer-Encoding: identity, chunked\r\n\r\n" + chunks,
        head + b"Transfer-Encoding: gzip\r\n" + length % len(tuple_) + b"\r\n" + tuple_,
    )
    for request in requests:
        for answer in world.raw(request):
            world.holds(b"instance_id" not in answer.body or answer.status == 403, f"shown: {answer}")
        world.nothing_bound()
    alive = world.call("alice", "GET", "/v2/images?limit=1")
    assert alive.status == 200, "the server goes on"


def escaped_names(world: World) -> None:
    body = json.dumps({"name": "mine", **world.tuple}).replace("instance_id", "instance\\u005fid")
    body = body.replace("nova_installation_uuid", "nova\\u005finstallation\\u005fuuid")
    assert "instance_id" not in body
    answer = world.call("alice", "POST", "/v2/images", body=body.encode())
    world.nothing_bound()
    world.expect(answer, 403, _NOT_ALLOWED)
    for encoding in ("utf-16", "utf-8-sig", "utf-32"):
        other = json.dumps({"name": "mine", **world.tuple}).encode(encoding)
        world.expect(world.call("alice", "POST", "/v2/images", body=other), 400, _MALFORMED)
        world.nothing_bound()


def duplicate_keys(world: World) -> None:
    """Which of the two a reader takes is his own affair, so nobody downstream may get to see such a body."""
    tuple_ = json.dumps(world.tuple)[1:-1]
    twice = json.dumps({"instance_id": "another"})[1:-1]
    body = f'{{"name": "mine", {tuple_}, {twice}}}'.encode()
    for who in ("alice", "admin", "scheduler"):
        answer = world.call(who, "POST", "/v2/images", body=body)
        world.holds(answer.code == _MALFORMED, f"{who} was answered {answer.status} {answer.text}")
        world.expect(answer, 400, _MALFORMED)
    image_id = world.image("alice")
    changes = f'[{{"op": "add", "path": "/x", "path": "/instance_id", "value": "{world.instance}"}}]'.encode()
    headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    answer = world.call("alice", "PATCH", f"/v2/images/{image_id}", body=changes, headers=headers)
    world.unbound(image_id)
    world.expect(answer, 400, _MALFORMED)


def not_a_number(world: World) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e999"):
        answer = world.call("alice", "POST", "/v2/images", body=f'{{"name": "mine", "min_disk": {number}}}'.encode())
        world.holds(answer.code == _MALFORMED, f"{number} reached Glance, which answered {answer.status}")
        world.expect(answer, 400, _MALFORMED)


def deep_nesting(world: World) -> None:
    for levels in (10_000, 100):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            nested = opening * levels + "1" + closing * levels
            answer = world.call("alice", "POST", "/v2/images", body=f'{{"name": "x", "y": {nested}}}'.encode())
            world.holds(answer.code == _MALFORMED, f"{levels} levels reached Glance: {answer.status}")
            world.expect(answer, 400, _MALFORMED)


def long_body(world: World) -> None:
    """64 MB are read and thrown away, not kept."""
    workers = world.glance.worker_pids()
    before = [_peak(pid) for pid in workers]
    body = b'{"name": "' + b"a" * 64 * _MEGABYTE + b'"}'
    answer = world.call("alice", "POST", "/v2/images", body=body)
    world.holds(answer.code == problem.BODY_TOO_LARGE.code, f"it was answered {answer.status}")
    world.expect(answer, 413, problem.BODY_TOO_LARGE.code)
    if world.exact:
        grown = [_peak(pid) - peak for pid, peak in zip(workers, before, strict=True)]
        assert max(grown) < 32, f"a worker has grown by {grown} MB"


def _peak(pid: int) -> int:
    """The most memory that a process has held, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024
