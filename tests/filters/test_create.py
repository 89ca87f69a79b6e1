"""Creating images: what is kept before Glance is asked, and what of it stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glance_related.instance_ref import InstanceRef
from glance_related.testing.fake_glance import Call
from tests.filters.conftest import ADMIN, MEMBER, NOVA, NOVAS, SCHEDULER, TUPLE, Setup

IMAGES = "/v2/images"
REF = InstanceRef(NOVA, "i-1")
CODE = "X-Glance-Related-Code"


def test_the_row_is_there_before_glance_is_asked_and_the_id_is_fresh(setup: Setup) -> None:
    rows_at_the_time: list[dict[str, InstanceRef]] = []

    def note(call: Call) -> None:
        rows_at_the_time.append(setup.store.refs([call.json["id"]]))

    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"}, before=note)
    setup.request(ADMIN, "POST", IMAGES, {"name": "a", **TUPLE})
    setup.request(ADMIN, "POST", IMAGES, {"name": "a", **TUPLE})
    first, second = (call.json for call in setup.glance.calls)
    assert set(first) == {"name", "id"}
    assert first["id"] != second["id"]
    assert rows_at_the_time == [{first["id"]: REF}, {second["id"]: REF}]


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "409 Conflict", "413 Too Large"])
def test_a_refused_create_leaves_no_row(setup: Setup, status: str) -> None:
    setup.glance.answers("POST", IMAGES, status=status, body=b"Glance's own words")
    reply = setup.request(ADMIN, "POST", IMAGES, TUPLE)
    assert (reply.status, reply.body) == (status, b"Glance's own words")
    assert setup.store.count() == 0


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable", "300 Multiple Choices"])
def test_an_unclear_create_leaves_the_row_for_reconcile(setup: Setup, status: str) -> None:
    setup.glance.answers("POST", IMAGES, status=status)
    assert setup.request(ADMIN, "POST", IMAGES, TUPLE).status == status
    assert setup.store.count() == 1


def test_a_create_that_dies_leaves_the_row_for_reconcile(setup: Setup) -> None:
    setup.glance.answers("POST", IMAGES, error=RuntimeError("the disk is on fire"))
    reply = setup.request(ADMIN, "POST", IMAGES, TUPLE)
    assert reply.status_int == 500
    assert "fire" not in reply.text
    assert setup.store.count() == 1


def test_a_clients_id_is_pending_until_glance_has_said_201(setup: Setup) -> None:
    image_id = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    seen: list[Any] = []

    def note(call: Call) -> None:
        seen.append((setup.store.refs([image_id]), [one.image_id for one in setup.store.pending()]))

    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": image_id}, before=note)
    reply = setup.request(SCHEDULER, "POST", IMAGES, {"id": image_id, **TUPLE})
    assert seen == [({}, [image_id])]
    assert reply.json == {"id": image_id, **TUPLE}
    assert setup.store.refs([image_id]) == {image_id: REF}
    assert setup.store.pending() == []


def test_the_id_that_glance_answers_is_the_one_that_counts(setup: Setup) -> None:
    asked = "ABCDEF00-0000-0000-0000-000000000000"
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": asked.lower()})
    setup.request(ADMIN, "POST", IMAGES, {"id": asked, **TUPLE})
    assert setup.store.refs([asked, asked.lower()]) == {asked.lower(): REF}


def test_somebody_elses_id_is_refused_by_glance_and_changes_nothing(setup: Setup) -> None:
    image_id = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    setup.store.bind(image_id, InstanceRef(NOVA, "theirs"))
    setup.glance.answers("POST", IMAGES, status="409 Conflict")
    assert setup.request(ADMIN, "POST", IMAGES, {"id": image_id, **TUPLE}).status_int == 409
    assert setup.store.refs([image_id]) == {image_id: InstanceRef(NOVA, "theirs")}
    assert setup.store.pending() == []


def test_an_unclear_create_under_a_clients_id_stays_pending(setup: Setup) -> None:
    image_id = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    setup.glance.answers("POST", IMAGES, status="500 Internal Server Error")
    setup.request(SCHEDULER, "POST", IMAGES, {"id": image_id, **TUPLE})
    assert setup.store.refs([image_id]) == {}
    (pending,) = setup.store.pending()
    assert (pending.image_id, pending.owner, pending.ref) == (image_id, "service-project", REF)


@pytest.mark.parametrize("image_id", [5, None, "x" * 37, "", "\0" * 36, ["a"]])
def test_what_is_no_id_is_left_for_glance_to_refuse(setup: Setup, image_id: Any) -> None:
    setup.glance.answers("POST", IMAGES, status="400 Bad Request")
    assert setup.request(ADMIN, "POST", IMAGES, {"id": image_id, **TUPLE}).status_int == 400
    assert setup.glance.calls[0].json == {"id": image_id}
    assert (setup.store.count(), setup.store.pending()) == (0, [])


def test_a_create_without_a_tuple_goes_on_byte_for_byte(setup: Setup) -> None:
    setup.glance.answers("POST", IMAGES, status="201 Created", body=b'{"id":"x"}')
    body = b'{ "name" : "\xc3\xa9" }'
    reply = setup.request(MEMBER, "POST", IMAGES, body=body)
    assert setup.glance.calls[0].body == body
    assert reply.body == b'{"id":"x"}'


@pytest.mark.parametrize("document", [[], "text", 5, None, [TUPLE]])
def test_what_is_no_image_is_left_for_glance_to_refuse(setup: Setup, document: Any) -> None:
    setup.glance.answers("POST", IMAGES, status="400 Bad Request")
    body = json.dumps(document).encode()
    assert setup.request(MEMBER, "POST", IMAGES, body=body).status_int == 400
    assert setup.glance.calls[0].body == body


def test_novas_own_tuple_is_dropped_and_its_request_forwarded(setup: Setup) -> None:
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    reply = setup.request(NOVAS, "POST", IMAGES, {"name": "snapshot", **TUPLE})
    assert reply.status_int == 201
    assert setup.glance.calls[0].json == {"name": "snapshot"}
    assert setup.store.count() == 0


def test_novas_half_or_malformed_tuple_is_dropped_too(setup: Setup) -> None:
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    assert setup.request(NOVAS, "POST", IMAGES, {"name": "s", "instance_id": 5}).status_int == 201
    assert setup.glance.calls[0].json == {"name": "s"}


def test_novas_changes_of_a_tuple_are_dropped_and_the_others_forwarded(setup: Setup) -> None:
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})
    rest = {"op": "add", "path": "/image_state", "value": "available"}
    ours = {"op": "add", "path": "/instance_id", "value": "lie"}
    assert setup.request(NOVAS, "PATCH", f"{IMAGES}/x", [ours, rest]).status_int == 200
    (call,) = setup.glance.calls
    assert call.json == [rest]
    assert setup.store.count() == 0


def test_a_form_cannot_turn_a_create_into_something_else(setup: Setup) -> None:
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    form = {"content_type": "application/x-www-form-urlencoded", "body": b'{"name": "&_method=GET&"}'}
    setup.request(MEMBER, "POST", IMAGES, **form)
    assert setup.glance.calls[0].headers["Content-Type"] == "application/json"


def test_a_form_cannot_turn_a_post_of_an_image_into_a_delete(setup: Setup) -> None:
    form = {"content_type": "application/x-www-form-urlencoded", "body": b"_method=DELETE"}
    setup.request(MEMBER, "POST", f"{IMAGES}/x", **form)
    assert "form" not in setup.glance.calls[0].headers["Content-Type"]


def test_a_create_so_slow_that_its_row_was_swept_is_bound_all_the_same(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("glance_related.instance_aware.conduct.time.monotonic", lambda: now[0])

    def an_hour_passes(call: Call) -> None:
        now[0] += 3600
        setup.store.unbind(call.json["id"])
        setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": call.json["id"]})

    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "first"}, before=an_hour_passes)
    setup.request(ADMIN, "POST", IMAGES, TUPLE)
    assert setup.store.refs([setup.glance.calls[0].json["id"]]) == {setup.glance.calls[0].json["id"]: REF}
