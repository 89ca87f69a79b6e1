"""Attacks on who may: what protections and the operator keep from a customer, in a boot and in images of a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glance_related.props_override import problems
from tests.real.nova.attacks.overrides.stage import OPERATOR, PROTECTED
from tests.real.nova.attacks.overrides.world import STRICT, OverrideWorld
from tests.real.wire import Answer

_FORBIDDEN = problems.NO_RIGHT.code
_NO_IMAGE_OF_IT = problems.SNAPSHOT_FORBIDDEN.code


def _refused(world: OverrideWorld, override: dict[str, str], **about: Any) -> None:
    answer = world.boot(override, path=STRICT, about=about)
    world.refused(answer, 403, _FORBIDDEN)


def protected_by_another_name(world: OverrideWorld) -> None:
    _refused(world, {"vm_mode": "hvm"})
    if world.exact:
        _refused(world, {"hw_vm_mode": "hvm"})


def protection_in_the_middle(world: OverrideWorld) -> None:
    _refused(world, {"hw_video_model": "virtio"})
    if world.exact:
        _refused(world, {"hw_video_ram": "16"})


def role_in_other_case(world: OverrideWorld) -> None:
    """It is the same role to Glance: who has it may, and nobody else."""
    _refused(world, {"hw_rng_model": "virtio"})
    if world.exact:
        for who, is_allowed in ((OPERATOR, True), ("alice", False)):
            offered = world.call(who, "GET", "/v2.1/image-props-override").json()["properties"]
            assert ("hw_rng_model" in offered) is is_allowed, who


def update_forbidden(world: OverrideWorld, form: str) -> None:
    """The image has it; alice might create such a property, but not change it."""
    present, override = {
        "same name": ({"hw_cdrom_bus": "ide"}, {"hw_cdrom_bus": "scsi"}),
        "older name": ({"ipxe_boot": "false"}, {"hw_ipxe_boot": "true"}),
    }[form]
    image = world.cloud.upload("alice", **present)
    _refused(world, override, imageRef=image)


def operators_patterns(world: OverrideWorld, form: str) -> None:
    name = {"its name": "img_owner_id", "its older name": "owner_id"}[form]
    _refused(world, {name: world.cloud.project("bob")})


# -- images


def image_of_overridden_server(world: OverrideWorld, action: str) -> None:
    body = _making_image(world.name, action)
    try:
        _carries_nothing(world, lambda: _act(world, world.stage.operators_server, body))
    finally:
        _settle(world)
    if world.exact:
        direct = world.cloud.call(world.stage.undone_glance, "alice", "POST", "/v2/images", json=PROTECTED)
        assert direct.status == 403, "she may not set it herself"
        own = _act(world, world.stage.server, _making_image(world.name, "createImage"))
        assert own.status == 202, "what anybody may set an image may carry"


def image_spelt_otherwise(world: OverrideWorld, form: str) -> None:
    server, project = world.stage.operators_server, world.cloud.project("alice")
    path = {
        "slashes": f"/v2.1//servers///{server}//action",
        "escaped slash": f"/v2.1%2Fservers%2F{server}%2faction",
        "escaped letters": f"/v2.1/%73erver%73/{server}/%61ction",
        "with the project": f"/v2.1/{project}/servers/{server}/action",
    }[form]
    body = _making_image(world.name, "createImage")
    _carries_nothing(world, lambda: world.call("alice", "POST", path, json=body))
    if world.exact:
        older = path.replace("/v2.1", "/v2", 1)
        _carries_nothing(world, lambda: world.call("alice", "POST", older, json=body))


def image_by_escaped_action(world: OverrideWorld) -> None:
    path = f"{STRICT}/{world.stage.operators_server}/action"
    body = b'{"create\\u0049mage": {"name": "%s"}}' % world.name.encode()
    headers = {"Content-Type": "application/json"}
    _carries_nothing(world, lambda: world.call("alice", "POST", path, body=body, headers=headers))


def upper_case_server(world: OverrideWorld) -> None:
    body = _making_image(world.name, "createImage")
    _carries_nothing(world, lambda: _act(world, world.stage.operators_server.upper(), body))


def image_of_one_of_several(world: OverrideWorld) -> None:
    """Nothing is kept of it yet; which request has made it stands in Nova's own record."""
    several = {"server": world.about(PROTECTED, min_count=2)}
    answer = world.call(OPERATOR, "POST", STRICT, json=several)
    assert answer.status == 202, answer
    (server,) = set(world.active(2)) - {answer.json()["server"]["id"]}
    path = f"{STRICT}/{server}/action"
    image = _making_image(world.name, "createImage")
    _carries_nothing(world, lambda: world.cloud.call(world.api, "alice", "POST", path, json=image), server)


def _making_image(name: str, action: str) -> dict[str, Any]:
    return {
        "createImage": {"createImage": {"name": name}},
        "createBackup": {"createBackup": {"name": name, "backup_type": name, "rotation": 9}},
        "shelve": {"shelve": None},
    }[action]


def _act(world: OverrideWorld, server: str, body: dict[str, Any]) -> Answer:
    return world.call("alice", "POST", f"{STRICT}/{server}/action", json=body)


def _carries_nothing(world: OverrideWorld, act: Callable[[], Answer], server: str | None = None) -> None:
    """No image that an action makes of a server, by default the operator's, carries what alice may not set."""
    if server is None:
        server = world.stage.operators_server
        _settle(world)
    before = set(world.cloud.images_of(server))
    answer = act()
    made = set(world.cloud.images_of(server)) - before
    for image_id in made:
        properties = world.properties(image_id)
        world.holds(not PROTECTED.items() & properties.items(), f"an image was made with {properties}")
    world.expect(answer, 403, _NO_IMAGE_OF_IT)
    assert not (world.exact and made), answer


def _settle(world: OverrideWorld) -> None:
    """The operator's server is as it was."""
    cloud, server = world.cloud, world.stage.operators_server
    seen = cloud.wait_for_server("alice", server, "ACTIVE", "SHELVED_OFFLOADED")
    if seen["status"] != "ACTIVE":
        answer = cloud.action(OPERATOR, server, {"unshelve": None})
        assert answer.status == 202, answer
        cloud.wait_for_server("alice", server, "ACTIVE")
