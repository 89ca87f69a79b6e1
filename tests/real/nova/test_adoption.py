"""A Nova without a filter of ours, or a Glance whose filter lost its database: ``reconcile`` asks Nova's own record."""

from __future__ import annotations

import datetime
import json
import uuid

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.hosts.account import GlanceAccount
from glance_related.hosts.nova.account import NovaAccount
from glance_related.instance_aware.adopt import Adopting
from glance_related.instance_aware.adoptions import AdoptionStore
from glance_related.instance_aware.reconcile import reconcile
from glance_related.instance_aware.store import Store
from glance_related.settings.options import load
from tests.real.nova.known import NAMES, assert_bound, listed

LATER = datetime.timedelta(hours=2)


@pytest.fixture
def run(nova_cloud):
    """``reconcile`` in two hours, when what is made now is old enough."""
    settings = load(str(nova_cloud.suite.conf))
    database = Database(settings.database)
    adopting = Adopting(AdoptionStore(database), lambda region: NovaAccount(settings, region))

    def run_later(**options):
        report = reconcile(
            Store(database),
            GlanceAccount(settings),
            settings.instance_aware,
            adopting=adopting,
            clock=lambda: utcnow() + LATER,
            **options,
        )
        assert report.is_complete, report
        return report

    yield run_later
    database.dispose()


@pytest.fixture(scope="module")
def stock(nova_cloud):
    return nova_cloud.stock_nova


@pytest.fixture(scope="module")
def server(nova_cloud, stock):
    server_id = nova_cloud.boot("alice", "adopted", on=stock)
    yield server_id
    nova_cloud.delete_server("alice", server_id, on=stock)


@pytest.fixture(scope="module")
def other_server(nova_cloud, stock):
    server_id = nova_cloud.boot("alice", "another", on=stock)
    yield server_id
    nova_cloud.delete_server("alice", server_id, on=stock)


def waiting(cloud, image_id):
    """What Glance's side has noted of an image: the server and the request, or None."""
    rows = cloud.suite_rows("select * from glance_related_adoptions where image_id = %s", image_id)
    return (rows[0]["instance_id"], rows[0]["request_id"]) if rows else None


def forget_everything_of(cloud, image_id):
    """As if the suite's database had been down when Glance made the image."""
    cloud.suite_rows("delete from glance_related_adoptions where image_id = %s", image_id)
    cloud.suite_rows("delete from glance_related_image_instances where image_id = %s", image_id)


def assert_unbound(cloud, image_id, server_id):
    assert cloud.stored(image_id) is None
    for who in ("alice", "admin"):
        assert not set(NAMES) & set(cloud.shown(who, image_id))
        assert image_id not in listed(cloud, who, server_id)


def acted(cloud, who, server_id, body, **options):
    """An action through the Nova without a filter: the image that came of it, and Nova's id of the request."""
    stock, before = cloud.stock_nova, set(cloud.images_of(server_id))
    answer = cloud.action(who, server_id, body, on=stock, **options)
    assert answer.status == 202, answer
    (image_id,) = set(cloud.images_of(server_id)) - before
    cloud.wait_for_image(image_id)
    return image_id, answer.headers["x-compute-request-id"]


@pytest.mark.parametrize(
    "body",
    [{"createImage": {"name": "snapshot"}}, {"createBackup": {"name": "b", "backup_type": "daily", "rotation": 2}}],
    ids=["createImage", "createBackup"],
)
def test_an_image_is_unbound_until_novas_record_has_proved_it(nova_cloud, stock, server, run, body):
    image_id, request_id = acted(nova_cloud, "alice", server, body)
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    assert waiting(nova_cloud, image_id) == (server, request_id)
    assert_unbound(nova_cloud, image_id, server)
    assert run().adopted >= 1
    assert waiting(nova_cloud, image_id) is None
    assert_bound(nova_cloud, image_id, server)
    assert run().adopted == 0


def test_the_images_of_a_server_that_is_shelved_again_and_again(nova_cloud, stock, run):
    server = nova_cloud.boot("alice", "shelved", on=stock)
    image_id, request_id = acted(nova_cloud, "alice", server, {"shelve": None})
    nova_cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED", on=stock)
    nova_cloud.action("alice", server, {"unshelve": None}, on=stock)  # which deletes the image
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    kept, _ = acted(nova_cloud, "alice", server, {"createImage": {"name": "kept"}})
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    again, again_request = acted(nova_cloud, "alice", server, {"shelve": None})
    nova_cloud.wait_for_server("alice", server, "SHELVED_OFFLOADED", on=stock)
    assert waiting(nova_cloud, image_id) == (server, request_id)
    assert waiting(nova_cloud, again) == (server, again_request)
    run()
    assert (nova_cloud.stored(image_id), waiting(nova_cloud, image_id)) == (None, None), "it is gone"
    assert_bound(nova_cloud, again, server)
    assert_bound(nova_cloud, kept, server)
    nova_cloud.delete_server("alice", server, on=stock)


