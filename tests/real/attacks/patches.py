"""Attacks by PATCH: changes that Glance would read as ours."""

from __future__ import annotations

import json

from glance_related.instance_aware import problems
from tests.real.attacks.world import World

_NOT_ALLOWED = problems.NOT_ALLOWED.code
_PATCH = "application/openstack-images-v2.1-json-patch"


def older_patch_syntax(world: World) -> None:
    image_id = world.image("alice")
    changes = [{"add": path["path"], "value": path["value"]} for path in world.tuple_changes]
    answer = world.patch("alice", image_id, changes, version="2.0")
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)


def media_type_parameters(world: World) -> None:
    image_id = world.image("alice")
    for content_type in (f"{_PATCH}; charset=utf-8", f"{_PATCH};q=1", f" {_PATCH} ;x", _PATCH.upper()):
        answer = world.patch("alice", image_id, world.tuple_changes, headers={"Content-Type": content_type})
        world.unbound(image_id)
        world.expect(answer, 403, _NOT_ALLOWED)


def odd_pointers(world: World) -> None:
    image_id = world.image("alice")
    for spelling in ("//{}", "///{}", "/{} ", "/ {}", "/\t{}\n", "// {} ", "/\u00a0{}"):
        changes = [{"op": "add", "path": spelling.format(name), "value": text} for name, text in world.tuple.items()]
        answer = world.patch("alice", image_id, changes)
        world.unbound(image_id)
        world.expect(answer, 403, _NOT_ALLOWED)
    for spelling in ("/{}~1", "/~1{}", "/{}~0", "/{}/", "/x/{}", "{}", "/{}/0", "/{}~", "/tags/{}"):
        changes = [{"op": "add", "path": spelling.format(name), "value": text} for name, text in world.tuple.items()]
        world.patch("alice", image_id, changes)
        world.unbound(image_id)
    for operation in ("move", "copy", "test", "ADD", None, ["add"]):
        change = {"op": operation, "from": "/name", "path": "/instance_id", "value": world.instance}
        answer = world.patch("alice", image_id, [change])
        world.unbound(image_id)
        world.expect(answer, 400, ...)


def half_a_patch(world: World) -> None:
    """All or nothing: what Glance refuses takes the tuple with it, wherever it stands in the list."""
    image_id = world.image("alice")
    refused = ({"op": "remove", "path": "/not_there"}, {"op": "replace", "path": "/status", "value": "active"})
    for change in refused:
        for changes in ([change, *world.tuple_changes], [*world.tuple_changes, change]):
            answer = world.patch("admin", image_id, changes)
            world.unbound(image_id)
            world.expect(answer, 409 if change["op"] == "remove" else 403, None)


def mixed_patch(world: World) -> None:
    """The other way round: what is refused of the tuple takes the rest with it."""
    image_id = world.image("alice", tags=["before"])
    mixed = [
        {"op": "replace", "path": "/name", "value": "after"},
        {"op": "replace", "path": "/tags", "value": ["after"]},
        *world.tuple_changes,
        {"op": "add", "path": "/team", "value": "blue"},
    ]
    answer = world.patch("alice", image_id, mixed)
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)
    image = world.cloud.call(world.stock, "alice", "GET", f"/v2/images/{image_id}").json()
    assert (image["name"], image["tags"], "team" in image) == ("an image", ["before"], False)
    tag = world.call("alice", "PUT", f"/v2/images/{image_id}/tags/instance_id={world.instance}")
    assert tag.status == 204, tag
    assert world.cloud.ids(world.glance, "alice", f"?instance_id={world.instance}") == [], json.dumps(image)
