"""Glance's side of Nova's images: bound by what rides on the request, noted where nothing does, never refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from glance_related.db.models import utcnow
from glance_related.instance_aware.adoptions import AdoptionStore
from glance_related.instance_aware.novas_images import SNAPSHOT
from glance_related.instance_aware.register import Installation
from glance_related.instance_ref import InstanceRef
from glance_related.riders.mark import Marks
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.testing.fake_glance import Call
from glance_related.testing.statements import statements
from tests.filters.conftest import MEMBER, NOVA, NOVAS, OTHER_NOVA, TUPLE
from tests.filters.conftest import make as make_glance
from tests.filters.nova_side import KEY, OWN_ID, SERVER, options

IMAGES = "/v2/images"
REF = InstanceRef(NOVA, SERVER)
OTHER_SERVER = SERVER[:-1] + "7"
#: What Nova sends, shortened.
POSTED = {"name": "snap", "image_type": "snapshot", "instance_uuid": SERVER, "visibility": "private"}


class Glance:
    """A Glance that makes images, and what rides to it."""

    def __init__(self, tmp_path: Path) -> None:
        self.setup = make_glance(tmp_path, options(NOVA))
        self.riders = RiderStore(self.setup.suite.database)
        self.adoptions = AdoptionStore(self.setup.suite.database)
        self.made = "70b1aaaa-0000-4000-8000-000000000001"

    def rides(self, **changed: Any) -> str:
        """A note of the filter in front of Nova; the id under which Nova comes here."""
        request_id = Marks((KEY,)).new_id()
        rider = {
            "own_request_id": OWN_ID,
            "nova_installation_uuid": NOVA,
            "project_id": MEMBER["X-Project-Id"],
            "user_id": MEMBER["X-User-Id"],
            "content": {"instance_id": SERVER},
            "created_at": utcnow(),
            **changed,
        }
        self.riders.add(Rider(request_id=request_id, kind=SNAPSHOT, **rider))
        return request_id

    def post(self, request_id: str, document: Any = None, who: Any = NOVAS, status: str = "201 Created") -> Any:
        def echo(call: Call) -> None:
            self.made = call.json.get("id", self.made)
            answer = self.setup.glance._answers["POST", IMAGES][0]
            answer.body = b'{"id": "%s"}' % self.made.encode()
            answer.headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer.body)))]

        self.setup.glance.answers("POST", IMAGES, status=status, json={}, before=echo)
        headers = {"X-OpenStack-Request-ID": request_id}
        return self.setup.request(who, "POST", IMAGES, POSTED if document is None else document, headers=headers)

    @property
    def bound(self) -> dict[str, InstanceRef]:
        return self.setup.store.refs([self.made])


@pytest.fixture
def glance(tmp_path: Path) -> Glance:
    return Glance(tmp_path)


def test_the_image_is_bound_before_glance_makes_it(glance: Glance) -> None:
    request_id = glance.rides()
    reply = glance.post(request_id)
    assert (reply.status_int, reply.json) == (201, {"id": glance.made})
    (call,) = glance.setup.glance.calls
    assert call.json == {**POSTED, "id": glance.made}
    assert glance.bound == {glance.made: REF}
    assert glance.adoptions.after("", 10) == []


def test_each_try_of_novas_is_an_image_of_its_own(glance: Glance) -> None:
    request_id = glance.rides()
    ids = set()
    for _ in range(3):
        glance.post(request_id)
        ids.add(glance.made)
        assert glance.bound == {glance.made: REF}
    assert len(ids) == 3


def test_what_the_body_says_of_the_server_changes_nothing(glance: Glance) -> None:
    glance.post(glance.rides(), {**POSTED, **TUPLE, "instance_uuid": OTHER_SERVER, "bdm_v2": "[]"})
    assert glance.bound == {glance.made: REF}
    assert not set(TUPLE) & set(glance.setup.glance.calls[0].json)


@pytest.mark.parametrize(
    "changed",
    [
        {"project_id": "bobs-project"},
        {"user_id": "bob"},
        {"nova_installation_uuid": OTHER_NOVA},
        {"created_at": utcnow() - datetime.timedelta(hours=2)},
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_note_for_somebody_else_is_not_believed(glance: Glance, changed: Any) -> None:
    reply = glance.post(glance.rides(**changed), {"name": "snap"})
    assert reply.status_int == 201
    assert "id" not in glance.setup.glance.calls[0].json
    assert glance.setup.store.count() == 0


def test_a_customer_who_learns_of_a_marked_id_can_do_nothing_with_it(glance: Glance) -> None:
    request_id = glance.rides()
    own_token = {**NOVAS, "X-Service-User-Id": MEMBER["X-User-Id"], "X-Service-Roles": "member,reader"}
    other_service = {**NOVAS, "X-Service-User-Id": "cinder"}
    for who in (MEMBER, own_token, other_service):
        assert glance.post(request_id, {"name": "mine"}, who).status_int == 201
    assert glance.setup.store.count() == 0


def test_an_id_that_only_looks_marked_is_not_ours(glance: Glance) -> None:
    glance.rides()
    glance.post("req-00000000-0000-0000-0000-000000000000", {"name": "snap"})
    glance.post(Marks(("another key of 32 characters ....",)).new_id(), {"name": "snap"})
    assert glance.setup.store.count() == 0


def test_without_a_note_novas_word_is_kept_for_reconcile_and_shown_to_nobody(glance: Glance) -> None:
    glance.post(OWN_ID, {**POSTED, "owner": "alices"})
    assert glance.setup.store.count() == 0
    (adoption,) = glance.adoptions.after("", 10)
    assert (adoption.image_id, adoption.installation, adoption.instance_id) == (glance.made, NOVA, SERVER)
    assert (adoption.request_id, adoption.owner) == (OWN_ID, "alices")


@pytest.mark.parametrize(
    "document",
    [
        {"name": "an image of Cinder's"},
        {**POSTED, "image_type": "mine"},
        {**POSTED, "instance_uuid": "mine"},
        {**POSTED, "bdm_v2": "true"},
        {**POSTED, "block_device_mapping": "[]"},
        {**POSTED, "id": "70b1aaaa-0000-4000-8000-000000000001"},
    ],
    ids=str,
)
def test_what_is_not_novas_word_is_not_kept(glance: Glance, document: Any) -> None:
    assert glance.post(OWN_ID, document).status_int == 201
    assert glance.adoptions.after("", 10) == []


@pytest.mark.parametrize("status", ["409 Conflict", "413 Too Large", "500 Server Error", "503 Service Unavailable"])
def test_an_image_that_was_not_made_is_not_kept_either(glance: Glance, status: str) -> None:
    glance.post(OWN_ID, POSTED, status=status)
    assert glance.adoptions.after("", 10) == []


def test_a_user_of_two_novas_does_not_say_which(glance: Glance) -> None:
    """The register refuses it; a database that was restored or edited may hold it."""
    glance.setup.store.add_installation(Installation(OTHER_NOVA, "other", (), ()))
    with glance.setup.suite.database.engine.begin() as connection:
        connection.exec_driver_sql(f"insert into glance_related_service_users values ('{OTHER_NOVA}', 'nova', 0)")
    glance.post(OWN_ID)
    assert glance.adoptions.after("", 10) == []


def test_a_snapshot_goes_on_while_our_database_is_down(glance: Glance, tmp_path: Path) -> None:
    request_id = glance.rides()
    glance.post(OWN_ID)  # so that the worker knows Nova
    database = tmp_path / "ours.sqlite"
    database.rename(tmp_path / "away")
    database.mkdir()
    for one in (request_id, OWN_ID):
        reply = glance.post(one, {**POSTED, **TUPLE})
        assert reply.status_int == 201
        assert glance.setup.glance.calls[-1].json == POSTED


def test_an_image_of_a_customers_own_is_not_delayed_by_a_question(glance: Glance) -> None:
    with statements(glance.setup.suite.database) as asked:
        assert glance.post(OWN_ID, {"name": "mine"}, MEMBER).status_int == 201
    assert asked == []
