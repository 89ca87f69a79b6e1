"""Attacks by request ids that carry our mark: in requests to Nova, and sent to Glance past it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.real.nova.attacks.stage import COLLEAGUE
from tests.real.nova.attacks.world import World, made

if TYPE_CHECKING:
    from cloud.glance import Glance

_HEADER = "X-OpenStack-Request-ID"


def marked_id_in_create_image(world: World, form: str) -> None:
    marked = _marked(world, form)
    before = _arrivals(world.glance, marked)
    answer = world.act(world.create_image(), headers={_HEADER: marked})
    world.rightly_bound(made(answer))
    (rider,) = world.stage.riding(answer.headers["x-compute-request-id"])
    assert rider["request_id"] != marked
    world.cloud.wait_for(lambda: _arrivals(world.glance, rider["request_id"]), "no fresh id has reached Glance")
    world.holds(_arrivals(world.glance, marked) == before, "the client's id reached Glance")


def marked_id_in_other_requests(world: World, form: str) -> None:
    marked = _marked(world, form)
    image_id = world.image(team="blue")
    ordinary = f"req-{uuid.uuid4()}"
    path = f"/v2.1/images/{image_id}"
    before = _arrivals(world.glance, marked)
    for sent in (marked, ordinary):
        headers = {_HEADER: sent}
        seen = world.call("alice", "GET", path, headers=headers)
        changed = world.call("alice", "POST", f"{path}/metadata", json={"metadata": {"team": "red"}}, headers=headers)
        listed = world.call("alice", "GET", "/v2.1/images/detail?limit=1", headers=headers)
        assert (seen.status, changed.status, listed.status) == (200, 200, 200), "nobody is refused for his id"
    world.cloud.wait_for(lambda: _arrivals(world.glance, ordinary) >= 3, "an ordinary id is not handed on")
    world.holds(_arrivals(world.glance, marked) == before, "the client's id reached Glance")
    world.unbound(image_id)


def rider_sent_to_glance(world: World, form: str) -> None:
    """By alice, whose rider it is; under Glance's default any good token passes as a service's."""
    glance = world.stage.undone_glance
    service_token = "alice" if form == "one's own as service token" else None
    _not_believed(world, glance, "alice", service_token)
    if world.exact:
        _not_believed(world, glance, "bob", service_token and "bob")


def rider_with_another_service(world: World, service: str) -> None:
    _not_believed(world, world.glance, "alice", service)
    if world.exact:
        _not_believed(world, world.glance, "bob", service)


def rider_of_somebody_else(world: World, form: str) -> None:
    """As a nova-api without our filter would hand it on, with Nova's own service token."""
    who = {"another customer's": "bob", "another user's of the project": COLLEAGUE, "an old one": "alice"}[form]
    rider = world.stage.old_rider() if form == "an old one" else None
    _not_believed(world, world.glance, who, "nova", rider)
    if world.exact:
        _not_believed(world, world.glance, who, "nova", world.stage.marks.new_id())


def _not_believed(world: World, glance: Glance, who: str, service_token: str | None, rider: str | None = None) -> None:
    """POST an image to Glance under the id of alice's rider, or another: made, as any other, and unbound."""
    headers = {_HEADER: rider or world.stage.rider("alice")}
    image = {"name": world.name, "image_type": "snapshot"}
    if service_token in ("nova", "other-nova"):
        image |= world.tuple  # others are refused for one: that is another attack
    answer = world.cloud.call(glance, who, "POST", "/v2/images", json=image, headers=headers,
                              service_token=service_token)  # fmt: skip
    assert answer.status == 201, answer
    world.unbound(answer.json()["id"])
    if world.exact:
        seen = world.cloud.images("admin", f"?instance_id={world.other_server}")
        assert answer.json()["id"] not in [image["id"] for image in seen]


def _marked(world: World, form: str) -> str:
    if form == "made with the key":
        return world.stage.marks.new_id()
    return world.stage.rider("alice" if form == "used before" else "bob")


def _arrivals(glance: Glance, request_id: str) -> int:
    """How often Nova has shown this id to Glance, by the access log of the server that Glance stands under."""
    return glance.access_log.read_text().count(f"rid={request_id}")
