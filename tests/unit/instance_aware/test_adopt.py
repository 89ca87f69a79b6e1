"""``reconcile`` over a fake Glance, fake Novas and a real store: which images are bound, and which not."""

from __future__ import annotations

import datetime

import pytest

from glance_related.db.models import utcnow
from glance_related.hosts.account import Answer
from glance_related.instance_aware import adopt as module
from glance_related.instance_aware import asked_glance
from glance_related.instance_ref import InstanceRef
from glance_related.testing import fake_nova
from tests.unit.instance_aware.account_of_fakes import FROM_GLANCE
from tests.unit.instance_aware.novas_of_fakes import NOVA, OTHER_SERVER, SERVER

MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def run(adopting):
    """``reconcile`` with everything, two hours from now."""
    return adopting


# -- what awaits its proof


@pytest.mark.parametrize("action", ["createImage", "createBackup", "shelve"])
def test_what_nova_said_of_an_image_is_bound_once_novas_record_proves_it(
    store, adoptions, nova, noted, now, run, action
):
    image = noted(nova.acted(SERVER, action, started_at=now))
    assert store.refs([image]) == {}
    report = run()
    assert (report.adopted, report.found, report.is_complete) == (1, 0, True)
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}
    assert adoptions.count() == 0
    assert run().adopted == 0


def test_the_server_is_bound_as_nova_spells_it(store, nova, noted, now, run):
    spelt = "AAAAAAAA-0000-4000-8000-00000000000F"
    nova.has_server(spelt)
    image = noted(nova.acted(spelt, "createImage", started_at=now), spelt.lower())
    run()
    assert store.refs([image]) == {image: InstanceRef(NOVA, spelt)}


def test_the_request_of_another_server_proves_nothing(store, adoptions, nova, noted, now, run):
    lie = noted(nova.acted(OTHER_SERVER, "createImage", started_at=now), SERVER)
    report = run()
    assert (report.adopted, report.unproved) == (0, 1)
    assert store.refs([lie]) == {}
    assert adoptions.count() == 0, "nothing will prove it any more"


def test_the_request_of_an_older_snapshot_proves_nothing(store, nova, noted, now, run):
    lie = noted(nova.acted(SERVER, "createImage", started_at=now - HOUR))
    assert run().unproved == 1
    assert store.refs([lie]) == {}


def test_one_request_proves_one_image(store, nova, noted, now, run):
    request_id = nova.acted(SERVER, "createImage", started_at=now)
    images = [noted(request_id), noted(request_id)]
    assert run().ambiguous == 2
    assert store.refs(images) == {}


def test_the_request_of_an_image_that_was_deleted_proves_no_other(store, glance, nova, noted, now, run):
    request_id = nova.acted(SERVER, "createImage", started_at=now)
    deleted, lie = noted(request_id), noted(request_id, at=now + MINUTE)
    del glance.images[deleted]
    report = run()
    assert (report.forgotten, report.ambiguous, report.adopted) == (1, 1, 0)
    assert store.refs([lie]) == {}


def test_an_image_of_another_project_than_the_requests_is_not_bound(store, nova, noted, now, run):
    lie = noted(nova.acted(SERVER, "createImage", started_at=now, project_id="bob-project"))
    assert run().unproved == 1
    assert store.refs([lie]) == {}


