"""Changing and deleting images: Glance first, the row behind it."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.instance_ref import InstanceRef
from glance_related.testing.fake_glance import Call
from tests.filters.conftest import ADMIN, MEMBER, NOVA, PATCH_TYPE, SCHEDULER, TUPLE, Setup

IMAGES = "/v2/images"
REF = InstanceRef(NOVA, "i-1")
CODE = "X-Glance-Related-Code"


def test_an_update_asks_glance_first_and_writes_the_row_behind_it(setup: Setup) -> None:
    rows: list[Any] = []
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers(
        "PATCH", f"{IMAGES}/x", json={"id": "x"}, before=lambda _: rows.append(setup.store.refs(["x"]))
    )
    changes = [{"op": "add", "path": f"/{name}", "value": value} for name, value in TUPLE.items()]
    reply = setup.request(ADMIN, "PATCH", f"{IMAGES}/x", changes)
    assert reply.json == {"id": "x", **TUPLE}
    assert rows == [{}]
    assert setup.store.refs(["x"]) == {"x": REF}
    assert setup.glance.calls[-1].json == []


@pytest.mark.parametrize("status", ["403 Forbidden", "409 Conflict", "413 Too Large", "500 Server Error"])
def test_where_glance_refuses_an_update_the_row_stays_as_it_was(setup: Setup, status: str) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", status=status)
    changes = [{"op": "replace", "path": "/instance_id", "value": "i-2"}, {"op": "remove", "path": "/gone"}]
    assert setup.request(ADMIN, "PATCH", f"{IMAGES}/x", changes).status == status
    assert setup.store.refs(["x"]) == {"x": REF}


def test_an_image_that_the_caller_does_not_see_is_404_in_glances_words(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", status="404 Not Found", body=b"no image")
    reply = setup.request(ADMIN, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": "/instance_id"}])
    assert (reply.status_int, reply.body) == (404, b"no image")
    assert [call.method for call in setup.glance.calls] == ["GET"]


def test_a_member_may_send_back_what_is_there(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "other"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x", "name": "new"})
    rename = {"op": "replace", "path": "/name", "value": "new"}
    same = {"op": "replace", "path": "/nova_installation_uuid", "value": NOVA.upper()}
    reply = setup.request(MEMBER, "PATCH", f"{IMAGES}/x", [same, rename])
    assert reply.json == {"id": "x", "name": "new", **TUPLE}
    assert setup.glance.calls[-1].json == [rename]


def test_a_program_may_not_bind_another_projects_image_that_it_sees(setup: Setup) -> None:
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "somebody", "visibility": "public"})
    changes = [{"op": "add", "path": f"/{name}", "value": value} for name, value in TUPLE.items()]
    reply = setup.request(SCHEDULER, "PATCH", f"{IMAGES}/x", changes)
    assert (reply.status_int, reply.headers[CODE]) == (403, "instance_aware.not_allowed")
    assert setup.store.count() == 0
    assert [call.method for call in setup.glance.calls] == ["GET"]


def test_another_media_type_is_left_for_glance_to_refuse(setup: Setup) -> None:
    setup.glance.answers("PATCH", f"{IMAGES}/x", status="415 Unsupported Media Type")
    body = b'[{"op": "remove", "path": "/instance_id"}]'
    reply = setup.request(MEMBER, "PATCH", f"{IMAGES}/x", body=body, content_type="application/json")
    assert reply.status_int == 415
    assert setup.glance.calls[0].body == body


# -- delete


def test_the_row_goes_with_the_image(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("DELETE", f"{IMAGES}/x", status="204 No Content")
    assert setup.request(MEMBER, "DELETE", f"{IMAGES}/x").status_int == 204
    assert setup.store.count() == 0


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "409 Conflict", "500 Server Error"])
def test_a_refused_delete_keeps_the_row(setup: Setup, status: str) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("DELETE", f"{IMAGES}/x", status=status)
    assert setup.request(MEMBER, "DELETE", f"{IMAGES}/x").status == status
    assert setup.store.refs(["x"]) == {"x": REF}


def test_a_delete_in_the_disguise_of_another_method_takes_the_row_along(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("DELETE", f"{IMAGES}/x", status="204 No Content")
    setup.request(MEMBER, "GET", f"{IMAGES}/x?_method=DELETE")
    assert setup.store.count() == 0


def test_a_patch_media_type_may_carry_parameters(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})
    changes = [{"op": "remove", "path": f"/{name}"} for name in TUPLE]
    content_type = PATCH_TYPE + "; charset=utf-8"
    assert setup.request(ADMIN, "PATCH", f"{IMAGES}/x", changes, content_type=content_type).json == {"id": "x"}
    assert setup.store.count() == 0


@pytest.mark.parametrize("theirs", [InstanceRef(NOVA, "i-theirs"), None])
def test_a_tuple_that_somebody_else_has_changed_meanwhile_is_not_overwritten(setup: Setup, theirs: InstanceRef) -> None:
    def somebody_is_faster(_: Call) -> None:
        if theirs:
            setup.store.bind("x", theirs)
        else:
            setup.store.unbind("x")

    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"}, before=somebody_is_faster)
    change = {"op": "replace", "path": "/instance_id", "value": "i-2"}
    reply = setup.request(ADMIN, "PATCH", f"{IMAGES}/x", [change])
    assert (reply.status_int, reply.headers[CODE]) == (409, "instance_aware.changed_meanwhile")
    assert setup.store.refs(["x"]) == ({"x": theirs} if theirs else {})


def test_where_the_faster_one_wanted_the_same_both_have_succeeded(setup: Setup) -> None:
    setup.store.bind("x", REF)
    wanted = InstanceRef(NOVA, "i-2")
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"}, before=lambda _: setup.store.bind("x", wanted))
    change = {"op": "replace", "path": "/instance_id", "value": "i-2"}
    assert setup.request(ADMIN, "PATCH", f"{IMAGES}/x", [change]).status_int == 200
    assert setup.store.refs(["x"]) == {"x": wanted}
