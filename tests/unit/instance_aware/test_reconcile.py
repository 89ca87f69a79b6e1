"""``reconcile`` over a fake Glance and a real store: what goes, what stays, and what it takes to believe."""

from __future__ import annotations

import datetime
import uuid

import pytest

from glance_related.db.models import utcnow
from glance_related.hosts.account import Answer, Unreachable
from glance_related.instance_aware import asked_glance
from glance_related.instance_aware import reconcile as module
from glance_related.instance_aware.options import InstanceAwareSettings
from glance_related.instance_aware.reconcile import Refused
from glance_related.instance_ref import InstanceRef
from glance_related.riders.store import RiderStore
from glance_related.testing.rider_suite import rider
from tests.unit.instance_aware.account_of_fakes import FROM_GLANCE
from tests.unit.instance_aware.conftest import NOVA

REF = InstanceRef(NOVA, "i-1")
OTHER = InstanceRef(NOVA, "i-2")


def new_id() -> str:
    return str(uuid.uuid4())


def bound(store, *, ref=REF):
    image_id = new_id()
    store.bind(image_id, ref)
    return image_id


# -- the sweep


def test_the_row_of_an_image_that_is_gone_goes_and_the_others_stay(store, glance, run):
    gone, there, hidden = bound(store), bound(store), bound(store)
    glance.has(there)
    glance.has(hidden, os_hidden=True)
    report = run()
    assert (report.looked_at, report.swept, report.undecided) == (3, 1, 0)
    assert report.is_complete
    assert set(store.refs([gone, there, hidden])) == {there, hidden}
    assert store.state()["swept"] == "1"


def test_an_image_that_a_list_shows_is_not_asked_for_again(store, glance, run):
    gone, there = bound(store), bound(store)
    glance.has(there)
    run()
    assert glance.gets_of(there) == 0
    assert glance.gets_of(gone) == 1


def test_an_image_that_no_list_shows_is_not_taken_for_gone(store, glance, run):
    there = bound(store)
    glance.has(there)
    glance.answers["/v2/images"] = lambda: Answer(200, FROM_GLANCE, {"images": []})
    assert run().swept == 0
    assert store.refs([there]) == {there: REF}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(store, glance, run):
    gone = bound(store)
    attempt = new_id()
    store.begin(attempt, "alice-project", REF)
    made = new_id()
    store.begin(made, "alice-project", REF)
    glance.has(made, created_at="2999-01-01T00:00:00Z")
    report = run(dry_run=True)
    assert (report.swept, report.confirmed, report.abandoned) == (1, 1, 1)
    assert store.refs([gone, made]) == {gone: REF}
    assert store.state()["swept"] == "0"
    assert len(store.pending()) == 2


def test_a_young_row_is_left_alone(store, glance, run):
    young = bound(store)
    report = run(clock=utcnow)
    assert report.looked_at == 0
    assert glance.gets_of(young) == 0
    assert store.refs([young]) == {young: REF}


@pytest.mark.parametrize("status", [0, 200, 300, 401, 403, 500, 503])
def test_only_a_404_removes_a_row(store, glance, run, status):
    image_id = bound(store)
    glance.answers[f"/v2/images/{image_id}"] = lambda: Answer(status, FROM_GLANCE, None)
    report = run()
    assert (report.swept, report.undecided) == (0, 1)
    assert not report.is_complete
    assert store.refs([image_id]) == {image_id: REF}


def test_a_404_of_somebody_in_front_of_glance_removes_nothing(store, glance, run):
    image_id = bound(store)
    glance.answers[f"/v2/images/{image_id}"] = lambda: Answer(404, {"server": "a proxy"}, None)
    assert run().undecided == 1
    assert store.refs([image_id]) == {image_id: REF}


def test_a_row_that_was_bound_anew_since_it_was_read_stays(store, glance, run):
    image_id = bound(store)

    def gone_and_bound_anew():
        store.bind(image_id, OTHER)
        return Answer(404, FROM_GLANCE, None)

    glance.answers[f"/v2/images/{image_id}"] = gone_and_bound_anew
    assert run().swept == 0
    assert store.refs([image_id]) == {image_id: OTHER}


def test_every_row_is_looked_at_however_many_there_are(store, glance, run, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 7)
    rows = [bound(store) for _ in range(30)]
    for image_id in rows[::2]:
        glance.has(image_id)
    shown = []
    report = run(progress=lambda done, total: shown.append((done, total)))
    assert (report.looked_at, report.swept) == (30, 15)
    assert set(store.refs(rows)) == set(rows[::2])
    assert [done for done, _ in shown] == [7, 14, 21, 28, 30]
    assert {total for _, total in shown} <= set(range(15, 31))


