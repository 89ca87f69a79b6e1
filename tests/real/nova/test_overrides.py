"""Image properties overridden at boot, on an unmodified Nova: what it stores, schedules by, builds and shows."""

from __future__ import annotations

import json

import pytest

from tests.real.nova.known import shelve, snapshot, unshelve
from tests.real.nova.overridden import (
    KEY,
    assert_has,
    assert_stored,
    boot,
    booted,
    kept,
    machine,
    placed_by,
    said_by_nova,
    servers_of,
    shown,
    stored,
)

# One of each type: what is sent, and what Nova's driver and scheduler read.
OF_EACH_TYPE = {
    "os_command_line": ("console=ttyS0 ks=http://a/b?c=d&e", "console=ttyS0 ks=http://a/b?c=d&e"),
    "hw_video_model": ("virtio", "virtio"),
    "hw_vif_model": ("VirtualE1000", "e1000"),
    "hw_cpu_max_sockets": (2, 2),
    "hw_boot_menu": (True, True),
    "hw_numa_nodes": ("1", 1),
    "hw_numa_cpus.0": ("0", [[0]]),
    "hw_numa_mem.0": (None, None),
    "img_hv_requested_version": (">=1.0", ">=1.0"),
}
FIRST = {"hw_video_model": "virtio", "os_command_line": "quiet"}
SECOND = {"hw_disk_bus": "scsi"}


@pytest.fixture(scope="module")
def server(nova_cloud):
    """A server of alice's that was booted with FIRST."""
    server_id = booted(nova_cloud, "alice", FIRST)
    yield server_id
    nova_cloud.delete_server("alice", server_id)


def act(cloud, server_id, body, status=202, who="alice", **extra):
    answer = cloud.action(who, server_id, body, **extra)
    assert answer.status == status, answer
    return answer


def rebuilt(cloud, server_id, override=None, image=None, who="alice"):
    asked = {"imageRef": image or cloud.images_by_name["tiny"]} | ({} if override is None else {KEY: override})
    act(cloud, server_id, {"rebuild": asked}, who=who)
    cloud.wait_for_server(who, server_id, "ACTIVE")


def test_one_of_each_type_reaches_nova_s_record_its_scheduler_and_its_driver(nova_cloud):
    memory = str(nova_cloud.flavor_memory())
    sent = {name: memory if name == "hw_numa_mem.0" else value for name, (value, _) in OF_EACH_TYPE.items()}
    server = booted(nova_cloud, "alice", sent)
    texts = {name: "true" if value is True else str(value) for name, value in sent.items()}
    assert_stored(nova_cloud, server, texts)
    assert shown(nova_cloud, "alice", server) == texts
    assert said_by_nova(nova_cloud, "alice", server)["os_command_line"] == texts["os_command_line"]
    driver, scheduler = machine(nova_cloud, server), placed_by(nova_cloud, server)
    for name, (_, read) in OF_EACH_TYPE.items():
        field = name.partition(".")[0]
        wanted = [int(memory)] if field == "hw_numa_mem" else read
        assert driver[field] == wanted, field
        assert scheduler[field] == wanted, field
    nova_cloud.delete_server("alice", server)
    assert kept(nova_cloud, server) is None


def test_a_required_trait_is_the_scheduler_s_business(nova_cloud):
    answer = boot(nova_cloud, "alice", {"trait:CUSTOM_NOBODY_HAS_IT": "required"})
    assert answer.status == 202, answer
    server = answer.json()["server"]["id"]
    seen = nova_cloud.wait_for_server("alice", server, "ERROR")
    assert "No valid host" in seen["fault"]["message"]
    nova_cloud.delete_server("alice", server)


@pytest.mark.parametrize("microversion", [None, "2.1", "2.37", "2.90", "2.98", "latest"])
def test_every_microversion_takes_and_shows_it(nova_cloud, microversion):
    more = {"networks": "none"} if microversion == "latest" else {}
    answer = boot(nova_cloud, "alice", FIRST, microversion=microversion, **more)
    assert answer.status == 202, answer
    server = answer.json()["server"]["id"]
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    assert shown(nova_cloud, "alice", server, microversion) == FIRST
    assert_has(nova_cloud, "alice", server, FIRST)
    nova_cloud.delete_server("alice", server)


