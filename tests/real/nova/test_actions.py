"""Whatever makes an image of a server makes one that knows its server, on an unmodified Nova and Glance."""

from __future__ import annotations

import contextlib

import pytest

from tests.real.nova.known import (
    assert_bound,
    assert_gone,
    assert_never_heard,
    backup,
    image_of,
    listed,
    settle,
    shelve,
    snapshot,
    unshelve,
)

#: How people ask Nova for a snapshot: version of the API, microversion, whether the project is in the path.
SPELLINGS = [
    ("/v2.1", "2.1", False, False),
    ("/v2.1", "2.44", True, False),
    ("/v2.1", "2.45", False, True),
    ("/v2.1", "latest", True, False),
    ("/v2.1", None, False, False),
    ("/v2", None, False, False),
    ("/v2", None, True, True),
]


@pytest.fixture(scope="module")
def server(nova_cloud):
    """A server of alice."""
    server_id = nova_cloud.boot("alice", "web")
    yield server_id
    nova_cloud.delete_server("alice", server_id)


@pytest.mark.parametrize(("version", "microversion", "with_project", "chunked"), SPELLINGS)
def test_create_image_knows_its_server(nova_cloud, server, version, microversion, with_project, chunked):
    project = f"/{nova_cloud.project('alice')}" if with_project else ""
    body = {"createImage": {"name": "by createImage", "metadata": {"team": "blue"}}}
    answer = nova_cloud.call(
        nova_cloud.nova, "alice", "POST", f"{version}{project}/servers/{server}/action",
        json=body, microversion=microversion, chunked=chunked,
    )  # fmt: skip
    image_id = image_of(nova_cloud, answer)
    settle(nova_cloud, "alice", server)
    assert_bound(nova_cloud, image_id, server)
    properties = nova_cloud.image(image_id)["properties"]
    assert (properties["image_type"], properties["team"]) == ("snapshot", "blue")


def test_a_stopped_server_s_image_knows_it_too(nova_cloud, server):
    assert nova_cloud.action("alice", server, {"os-stop": None}).status == 202
    nova_cloud.wait_for_server("alice", server, "SHUTOFF")
    assert_bound(nova_cloud, snapshot(nova_cloud, "alice", server), server)
    assert nova_cloud.action("alice", server, {"os-start": None}).status == 202
    nova_cloud.wait_for_server("alice", server, "ACTIVE")


def test_rotation_deletes_exactly_the_oldest_backups_of_that_server_and_type(nova_cloud, server):
    bystander = nova_cloud.boot("alice", "bystander")
    bobs = nova_cloud.boot("bob", "bob's")
    kept = {
        backup(nova_cloud, "alice", bystander, "of a bystander", 2),
        backup(nova_cloud, "bob", bobs, "of bob's server", 2),
        backup(nova_cloud, "alice", server, "of another type", 2, kind="weekly"),
        snapshot(nova_cloud, "alice", server, "no backup"),
    }
    made = [backup(nova_cloud, "alice", server, f"daily {number}", 2) for number in range(3)]
    assert_gone(nova_cloud, made[0])
    for image_id in made[1:]:
        assert_bound(nova_cloud, image_id, server)
        assert nova_cloud.image(image_id)["properties"]["backup_type"] == "daily"
    assert {image_id for image_id in kept if nova_cloud.image(image_id)} == kept
    assert listed(nova_cloud, "alice", server) == set(nova_cloud.images_of(server))
    assert len(listed(nova_cloud, "alice", bystander)) == 1
    assert len(listed(nova_cloud, "bob", bobs)) == 1
    assert listed(nova_cloud, "bob", server) == set()
    nova_cloud.delete_server("alice", bystander)
    nova_cloud.delete_server("bob", bobs)


def test_a_backup_that_is_to_be_kept_nowhere_leaves_no_row(nova_cloud, server):
    made = backup(nova_cloud, "alice", server, "the only one of its type", 1, kind="hourly")
    body = {"createBackup": {"name": "rotated at once", "backup_type": "hourly", "rotation": 0}}
    answer = nova_cloud.action("alice", server, body)
    assert answer.status == 202, answer
    settle(nova_cloud, "alice", server)
    assert_gone(nova_cloud, made)
    query = "select image_id from glance_related_image_instances where instance_id = %s"

    def agree():
        rows = {row["image_id"] for row in nova_cloud.suite_rows(query, server)}
        return rows == set(nova_cloud.images_of(server))

    nova_cloud.wait_for(agree, "there is a row without an image, or an image without a row", seconds=10)


def test_a_shelved_server_s_image_knows_it_until_the_server_is_back(nova_cloud, server):
    image_id = shelve(nova_cloud, "alice", server)
    assert_bound(nova_cloud, image_id, server)
    unshelve(nova_cloud, "alice", server)
    assert_gone(nova_cloud, image_id)
    assert image_id not in listed(nova_cloud, "alice", server)
    assert_never_heard_of_its_image(nova_cloud, server)


def assert_never_heard_of_its_image(cloud, server):
    query = "select `key` from instance_system_metadata where instance_uuid = %s and deleted = 0"
    keys = {row["key"] for row in cloud.nova_rows(query, server)}
    assert "image_base_image_ref" in keys
    assert not keys & {"image_instance_id", "image_nova_installation_uuid"}


