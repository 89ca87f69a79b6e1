"""Attacks by what is read of a boot: its body, its path, its method.

Behind ``/v2`` Nova drops what it does not know: whatever gets past us there makes a server that has not what was
asked for, without a word. So a server is what such an attack is after.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from glance_related import problem
from glance_related.props_override import problems
from tests.real.nova.attacks.overrides.stage import PERMITTED, PROTECTED
from tests.real.nova.attacks.overrides.world import LENIENT, STRICT, OverrideWorld
from tests.real.nova.overridden import KEY, said_by_nova

_FORBIDDEN = problems.NO_RIGHT.code
_MALFORMED = problem.BODY_MALFORMED.code
_MEGABYTE = 1024 * 1024
_NOVAS_LIMIT = 114688  # bytes, its default


def override_elsewhere(world: OverrideWorld, form: str) -> None:
    """Among hints Nova itself refuses an object, but not a text."""
    for given in (json.dumps(PERMITTED), PERMITTED) if world.exact else (json.dumps(PERMITTED),):
        strayed = {KEY: given}
        document = {
            "top level": {"server": world.about(), **strayed},
            "os:scheduler_hints": {"server": world.about(), "os:scheduler_hints": strayed},
            "OS-SCH-HNT:scheduler_hints": {"server": world.about(), "OS-SCH-HNT:scheduler_hints": strayed},
            "hints in the server": {"server": world.about(**{"os:scheduler_hints": strayed})},
        }[form]
        for path in (LENIENT, STRICT) if world.exact else (LENIENT,):
            world.refused(world.boot_raw(document, path=path), 400, problems.ELSEWHERE.code)


def wrong_type(world: OverrideWorld, form: str) -> None:
    given: Any = {"a text": "hw_video_model=virtio", "a list": [PROTECTED], "null": None, "a number": 1,
                  "false": False}[form]  # fmt: skip
    document = {"server": world.about() | {KEY: given}}
    for path in (LENIENT, STRICT) if world.exact else (LENIENT,):
        world.refused(world.boot_raw(document, path=path), 400, problems.NOT_PROPERTIES.code)


def duplicate_keys(world: OverrideWorld, form: str) -> None:
    """Which of the two a reader takes is his own affair, so nobody downstream may get to see such a body."""
    plain, protected = (json.dumps({"server": world.about(override)}) for override in ({}, PROTECTED))
    body = {
        "the override": protected.replace("}}}", f'}}, "{KEY}": {{}}}}}}'),
        "a property": plain.replace("{}", '{"os_command_line": "a", "os_command_line": "b"}'),
        "the server": f"{protected[:-1]}, {plain[1:]}",
    }[form]
    assert len(json.loads(body, object_pairs_hook=list)) > 0, "to anybody else it is JSON"
    world.refused(world.boot_raw(body.encode()), 400, _MALFORMED)


def escaped_name(world: OverrideWorld) -> None:
    body = json.dumps({"server": world.about(PROTECTED)})
    world.refused(world.boot_raw(body.replace(KEY, f"\\u0069{KEY[1:]}").encode()), 403, _FORBIDDEN)
    if world.exact:
        for plain, escaped in (("hw_", "\\u0068w_"), ("server", "s\\u0065rver")):
            world.refused(world.boot_raw(body.replace(plain, escaped).encode()), 403, _FORBIDDEN)
        world.refused(world.boot_raw(body.encode("utf-8-sig")), 400, _MALFORMED)
        for encoding in ("utf-16", "utf-32"):  # Nova fails where it writes such a body into its log
            world.refused(world.boot_raw(body.encode(encoding)), 500, None)


def wrong_content_type(world: OverrideWorld, content_type: str) -> None:
    document = {"server": world.about(PROTECTED)}
    world.refused(world.boot_raw(document, content_type), 403, _FORBIDDEN)
    if world.exact and content_type == "":
        for other in ("application/octet-stream", "application/x-www-form-urlencoded", "text/xml; charset=utf-16"):
            world.refused(world.boot_raw(document, other), 403, _FORBIDDEN)


def chunked_body(world: OverrideWorld) -> None:
    """uWSGI gives Nova no chunked body, and a filter must not be the one that does."""
    answer = world.boot(PROTECTED, chunked=True)
    if world.reads_chunks:
        world.refused(answer, 403, _FORBIDDEN)
    else:
        world.refused(answer, 400, None)


def root_volume_in_disguise(world: OverrideWorld, index: str) -> None:
    """Such a server would not have what it was asked for: what it is made of is read from the volume."""
    mapping = {"boot_index": index, "source_type": "image", "destination_type": "volume", "volume_size": 1,
               "uuid": world.cloud.images_by_name["tiny"]}  # fmt: skip
    for path in (LENIENT, STRICT) if world.exact else (STRICT,):
        answer = world.boot(PERMITTED, path=path, about={"block_device_mapping_v2": [mapping]})
        world.refused(answer, 400, problems.FROM_VOLUME.code)


def long_body(world: OverrideWorld, form: str) -> None:
    """Nova's own limit is far below ours, and stays what it is; where it is taken away ours holds."""
    length = 8 * _MEGABYTE if world.undone else 2 * _NOVAS_LIMIT
    body = json.dumps({"server": world.about(PERMITTED)}).encode() + b" " * length
    chunked = form == "in chunks"
    if chunked and not world.reads_chunks:
        with contextlib.suppress(ConnectionError):  # it may answer, and close, before all is sent
            world.expect(world.boot_raw(body, chunked=True), 400, None)
        world.holds(world.booted() == [], "a server was made")
        return
    answer = world.boot_raw(body, chunked=chunked)
    world.refused(answer, 413, problem.BODY_TOO_LARGE.code if world.undone else None)


