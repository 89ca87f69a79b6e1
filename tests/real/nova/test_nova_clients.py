"""The clients that people have already: they do what they always did, and the images know their servers."""

from __future__ import annotations

import pytest

from tests.real.clients.people import cli, sdk
from tests.real.nova.known import assert_bound, assert_gone, listed, unshelve


@pytest.fixture(scope="module")
def server(nova_cloud):
    """A server of alice."""
    server_id = nova_cloud.boot("alice", "by a client")
    yield server_id
    nova_cloud.delete_server("alice", server_id)


def test_openstacksdk_snapshots_backs_up_and_shelves(nova_cloud, server):
    cloud = sdk(nova_cloud, nova_cloud.glance, "alice")
    made = cloud.compute.create_server_image(server, "by the SDK", metadata={"team": "blue"}, wait=True, timeout=60)
    assert_bound(nova_cloud, made.id, server)
    shown = cloud.image.get_image(made.id)
    assert shown.properties["instance_id"] == server
    assert shown.properties["nova_installation_uuid"] == nova_cloud.installation
    assert shown.properties["team"] == "blue"
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    for number in range(2):
        cloud.compute.backup_server(server, f"daily {number}", "daily", 1)
        nova_cloud.wait_for_server("alice", server, "ACTIVE")
        for image_id in nova_cloud.images_of(server):
            nova_cloud.wait_until_older(image_id)
    page = cloud.image.get("/images", params={"instance_id": server, "image_type": "backup"}).json()
    (backup,) = page["images"]
    assert backup["name"] == "daily 1"
    assert_bound(nova_cloud, backup["id"], server)
    cloud.compute.shelve_server(server)
    nova_cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED")
    (shelved,) = listed(nova_cloud, "alice", server) - {made.id, backup["id"]}
    assert_bound(nova_cloud, shelved, server)
    cloud.compute.unshelve_server(server)
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    assert_gone(nova_cloud, shelved)


def test_openstackclient_does_the_same_from_the_shell(nova_cloud, server):
    def openstack(*words):
        return cli(nova_cloud, nova_cloud.glance, "alice", *words)

    before = listed(nova_cloud, "alice", server)
    made = openstack("server", "image", "create", "--name", "from the shell", "--wait", server, "-f", "json")
    assert made["properties"]["instance_id"] == server
    assert_bound(nova_cloud, made["id"], server)
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    words = ("server", "backup", "create", "--name", "nightly", "--type", "nightly", "--rotate", "1", "--wait")
    backup = openstack(*words, server, "-f", "json")
    assert_bound(nova_cloud, backup["id"], server)
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    openstack("server", "shelve", "--wait", server)
    (shelved,) = set(nova_cloud.images_of(server)) - {*before, made["id"], backup["id"]}
    assert_bound(nova_cloud, shelved, server)
    by_server = ("image", "list", "--property", f"instance_id={server}", "-f", "json")
    assert {row["ID"] for row in openstack(*by_server)} == {*before, made["id"], backup["id"], shelved}
    unshelve(nova_cloud, "alice", server)
    assert_gone(nova_cloud, shelved)