def test_after_some_failures_in_a_row_glance_is_left_in_peace(store, glance, run):
    rows = [bound(store) for _ in range(20)]
    for image_id in rows:
        glance.answers[f"/v2/images/{image_id}"] = lambda: Answer(500, FROM_GLANCE, None)
    report = run()
    assert report.stopped is not None
    assert "5 times in a row" in report.stopped
    assert "500" in report.stopped
    assert sum(glance.gets_of(image_id) for image_id in rows) == asked_glance.PATIENCE
    assert len(store.refs(rows)) == 20


def test_a_glance_that_is_gone_in_the_middle_is_a_sentence_and_no_row_goes(store, glance, run):
    image_id = bound(store)

    def nobody():
        raise Unreachable("Glance does not answer.")

    glance.answers["/v2/images"] = nobody
    glance.answers[f"/v2/images/{image_id}"] = nobody
    report = run()
    assert report.undecided == 1
    assert store.refs([image_id]) == {image_id: REF}


# -- whom to believe


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (Answer(200, FROM_GLANCE, {"database_id": "another", "is_admin": True}), "another database"),
        (Answer(200, FROM_GLANCE, {"is_admin": True}), "another database"),
        (Answer(200, FROM_GLANCE, {"is_admin": False}), "administrator"),
        (Answer(200, FROM_GLANCE, {"version": "1"}), "administrator"),
        (Answer(200, FROM_GLANCE, None), "says nothing"),
        (Answer(404, FROM_GLANCE, None), "not in its pipeline"),
        (Answer(401, FROM_GLANCE, None), "refuses the account"),
        (Answer(403, FROM_GLANCE, None), "refuses the account"),
        (Answer(503, FROM_GLANCE, None), "its database is down"),
        (Answer(500, FROM_GLANCE, None), "answers 500"),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
def test_a_glance_that_cannot_be_believed_is_not_acted_upon(store, glance, run, about, said):
    image_id = bound(store)
    store.begin(new_id(), "alice-project", REF)
    glance.answers["/v2/glance-related"] = lambda: about
    with pytest.raises(Refused, match=said):
        run()
    assert store.refs([image_id]) == {image_id: REF}
    assert len(store.pending()) == 1
    assert glance.asked == ["/v2/glance-related"]


def test_a_glance_without_admin_rights_for_us_is_not_acted_upon_though_its_database_is_ours(store, glance, run):
    image_id = bound(store)
    glance.about["is_admin"] = False
    with pytest.raises(Refused, match="context_is_admin"):
        run()
    assert store.refs([image_id]) == {image_id: REF}


def test_a_glance_that_does_not_answer_is_one_sentence(store, glance, run):
    def nobody():
        raise Unreachable("Glance does not answer.")

    glance.answers["/v2/glance-related"] = nobody
    with pytest.raises(Refused, match="does not answer"):
        run()


def test_an_account_that_loses_its_role_in_the_middle_removes_nothing(store, glance, run):
    image_id = bound(store)

    def hidden_from_now_on():
        glance.about["is_admin"] = False
        return Answer(404, FROM_GLANCE, None)

    glance.answers[f"/v2/images/{image_id}"] = hidden_from_now_on
    report = run()
    assert report.stopped is not None
    assert "administrator" in report.stopped
    assert store.refs([image_id]) == {image_id: REF}


# -- what a crash left


def test_an_attempt_that_made_its_image_is_bound(store, glance, run):
    image_id = new_id()
    store.begin(image_id, "alice-project", REF)
    glance.has(image_id, created_at=utcnow().isoformat() + "Z")
    report = run()
    assert (report.confirmed, report.abandoned, report.left) == (1, 0, 0)
    assert store.refs([image_id]) == {image_id: REF}
    assert store.pending() == []


def test_an_attempt_that_made_nothing_is_forgotten(store, glance, run):
    image_id = new_id()
    store.begin(image_id, "alice-project", REF)
    assert run().abandoned == 1
    assert store.refs([image_id]) == {}
    assert store.pending() == []