def test_an_image_of_a_server_that_is_gone_is_bound_for_its_record_is_still_there(nova_cloud, stock, run):
    server = nova_cloud.boot("alice", "short-lived", on=stock)
    image_id, _ = acted(nova_cloud, "alice", server, {"createImage": {"name": "of one that is gone"}})
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    nova_cloud.delete_server("alice", server, on=stock)
    forget_everything_of(nova_cloud, image_id)
    assert run().found >= 1
    assert_bound(nova_cloud, image_id, server)


def test_an_administrators_snapshot_of_a_customers_server(nova_cloud, stock, server, run):
    image_id, request_id = acted(nova_cloud, "admin", server, {"createImage": {"name": "by admin"}})
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    assert waiting(nova_cloud, image_id) == (server, request_id)
    run()
    assert_bound(nova_cloud, image_id, server, owner="admin", shared_with="alice")


def test_a_client_that_chose_the_request_id_which_glance_saw(nova_cloud, stock, run):
    server = nova_cloud.boot("alice", "of a client with an id", on=stock)
    chosen = f"req-{uuid.uuid4()}"
    headers = {"X-OpenStack-Request-ID": chosen}
    image_id, request_id = acted(nova_cloud, "alice", server, {"createImage": {"name": "mine"}}, headers=headers)
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    assert waiting(nova_cloud, image_id) == (server, chosen)
    assert request_id != chosen
    run()
    assert_bound(nova_cloud, image_id, server)
    nova_cloud.delete_server("alice", server, on=stock)


@pytest.mark.parametrize("replayed", [False, True], ids=["a lie", "a lie with the request id of a true snapshot"])
def test_what_a_customer_says_of_another_server_is_not_bound(nova_cloud, stock, server, other_server, run, replayed):
    truth, request_id = acted(nova_cloud, "alice", other_server, {"createImage": {"name": "truth"}})
    nova_cloud.wait_for_server("alice", other_server, "ACTIVE", on=stock)
    lie = {"createImage": {"name": "lie", "metadata": {"instance_uuid": other_server}}}
    headers = {"X-OpenStack-Request-ID": request_id} if replayed else {}
    answer = nova_cloud.action("alice", server, lie, on=stock, headers=headers)
    assert answer.status == 202, answer
    image_id = answer.json()["image_id"]
    nova_cloud.wait_for_image(image_id)
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    assert waiting(nova_cloud, image_id) is not None
    run()
    assert_unbound(nova_cloud, image_id, other_server)
    assert waiting(nova_cloud, image_id) is None
    if replayed:
        assert_unbound(nova_cloud, truth, other_server)
    else:
        assert_bound(nova_cloud, truth, other_server)
    for one in (truth, image_id):  # so that the next lie does not meet this one
        nova_cloud.call(nova_cloud.glance, "alice", "DELETE", f"/v2/images/{one}")


def test_images_of_two_novas_are_found_by_asking_each_in_its_region(nova_cloud, run):
    first = nova_cloud.boot("alice", "in one")
    second = nova_cloud.boot("alice", "in two", on=nova_cloud.nova2)
    images = {first: nova_cloud.snapshot("alice", first)}
    images[second] = nova_cloud.snapshot("alice", second, on=nova_cloud.nova2)
    for image_id in images.values():
        forget_everything_of(nova_cloud, image_id)
    assert run().found >= 2
    assert_bound(nova_cloud, images[first], first)
    assert_bound(nova_cloud, images[second], second, installation=nova_cloud.installation2)


def test_the_command_says_what_it_did(nova_cloud, stock, server):
    image_id, _ = acted(nova_cloud, "alice", server, {"createImage": {"name": "young"}})
    nova_cloud.wait_for_server("alice", server, "ACTIVE", on=stock)
    done = nova_cloud.suite.manage("reconcile", "--since", "1", "-f", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["adopted"], report["unasked"], report["stopped"]) == (0, 0, None)
    assert waiting(nova_cloud, image_id) is not None, "it is not old enough"


def test_only_an_administrator_may_list_deleted_servers_and_is_told_of_everybodys_actions(nova_cloud, stock, server):
    for who, listed_, told in (("admin", 200, 200), ("alice", 403, 200), ("bob", 403, 404)):
        asked = {"on": stock, "microversion": "2.58"}
        assert nova_cloud.compute_call(who, "GET", "/servers?status=deleted&limit=1", **asked).status == listed_
        actions = nova_cloud.compute_call(who, "GET", f"/servers/{server}/os-instance-actions", **asked)
        assert actions.status == told, "where it is not an administrator's, a 404 says nothing"
