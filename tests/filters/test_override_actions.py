"""System 2, after the boot: rebuild, rescue, and images of a server that was made with an override."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import webob.exc

from glance_related.props_override.override import OVERRIDE
from tests.filters.conftest import ADMIN, MEMBER, NOVA
from tests.filters.override_side import IMAGE, OTHER_IMAGE, OverrideSide, lose_database, make

CODE = "X-Glance-Related-Code"
FIRST = {"hw_video_model": "virtio"}
SECOND = {"os_command_line": "quiet"}
OWN = {"hw_disk_bus": "virtio"}
PROTECTIONS = """
[hw_video_model]
create = admin
read = @
update = admin
delete = admin
[.*]
create = @
read = @
update = @
delete = @
"""


@pytest.fixture
def side(tmp_path: Path) -> Any:
    made = make(tmp_path)
    yield made
    assert made.glance.unclosed == 0, "a reply of Glance's was never closed"


@pytest.fixture
def protected(tmp_path: Path) -> Any:
    (tmp_path / "protections.conf").write_text(PROTECTIONS)
    return make(tmp_path, f"[props_override]\nproperty_protection_file = {tmp_path}/protections.conf\n")


def rebuild(side: OverrideSide, server_id: str, override: Any = None, image: str = IMAGE, **extra: Any) -> Any:
    asked: dict[str, Any] = {"imageRef": image}
    if override is not None:
        asked["image_props_override"] = override
    return side.act(server_id, {"rebuild": asked}, **extra)


def properties(side: OverrideSide, server_id: str) -> dict[str, str]:
    return side.nova.servers[server_id].properties


# -- rebuild


def test_a_rebuild_from_the_same_image_has_what_the_server_was_booted_with(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    reply = rebuild(side, server_id)
    assert reply.status_int == 202
    assert properties(side, server_id) == {**OWN, **FIRST}
    assert reply.json["server"]["image_props_override"] == side.shown(server_id) == FIRST


def test_so_it_has_when_it_is_spelt_in_upper_case(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    side.glance.answers("GET", f"/v2/images/{IMAGE.upper()}", json={"id": IMAGE, "status": "active", **OWN})
    path = f"/servers/{server_id.upper()}/action"
    assert side.ask("POST", path, {"rebuild": {"imageRef": IMAGE.upper()}}).status_int == 202
    assert properties(side, server_id) == {**OWN, **FIRST}


def test_a_rebuild_with_an_override_has_that_one_from_then_on(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    assert rebuild(side, server_id, SECOND).status_int == 202
    assert properties(side, server_id) == {**OWN, **SECOND}
    assert rebuild(side, server_id).status_int == 202
    assert properties(side, server_id) == {**OWN, **SECOND}
    assert side.shown(server_id) == SECOND


def test_a_rebuild_with_an_empty_override_has_the_image_s_own(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    reply = rebuild(side, server_id, {})
    assert reply.status_int == 202
    assert properties(side, server_id) == OWN
    assert "image_props_override" not in reply.json["server"]
    assert rebuild(side, server_id).status_int == 202
    assert properties(side, server_id) == OWN
    assert side.shown(server_id) is None


def test_a_rebuild_from_another_image_has_none_and_there_is_no_way_back(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    assert rebuild(side, server_id, image=OTHER_IMAGE).status_int == 202
    assert properties(side, server_id) == {}
    assert rebuild(side, server_id).status_int == 202
    assert properties(side, server_id) == OWN
    assert side.shown(server_id) is None


def test_a_rebuild_from_another_image_has_what_is_sent_with_it(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    assert rebuild(side, server_id, {"hw_numa_nodes": "2"}, OTHER_IMAGE).status_int == 202
    assert properties(side, server_id) == {"hw_numa_nodes": "2"}
    assert side.shown(server_id) == {"hw_numa_nodes": "2"}


def test_a_server_without_one_may_be_rebuilt_with_one(side: OverrideSide) -> None:
    server_id = side.booted()
    assert rebuild(side, server_id, FIRST).status_int == 202
    assert properties(side, server_id) == {**OWN, **FIRST}


def test_a_rebuild_of_a_server_without_one_is_nova_s_own_business(side: OverrideSide) -> None:
    server_id = side.booted()
    assert rebuild(side, server_id).status_int == 202
    assert rebuild(side, server_id, {}).status_int == 202
    assert side.nova.posted[-1][1:] == ({"rebuild": {"imageRef": IMAGE}}, None)
    assert side.riders.count() == side.store.count() == 0


@pytest.mark.parametrize(
    ("booted", "rebuilt"),
    [
        ({"hw_numa_nodes": "2"}, {}),
        ({"hw_numa_nodes": "2"}, {"hw_numa_nodes": "1"}),
        ({}, {"trait:HW_CPU_X86_AVX": "required"}),
        ({"hw_mem_page_size": "large", **FIRST}, SECOND),
    ],
)
def test_by_what_a_server_was_placed_a_rebuild_from_the_same_image_cannot_change(
    side: OverrideSide, booted: Any, rebuilt: Any
) -> None:
    server_id = side.booted(booted)
    before = properties(side, server_id)
    reply = rebuild(side, server_id, rebuilt)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.refused")
    (part,) = reply.json["badRequest"]["glance_related_problems"]
    assert part["code"] == "props_override.placed"
    assert properties(side, server_id) == before


def test_a_rebuild_that_nova_refuses_changes_nothing(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    riders = side.riders.count()
    side.nova.refuses = webob.exc.HTTPConflict("Cannot rebuild while it is in task_state deleting")
    for override in (SECOND, {}, None):
        assert rebuild(side, server_id, override).status_int == 409
    assert side.shown(server_id) == FIRST
    assert side.riders.count() == riders


@pytest.mark.parametrize("override", [SECOND, {}], ids=["another override", "none any more"])
@pytest.mark.parametrize("booted", [None, FIRST], ids=["without one", "with one"])
def test_a_rebuild_whose_answer_was_lost_is_found_out(side: OverrideSide, booted: Any, override: Any) -> None:
    server_id = side.booted(booted)
    side.nova.refuses, side.nova.acts_all_the_same = webob.exc.HTTPInternalServerError("lost"), True
    assert rebuild(side, server_id, override).status_int == 500
    side.nova.refuses = None
    assert side.shown(server_id) == (override or None)
    assert side.riders.open_of(OVERRIDE, NOVA, ["alice-project"]) == []
    assert rebuild(side, server_id).status_int == 202
    assert properties(side, server_id) == {**OWN, **override}


def test_what_is_wrong_with_the_override_of_a_rebuild_is_told_before_nova_is_asked(side: OverrideSide) -> None:
    server_id = side.booted()
    reply = rebuild(side, server_id, {"hw_vide_model": "virtio"})
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.refused")
    assert "did you mean hw_video_model?" in reply.text
    assert len(side.nova.posted) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"rebuild": {"imageRef": IMAGE}, "image_props_override": FIRST},
        {"rebuild": None, "image_props_override": FIRST},
        {"os-start": None, "image_props_override": FIRST},
    ],
)
def test_beside_an_action_nobody_would_read_it(side: OverrideSide, document: Any) -> None:
    reply = side.act(side.booted(), document)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.elsewhere")


def test_a_server_on_a_volume_cannot_be_rebuilt_with_one(side: OverrideSide) -> None:
    server_id = side.booted()
    side.nova.servers[server_id].is_volume_backed = True
    reply = rebuild(side, server_id, FIRST)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.from_volume")
    assert rebuild(side, server_id).status_int == 202


def test_a_server_that_nobody_sees_is_nova_s_own_404(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    del side.nova.servers[server_id]
    assert rebuild(side, server_id, SECOND).status_int == 404
    assert rebuild(side, "no-uuid", SECOND).status_int == 404


def test_a_server_rebuilt_past_us_is_not_shown_what_it_has_not_any_more(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    side.nova.servers[server_id].image_id = OTHER_IMAGE
    assert side.shown(server_id) is None
    assert rebuild(side, server_id, image=OTHER_IMAGE).status_int == 202
    assert properties(side, server_id) == {}


# -- rescue


def test_a_rescue_from_the_server_s_own_image_has_the_server_s_own_properties(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    assert side.act(server_id, {"rescue": {"adminPass": "x"}}).status_int == 200
    assert side.nova.servers[server_id].rescued_with == {**OWN, **FIRST}


def test_a_rescue_from_another_image_has_that_image_s(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    assert side.act(server_id, {"rescue": {"rescue_image_ref": OTHER_IMAGE}}).status_int == 200
    assert side.nova.servers[server_id].rescued_with == {}


def test_a_rescue_of_a_server_without_one_is_nova_s_own_business(side: OverrideSide) -> None:
    server_id = side.booted()
    assert side.act(server_id, {"rescue": None}).status_int == 200
    assert side.nova.posted[-1][2] is None


# -- images of such a server


@pytest.mark.parametrize("action", [{"createImage": {"name": "snap"}}, {"shelve": None}])
def test_an_image_that_would_carry_what_the_caller_may_not_create_is_refused(
    protected: OverrideSide, action: Any
) -> None:
    server_id = protected.booted(FIRST, who={**ADMIN, "X-Project-Id": "alice-project"})
    reply = protected.act(server_id, action)
    assert (reply.status_int, reply.headers[CODE]) == (403, "props_override.snapshot_forbidden")
    assert "hw_video_model" in reply.json["forbidden"]["message"]
    assert protected.act(server_id, action, who=ADMIN).status_int == 202
    allowed = protected.booted(SECOND)
    assert protected.act(allowed, action).status_int == 202


def test_what_is_protected_is_refused_by_the_caller_s_own_roles(protected: OverrideSide) -> None:
    nova_s = {"X-Service-Roles": "service,admin", "X-Service-Identity-Status": "Confirmed", "X-Service-User-Id": "nova"}
    reply = protected.boot(FIRST, who={**MEMBER, **nova_s})
    assert (reply.status_int, reply.headers[CODE]) == (403, "props_override.forbidden")
    assert protected.boot({"Hw_Video_Model": "virtio"}).status_int == 400
    assert protected.boot(FIRST, who={**MEMBER, "X-Roles": "Admin,member"}).status_int == 202


# -- the database is down


def test_without_our_database_nothing_is_silently_rebuilt_and_everything_else_goes_on(protected: OverrideSide) -> None:
    server_id = protected.booted(SECOND)
    lose_database(protected)
    for override in (None, {}, SECOND):
        reply = rebuild(protected, server_id, override)
        assert (reply.status_int, reply.headers[CODE]) == (503, "glance_related.database_down")
    for action in ({"rescue": None}, {"createImage": {"name": "snap"}}, {"shelve": None}):
        assert protected.act(server_id, action).status_int in (200, 202)
