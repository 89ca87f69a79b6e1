"""Attacks by ids and odd text."""

from __future__ import annotations

import uuid

from glance_related.instance_aware import problems
from tests.real.attacks.world import World


def control_characters(world: World) -> None:
    one = world.instance
    odd = (f"{one}\x00", f"\x1b[2J{one}", f"{one}\n", f"{one}\x7f", f"{one}\x85", f"{one}\ud800", "\udc00", "")
    for instance in odd:
        answer = world.post("admin", {"name": "mine", **world.cloud.tuple(instance)})
        world.holds(answer.code == problems.BAD_INSTANCE.code, f"{instance!r} was answered {answer.status}")
        world.nothing_bound()
        world.expect(answer, 400, problems.BAD_INSTANCE.code)
    answer = world.post("admin", {"name": "mine", **world.cloud.tuple("i" * 256)})
    world.expect(answer, 400, problems.BAD_INSTANCE.code)
    for value in ("%00", "%0A", "%1B", "%C2%85", f"{one}%00"):
        assert world.cloud.ids(world.glance, "alice", f"?instance_id={value}") == []
    for value in ("%ED%A0%80", "%FF", "%C3"):  # no UTF-8: as Glance answers it
        path = f"/v2/images?instance_id={value}"
        answers = {world.cloud.call(one_, "alice", "GET", path).status for one_ in (world.glance, world.stock)}
        assert answers == {400}, f"{path}: {answers}"


def foreign_image_id(world: World) -> None:
    """The id is another's: his tuple stays what it was, and nothing of the attempt is shown or matched."""
    theirs = world.bound("alice")
    other = f"i-{uuid.uuid4()}"
    unbound = world.image("bob")
    for image_id in (theirs, unbound):
        answer = world.post("scheduler", {"id": image_id, "name": "mine", **world.cloud.tuple(other)})
        world.nothing_bound(other)
        world.expect(answer, 409, None)
        assert world.cloud.pending(image_id) == []
    world.still_bound(theirs)
    assert world.cloud.ids(world.glance, "admin", f"?instance_id={other}") == []
    assert other not in world.call("alice", "GET", f"/v2/images/{theirs}").text


def image_id_in_upper_case(world: World) -> None:
    """To Glance on this database it is another image; what is bound is that one, and the first keeps its own."""
    theirs = world.bound("alice")
    other = f"i-{uuid.uuid4()}"
    answer = world.post("scheduler", {"id": theirs.upper(), "name": "mine", **world.cloud.tuple(other)})
    world.still_bound(theirs)
    world.expect(answer, 201, None)
    assert world.cloud.stored(theirs.upper()) == (world.cloud.installation, other)
    assert world.cloud.ids(world.glance, "scheduler", f"?instance_id={other}") == [theirs.upper()]
    for spaced in (f"{theirs} ", f" {theirs}", f"{theirs}\x00", theirs.replace("-", ""), f"{{{theirs}}}"):
        answer = world.post("scheduler", {"id": spaced, "name": "mine", **world.cloud.tuple(world.instance)})
        world.still_bound(theirs)
        world.expect(answer, 400, None)
        assert world.cloud.stored(spaced) is None
    # a change is asked of the image that Glance finds under that spelling, and it finds none
    for spelling in (f"{theirs}%20", f"%20{theirs}", f"{theirs}%00"):
        answer = world.patch("admin", spelling, [{"op": "replace", "path": "/instance_id", "value": other}])
        world.still_bound(theirs)
        world.expect(answer, 404, None)
