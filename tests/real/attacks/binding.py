"""Attacks on who may bind: everyone here sends a tuple that he may not set."""

from __future__ import annotations

import uuid

from glance_related.instance_aware import problems
from tests.real.attacks.world import World
from tests.real.cloud_of_tests import MOONLIGHTER

_NOT_ALLOWED = problems.NOT_ALLOWED.code


def member_posts_tuple(world: World) -> None:
    answer = world.post("alice", {"name": "mine", **world.tuple})
    world.nothing_bound()
    world.expect(answer, 403, _NOT_ALLOWED)


def member_patches_tuple(world: World) -> None:
    image_id = world.image("alice")
    answer = world.patch("alice", image_id, world.tuple_changes)
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)
    older = [{"add": change["path"], "value": change["value"]} for change in world.tuple_changes]
    answer = world.patch("alice", image_id, older, version="2.0")
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)


def member_removes_tuple(world: World) -> None:
    image_id = world.bound("alice")
    removed = [{"op": "remove", "path": f"/{name}"} for name in world.tuple]
    for changes in (removed, [{"op": "replace", "path": "/instance_id", "value": "another"}]):
        answer = world.patch("alice", image_id, changes)
        world.still_bound(image_id)
        world.expect(answer, 403, _NOT_ALLOWED)


def member_patches_public_image(world: World) -> None:
    image_id = world.image("admin", visibility="public")
    assert world.cloud.patch(world.stock, "alice", image_id, []).status == 200, "Glance itself has no objection"
    answer = world.patch("alice", image_id, world.tuple_changes)
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)


def member_posts_id_and_tuple(world: World) -> None:
    image_id = str(uuid.uuid4())
    answer = world.post("alice", {"id": image_id, "name": "mine", **world.tuple})
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)
    world.holds(world.cloud.pending(image_id) == [], "the attempt is remembered")
    world.holds(world.call("alice", "GET", f"/v2/images/{image_id}").status == 404, "the image was made")


def tuple_through_nova_post(world: World) -> None:
    for who in ("alice", "admin"):
        answer = world.post(who, {"name": "snapshot", **world.tuple}, service_token="nova")
        world.nothing_bound()
        world.expect(answer, 201, None)  # never refused: a server would be left in the middle of being shelved
        assert world.cloud.native(answer.json()["id"]) == {}


def tuple_through_nova_patch(world: World) -> None:
    image_id = world.image("alice")
    changes = [{"op": "add", "path": "/team", "value": "blue"}, *world.tuple_changes]
    answer = world.patch("alice", image_id, changes, service_token="nova")
    world.unbound(image_id)
    world.expect(answer, 200, None)
    assert world.cloud.native(image_id) == {"team": "blue"}, "what is not ours arrives"


def own_token_as_service_token(world: World) -> None:
    """Glance's default takes any good token for a service's; the user of this one is a registered program's."""
    for who, service in (("alice", "alice"), ("alice", "bob"), ("alice", MOONLIGHTER)):
        answer = world.post(who, {"name": "mine", **world.tuple}, service_token=service)
        world.nothing_bound()
        world.expect(answer, 403, _NOT_ALLOWED)
        image_id = world.image("alice")
        answer = world.patch(who, image_id, world.tuple_changes, service_token=service)
        world.unbound(image_id)
        world.expect(answer, 403, _NOT_ALLOWED)


def own_token_where_roles_are_required(world: World) -> None:
    strict = world.beside("strict")
    for service in ("alice", "bob", MOONLIGHTER):
        answer = strict.post("alice", {"name": "mine", **world.tuple}, service_token=service)
        world.nothing_bound()
        strict.expect(answer, 403, _NOT_ALLOWED)
    answer = strict.post("alice", {"name": "snapshot", **world.tuple}, service_token="nova")
    world.nothing_bound()
    strict.expect(answer, 201, None)


def program_without_service_role(world: World) -> None:
    """The user is registered as a program's, its token says nothing of a service."""
    answer = world.post(MOONLIGHTER, {"name": "mine", **world.tuple})
    world.nothing_bound()
    world.expect(answer, 403, _NOT_ALLOWED)


def unregistered_service(world: World) -> None:
    answer = world.post("admin", {"name": "a volume's image", **world.tuple}, service_token="cinder")
    world.nothing_bound()
    world.expect(answer, 403, _NOT_ALLOWED)
    answer = world.post("cinder", {"name": "a volume's image", **world.tuple})
    world.nothing_bound()
    world.expect(answer, 403, _NOT_ALLOWED)


def program_of_another_installation(world: World) -> None:
    code = problems.FOREIGN_INSTALLATION.code
    answer = world.post("other-scheduler", {"name": "backup", **world.tuple})
    world.nothing_bound()
    world.expect(answer, 403, code)
    for who in ("alice", "scheduler"):
        answer = world.post(who, {"name": "backup", **world.tuple}, service_token="other-scheduler")
        world.nothing_bound()
        world.expect(answer, 403, code)


def program_takes_a_tuple_over(world: World) -> None:
    """Both programs are of one project, so that Glance lets the one edit the other's images."""
    image_id = world.bound("scheduler")
    other = world.cloud.tuple("i-taken", world.cloud.other_installation)
    taken = [{"op": "replace", "path": f"/{name}", "value": text} for name, text in other.items()]
    removed = [{"op": "remove", "path": f"/{name}"} for name in other]
    for changes in (taken, removed):
        answer = world.patch("other-scheduler", image_id, changes)
        world.still_bound(image_id)
        world.expect(answer, 403, problems.FOREIGN_INSTALLATION.code)


def program_on_foreign_image(world: World) -> None:
    image_id = world.image("admin", visibility="public")
    answer = world.patch("scheduler", image_id, world.tuple_changes)
    world.unbound(image_id)
    world.expect(answer, 403, _NOT_ALLOWED)


def unknown_installation(world: World) -> None:
    nowhere = str(uuid.uuid4())
    answer = world.post("admin", {"name": "mine", **world.cloud.tuple(world.instance, nowhere)})
    world.nothing_bound()
    world.expect(answer, 400, problems.UNKNOWN_INSTALLATION.code)


def forged_identity_headers(world: World) -> None:
    """Every header by which authtoken tells a filter who is asking, in two spellings."""
    forged = {
        "X-Identity-Status": "Confirmed",
        "X-Roles": "admin,service",
        "X-User-Id": world.cloud.accounts.users["scheduler"],
        "X-Project-Id": world.cloud.project("alice"),
        "X-Is-Admin-Project": "True",
        "X-Service-Identity-Status": "Confirmed",
        "X-Service-Roles": "service,admin",
        "X-Service-User-Id": world.cloud.accounts.users["scheduler"],
    }
    underscored = {name.replace("-", "_"): value for name, value in forged.items()}
    administrator = {name: forged[name] for name in ("X-Identity-Status", "X-Roles")}
    for headers in (forged, administrator, underscored, {**forged, "X-Service-Token": "made-up"}):
        answer = world.post("alice", {"name": "mine", **world.tuple}, headers=headers)
        world.nothing_bound()
        world.expect(answer, 403, ...)
    answer = world.post(None, {"name": "mine", **world.tuple}, headers=forged)
    world.nothing_bound()
    world.expect(answer, 401, None)
