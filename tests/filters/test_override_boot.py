"""System 2, a boot: what is taken out, judged, kept and merged, and what of it anybody sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import webob.exc

from glance_related.props_override.override import OVERRIDE
from glance_related.riders.mark import Marks
from tests.filters.acting_nova import SERVICE
from tests.filters.conftest import ADMIN, MEMBER, NOVA
from tests.filters.override_side import IMAGE, IMAGES, KEY, OTHER_IMAGE, OverrideSide, lose_database, make

CODE = "X-Glance-Related-Code"
OVERRIDES = {"hw_video_model": "virtio", "os_command_line": "console=ttyS0 ks=a=b"}
BOB = {"X-User-Id": "bob", "X-Project-Id": "bob-project", "X-Roles": "member,reader"}
PROJECT = "214e214e214e214e214e214e214e214e"
SPELLINGS = ("/servers", f"/{PROJECT}/servers", "/os-volumes_boot", f"/{PROJECT}/os-volumes_boot", "//servers")


@pytest.fixture
def side(tmp_path: Path) -> Any:
    made = make(tmp_path)
    yield made
    assert made.glance.unclosed == 0, "a reply of Glance's was never closed"


@pytest.mark.parametrize("path", SPELLINGS)
def test_a_server_is_made_of_the_image_with_the_override(side: OverrideSide, path: str) -> None:
    reply = side.boot(OVERRIDES, path=path)
    assert reply.status_int == 202
    server = side.nova.servers[reply.json["server"]["id"]]
    assert server.properties == {"hw_disk_bus": "virtio", **OVERRIDES}
    _, document, request_id = side.nova.posted[-1]
    assert document == {"server": {"name": "one", "imageRef": IMAGE}}
    assert Marks((KEY,)).decides(request_id or "")
    assert side.shown(server.id) == OVERRIDES


def test_the_image_stays_what_it_is_for_everybody(side: OverrideSide) -> None:
    side.booted(OVERRIDES)
    marked = side.nova.posted[-1][2] or ""
    for headers in (MEMBER, ADMIN, BOB, {**MEMBER, "X-OpenStack-Request-ID": marked}):
        assert side.image(IMAGE, headers)[2].get("hw_video_model") is None


def test_what_is_kept_names_the_server_its_image_and_the_request(side: OverrideSide) -> None:
    server_id = side.boot(OVERRIDES).json["server"]["id"]
    kept = side.kept(server_id)
    assert kept is not None
    assert (kept.ref.nova_installation_uuid, kept.project_id) == (NOVA, "alice-project")
    assert (kept.image_id, kept.rescue_image_id, kept.properties) == (IMAGE, IMAGE, OVERRIDES)
    assert [kept.request_id] == side.nova.servers[server_id].actions
    assert side.riders.open_of(OVERRIDE, NOVA, ["alice-project"]) == []


def test_an_image_of_a_server_is_rescued_from_what_lies_below_it(side: OverrideSide) -> None:
    below = {"base_image_ref": OTHER_IMAGE}
    snapshot = "0a1b2c3d-1111-4222-8333-aaaabbbbcccc"
    side.glance.answers("GET", f"/v2/images/{snapshot}", json={"id": snapshot, "status": "active", **below})
    server_id = side.booted(OVERRIDES, imageRef=snapshot)
    assert side.nova.servers[server_id].properties == {**below, **OVERRIDES}
    assert side.act(server_id, {"rescue": None}).status_int == 200
    assert side.nova.servers[server_id].rescued_with == OVERRIDES, "Nova asks for the image below"


@pytest.mark.parametrize("override", [None, {}], ids=["no override", "an empty one"])
def test_without_an_override_a_boot_is_nova_s_own_business(side: OverrideSide, override: Any) -> None:
    server_id = side.booted(override)
    assert side.nova.servers[server_id].properties == {"hw_disk_bus": "virtio"}
    assert side.nova.posted[-1][2] is None, "no request id of ours"
    assert side.riders.count() == side.store.count() == 0
    assert side.shown(server_id) is None


def test_a_body_that_does_not_name_it_is_not_even_parsed(side: OverrideSide) -> None:
    side.ask("POST", "/servers", body=b'{"server": {"imageRef": 1, "imageRef": "%s"}}' % IMAGE.encode())
    assert side.nova.posted[-1][1] == {"server": {"imageRef": IMAGE}}, "a key twice is Nova's own business"


def test_metadata_of_that_name_is_the_customer_s_own(side: OverrideSide) -> None:
    server_id = side.booted(None, metadata={"image_props_override": "a note"})
    assert side.nova.servers[server_id].properties == {"hw_disk_bus": "virtio"}
    assert side.nova.posted[-1][1]["server"]["metadata"] == {"image_props_override": "a note"}


def test_numbers_and_truths_become_the_texts_that_glance_would_keep(side: OverrideSide) -> None:
    server_id = side.booted({"hw_cpu_cores": 2, "hw_boot_menu": True, "hw_pmu": False})
    assert side.shown(server_id) == {"hw_cpu_cores": "2", "hw_boot_menu": "true", "hw_pmu": "false"}


def test_an_older_name_is_kept_under_the_one_that_nova_uses(side: OverrideSide) -> None:
    server_id = side.booted({"vm_mode": "hvm", "architecture": "x86_64"})
    assert side.shown(server_id) == {"hw_vm_mode": "hvm", "hw_architecture": "x86_64"}


def test_all_that_is_wrong_is_told_at_once_and_nova_is_not_asked(side: OverrideSide) -> None:
    wrong = {
        "hw_os_command_line": "x",
        "hw_video_model": "paper",
        "hw_cpu_cores": "two",
        "vm_mode": "hvm",
        "hw_vm_mode": "xen",
        "hw_boot_menu": "perhaps",
        "os_distro": None,
        "img_owner_id": "me",
        "hw_numa_cpus.3": "0",
        "os_admin_user": "x" * 256,
    }
    reply = side.boot(wrong)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.refused")
    fault = reply.json["badRequest"]
    parts = fault["glance_related_problems"]
    codes = {part["property"]: part["code"].removeprefix("props_override.") for part in parts}
    assert codes == {
        "hw_os_command_line": "unknown",
        "hw_video_model": "bad_value",
        "hw_cpu_cores": "bad_value",
        "hw_vm_mode": "two_names",
        "hw_boot_menu": "bad_value",
        "os_distro": "no_text",
        "img_owner_id": "not_offered",
        "hw_numa_cpus.3": "bad_value",
        "os_admin_user": "bad_value",
    }
    assert "did you mean os_command_line?" in fault["message"]
    assert all(part["property"] in fault["message"] for part in parts)
    assert side.nova.posted == []
    assert side.riders.count() == 0


@pytest.mark.parametrize("override", ["hw_video_model=virtio", ["hw_video_model"], 1, True])
def test_an_override_that_is_no_object_is_refused(side: OverrideSide, override: Any) -> None:
    reply = side.boot(override)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.not_properties")
    assert side.nova.posted == []


def test_more_properties_than_a_server_may_have_are_refused(side: OverrideSide) -> None:
    reply = side.boot({f"trait:CUSTOM_{number}": "required" for number in range(65)})
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.too_many")


@pytest.mark.parametrize(
    "document",
    [
        {"server": {"imageRef": IMAGE}, "image_props_override": OVERRIDES},
        {"server": {"imageRef": IMAGE}, "os:scheduler_hints": {"image_props_override": OVERRIDES}},
        {"server": {"imageRef": IMAGE}, "OS-SCH-HNT:scheduler_hints": {"image_props_override": OVERRIDES}},
        {"server": {"imageRef": IMAGE, "os:scheduler_hints": {"image_props_override": OVERRIDES}}},
    ],
    ids=["at top level", "in the hints", "in the hints by their old name", "in hints within the server"],
)
def test_where_nobody_would_read_it_it_is_refused(side: OverrideSide, document: Any) -> None:
    reply = side.ask("POST", "/servers", document)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.elsewhere")
    assert side.nova.posted == []


VOLUME = {"boot_index": 0, "uuid": OTHER_IMAGE, "source_type": "volume", "destination_type": "volume"}


@pytest.mark.parametrize(
    "more",
    [
        {"imageRef": "", "block_device_mapping_v2": [VOLUME]},
        {"imageRef": "", "block_device_mapping": [{"volume_id": OTHER_IMAGE, "device_name": "vda"}]},
        {"block_device_mapping_v2": [{**VOLUME, "source_type": "image", "uuid": IMAGE}]},
        {"block_device_mapping_v2": [{**VOLUME, "source_type": "snapshot", "boot_index": "0"}]},
        {"block_device_mapping_v2": [{**VOLUME, "source_type": "blank", "boot_index": " 0"}]},
    ],
    ids=["a volume", "a volume, the old way", "an image to a volume", "a snapshot of one", "a new volume"],
)
def test_a_server_whose_root_disk_is_a_volume_is_refused(side: OverrideSide, more: Any) -> None:
    reply = side.boot(OVERRIDES, **more)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.from_volume")
    assert side.nova.posted == []


def test_a_second_disk_may_be_a_volume(side: OverrideSide) -> None:
    disks = [
        {"boot_index": 0, "uuid": IMAGE, "source_type": "image", "destination_type": "local"},
        {**VOLUME, "boot_index": -1},
    ]
    assert side.shown(side.booted(OVERRIDES, block_device_mapping_v2=disks)) == OVERRIDES


@pytest.mark.parametrize("image", ["../servers", "no-uuid", 7, None, "0a1b2c3d-1111-4222-8333-000000000000"])
def test_an_image_that_is_not_there_is_refused(side: OverrideSide, image: Any) -> None:
    reply = side.boot(OVERRIDES, imageRef=image)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.no_image")
    assert side.nova.posted == []


# -- several servers


@pytest.mark.parametrize("more", [{"min_count": 3}, {"min_count": "3", "return_reservation_id": True}])
def test_every_server_of_one_request_has_it_and_shows_it_at_the_first_look(side: OverrideSide, more: Any) -> None:
    assert side.boot(OVERRIDES, **more).status_int == 202
    assert [one.properties for one in side.nova.servers.values()] == [{"hw_disk_bus": "virtio", **OVERRIDES}] * 3
    bystander = side.booted()
    assert [side.shown(server_id) for server_id in side.nova.servers] == [OVERRIDES] * 3 + [None]
    assert side.kept(bystander) is None


def test_a_list_shows_them_too(side: OverrideSide) -> None:
    side.boot(OVERRIDES, min_count=2)
    plain = side.booted()
    shown = {one["id"]: one.get("image_props_override") for one in side.ask("GET", "/servers/detail").json["servers"]}
    assert shown == {server_id: None if server_id == plain else OVERRIDES for server_id in side.nova.servers}


def test_two_boots_in_flight_have_each_its_own(side: OverrideSide) -> None:
    inner: list[str] = []

    def meanwhile() -> None:
        side.nova.meanwhile = lambda: None
        inner.append(side.booted({"hw_video_model": "vga"}))

    side.nova.meanwhile = meanwhile
    outer = side.booted(OVERRIDES)
    assert side.nova.servers[outer].properties["hw_video_model"] == "virtio"
    assert side.nova.servers[inner[0]].properties["hw_video_model"] == "vga"
    assert "os_command_line" not in side.nova.servers[inner[0]].properties


# -- refused, lost, gone


@pytest.mark.parametrize("refusal", [webob.exc.HTTPBadRequest, webob.exc.HTTPForbidden, webob.exc.HTTPConflict])
def test_a_boot_that_nova_refuses_leaves_nothing(side: OverrideSide, refusal: Any) -> None:
    side.nova.refuses = refusal("Quota exceeded")
    reply = side.boot(OVERRIDES)
    assert reply.status_int == refusal.code
    assert side.riders.count() == side.store.count() == 0


def test_after_a_failure_of_nova_s_the_server_that_it_made_shows_its_override(side: OverrideSide) -> None:
    side.nova.refuses, side.nova.acts_all_the_same = webob.exc.HTTPInternalServerError("lost"), True
    assert side.boot(OVERRIDES).status_int == 500
    (server_id,) = side.nova.servers
    assert side.kept(server_id) is None
    assert side.shown(server_id, who=BOB) is not None, "whoever may see the server sees it"
    assert side.shown(server_id) == OVERRIDES
    assert side.kept(server_id) is not None


def test_a_server_that_is_gone_takes_it_along(side: OverrideSide) -> None:
    server_id = side.booted(OVERRIDES)
    assert side.ask("DELETE", f"/servers/{server_id}").status_int == 204
    assert side.kept(server_id) is None


@pytest.mark.parametrize("spelt", ["/zzz/servers/{}", "/servers/{}"])
def test_nobody_takes_it_away_by_another_spelling_of_a_path_to_a_server_that_lives(
    side: OverrideSide, spelt: str
) -> None:
    server_id = side.booted(OVERRIDES)
    path = spelt.format(server_id if "zzz" in spelt else server_id.replace("-", ""))
    assert side.ask("GET", path).status_int == 404
    assert side.ask("DELETE", path).status_int == 404
    assert side.kept(server_id) is not None


def test_a_server_that_is_found_to_be_gone_takes_it_along_for_its_own_project_only(side: OverrideSide) -> None:
    server_id = side.booted(OVERRIDES)
    del side.nova.servers[server_id]
    assert side.ask("GET", f"/servers/{server_id}", who=BOB).status_int == 404
    assert side.kept(server_id) is not None
    assert side.ask("GET", f"/servers/{server_id}").status_int == 404
    assert side.kept(server_id) is None


# -- the database is down


def test_without_our_database_an_ordinary_boot_works_and_one_with_an_override_is_refused(side: OverrideSide) -> None:
    server_id = side.booted(OVERRIDES)
    lose_database(side)
    assert side.boot().status_int == 202
    reply = side.boot(OVERRIDES)
    assert (reply.status_int, reply.headers[CODE]) == (503, "glance_related.database_down")
    assert len(side.nova.posted) == 2
    assert side.ask("GET", f"/servers/{server_id}").status_int == 200
    assert side.ask("GET", "/servers/detail").status_int == 200
    assert side.ask("DELETE", f"/servers/{server_id}").status_int == 204


def test_a_database_that_goes_away_while_a_boot_is_under_way_ends_it_with_its_reason(side: OverrideSide) -> None:
    server_id = side.booted(OVERRIDES)
    lose_database(side)
    marked = side.nova.posted[-1][2] or ""
    headers = {**MEMBER, **SERVICE, "X-OpenStack-Request-ID": marked}
    status, text, _ = side.image(IMAGE, headers)
    assert status == 400
    assert "cannot be read now" in text
    assert side.image(IMAGE, {**headers, "X-OpenStack-Request-ID": Marks((KEY,)).new_id()})[0] == 200, (
        "a snapshot's request goes on whatever state we are in"
    )
    assert server_id


def test_where_glance_s_side_does_not_do_its_part_no_server_is_made(side: OverrideSide) -> None:
    side.nova.ask_glance = lambda image_id, _headers: (200, "", IMAGES[image_id])
    reply = side.boot(OVERRIDES)
    assert (reply.status_int, reply.headers[CODE]) == (503, "props_override.not_applied")
    assert "config check" in reply.json["serviceUnavailable"]["message"]
    assert side.nova.posted == []
    assert side.riders.count() == 0


def test_a_filter_before_authtoken_believes_nobody_who_he_says_he_is(side: OverrideSide) -> None:
    server_id = side.booted(OVERRIDES)
    del side.nova.servers[server_id]
    side.app.request(f"/servers/{server_id}", headers=MEMBER, status="*")
    assert side.kept(server_id) is not None
    assert side.app.request("/image-props-override", headers=MEMBER, status="*").status_int == 500


def test_of_a_server_that_another_request_made_nova_is_asked_once(side: OverrideSide) -> None:
    side.boot(OVERRIDES, min_count=2)
    stranger = side.booted()
    asked: list[str] = []
    answer = side.nova._answer

    def counted(request: Any, path: list[str]) -> Any:
        asked.append("/".join(path))
        return answer(request, path)

    side.nova._answer = counted  # type: ignore[method-assign]
    for _ in range(3):
        assert side.shown(stranger) is None
    assert asked.count(f"servers/{stranger}/os-instance-actions") == 1
    for _ in range(3):
        side.ask("GET", "/servers/detail")
    assert len([path for path in asked if "actions" in path]) == 2, "and of the second server of the boot"


def test_a_server_that_was_made_long_before_or_after_a_boot_is_none_of_its_own(side: OverrideSide) -> None:
    side.boot(OVERRIDES, min_count=2)
    for created in ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        other = side.booted()
        side.nova.servers[other].created = created
        side.nova.servers[other].actions += [one for s in side.nova.servers.values() for one in s.actions]
        assert side.shown(other) is None


def test_a_server_of_which_nova_shows_a_part_only_is_shown_as_it_is(side: OverrideSide) -> None:
    """As of one in a cell that does not answer."""
    side.boot(OVERRIDES, min_count=2)
    (first, *_) = side.nova.servers.values()
    part = {"id": first.id, "status": "UNKNOWN", "tenant_id": first.tenant_id, "created": None}
    for shown in (part, {"id": first.id, "status": "UNKNOWN"}):
        first.shown = lambda shown=shown: shown  # type: ignore[misc]
        assert side.ask("GET", f"/servers/{first.id}").json["server"] == shown
        assert side.ask("GET", "/servers/detail").status_int == 200