# -- spellings


def boot_spelt_otherwise(world: OverrideWorld, form: str) -> None:
    """The last two name the version elsewhere than in the path, where a word behind it makes it the API's."""
    project = world.cloud.project("alice")
    path, headers = {
        "slashes": ("/v2//servers", {}),
        "slashes before the version": ("///v2/servers", {}),
        "escaped slash": ("/v2%2Fservers", {}),
        "escaped letters": ("/v2/%73erver%73", {}),
        "with the project": (f"/v2/{project}/servers", {}),
        "version in the content type": ("/servers", {"Content-Type": "application/json;version=2/any"}),
        "version in accept": ("/servers", {"Accept": "application/json;version=2/any"}),
    }[form]
    document = {"server": world.about(PROTECTED)}
    world.refused(world.boot_raw(document, path=path, headers=headers), 403, _FORBIDDEN)
    if world.exact and not headers:
        newer = path.replace("/v2", "/v2.1")
        world.refused(world.boot_raw(document, path=newer), 403, _FORBIDDEN)
        if form in ("slashes", "with the project"):
            _second_name(world, newer.replace("servers", "os-volumes_boot"))


def _second_name(world: OverrideWorld, path: str) -> None:
    """Nova 34 fails at a POST to its own second name of servers, as it does without us."""
    world.refused(world.boot(PROTECTED, path=path), 403, _FORBIDDEN)
    answer = world.boot(PERMITTED, path=path)
    assert (answer.status, answer.code, world.booted()) == (500, None, []), answer
    (rider,) = world.stage.riding(answer.headers["x-compute-request-id"])
    assert rider["is_open"] == 1, "after a failure of Nova's it is reconcile that finds out"


def method_in_query(world: OverrideWorld) -> None:
    """A GET that says it is a POST makes no server in Nova itself; it is judged like the others."""
    document = {"server": world.about(PROTECTED)}
    for method, query in (("PUT", "_method=POST"), ("PUT", "a=b&_method=post"), ("GET", "_method=POST")):
        world.refused(world.call("alice", method, f"{LENIENT}?{query}", json=document), 403, _FORBIDDEN)
    if world.exact:
        answer = world.call("alice", "PUT", f"{LENIENT}?_method=POST", json={"server": world.about(PERMITTED)})
        assert answer.status == 202, answer
        said = said_by_nova(world.cloud, "alice", answer.json()["server"]["id"])
        assert PERMITTED.items() <= said.items(), "what Nova takes for a boot is one"
