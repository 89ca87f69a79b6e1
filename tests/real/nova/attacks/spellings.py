"""Attacks by the spelling of a request: what Nova takes for one of ours must be one to us."""

from __future__ import annotations

import json

from glance_related.instance_aware import problems
from tests.real.nova.attacks.world import World, made

_RESERVED = problems.RESERVED_METADATA.code


def spelt_otherwise(world: World, form: str) -> None:
    """The last two name the version elsewhere than in the path, where a word behind it makes it the API's."""
    server, project = world.server, world.cloud.project("alice")
    action = f"/servers/{server}/action"
    path, more = {
        "slashes": (f"/v2.1//servers///{server}//action", {}),
        "slashes before the version": (f"///v2.1{action}", {}),
        "escaped slash": (f"/v2.1%2Fservers%2F{server}%2faction", {}),
        "escaped letters": (f"/v2.1/%73erver%73/{server}/%61ction", {}),
        "with the project": (f"/v2.1/{project}{action}", {}),
        "version 2": (f"/v2{action}", {}),
        "version 2 with the project": (f"/v2/{project}{action}", {}),
        "version in the content type": (action, {"Content-Type": "application/json;version=2.1/any"}),
        "version in accept": (action, {"Accept": "application/json;version=2.1/any"}),
    }[form]
    headers = {"Content-Type": "application/json", **more}
    body = json.dumps(world.create_image(instance_uuid=world.other_server)).encode()
    answer = world.call("alice", "POST", path, body=body, headers=headers)
    world.nothing_made(answer)
    world.expect(answer, 400, _RESERVED)
    if world.exact and form in ("escaped slash", "version in the content type"):
        body = json.dumps(world.create_image()).encode()
        world.rightly_bound(made(world.call("alice", "POST", path, body=body, headers=headers)))


def proxy_spelt_otherwise(world: World, form: str) -> None:
    image_id = world.image(team="blue")
    metadata = f"/images/{image_id}/metadata"
    path = {
        "slashes": f"//v2.1//images/{image_id}//metadata",
        "escaped slash": f"/v2.1%2Fimages/{image_id}%2Fmetadata",
        "with the project": f"/v2.1/{world.cloud.project('alice')}{metadata}",
        "version 2": f"/v2{metadata}",
    }[form]
    for method in ("POST", "PUT"):
        answer = world.call("alice", method, path, json={"metadata": {"instance_uuid": world.other_server}})
        world.holds(world.properties(image_id) == {"team": "blue"}, f"it is said by {method} {path}")
        world.expect(answer, 400, _RESERVED)


def method_in_query(world: World, form: str) -> None:
    """Nova reads no body of what was sent as a GET; a filter that lets it must have judged it."""
    body = world.create_image(instance_uuid=world.other_server)
    if form == "action":
        for method, query in (("PUT", "_method=POST"), ("PUT", "a=b&_method=post"), ("GET", "_method=POST")):
            answer = world.call("alice", method, f"{world.path}?{query}", json=body)
            world.nothing_made(answer)
            world.expect(answer, 400, _RESERVED)
        return
    image_id = world.image(team="blue")
    item = f"/v2.1/images/{image_id}/metadata/instance_uuid?_method=PUT"
    answer = world.call("alice", "POST", item, json={"meta": {"instance_uuid": world.other_server}})
    world.holds(world.properties(image_id) == {"team": "blue"}, "it is said by POST as PUT")
    world.expect(answer, 400, _RESERVED)


def upper_case_server(world: World) -> None:
    """An action under Nova's own spelling would be another instance to whoever asks for it."""
    path = f"/v2.1/servers/{world.server.upper()}/action"
    answer = world.call("alice", "POST", path, json=world.create_image())
    world.rightly_bound(made(answer))
    for spelling in (world.server.replace("-", ""), f"{{{world.server}}}", f"{world.server}%20"):
        refused = world.call("alice", "POST", f"/v2.1/servers/{spelling}/action", json=world.create_image())
        world.expect(refused, 404, None)
        world.nothing_rides(refused)
