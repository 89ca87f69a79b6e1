"""Attacks by what a customer says of an image of his server: in the action, and through Nova's proxy of Glance."""

from __future__ import annotations

from typing import Any

from glance_related.instance_aware import problems, rules
from tests.real.nova.attacks.world import World, made

_RESERVED = problems.RESERVED_METADATA.code
_ACTIONS = (World.create_image, World.create_backup)


def own_metadata(world: World, name: str) -> None:
    for action in _ACTIONS:
        answer = world.act(action(world, team="blue", **{name: world.lie(name)}))
        world.nothing_made(answer)
        world.expect(answer, 400, _RESERVED)
    if world.exact and name == "instance_uuid":
        answer = world.act(world.create_image(owner=world.lie("owner"), team="blue"))
        world.nothing_made(answer)
        world.expect(answer, 400, _RESERVED)
        image_id = made(world.act(world.create_image(team="blue", owner_id="me")))
        world.rightly_bound(image_id)
        assert world.properties(image_id)["team"] == "blue", "what is not a lie is the customer's to say"


def tuple_in_metadata(world: World) -> None:
    for action in _ACTIONS:
        answer = world.act(action(world, **world.tuple))
        for image_id in world.named():
            world.unbound(image_id)
        world.expect(answer, 400, _RESERVED)
        if world.exact:
            world.nothing_made(answer)
    if world.exact:
        for name, lie in world.tuple.items():
            answer = world.act(world.create_image(**{name: lie}))
            world.nothing_made(answer)
            world.expect(answer, 400, _RESERVED)


def nearly_the_same_name(world: World, name: str) -> None:
    answer = world.act(world.create_image(**{name: world.lie(name)}))
    world.nothing_made(answer)
    world.expect(answer, 400, _RESERVED)
    image_id = world.image(team="blue")
    _, *ways = _ways(image_id, name, world.lie(name))
    for method, path, body in ways:
        answer = world.call("alice", method, path, json=body)
        world.holds(world.properties(image_id) == {"team": "blue"}, f"it is said by {method} {path}")
        world.expect(answer, 400, _RESERVED)


def image_proxy(world: World, name: str) -> None:
    truth = {"team": "blue", "instance_uuid": world.server, "image_type": "snapshot"}
    image_id = world.image(**truth)
    for method, path, body in _ways(image_id, name, world.lie(name)):
        answer = world.call("alice", method, path, json=body)
        world.holds(world.properties(image_id) == truth, f"it is said by {method} {path}")
        world.expect(answer, 400, _RESERVED)
    if world.exact and name == "instance_uuid":
        _sent_back(world, image_id, truth)


def _sent_back(world: World, image_id: str, truth: dict[str, str]) -> None:
    """Who sends back what he was shown says nothing new."""
    for no_way in ("id", "owner"):
        for method, path, body in _ways(image_id, no_way, world.lie(no_way)):
            world.expect(world.call("alice", method, path, json=body), 400, _RESERVED)
    path = f"/v2.1/images/{image_id}/metadata"
    shown = world.call("alice", "GET", path).json()["metadata"]
    for method, team in (("POST", "red"), ("PUT", "green")):
        answer = world.call("alice", method, path, json={"metadata": {**shown, "team": team}})
        assert answer.status == 200, answer
        assert world.properties(image_id) == {**truth, "team": team}
    item = f"{path}/instance_uuid"
    assert world.call("alice", "PUT", item, json={"meta": {"instance_uuid": world.server}}).status == 200
    answer = world.call("bob", "PUT", path, json={"metadata": {"instance_uuid": world.server}})
    assert (answer.status, answer.code) == (404, None), "as Nova answers for an image that he may not see"


def tuple_through_image_proxy(world: World) -> None:
    image_id = world.image(team="blue")
    path = f"/v2.1/images/{image_id}/metadata"
    for method in ("POST", "PUT"):
        answer = world.call("alice", method, path, json={"metadata": {"team": "blue", **world.tuple}})
        world.unbound(image_id)
        world.expect(answer, 400, _RESERVED)
    for name, lie in world.tuple.items():
        answer = world.call("alice", "PUT", f"{path}/{name}", json={"meta": {name: lie}})
        world.unbound(image_id)
        world.expect(answer, 400, _RESERVED)


def image_proxy_purges_tuple(world: World) -> None:
    image_id = world.bound()
    path = f"/v2.1/images/{image_id}/metadata"
    shown = world.call("alice", "GET", path)
    answer = world.call("alice", "PUT", path, json={"metadata": {"team": "red"}})
    world.rightly_bound(image_id)
    world.expect(answer, 200, None)
    if world.exact:
        assert shown.json() == {"metadata": {"team": "blue"}}, "Nova is shown no tuple"
        assert world.properties(image_id) == {"team": "red"}
        for name in rules.NAMES:
            gone = world.call("alice", "DELETE", f"{path}/{name}")
            assert gone.status == 404, gone
        world.rightly_bound(image_id)


def _ways(image_id: str, name: str, value: str) -> list[tuple[str, str, dict[str, Any]]]:
    """How the proxy can be told a property."""
    path = f"/v2.1/images/{image_id}/metadata"
    escaped = "".join(f"%{ord(letter):02x}" for letter in name)
    return [
        ("POST", path, {"metadata": {name: value}}),
        ("PUT", path, {"metadata": {"team": "blue", name: value}}),
        ("PUT", f"{path}/{escaped}", {"meta": {name: value}}),
    ]
