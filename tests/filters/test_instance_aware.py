"""What Glance receives and what the client gets, where the real Glance would be hard to bring to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glance_related.db.database import DatabaseDown
from glance_related.instance_ref import InstanceRef
from glance_related.testing.fake_glance import Call, FakeContext
from tests.filters.conftest import ADMIN, MEMBER, NOVA, NOVAS, PATCH_TYPE, SCHEDULER, TUPLE, Setup, make

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


# -- update


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


# -- what is shown


def test_replies_that_are_no_json_documents_pass_untouched(setup: Setup) -> None:
    for status, content_type in (("200 OK", "text/html"), ("300 Multiple Choices", "application/json")):
        setup.glance.answers("GET", IMAGES, status=status, body=b'{"images": [', headers={"Content-Type": content_type})
        assert setup.request(MEMBER, "GET", IMAGES).body == b'{"images": ['


def test_a_list_without_tuples_is_glances_own_bytes(setup: Setup) -> None:
    body = b'{"images":[{"id":"x","name":"\xc3\xa9"}], "first" : "/v2/images"}'
    setup.glance.answers("GET", IMAGES, body=body, headers={"Content-Type": "application/json; charset=UTF-8"})
    reply = setup.request(MEMBER, "GET", IMAGES)
    assert reply.body == body


def test_a_rewritten_reply_has_the_right_length_and_no_stale_validators(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x"}, headers={"ETag": "old", "X-Other": "kept"})
    reply = setup.request(MEMBER, "GET", f"{IMAGES}/x")
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    assert "ETag" not in reply.headers
    assert reply.headers["X-Other"] == "kept"


def test_native_properties_of_our_names_are_neither_shown_nor_kept_from_nova(setup: Setup) -> None:
    native = {"id": "x", "instance_id": "native", "nova_installation_uuid": "native", "other": "kept"}
    setup.glance.answers("GET", f"{IMAGES}/x", json=native)
    setup.glance.answers("GET", IMAGES, json={"images": [native]})
    for who in (MEMBER, ADMIN, NOVAS):
        assert setup.request(who, "GET", f"{IMAGES}/x").json == {"id": "x", "other": "kept"}
        assert setup.request(who, "GET", IMAGES).json["images"] == [{"id": "x", "other": "kept"}]


def test_nova_is_not_shown_tuples_and_a_trusted_program_is(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x"})
    setup.glance.answers("GET", IMAGES, json={"images": [{"id": "x"}]})
    program = {**NOVAS, "X-Service-User-Id": "scheduler"}
    for who, shown in ((NOVAS, {}), (program, TUPLE), (SCHEDULER, TUPLE), (MEMBER, TUPLE)):
        assert setup.request(who, "GET", f"{IMAGES}/x").json == {"id": "x", **shown}
        assert setup.request(who, "GET", f"{IMAGES}?instance_id=i-1").json["images"] == [{"id": "x", **shown}]


# -- where the filter stands, and who is there


def test_in_front_of_context_nothing_is_believed(setup: Setup) -> None:
    forged = {"X-Identity-Status": "Confirmed", **ADMIN}
    reply = setup.app.post_json(IMAGES, TUPLE, headers=forged, status=500)
    assert reply.headers[CODE] == "glance_related.misplaced"
    assert setup.glance.calls == []


def test_a_glance_without_callers_is_refused(setup: Setup) -> None:
    nobody = FakeContext(user_id=None, project_id=None, roles=[], is_admin=True)
    reply = setup.request(MEMBER, "GET", IMAGES, headers={"X-Identity-Status": ""}, context=nobody)
    assert (reply.status_int, reply.headers[CODE]) == (403, "glance_related.no_auth")


def test_a_glance_without_callers_is_served_where_the_operator_says_so(tmp_path: Path) -> None:
    setup = make(tmp_path, "[instance_aware]\nallow_no_auth = true\n")
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    nobody = FakeContext(user_id=None, project_id=None, roles=[], is_admin=True)
    reply = setup.request(MEMBER, "POST", IMAGES, TUPLE, headers={"X-Identity-Status": ""}, context=nobody)
    assert reply.status_int == 201
    assert setup.store.count() == 1


def test_an_anonymous_reader_is_shown_what_is_public_and_may_not_bind(setup: Setup) -> None:
    anonymous = FakeContext(user_id=None, project_id=None, roles=[])
    setup.store.bind("x", REF)
    setup.glance.answers("GET", IMAGES, json={"images": [{"id": "x"}]})
    extra = {"headers": {"X-Identity-Status": "Invalid"}, "context": anonymous}
    assert setup.request(ADMIN, "GET", IMAGES, **extra).json["images"] == [{"id": "x", **TUPLE}]
    extra = {"headers": {"X-Identity-Status": "Invalid"}, "context": anonymous}
    assert setup.request(ADMIN, "POST", IMAGES, TUPLE, **extra).status_int == 403


def test_an_unknown_installation_is_refused_with_the_command_that_helps(setup: Setup) -> None:
    unknown = "00000000-0000-0000-0000-000000000001"
    reply = setup.request(ADMIN, "POST", IMAGES, {**TUPLE, "nova_installation_uuid": unknown})
    assert (reply.status_int, reply.headers[CODE]) == (400, "instance_aware.unknown_installation")
    assert f"glance-related-manage installation add {unknown}" in reply.text
    assert setup.glance.calls == []


def test_an_unknown_installation_is_taken_where_the_operator_says_so(tmp_path: Path) -> None:
    setup = make(tmp_path, "[instance_aware]\nallow_unknown_installations = true\n")
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    unknown = {**TUPLE, "nova_installation_uuid": "00000000-0000-0000-0000-000000000001"}
    assert setup.request(ADMIN, "POST", IMAGES, unknown).status_int == 201


# -- the database is down


@pytest.mark.parametrize(
    ("who", "method", "path", "document"),
    [
        pytest.param(ADMIN, "POST", IMAGES, TUPLE, id="a tuple"),
        pytest.param(SCHEDULER, "POST", IMAGES, {"id": "x", **TUPLE}, id="a tuple and an id"),
        pytest.param(ADMIN, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": "/instance_id"}], id="a change"),
        pytest.param(MEMBER, "GET", f"{IMAGES}?instance_id=i-1", None, id="a narrowed list"),
        pytest.param(ADMIN, "GET", "/v2/glance-related", None, id="our own route"),
    ],
)
def test_what_needs_the_database_is_503_and_changes_nothing(
    without_database: Setup, who: dict[str, str], method: str, path: str, document: Any
) -> None:
    without_database.glance.answers("GET", f"{IMAGES}/x", json={"id": "x"})
    reply = without_database.request(who, method, path, document)
    assert (reply.status_int, reply.headers[CODE]) == (503, "glance_related.database_down")
    assert all(call.method == "GET" for call in without_database.glance.calls)


def test_everything_else_goes_through_without_our_additions_and_with_one_warning(
    without_database: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    glance = without_database.glance
    glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "instance_id": "native"})
    glance.answers("GET", IMAGES, json={"images": [{"id": "x", "instance_id": "native"}]})
    glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})
    glance.answers("DELETE", f"{IMAGES}/x", status="204 No Content")
    request = without_database.request
    for _ in range(5):
        assert request(MEMBER, "GET", f"{IMAGES}/x").json == {"id": "x"}
        assert request(MEMBER, "GET", IMAGES).json == {"images": [{"id": "x"}]}
        assert request(MEMBER, "POST", IMAGES, {"name": "a"}).status_int == 201
        assert request(MEMBER, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": "/x"}]).status_int == 200
        assert request(MEMBER, "DELETE", f"{IMAGES}/x").status_int == 204
        assert request(MEMBER, "GET", "/v2/glance-related").status_int == 200
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "down" in warnings[0].message


def test_novas_snapshot_goes_through_without_its_tuple(without_database: Setup) -> None:
    without_database.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    reply = without_database.request(NOVAS, "POST", IMAGES, {"name": "snapshot", **TUPLE})
    assert reply.status_int == 201
    assert without_database.glance.calls[0].json == {"name": "snapshot"}


def test_novas_users_are_remembered_while_the_database_is_down(tmp_path: Path) -> None:
    setup = make(tmp_path)
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    setup.glance.answers("GET", IMAGES, json={"images": [{"id": "x"}]})
    setup.request(MEMBER, "GET", IMAGES)  # reads who is registered
    setup.suite.database.dispose()
    (tmp_path / "ours.sqlite").unlink()
    (tmp_path / "ours.sqlite").mkdir()
    nova_itself = {"X-User-Id": "nova", "X-Project-Id": "service-project", "X-Roles": "service,admin"}
    assert setup.request(nova_itself, "POST", IMAGES, {"name": "s", **TUPLE}).status_int == 201
    program = {**NOVAS, "X-Service-User-Id": "scheduler"}
    assert setup.request(program, "POST", IMAGES, {"name": "b", **TUPLE}).status_int == 503


def test_a_database_that_fails_behind_glances_201_leaves_the_attempt_for_reconcile(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": image_id})

    def down(*_: object) -> None:
        raise DatabaseDown

    monkeypatch.setattr("glance_related.instance_aware.store.Store.confirm", down)
    assert setup.request(ADMIN, "POST", IMAGES, {"id": image_id, **TUPLE}).status_int == 201
    assert [one.image_id for one in setup.store.pending()] == [image_id]


def test_a_database_that_fails_behind_an_update_is_said_in_words_that_do_not_hide_it(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})

    def down(*_: object) -> None:
        raise DatabaseDown

    monkeypatch.setattr("glance_related.instance_aware.store.Store.unbind", down)
    reply = setup.request(ADMIN, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": f"/{name}"} for name in TUPLE])
    assert (reply.status_int, reply.headers[CODE]) == (503, "instance_aware.not_recorded")
    assert "was updated" in reply.text
    assert setup.store.refs(["x"]) == {"x": REF}


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


def test_a_patch_media_type_may_carry_parameters(setup: Setup) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})
    changes = [{"op": "remove", "path": f"/{name}"} for name in TUPLE]
    content_type = PATCH_TYPE + "; charset=utf-8"
    assert setup.request(ADMIN, "PATCH", f"{IMAGES}/x", changes, content_type=content_type).json == {"id": "x"}
    assert setup.store.count() == 0
