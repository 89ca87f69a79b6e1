"""Attacks on where an image comes from: others' servers, forged words of Nova's, what servers inherit."""

from __future__ import annotations

import uuid
from typing import Any

from glance_related.instance_aware import rules
from tests.real.nova.attacks.stage import Stage
from tests.real.nova.attacks.world import World, made


def refused_action(world: World, form: str) -> None:
    """As in a stock Nova; and nothing is made, bound or kept."""
    create_image: Any = world.create_image()
    under_project = f"/v2.1/{world.cloud.project('alice')}/servers/{world.server}/action"
    who, path, body, status = {
        "another customer's server": ("bob", world.path, create_image, 404),
        "with its project in the path": ("bob", under_project, create_image, 400),
        "no server": ("alice", f"/v2.1/servers/{uuid.uuid4()}/action", create_image, 404),
        "second name of servers": ("alice", f"/v2.1/os-volumes_boot/{world.server}/action", create_image, 500),
        "wrong type": ("alice", world.path, {"createImage": [world.name]}, 400),
        "metadata in a list": ("alice", world.path,
                               {"createImage": {"name": world.name, "metadata": ["instance_uuid"]}}, 400),
    }[form]  # fmt: skip
    answer = world.call(who, "POST", path, json=body)
    world.nothing_made(answer)
    world.expect(answer, status, None)
    if world.exact:
        stock = world.cloud.call(world.cloud.stock_nova, who, "POST", path, json=body)
        assert (stock.status, _kind(stock.json())) == (answer.status, _kind(answer.json()))
        for action in ({"shelve": None}, world.create_backup()):
            refused = world.call("bob", "POST", world.path, json=action)
            assert (refused.status, refused.code) == (404, None), refused
            world.nothing_made(refused)


def forged_backup(world: World) -> None:
    """Glance lets everybody say so of his own images, and Nova's rotation goes by it."""
    forged = {"name": world.name, "instance_uuid": world.server, "image_type": "backup", "backup_type": "daily",
              "base_image_ref": world.cloud.images_by_name["tiny"]}  # fmt: skip
    answer = world.cloud.call(world.glance, "bob", "POST", "/v2/images", json=forged)
    assert answer.status == 201, answer
    image_id = answer.json()["id"]
    world.unbound(image_id)
    assert world.adoptions(image_id) == [], "it is no word of Nova's"
    for who in ("bob", "admin"):
        for name in (rules.INSTANCE, rules.SERVER):
            listed = world.cloud.images(who, f"?{name}={world.server}", on=world.glance)
            world.holds(image_id not in [image["id"] for image in listed], f"{who} finds it by {name}")
    if world.exact:
        assert "instance_id" not in world.cloud.shown("bob", image_id)


def lie_past_our_nova(world: World) -> None:
    """What such a nova-api says of its image is kept for reconcile, which asks Nova's record of that server."""
    lies = world.create_image(instance_uuid=world.other_server)
    world.cloud.wait_for_server("alice", world.server, "ACTIVE")
    answer = world.cloud.call(world.api if world.undone and not world.exact else world.cloud.stock_nova, "alice",
                              "POST", world.path, json=lies)  # fmt: skip
    image_id = made(answer)
    world.unbound(image_id)
    if world.exact and not world.undone:
        (adoption,) = world.adoptions(image_id)
        assert adoption["instance_id"] == world.other_server, "noted, unshown"
        assert "instance_id" not in world.cloud.shown("alice", image_id)
        done = world.cloud.suite.manage("reconcile")
        assert done.returncode == 0, done.stderr
        world.unbound(image_id)


def inherited_tuple(world: World, action: str) -> None:
    """Nova sends what the server's image said, in every image that it makes of the server."""
    server = world.stage.lying_server
    name = f"attack-{uuid.uuid4()}"
    body: dict[str, Any] = {
        "createImage": {"createImage": {"name": name}},
        "createBackup": {"createBackup": {"name": name, "backup_type": name, "rotation": 1}},
        "shelve": {"shelve": None},
    }[action]
    before = set(world.cloud.images_of(server))
    world.cloud.wait_for_server("alice", server, "ACTIVE")
    answer = world.cloud.call(world.api, "alice", "POST", f"/v2.1/servers/{server}/action", json=body)
    assert answer.status == 202, answer
    if action == "shelve":
        world.cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED", "SHELVED")
    (image_id,) = set(world.cloud.images_of(server)) - before
    try:
        assert world.properties(image_id)["instance_uuid"] == server, "Nova's own word is right"
        world.rightly_bound(image_id, server)
    finally:
        if action == "shelve":
            _unshelve(world.stage, server)


def tuple_shown_to_nova(world: World) -> None:
    """A server that is booted from a snapshot is another server than the one that the snapshot is of."""
    image_id = made(world.act(world.create_image()))
    world.rightly_bound(image_id)
    world.cloud.wait_for_image(image_id)
    server = world.cloud.boot("alice", "of a snapshot", image_id, on=world.api)
    try:
        kept = world.stage.system_metadata(server)
        assert kept["image_instance_uuid"] == world.server, "what Nova says itself is inherited as ever"
        own = {f"image_{name}" for name in rules.NAMES}
        world.holds(not kept.keys() & own, f"Nova keeps {kept}")
        if world.exact and not world.undone:
            world.rightly_bound(world.cloud.snapshot("alice", server), server)
    finally:
        world.cloud.compute_call("alice", "DELETE", f"/servers/{server}")


def _unshelve(stage: Stage, server: str) -> None:
    answer = stage.cloud.action("alice", server, {"unshelve": None}, microversion=None)
    assert answer.status == 202, answer
    stage.cloud.wait_for_server("alice", server, "ACTIVE")


def _kind(refusal: dict[str, Any]) -> str:
    return next(iter(refusal))