@pytest.mark.parametrize(
    "image",
    [
        {"owner": "bob-project", "created_at": "2999-01-01T00:00:00Z"},
        {"owner": None, "created_at": "2999-01-01T00:00:00Z"},
        {"owner": "alice-project", "created_at": "2001-01-01T00:00:00Z"},
    ],
    ids=["of another project", "of nobody", "older than the attempt"],
)
def test_an_image_that_the_attempt_did_not_make_is_not_bound(store, glance, run, image):
    image_id = new_id()
    store.begin(image_id, "alice-project", REF)
    glance.has(image_id, **image)
    report = run()
    assert (report.confirmed, report.abandoned) == (0, 1)
    assert store.refs([image_id]) == {}
    assert store.pending() == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_of_two_attempts_at_one_id_the_first_wins(store, glance, database, run, dry_run):
    image_id = new_id()
    first = store.begin(image_id, "alice-project", REF)
    second = store.begin(image_id, "alice-project", OTHER)
    with database.engine.connect() as connection:
        connection.exec_driver_sql(
            "update glance_related_pending_images set created_at = '2020-01-01 00:00:00.000000' where attempt_id = ?",
            (first,),
        )
        connection.commit()
    glance.has(image_id, created_at="2999-01-01T00:00:00Z")
    report = run(dry_run=dry_run)
    assert (report.confirmed, report.abandoned) == (1, 1)
    assert store.refs([image_id]) == ({} if dry_run else {image_id: REF})
    left = {attempt.attempt_id for attempt in store.pending()}
    assert left == ({first, second} if dry_run else set())


def test_a_binding_that_came_after_the_attempt_is_kept(store, glance, run):
    image_id = new_id()
    store.begin(image_id, "alice-project", REF)
    store.bind(image_id, OTHER)
    glance.has(image_id, created_at="2999-01-01T00:00:00Z")
    assert run().abandoned == 1
    assert store.refs([image_id]) == {image_id: OTHER}


def test_the_binding_goes_by_glances_own_spelling_of_the_id(store, glance, run):
    asked = new_id().upper()
    store.begin(asked, "alice-project", REF)
    image = {"id": asked.lower(), "owner": "alice-project", "created_at": "2999-01-01T00:00:00Z"}
    glance.answers[f"/v2/images/{asked}"] = lambda: Answer(200, FROM_GLANCE, image)
    glance.has(asked.lower())
    assert run().confirmed == 1
    assert store.refs([asked, asked.lower()]) == {asked.lower(): REF}


def test_an_attempt_of_which_nothing_is_certain_is_left(store, glance, run):
    image_id = new_id()
    store.begin(image_id, "alice-project", REF)
    glance.answers[f"/v2/images/{image_id}"] = lambda: Answer(500, FROM_GLANCE, None)
    report = run()
    assert report.left == 1
    assert not report.is_complete
    assert [attempt.image_id for attempt in store.pending()] == [image_id]


def test_a_young_attempt_is_left_alone(store, glance, run):
    store.begin(new_id(), "alice-project", REF)
    report = run(clock=utcnow)
    assert (report.confirmed, report.abandoned, report.left) == (0, 0, 0)
    assert len(store.pending()) == 1


def test_an_id_that_glance_never_gives_is_not_asked_for(store, glance, run):
    store.begin("x/../../v2/tasks", "alice-project", REF)
    assert run().abandoned == 1
    assert all("tasks" not in path for path in glance.asked)
    assert store.pending() == []


# -- riders


def test_only_riders_that_nobody_will_believe_any_more_are_forgotten(database, run, later, monkeypatch):
    monkeypatch.setattr(module, "RIDERS", 2)
    riders = RiderStore(database)
    before = later - datetime.timedelta(seconds=InstanceAwareSettings().grace_seconds + 600)
    second = datetime.timedelta(seconds=1)
    for number in range(5):
        riders.add(rider(created_at=before - (number + 1) * second))
    kept = rider(created_at=before)
    riders.add(kept)
    assert run(purging=(riders, 600), dry_run=True).purged == 0
    assert riders.count() == 6
    assert run(purging=(riders, 600)).purged == 5
    assert riders.count() == 1
    assert riders.get(kept.request_id, kept.kind) == kept


def test_riders_are_forgotten_whatever_glance_says_of_images(store, glance, database, run, later):
    riders = RiderStore(database)
    riders.add(rider(created_at=later - datetime.timedelta(days=1)))
    for _ in range(asked_glance.PATIENCE):
        glance.answers[f"/v2/images/{bound(store)}"] = lambda: Answer(500, FROM_GLANCE, None)
    report = run(purging=(riders, 600))
    assert report.stopped is not None
    assert (report.purged, riders.count()) == (1, 0)
