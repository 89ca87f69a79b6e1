"""The cloud of these tests itself, on the stock pipeline: everything that makes an image makes an active one."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def server(nova_cloud):
    """A server of alice, made through the Nova that has no filter."""
    server_id = nova_cloud.boot("alice", "stock", on=nova_cloud.stock_nova)
    yield server_id
    nova_cloud.delete_server("alice", server_id, on=nova_cloud.stock_nova)


def test_a_server_boots_from_what_glance_has(nova_cloud, server):
    shown = nova_cloud.server("alice", server, on=nova_cloud.stock_nova)
    assert shown["image"]["id"] == nova_cloud.images_by_name["tiny"]
    disk = nova_cloud.nova.data / "instances" / server / "disk"
    stored = nova_cloud.image(shown["image"]["id"])
    assert disk.stat().st_size == stored["size"], "the hypervisor has downloaded it"


def test_create_image_uploads_the_disk(nova_cloud, server):
    image_id = nova_cloud.snapshot("alice", server, "by createImage", on=nova_cloud.stock_nova)
    image = nova_cloud.image(image_id)
    assert image["properties"]["image_type"] == "snapshot"
    assert image["properties"]["instance_uuid"] == server
    assert image["properties"]["image_location"] == "snapshot", "as libvirt's driver describes it"
    assert image["size"] == (nova_cloud.nova.data / "instances" / server / "disk").stat().st_size
    assert image_id in [one["id"] for one in nova_cloud.images("alice")]
    assert image_id not in [one["id"] for one in nova_cloud.images("bob")]


def test_create_backup_keeps_as_many_as_it_is_told(nova_cloud, server):
    made = []
    for number in range(2):
        body = {"createBackup": {"name": f"backup {number}", "backup_type": "daily", "rotation": 1}}
        answer = nova_cloud.action("alice", server, body, on=nova_cloud.stock_nova)
        assert answer.status == 202, answer
        made.append(answer.json()["image_id"])
        nova_cloud.wait_for_image(made[-1])
        nova_cloud.wait_for_server("alice", server, "ACTIVE", on=nova_cloud.stock_nova)
        nova_cloud.wait_until_older(made[-1])
    assert nova_cloud.image(made[1])["properties"]["backup_type"] == "daily"
    nova_cloud.wait_for(lambda: nova_cloud.image(made[0]) is None, "the older one was not rotated away")


def test_shelve_and_unshelve_bring_it_back_from_its_image(nova_cloud, server):
    before = set(nova_cloud.images_of(server))
    assert nova_cloud.action("alice", server, {"shelve": None}, on=nova_cloud.stock_nova).status == 202
    nova_cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED", on=nova_cloud.stock_nova)
    (shelved,) = set(nova_cloud.images_of(server)) - before
    assert nova_cloud.image(shelved)["status"] == "active"
    assert not (nova_cloud.nova.data / "instances" / server).exists(), "the host has nothing left of it"
    assert nova_cloud.action("alice", server, {"unshelve": None}, on=nova_cloud.stock_nova).status == 202
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=nova_cloud.stock_nova)
    nova_cloud.wait_for(lambda: nova_cloud.image(shelved) is None, "the shelved image stays")


def test_a_config_drive_is_a_real_one(nova_cloud):
    with_drive = nova_cloud.boot("alice", "drive", on=nova_cloud.stock_nova, config_drive=True)
    drive = nova_cloud.nova.data / "instances" / with_drive / "disk.config"
    with drive.open("rb") as iso:
        iso.seek(16 * 2048)
        volume = iso.read(2048)
    assert volume[1:6] == b"CD001"
    assert volume[40:72].strip() == b"config-2"
    nova_cloud.delete_server("alice", with_drive, on=nova_cloud.stock_nova)
    assert not drive.exists()


def test_a_restarted_hypervisor_still_has_its_servers(nova_cloud, server):
    nova_cloud.nova.compute.kill9()
    nova_cloud.nova.compute.start()
    image_id = nova_cloud.snapshot("alice", server, "after a restart", on=nova_cloud.stock_nova)
    assert nova_cloud.image(image_id)["status"] == "active"
