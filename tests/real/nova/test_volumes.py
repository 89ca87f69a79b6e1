"""A server that runs from a volume: of its image Nova does not say which server it is of, and it is known."""

from __future__ import annotations

import pytest

from tests.real.nova.known import assert_bound, listed, settle, snapshot
from tests.real.nova.volume_service import VolumeService
from tests.servers.ports import free_port


@pytest.fixture(scope="module")
def volumes(nova_cloud):
    """A volume service in the catalogue, for as long as these tests run."""
    service = VolumeService(free_port())
    service.start()
    nova_cloud.accounts.endpoint("volumev3", "cinder", service.url)
    # The catalogue that Nova goes by is that of the caller's token.
    nova_cloud.keystone.token("alice", "alice", fresh=True)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def server(nova_cloud, volumes):
    """A server of alice, on a volume."""
    disk = {
        "boot_index": 0, "uuid": volumes.volume(), "source_type": "volume", "destination_type": "volume",
        "delete_on_termination": False,
    }  # fmt: skip
    server_id = nova_cloud.boot("alice", "on a volume", imageRef="", block_device_mapping_v2=[disk])
    yield server_id
    nova_cloud.delete_server("alice", server_id)


def test_a_volume_backed_snapshot_knows_its_server(nova_cloud, volumes, server):
    image_id = snapshot(nova_cloud, "alice", server, "of volumes")
    assert len(volumes.snapshots) == 1, "Nova had the volume snapshotted, not a disk uploaded"
    image = nova_cloud.image(image_id)
    assert image["properties"]["bdm_v2"] == "True"
    assert next(iter(volumes.snapshots)) in image["properties"]["block_device_mapping"]
    assert "instance_uuid" not in image["properties"], "Nova itself does not say which server it is"
    assert_bound(nova_cloud, image_id, server, has_disk=False)


def test_past_our_filter_nobody_guesses_whose_it_is(nova_cloud, server):
    image_id = snapshot(nova_cloud, "alice", server, "past the filter", on=nova_cloud.stock_nova)
    assert nova_cloud.stored(image_id) is None
    assert image_id not in listed(nova_cloud, "alice", server)
    query = "select * from glance_related_adoptions where image_id = %s"
    assert nova_cloud.suite_rows(query, image_id) == []


def test_shelving_it_makes_no_image_and_leaves_no_word_behind(nova_cloud, server):
    before = listed(nova_cloud, "alice", server)
    assert nova_cloud.action("alice", server, {"shelve": None}).status == 202
    nova_cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED")
    assert listed(nova_cloud, "alice", server) == before
    assert nova_cloud.action("alice", server, {"unshelve": None}).status == 202
    settle(nova_cloud, "alice", server)


def test_nova_s_refusal_to_back_it_up_is_nova_s_own(nova_cloud, server):
    body = {"createBackup": {"name": "backup", "backup_type": "daily", "rotation": 1}}
    ours = nova_cloud.action("alice", server, body)
    stock = nova_cloud.action("alice", server, body, on=nova_cloud.stock_nova)
    assert (ours.status, ours.json()) == (stock.status, stock.json())
    assert ours.status == 400
    query = "select * from glance_related_riders where content like %s"
    assert len(nova_cloud.suite_rows(query, f"%{server}%")) == 2, "those of the snapshot and of shelve"