def test_an_administrators_snapshot_of_a_customers_server_is_bound(store, nova, noted, now, run):
    by_admin = {"project_id": "admin-project", "user_id": "admin"}
    request_id = nova.acted(SERVER, "createImage", started_at=now, **by_admin)
    image = noted(request_id, owner="admin-project", user_id="admin")
    assert run().adopted == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_where_the_client_chose_the_id_that_glance_saw_the_time_decides(store, nova, noted, now, run):
    nova.acted(SERVER, "createImage", started_at=now)
    image = noted("req-11111111-2222-4333-8444-555555555555")
    assert run().adopted == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_a_young_image_waits(store, adoptions, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    report = run(clock=utcnow)
    assert (report.adopted, report.unproved, nova.calls) == (0, 0, [])
    assert (store.refs([image]), adoptions.count()) == ({}, 1)


def test_an_image_that_is_gone_is_forgotten_and_nova_not_asked(adoptions, glance, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    del glance.images[image]
    report = run()
    assert (report.forgotten, report.adopted, adoptions.count()) == (1, 0, 0)
    assert nova.calls == []


def test_an_image_that_another_glance_does_not_have_is_not_forgotten(adoptions, glance, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    del glance.images[image]

    def is_another_now():
        glance.about["database_id"] = "another"
        return Answer(404, FROM_GLANCE, None)

    glance.answers[f"/v2/images/{image}"] = is_another_now
    report = run()
    assert "another database" in report.stopped
    assert (report.forgotten, adoptions.count()) == (0, 1)


def test_an_image_of_which_glance_says_nothing_certain_waits(adoptions, glance, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    del glance.images[image]
    glance.answers[f"/v2/images/{image}"] = lambda: Answer(404, {"server": "a proxy"}, None)
    report = run()
    assert (report.unasked, report.forgotten, adoptions.count()) == (1, 0, 1)
    assert not report.is_complete


def test_an_image_that_somebody_has_bound_meanwhile_stays_so(store, adoptions, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    theirs = InstanceRef(NOVA, OTHER_SERVER)
    store.bind(image, theirs)
    assert run().adopted == 0
    assert (store.refs([image]), adoptions.count()) == ({image: theirs}, 0)


def test_what_was_noted_long_ago_is_decided_about_too(store, nova, noted, now, run):
    old = now - datetime.timedelta(days=30)
    image = noted(nova.acted(SERVER, "createImage", started_at=old), at=old)
    assert run().adopted == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_what_was_noted_long_ago_is_decided_about_beside_all_images_of_that_time(
    store, nova, noted, snapshot, now, run
):
    old = now - datetime.timedelta(days=30)
    nova.acted(SERVER, "createImage", started_at=old)
    images = [noted("", at=old), snapshot(at=old + MINUTE)]
    report = run()
    assert (report.ambiguous, report.adopted, store.refs(images)) == (2, 0, {})


def test_what_was_noted_is_decided_about_whatever_the_image_says_now(store, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now), image_type="mine", instance_uuid=OTHER_SERVER)
    assert run().adopted == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_what_a_nova_said_that_is_no_longer_registered_is_not_proved(store, adoptions, nova, noted, now, run):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    store.remove_installation(NOVA)
    assert run().unproved == 1
    assert (store.refs([image]), adoptions.count(), nova.calls) == ({}, 0, [])


def test_a_dry_run_says_what_would_be_bound_and_does_nothing(store, adoptions, nova, noted, snapshot, now, run):
    images = [
        noted(nova.acted(SERVER, "createImage", started_at=now)),
        noted("", OTHER_SERVER),
        snapshot("aaaaaaaa-0000-4000-8000-000000000003"),
    ]
    report = run(dry_run=True)
    assert (report.adopted, report.unproved) == (1, 2)
    assert (store.refs(images), adoptions.count()) == ({}, 2)


def test_more_is_waiting_than_is_read_at_once(store, nova, noted, now, run, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(asked_glance, "PAGE", 4)
    monkeypatch.setattr(fake_nova, "MAX_LIMIT", 5)
    images = [
        noted(nova.acted(SERVER, "createImage", started_at=now + n * MINUTE), at=now + n * MINUTE) for n in range(11)
    ]
    shown = []
    assert run(progress=lambda done, total: shown.append((done, total))).adopted == 11
    assert len(store.refs(images)) == 11
    assert shown == [(1, 1)]


# -- images without a row


@pytest.mark.parametrize("image_type", ["snapshot", "backup"])
@pytest.mark.parametrize("os_hidden", [False, True])
def test_an_image_that_nobody_noted_is_found_and_bound(store, nova, snapshot, now, run, image_type, os_hidden):
    image = snapshot(at=now + MINUTE, image_type=image_type, os_hidden=os_hidden)
    nova.acted(SERVER, "createImage", started_at=now)
    report = run()
    assert (report.found, report.adopted, report.is_complete) == (1, 0, True)
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}
    assert run().found == 0


@pytest.mark.parametrize(
    "said",
    [
        {"image_type": None},
        {"image_type": "mine"},
        {"instance_uuid": None},
        {"instance_uuid": "1"},
        {"bdm_v2": "True"},
        {"block_device_mapping": "[]"},
    ],
    ids=str,
)
def test_an_image_that_does_not_speak_as_novas_images_do_is_not_asked_about(store, nova, snapshot, now, run, said):
    nova.acted(SERVER, "createImage", started_at=now)
    image = snapshot(**said)
    report = run()
    assert (report.found, report.unproved, store.refs([image]), nova.calls) == (0, 0, {}, [])


def test_an_image_that_only_says_so_is_left(store, nova, snapshot, now, run):
    nova.acted(SERVER, "reboot", started_at=now)
    images = [snapshot(), snapshot("aaaaaaaa-0000-4000-8000-000000000003")]
    report = run()
    assert (report.found, report.unproved) == (0, 2)
    assert report.is_complete, "that is an answer, if not one that binds"
    assert store.refs(images) == {}


def test_two_images_that_say_they_are_of_one_snapshot_are_left(store, nova, snapshot, now, run):
    nova.acted(SERVER, "createImage", started_at=now)
    images = [snapshot(), snapshot(at=now + MINUTE)]
    assert run().ambiguous == 2
    assert store.refs(images) == {}


def test_an_action_whose_image_is_bound_proves_no_other(store, nova, snapshot, now, run):
    nova.acted(SERVER, "createImage", started_at=now)
    bound, lie = snapshot(None), snapshot(at=now + MINUTE)
    store.bind(bound, InstanceRef(NOVA, SERVER))
    assert run().ambiguous == 1
    assert store.refs([bound, lie]) == {bound: InstanceRef(NOVA, SERVER)}


def test_an_image_that_is_too_young_to_be_decided_about_stands_in_the_way(store, nova, snapshot, later, run):
    nova.acted(SERVER, "createImage", started_at=later - HOUR - MINUTE)
    image, young = snapshot(at=later - HOUR - MINUTE), snapshot(at=later - HOUR)
    assert (run().ambiguous, store.refs([image, young])) == (1, {})
    assert nova.calls != []


def test_an_image_before_the_time_that_is_looked_at_is_left(store, nova, snapshot, now, run):
    old = now - datetime.timedelta(days=8)
    image = snapshot(at=old)
    nova.acted(SERVER, "createImage", started_at=old)
    assert (run().found, store.refs([image])) == (0, {})
    assert run(since=datetime.timedelta(days=10)).found == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_an_image_right_before_the_time_that_is_looked_at_stands_in_the_way(store, nova, snapshot, later, run):
    began = later - datetime.timedelta(days=7)
    nova.acted(SERVER, "createImage", started_at=began - MINUTE)
    before, image = snapshot(None, at=began - MINUTE), snapshot(at=began)
    store.bind(before, InstanceRef(NOVA, SERVER))
    assert run().ambiguous == 1
    assert image not in store.refs([before, image])


def test_a_deleted_servers_image_is_bound_for_its_record_is_still_there(store, nova, snapshot, now, run):
    image = snapshot()
    nova.acted(SERVER, "createImage", started_at=now)
    nova.delete_server(SERVER)
    assert run().found == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_an_image_that_a_request_binds_in_between_keeps_its_tuple(store, nova, snapshot, now, run):
    image, theirs = snapshot(), InstanceRef(NOVA, OTHER_SERVER)
    nova.acted(SERVER, "createImage", started_at=now)
    record = nova.get(f"/servers/{SERVER}/os-instance-actions").document
    path = f"/servers/{SERVER}/os-instance-actions"
    headers = {"X-Openstack-Request-Id": "req-1"}
    nova.answers("GET", path, json=record, headers=headers, before=lambda _: store.bind(image, theirs))
    assert run().found == 0
    assert store.refs([image]) == {image: theirs}


def test_images_deleted_while_glance_is_walked_do_not_end_the_walk(
    store, glance, nova, snapshot, now, run, monkeypatch
):
    monkeypatch.setattr(asked_glance, "PAGE", 2)
    ids = [snapshot(None, at=now - n * MINUTE) for n in range(5, 0, -1)]
    image = snapshot()
    nova.acted(SERVER, "createImage", started_at=now)
    get = glance.get

    def deletes_meanwhile(path):
        answer = get(path)
        if "created_at" in path and "marker" not in path:
            glance.images.pop(ids[1], None)
        return answer

    monkeypatch.setattr(glance, "get", deletes_meanwhile)
    assert run().found == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}


def test_nothing_is_bound_where_glance_does_not_show_all_images(store, glance, nova, snapshot, now, run):
    image = snapshot()
    nova.acted(SERVER, "createImage", started_at=now)
    glance.answers["/v2/images"] = lambda: Answer(503, FROM_GLANCE, None)
    report = run()
    assert report.stopped is not None
    assert "503" in report.stopped
    assert (store.refs([image]), nova.calls) == ({}, [])