def test_the_older_api_the_project_in_the_path_and_a_chunked_body_are_as_good(nova_cloud):
    about = {"name": "one", "imageRef": nova_cloud.images_by_name["tiny"], "flavorRef": nova_cloud.flavor(), KEY: FIRST}
    project = nova_cloud.project("alice")
    made = []
    for path in ("/v2/servers", f"/v2/{project}/servers", f"/v2.1/{project}/servers", "/v2.1//servers"):
        answer = nova_cloud.call(nova_cloud.nova, "alice", "POST", path, json={"server": about})
        assert answer.status == 202, (path, answer)
        made.append(answer.json()["server"]["id"])
    answer = nova_cloud.call(nova_cloud.nova, "alice", "POST", "/v2.1/servers", json={"server": about}, chunked=True)
    assert answer.status == 202, answer
    made.append(answer.json()["server"]["id"])
    for server in made:
        nova_cloud.wait_for_server("alice", server, "ACTIVE")
        assert_has(nova_cloud, "alice", server, FIRST)
    listed = nova_cloud.compute_call("alice", "GET", "/servers/detail").json()["servers"]
    assert {one["id"] for one in listed if one.get(KEY) == FIRST} >= set(made)
    for server in made:
        nova_cloud.delete_server("alice", server)


def test_several_servers_of_one_request_all_have_it(nova_cloud):
    answer = boot(nova_cloud, "alice", FIRST, name="several", min_count=2, max_count=2)
    assert answer.status == 202, answer
    reserved = boot(nova_cloud, "alice", SECOND, name="reserved", min_count=2, return_reservation_id=True)
    assert reserved.status == 202, reserved
    assert "server" not in reserved.json()

    def made(name):
        found = nova_cloud.compute_call("alice", "GET", f"/servers/detail?name={name}").json()["servers"]
        return [one["id"] for one in found if one["status"] == "ACTIVE"]

    for name, override in (("several", FIRST), ("reserved", SECOND)):
        servers = nova_cloud.wait_for(lambda name=name: len(made(name)) == 2 and made(name), f"{name} are not there")
        for server in servers:
            assert_has(nova_cloud, "alice", server, override)
            assert kept(nova_cloud, server)["properties"] == override
        for server in servers:
            nova_cloud.delete_server("alice", server)


def test_what_is_wrong_is_told_at_once_and_no_server_is_made(nova_cloud):
    wrong = {
        "hw_os_command_line": "x",
        "hw_video_model": "paper",
        "hw_cpu_max_sockets": "two",
        "hw_vm_mode": "hvm",
        "vm_mode": "hvm",
        "os_distro": "x" * 256,
        "hw_numa_cpus.1": "0",
        "img_signature": "x",
    }
    before = servers_of(nova_cloud, "alice")
    answer = boot(nova_cloud, "alice", wrong)
    assert (answer.status, answer.code) == (400, "props_override.refused")
    parts = answer.json()["badRequest"]["glance_related_problems"]
    assert {part["property"] for part in parts} == set(wrong) - {"hw_vm_mode"}
    assert servers_of(nova_cloud, "alice") == before


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"imageRef": "11111111-2222-3333-4444-555555555555"}, "props_override.no_image"),
        (
            {
                "imageRef": "",
                "block_device_mapping_v2": [
                    {"boot_index": 0, "uuid": "11111111-2222-3333-4444-555555555555", "source_type": "volume",
                     "destination_type": "volume"},
                ],
            },
            "props_override.from_volume",
        ),
    ],
)  # fmt: skip
def test_without_an_image_there_is_nothing_to_override(nova_cloud, more, code):
    answer = boot(nova_cloud, "alice", FIRST, **more)
    assert (answer.status, answer.code) == (400, code)


def test_a_boot_that_nova_refuses_leaves_nothing_of_ours(nova_cloud):
    query = "select count(*) as n from glance_related_riders"
    before = nova_cloud.suite_rows(query)[0]["n"]
    answer = boot(nova_cloud, "alice", FIRST, flavorRef="no-such-flavor")
    assert answer.status == 400, answer
    assert nova_cloud.suite_rows(query)[0]["n"] == before


def test_the_image_and_its_cached_and_listed_views_are_as_they_were(nova_cloud, server):
    image_id = nova_cloud.images_by_name["tiny"]
    assert not {"hw_video_model", "os_command_line"} & set(nova_cloud.image(image_id)["properties"])
    for who in ("alice", "bob", "admin", "nova"):
        assert "hw_video_model" not in nova_cloud.shown(who, image_id)
        assert not any("hw_video_model" in image for image in nova_cloud.images(who) if image["id"] == image_id)
    assert shown(nova_cloud, "alice", server) == FIRST


# -- what becomes of such a server


def test_rebuilds(nova_cloud):
    server = booted(nova_cloud, "alice", FIRST)
    rebuilt(nova_cloud, server)
    assert_has(nova_cloud, "alice", server, FIRST)
    assert machine(nova_cloud, server)["hw_video_model"] == "virtio", "nova-compute has asked Glance anew"
    rebuilt(nova_cloud, server, SECOND)
    assert_has(nova_cloud, "alice", server, SECOND)
    assert "hw_video_model" not in stored(nova_cloud, server)
    assert "hw_video_model" not in machine(nova_cloud, server)
    rebuilt(nova_cloud, server, who="admin")
    assert_has(nova_cloud, "alice", server, SECOND)
    rebuilt(nova_cloud, server, {})
    assert_has(nova_cloud, "alice", server, {})
    assert not {"hw_video_model", "hw_disk_bus"} & set(stored(nova_cloud, server))
    rebuilt(nova_cloud, server, FIRST)
    other = nova_cloud.upload("alice")
    rebuilt(nova_cloud, server, image=other)
    assert_has(nova_cloud, "alice", server, {})
    assert "hw_video_model" not in stored(nova_cloud, server)
    rebuilt(nova_cloud, server, SECOND, image=other)
    assert_has(nova_cloud, "alice", server, SECOND)
    nova_cloud.delete_server("alice", server)