def test_a_server_that_is_offloaded_later_comes_back_as_well(nova_cloud, server):
    with _shelved_on_its_host(nova_cloud):
        before = set(nova_cloud.images_of(server))
        assert nova_cloud.action("alice", server, {"shelve": None}).status == 202
        nova_cloud.wait_for_server("alice", server, "SHELVED")
        (image_id,) = set(nova_cloud.images_of(server)) - before
        nova_cloud.wait_for_image(image_id)
        assert_bound(nova_cloud, image_id, server)
        assert nova_cloud.action("admin", server, {"shelveOffload": None}).status == 202
        nova_cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED")
        assert_bound(nova_cloud, image_id, server)
        unshelve(nova_cloud, "alice", server)
    assert_gone(nova_cloud, image_id)


@contextlib.contextmanager
def _shelved_on_its_host(cloud):
    """A nova-compute that leaves a shelved server where it is."""
    compute = cloud.nova.compute
    usual = compute.conf.read_text()
    compute.kill9()
    compute.conf.write_text(usual + "[DEFAULT]\nshelved_offload_time = -1\n")
    compute.start()
    try:
        yield
    finally:
        compute.kill9()
        compute.conf.write_text(usual)
        compute.start()


def test_an_administrator_s_snapshot_is_shared_with_the_customer_and_knows_her_server(nova_cloud, server):
    image_id = snapshot(nova_cloud, "admin", server, "by the administrator")
    assert nova_cloud.image(image_id)["visibility"] == "shared"
    assert nova_cloud.stored(image_id) == (nova_cloud.installation, server)
    assert image_id not in listed(nova_cloud, "alice", server), "she has not accepted it"
    assert nova_cloud.shown("alice", image_id)["instance_id"] == server
    member = f"/v2/images/{image_id}/members/{nova_cloud.project('alice')}"
    accepted = nova_cloud.call(nova_cloud.glance, "alice", "PUT", member, json={"status": "accepted"})
    assert accepted.status == 200, accepted
    assert image_id in listed(nova_cloud, "alice", server)
    assert_bound(nova_cloud, image_id, server, owner="admin", shared_with="alice")
    seen_for_her = nova_cloud.images("admin", f"?customer={nova_cloud.project('alice')}&instance_id={server}")
    assert {image["id"] for image in seen_for_her} == listed(nova_cloud, "alice", server)


def test_a_customer_s_server_that_an_administrator_shelves_is_found_by_its_image(nova_cloud):
    server = nova_cloud.boot("alice", "shelved by another")
    image_id = shelve(nova_cloud, "admin", server)
    assert_bound(nova_cloud, image_id, server, owner="admin", shared_with="alice")
    assert nova_cloud.server("alice", server)["status"] == "SHELVED_OFFLOADED"
    unshelve(nova_cloud, "admin", server)
    assert_gone(nova_cloud, image_id)
    nova_cloud.delete_server("alice", server)


def test_what_comes_of_a_snapshot_is_of_the_new_server(nova_cloud, server):
    """The blueprint's case: properties of an image are handed on to the server and to its own images."""
    source = snapshot(nova_cloud, "alice", server, "the first one's")
    second = nova_cloud.boot("alice", "of a snapshot", image=source)
    assert_never_heard_of_its_image(nova_cloud, second)
    made = {
        snapshot(nova_cloud, "alice", second, "the second one's"),
        backup(nova_cloud, "alice", second, "its backup", 1),
    }
    shelved = shelve(nova_cloud, "alice", second)
    for image_id in (*made, shelved):
        assert_bound(nova_cloud, image_id, second)
    assert listed(nova_cloud, "alice", second) == {*made, shelved}
    unshelve(nova_cloud, "alice", second)
    assert_bound(nova_cloud, source, server)
    assert not {*made, shelved} & listed(nova_cloud, "alice", server)
    nova_cloud.delete_server("alice", second)
    assert listed(nova_cloud, "alice", second) == made, "images outlive their server, and still know it"


def test_a_server_that_is_rebuilt_or_rescued_with_another_s_snapshot_stays_itself(nova_cloud, server):
    source = snapshot(nova_cloud, "alice", server, "the first one's")
    second = nova_cloud.boot("alice", "rebuilt")
    assert nova_cloud.action("alice", second, {"rebuild": {"imageRef": source}}).status == 202
    nova_cloud.wait_for_server("alice", second, "ACTIVE")
    assert nova_cloud.server("alice", second)["image"]["id"] == source
    assert_never_heard_of_its_image(nova_cloud, second)
    assert_bound(nova_cloud, snapshot(nova_cloud, "alice", second, "of a rebuilt one"), second)
    assert nova_cloud.action("alice", second, {"rescue": {"rescue_image_ref": source}}).status == 200
    nova_cloud.wait_for_server("alice", second, "RESCUE")
    assert nova_cloud.action("alice", second, {"unrescue": None}).status == 202
    nova_cloud.wait_for_server("alice", second, "ACTIVE")
    assert_never_heard_of_its_image(nova_cloud, second)
    assert_bound(nova_cloud, snapshot(nova_cloud, "alice", second, "of a rescued one"), second)
    assert_bound(nova_cloud, source, server)
    nova_cloud.delete_server("alice", second)


def test_after_all_that_neither_nova_nor_glance_holds_anything_of_ours(nova_cloud, server):
    assert_never_heard(nova_cloud)
    native = "select * from image_properties where name in ('nova_installation_uuid', 'instance_id')"
    assert nova_cloud.glance_rows(native) == []
    query = "select count(*) as n from glance_related_image_instances where instance_id = %s"
    assert nova_cloud.suite_rows(query, server)[0]["n"] > 0
