"""What is shown, to whom, and where the filter must stand."""

from __future__ import annotations

from pathlib import Path

from glance_related.instance_ref import InstanceRef
from glance_related.testing.fake_glance import FakeContext
from tests.filters.conftest import ADMIN, MEMBER, NOVA, NOVAS, SCHEDULER, TUPLE, Setup, make

IMAGES = "/v2/images"
REF = InstanceRef(NOVA, "i-1")
CODE = "X-Glance-Related-Code"


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
