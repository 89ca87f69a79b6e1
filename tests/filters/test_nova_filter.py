"""In front of Nova: what rides on a request, what is refused, and what is none of ours."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from glance_related.instance_aware.instance_aware_nova_filter import filter_factory
from glance_related.instance_aware.novas_images import SNAPSHOT
from glance_related.riders.mark import Marks
from glance_related.settings.options import ConfigError
from glance_related.testing.fake_glance import Call
from tests.filters.conftest import MEMBER, NOVA
from tests.filters.conftest import make as make_glance
from tests.filters.nova_side import (
    ACTION,
    CREATE_BACKUP,
    CREATE_IMAGE,
    GLOBAL,
    KEY,
    OWN_ID,
    SERVER,
    NovaSide,
    make,
    options,
)

SHELVE: dict[str, Any] = {"shelve": None}
PROJECT = "214e214e214e214e214e214e214e214e"
SPELLINGS = (
    f"/servers/{SERVER}/action",
    f"/{PROJECT}/servers/{SERVER}/action",
    f"/os-volumes_boot/{SERVER}/action",
    f"/{PROJECT}/os-volumes_boot/{SERVER}/action",
    f"/servers/{SERVER.upper()}/action",
)
LIES = (
    "nova_installation_uuid",
    "instance_id",
    "instance_uuid",
    "instance_owner",
    "image_type",
    "backup_type",
    "base_image_ref",
    "id",
    "owner",
    "Instance_UUID",
    "instance_uuid ",
)


@pytest.fixture
def side(tmp_path: Path) -> NovaSide:
    return make(make_glance(tmp_path, options(NOVA)))


@pytest.mark.parametrize("path", SPELLINGS)
@pytest.mark.parametrize("document", [CREATE_IMAGE, CREATE_BACKUP, SHELVE], ids=lambda value: next(iter(value)))
def test_the_server_is_noted_before_nova_is_asked(side: NovaSide, path: str, document: Any) -> None:
    noted: list[Any] = []

    def look(call: Call) -> None:
        noted.append(side.riders.get(call.environ[GLOBAL], SNAPSHOT))

    side.nova.answers("POST", path, status="202 Accepted", before=look)
    reply = side.post(document, path=path)
    assert reply.status_int == 202
    (rider,) = noted
    assert rider.content == {"instance_id": SERVER}
    assert (rider.nova_installation_uuid, rider.own_request_id) == (NOVA, OWN_ID)
    assert (rider.project_id, rider.user_id) == (MEMBER["X-Project-Id"], MEMBER["X-User-Id"])
    assert side.nova.calls[-1].json == document
    assert Marks((KEY,)).is_ours(side.handed_on() or "")


def test_each_request_has_an_id_of_its_own_whatever_the_client_sends(side: NovaSide) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    handed_on = set()
    for _ in range(3):
        side.post(CREATE_IMAGE, environ={GLOBAL: "req-11111111-2222-4333-8444-555555555555"})
        handed_on.add(side.handed_on())
    assert len(handed_on) == 3
    assert all(Marks((KEY,)).is_ours(str(one)) for one in handed_on)


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "409 Conflict", "500 Internal Server Error"])
def test_what_rode_on_a_refused_request_is_forgotten(side: NovaSide, status: str) -> None:
    side.nova.answers("POST", ACTION, status=status, body=b"Nova's own words")
    reply = side.post(CREATE_IMAGE)
    assert (reply.status, reply.body) == (status, b"Nova's own words")
    assert side.riders.count() == 0


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("action", [CREATE_IMAGE, CREATE_BACKUP], ids=lambda value: next(iter(value)))
def test_metadata_that_would_lie_never_reaches_nova(side: NovaSide, action: Any, name: str) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    ((key, content),) = action.items()
    reply = side.post({key: {**content, "metadata": {"team": "blue", name: "mine"}}})
    assert reply.status_int == 400
    assert reply.json["badRequest"]["glance_related_code"] == "instance_aware.reserved_metadata"
    assert name.strip() in reply.json["badRequest"]["message"]
    assert reply.headers["X-Glance-Related-Code"] == "instance_aware.reserved_metadata"
    assert side.nova.calls == []
    assert side.riders.count() == 0


def test_other_metadata_reaches_nova_as_it_is(side: NovaSide) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    document = {"createImage": {"name": "snäp", "metadata": {"team": "blue", "x:instance_id": "1", "owner_id": "me"}}}
    assert side.post(document).status_int == 202
    assert side.nova.calls[-1].json == document


@pytest.mark.parametrize(
    "document",
    [{"os-start": None}, {"reboot": {"type": "SOFT"}}, {"unshelve": None}, {"shelveOffload": None}, {}, [], "shelve"],
    ids=str,
)
def test_other_actions_go_through_unnoted(side: NovaSide, document: Any) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    side.post(document, environ={GLOBAL: OWN_ID})
    assert side.nova.calls[-1].json == document
    assert side.handed_on() == OWN_ID
    assert side.riders.count() == 0


def test_two_actions_at_once_are_novas_to_refuse(side: NovaSide) -> None:
    side.nova.answers("POST", ACTION, status="400 Bad Request")
    assert side.post({**CREATE_IMAGE, **SHELVE}).status_int == 400
    assert side.riders.count() == 0


@pytest.mark.parametrize("escaped", ["create\\u0049mage", "\\u0063reateImage"])
def test_an_escaped_name_is_read_as_nova_reads_it(side: NovaSide, escaped: str) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    body = f'{{"{escaped}": {{"name": "a", "metadata": {{"instance_uuid": "mine"}}}}}}'.encode()
    assert side.post(body=body).status_int == 400
    assert side.nova.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"createImage": {"name": "a"}, "createImage": {"name": "a", "metadata": {"instance_uuid": "mine"}}}',
        b'{"createImage": {"name": NaN}}',
        b'{"createImage": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"createImage": {"name": "a"',
        b'\xff{"createImage": {}}',
    ],
)
def test_a_body_that_two_readers_might_read_differently_is_refused(side: NovaSide, body: bytes) -> None:
    reply = side.post(body=body)
    assert (reply.status_int, reply.json["badRequest"]["glance_related_code"]) == (400, "body.malformed")
    assert side.nova.calls == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "application/json;version=2.1"])
def test_the_route_decides_what_is_read_not_the_type(side: NovaSide, content_type: str) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    lie = {"createImage": {"name": "a", "metadata": {"image_type": "backup"}}}
    assert side.post(lie, content_type=content_type).status_int == 400
    assert side.nova.calls == []


@pytest.mark.parametrize("coding", ["chunked", "gzip, chunked", "identity, chunked"])
def test_a_body_without_a_length_is_judged_however_it_is_sent(side: NovaSide, coding: str) -> None:
    lie = {"createImage": {"name": "a", "metadata": {"instance_uuid": "mine"}}}
    sent = {"wsgi.input": io.BytesIO(json.dumps(lie).encode()), "wsgi.input_terminated": True}
    headers = {"X-Identity-Status": "Confirmed", **MEMBER, "Transfer-Encoding": coding}
    side.nova.answers("POST", ACTION, status="202 Accepted")
    environ = {"keystone.token_auth": object(), **sent}
    reply = side.app.request(ACTION, method="POST", headers=headers, environ=environ, status="*")
    assert reply.status_int == 400
    assert side.nova.calls == []


@pytest.mark.parametrize("server", ["1", "no-uuid", SERVER.replace("-", "").upper()[:-1], "%2e%2e"])
def test_what_is_no_id_of_novas_is_novas_to_refuse(side: NovaSide, server: str) -> None:
    reply = side.post(CREATE_IMAGE, path=f"/servers/{server}/action")
    assert reply.status_int == 404
    assert side.riders.count() == 0


@pytest.mark.parametrize(("method", "query"), [("GET", "_method=POST"), ("PUT", "_method=POST")])
def test_a_method_in_the_query_is_novas_to_judge(side: NovaSide, method: str, query: str) -> None:
    """Nova refuses a GET that claims to be a POST, and takes a PUT; as a POST of its own it would take both."""
    side.nova.answers(method, ACTION, status="500 Internal Server Error")
    assert side.post(CREATE_IMAGE, path=f"{ACTION}?{query}", method=method).status_int == 500
    assert side.nova.calls[-1].method == method
    lie = {"createImage": {"name": "a", "metadata": {"instance_id": "mine"}}}
    assert side.post(lie, path=f"{ACTION}?{query}", method=method).status_int == 400
    assert len(side.nova.calls) == 1


# -- the way a request id came


def test_an_inbound_id_with_our_mark_is_dropped_on_every_request(side: NovaSide) -> None:
    replayed = Marks((KEY,)).new_id()
    side.nova.answers("GET", "/servers/detail", json={})
    side.post(path="/servers/detail", method="GET", body=b"", environ={GLOBAL: replayed})
    assert side.handed_on() is None
    side.post(path="/servers/detail", method="GET", body=b"", environ={GLOBAL: OWN_ID})
    assert side.handed_on() == OWN_ID


def test_a_replayed_id_does_not_name_another_server(side: NovaSide) -> None:
    side.nova.answers("POST", ACTION, status="202 Accepted")
    side.post(CREATE_IMAGE)
    first = str(side.handed_on())
    other = f"/servers/{SERVER[:-1]}7/action"
    side.nova.answers("POST", other, status="202 Accepted")
    side.post(CREATE_IMAGE, path=other, environ={GLOBAL: first})
    assert side.handed_on() != first
    rider = side.riders.get(first, SNAPSHOT)
    assert rider
    assert rider.content == {"instance_id": SERVER}


# -- where it stands, and with what


@pytest.mark.parametrize(
    "environ", [{"keystone.token_auth": None}, {"nova.context": object()}], ids=["before authtoken", "too late"]
)
def test_a_filter_in_the_wrong_place_says_so(side: NovaSide, environ: Any) -> None:
    reply = side.post(CREATE_IMAGE, environ=environ)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (500, "glance_related.misplaced")
    assert side.nova.calls == []


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (f"[riders]\nmark_keys = {KEY}\n", "generate-installation-uuid"),
        (f"[instance_aware]\nnova_installation_uuid = {NOVA}\n", "generate-mark-key"),
    ],
)
def test_a_missing_setting_stops_the_start_with_the_command_that_mends_it(tmp_path: Path, text: str, fix: str) -> None:
    setup = make_glance(tmp_path, text)
    with pytest.raises(ConfigError, match=fix):
        filter_factory({}, config_file=setup.suite.settings.config_file)


# -- Nova's proxy of Glance

METADATA = "/images/70b1/metadata"
PRESENT = {"instance_uuid": SERVER, "image_type": "snapshot", "team": "blue"}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("prefix", ["", f"/{PROJECT}"])
def test_the_proxy_takes_back_what_it_showed(side: NovaSide, method: str, prefix: str) -> None:
    side.nova.answers("GET", prefix + METADATA, json={"metadata": PRESENT})
    side.nova.answers(method, prefix + METADATA, json={})
    document = {"metadata": {**PRESENT, "team": "red"}}
    assert side.post(document, path=prefix + METADATA, method=method).status_int == 200
    assert side.nova.calls[-1].json == document


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_proxy_does_not_take_a_lie(side: NovaSide, method: str, name: str) -> None:
    side.nova.answers("GET", METADATA, json={"metadata": PRESENT})
    reply = side.post({"metadata": {name: "mine"}}, path=METADATA, method=method)
    assert reply.json["badRequest"]["glance_related_code"] == "instance_aware.reserved_metadata"
    assert side.nova.asked(method, METADATA) == []


def test_one_item_of_the_proxy_is_judged_as_all_of_them(side: NovaSide) -> None:
    side.nova.answers("GET", METADATA, json={"metadata": PRESENT})
    for name, value, status in (("instance_uuid", "mine", 400), ("instance_uuid", SERVER, 200), ("team", "red", 200)):
        path = f"{METADATA}/{name}"
        side.nova.answers("PUT", path, json={})
        assert side.post({"meta": {name: value}}, path=path, method="PUT").status_int == status
        assert len(side.nova.asked("PUT", path)) == (0 if status == 400 else len(side.nova.asked("PUT", path)))
    assert len(side.nova.asked("PUT", f"{METADATA}/instance_uuid")) == 1
    assert len(side.nova.asked("PUT", f"{METADATA}/team")) == 1


def test_an_image_that_the_proxy_does_not_show_is_answered_as_nova_does(side: NovaSide) -> None:
    side.nova.answers("GET", METADATA, status="404 Not Found", json={"itemNotFound": {"code": 404}})
    reply = side.post({"metadata": {"owner": "me"}}, path=METADATA)
    assert (reply.status_int, reply.json) == (404, {"itemNotFound": {"code": 404}})
    assert side.nova.asked("POST", METADATA) == []


@pytest.mark.parametrize(("value", "status"), [(SERVER, 202), ("mine", 400)])
def test_the_proxy_is_understood_in_each_media_type_that_nova_speaks(side: NovaSide, value: str, status: int) -> None:
    vendors = "application/vnd.openstack.compute+json"
    side.nova.answers("GET", METADATA, json={"metadata": PRESENT}, headers={"Content-Type": vendors})
    side.nova.answers("PUT", METADATA, status="202 Accepted")
    document = {"metadata": {"instance_uuid": value}}
    reply = side.post(document, path=METADATA, method="PUT", headers={"Accept": vendors})
    assert reply.status_int == status
    assert [call.json for call in side.nova.asked("PUT", METADATA)] == ([document] if status == 202 else [])


def test_metadata_that_says_nothing_of_ours_costs_no_question(side: NovaSide) -> None:
    side.nova.answers("POST", METADATA, json={})
    side.post({"metadata": {"team": "red"}}, path=METADATA)
    assert [(call.method, call.path) for call in side.nova.calls] == [("POST", METADATA)]
    assert json.loads(side.nova.calls[0].body) == {"metadata": {"team": "red"}}