def test_what_placed_a_server_is_not_changed_by_a_rebuild_in_place(nova_cloud, server):
    asked = {"imageRef": nova_cloud.images_by_name["tiny"], KEY: {"hw_cpu_policy": "dedicated"}}
    answer = nova_cloud.action("alice", server, {"rebuild": asked})
    assert (answer.status, answer.code) == (400, "props_override.refused")
    assert nova_cloud.server("alice", server)["status"] == "ACTIVE"
    assert_has(nova_cloud, "alice", server, FIRST)


def test_a_rescue_is_of_the_same_machine(nova_cloud, server):
    act(nova_cloud, server, {"rescue": None}, 200)
    nova_cloud.wait_for_server("alice", server, "RESCUE")
    rescue = machine(nova_cloud, server, "machine.rescue")
    assert (rescue["hw_video_model"], rescue["os_command_line"]) == ("virtio", "quiet")
    act(nova_cloud, server, {"unrescue": None})
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    act(nova_cloud, server, {"rescue": {"rescue_image_ref": nova_cloud.upload("alice")}}, 200)
    nova_cloud.wait_for_server("alice", server, "RESCUE")
    assert "hw_video_model" not in machine(nova_cloud, server, "machine.rescue")
    act(nova_cloud, server, {"unrescue": None})
    nova_cloud.wait_for_server("alice", server, "ACTIVE")


def test_a_hard_reboot_a_shelve_and_a_resize_keep_it_without_us(nova_cloud, server):
    act(nova_cloud, server, {"reboot": {"type": "HARD"}})
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    assert machine(nova_cloud, server)["hw_video_model"] == "virtio"
    shelve(nova_cloud, "alice", server)
    unshelve(nova_cloud, "alice", server)
    assert_has(nova_cloud, "alice", server, FIRST)
    assert machine(nova_cloud, server)["os_command_line"] == "quiet"
    act(nova_cloud, server, {"resize": {"flavorRef": nova_cloud.other_flavor()}})
    nova_cloud.wait_for_server("alice", server, "VERIFY_RESIZE", seconds=120)
    assert placed_by(nova_cloud, server)["hw_video_model"] == "virtio"
    act(nova_cloud, server, {"confirmResize": None}, 204)
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    assert machine(nova_cloud, server)["hw_video_model"] == "virtio"
    assert_has(nova_cloud, "alice", server, FIRST)


def test_a_snapshot_carries_the_values_and_a_server_of_it_has_them_of_its_own(nova_cloud, server):
    made = snapshot(nova_cloud, "alice", server, "of an overridden one")
    properties = nova_cloud.image(made)["properties"]
    assert {name: properties.get(name) for name in FIRST} == FIRST
    second = nova_cloud.boot("alice", "of that snapshot", image=made)
    said = said_by_nova(nova_cloud, "alice", second)
    assert {name: said.get(name) for name in FIRST} == FIRST
    assert shown(nova_cloud, "alice", second) is None, "they are the image's own there"
    third = booted(nova_cloud, "alice", {"hw_video_model": "vga"}, image=made)
    assert_has(nova_cloud, "alice", third, {"hw_video_model": "vga"})
    assert stored(nova_cloud, third)["os_command_line"] == "quiet"
    act(nova_cloud, third, {"rescue": None}, 200)
    nova_cloud.wait_for_server("alice", third, "RESCUE")
    assert machine(nova_cloud, third, "machine.rescue")["hw_video_model"] == "vga", "rescued from the image below"
    for one in (second, third):
        nova_cloud.delete_server("alice", one)


def test_what_was_kept_of_a_server_that_went_past_us_goes_with_reconcile(nova_cloud, server):
    gone = booted(nova_cloud, "alice", SECOND)
    nova_cloud.delete_server("alice", gone, on=nova_cloud.stock_nova)
    assert kept(nova_cloud, gone) is not None
    # a row of the last minute may be of a server that Nova does not show yet
    earlier = "update glance_related_server_overrides set made_at = made_at - interval 1 hour where instance_id = %s"
    nova_cloud.suite_rows(earlier, gone)
    done = nova_cloud.suite.manage("reconcile", "-f", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["overrides"]["gone"] == 1
    assert kept(nova_cloud, gone) is None
    assert shown(nova_cloud, "alice", server) == FIRST
