"""``reconcile`` over more than one Nova, and over Novas that do not answer as they should."""

from __future__ import annotations

import datetime

import pytest

from glance_related.hosts.account import Unreachable
from glance_related.instance_aware import asked_novas
from glance_related.instance_aware.adoptions import Adoption
from glance_related.instance_aware.register import Installation
from glance_related.instance_ref import InstanceRef
from glance_related.testing.fake_nova import FakeNova
from tests.unit.instance_aware.novas_of_fakes import NOVA, OTHER_SERVER, SERVER

SECOND_NOVA = "99999999-8888-7777-6666-555555555555"


@pytest.fixture
def run(adopting):
    """``reconcile`` with everything, two hours from now."""
    return adopting


# -- more than one Nova


@pytest.fixture
def second(store, novas) -> FakeNova:
    store.add_installation(Installation(SECOND_NOVA, "second", ("nova-2",), (), "Two"))
    novas["Two"] = FakeNova("http://second.example/v2.1")
    return novas["Two"]


def test_of_two_novas_the_one_that_has_the_server_is_believed(store, nova, second, snapshot, now, run):
    elsewhere = "aaaaaaaa-0000-4000-8000-000000000009"
    second.has_server(elsewhere)
    first, other = snapshot(), snapshot(elsewhere)
    nova.acted(SERVER, "createImage", started_at=now)
    second.acted(elsewhere, "createImage", started_at=now)
    assert run().found == 2
    assert store.refs([first, other]) == {first: InstanceRef(NOVA, SERVER), other: InstanceRef(SECOND_NOVA, elsewhere)}


def test_a_server_that_two_novas_have_is_nobodys(store, nova, second, snapshot, now, run):
    second.has_server(SERVER)
    for one in (nova, second):
        one.acted(SERVER, "createImage", started_at=now)
    image = snapshot()
    assert run().ambiguous == 1
    assert store.refs([image]) == {}


def test_what_one_nova_said_is_asked_of_that_one_only(store, nova, second, noted, now, run):
    second.has_server(SERVER)
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    assert run().adopted == 1
    assert store.refs([image]) == {image: InstanceRef(NOVA, SERVER)}
    assert second.calls == []


def test_what_is_of_one_novas_server_does_not_stand_in_the_way_of_the_others(
    store, nova, second, snapshot, noted, now, run
):
    theirs, image = snapshot(None), noted(nova.acted(SERVER, "createImage", started_at=now))
    store.bind(theirs, InstanceRef(SECOND_NOVA, SERVER))
    found = snapshot(OTHER_SERVER)
    nova.acted(OTHER_SERVER, "createImage", started_at=now)
    store.bind(snapshot(None), InstanceRef(SECOND_NOVA, OTHER_SERVER))
    report = run()
    assert (report.adopted, report.found) == (1, 1)
    assert store.refs([image, found]) == {image: InstanceRef(NOVA, SERVER), found: InstanceRef(NOVA, OTHER_SERVER)}


def test_two_installations_that_lead_to_one_nova_are_told_to_the_operator(
    store, adoptions, nova, novas, second, noted, snapshot, now, run
):
    novas["Two"] = nova
    images = [noted(nova.acted(SERVER, "createImage", started_at=now)), snapshot(OTHER_SERVER)]
    report = run()
    assert (report.unasked, report.is_complete) == (2, False)
    assert len(report.novas) == 2
    assert all("--region" in trouble for trouble in report.novas)
    assert (store.refs(images), adoptions.count()) == ({}, 1)


def test_programs_are_no_nova(store, novas, snapshot, nova, now, run):
    store.add_installation(Installation(SECOND_NOVA, "only a scheduler", (), ("scheduler-2",), "Nowhere"))
    snapshot()
    nova.acted(SERVER, "createImage", started_at=now)
    assert run().found == 1
    assert "Nowhere" not in novas


# -- a Nova that does not answer as it should


def refuses(nova):
    nova.is_admin = False


def is_nowhere(nova):
    nova.url = None


def is_old(nova):
    nova.answers("GET", "/servers", status="406 Not Acceptable", json={})


def fails(nova):
    nova.answers("GET", "/servers", status="503 Service Unavailable")


def fails_later(nova):
    nova.answers("GET", f"/servers/{SERVER}/os-instance-actions", status="500 Internal Server Error")


def is_behind_a_proxy_that_says_404(nova):
    nova.answers("GET", f"/servers/{SERVER}/os-instance-actions", status="404 Not Found")


def answers_something_else(nova):
    nova.answers("GET", f"/servers/{SERVER}/os-instance-actions", json={"hello": "world"})


@pytest.mark.parametrize(
    "trouble",
    [refuses, is_nowhere, is_old, fails, fails_later, is_behind_a_proxy_that_says_404, answers_something_else],
)
def test_what_a_nova_in_trouble_says_disproves_nothing(store, adoptions, nova, noted, now, run, trouble):
    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    trouble(nova)
    report = run()
    assert (report.unasked, report.unproved, report.adopted, report.is_complete) == (1, 0, 0, False)
    assert (store.refs([image]), adoptions.count()) == ({}, 1)


@pytest.mark.parametrize("method", ["get", "endpoint"])
def test_a_nova_that_does_not_answer_disproves_nothing(store, adoptions, nova, noted, now, run, monkeypatch, method):
    def nobody(*_):
        raise Unreachable("Nova does not answer.")

    image = noted(nova.acted(SERVER, "createImage", started_at=now))
    monkeypatch.setattr(nova, method, nobody)
    report = run()
    assert (report.unasked, len(report.novas)) == (1, 1)
    assert "does not answer" in report.novas[0]
    assert (store.refs([image]), adoptions.count()) == ({}, 1)


def test_after_some_failures_in_a_row_a_nova_is_left_in_peace_and_another_still_asked(
    store, nova, second, noted, adoptions, now, run, snapshot
):
    for n in range(20):
        server = f"aaaaaaaa-0000-4000-8000-0000000001{n:02}"
        noted("", server)
        nova.answers("GET", f"/servers/{server}/os-instance-actions", status="500 Internal Server Error")
    elsewhere = "bbbbbbbb-0000-4000-8000-000000000009"
    second.has_server(elsewhere)
    theirs = snapshot(elsewhere)
    adoptions.note(Adoption(theirs, SECOND_NOVA, elsewhere, "", "alice-project", now))
    second.acted(elsewhere, "createImage", started_at=now)
    report = run()
    assert (report.unasked, report.adopted) == (20, 1)
    assert sum("os-instance-actions" in call.path for call in nova.calls) == asked_novas.PATIENCE
    assert [trouble for trouble in report.novas if "500" in trouble] == report.novas
    assert store.refs([theirs]) == {theirs: InstanceRef(SECOND_NOVA, elsewhere)}


def test_a_nova_that_fails_now_and_then_is_asked_to_the_end(store, nova, noted, now, run):
    images = []
    for n in range(3 * asked_novas.PATIENCE):
        server, at = f"aaaaaaaa-0000-4000-8000-0000000001{n:02}", now + n * datetime.timedelta(seconds=1)
        nova.has_server(server)
        images.append(noted(nova.acted(server, "createImage", started_at=at), server, at))
        if n % 2:
            nova.answers("GET", f"/servers/{server}/os-instance-actions", status="500 Internal Server Error")
    report = run()
    assert (report.adopted, report.unasked, report.novas) == (8, 7, [])
    assert set(store.refs(images)) == set(images[::2])
