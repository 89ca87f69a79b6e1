"""Attacks on the registry filter: each of these gets through where its defence is taken away."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.filters.registry_cloud import ADMIN, ALICE, BOB, NOBODY, NOVA, REF, TUPLE, RegistryCloud, make


@pytest.fixture
def cloud(tmp_path: Path) -> RegistryCloud:
    return make(tmp_path)


def code_of(reply: Any) -> str | None:
    code: str | None = reply.headers.get("X-Glance-Related-Code")
    return code


# -- the tuple


@pytest.mark.parametrize("who", [ALICE, {**ALICE, "X-Service-Token": "her own", "X-Service-Roles": "service"}])
def test_a_member_sets_a_tuple(cloud: RegistryCloud, who: dict[str, str]) -> None:
    reply = cloud.post(who, name="forged", properties=dict(TUPLE))
    assert (reply.status_int, code_of(reply)) == (403, "instance_aware.not_allowed")
    image_id = cloud.image(ALICE)
    reply = cloud.put(who, image_id, properties=dict(TUPLE))
    assert (reply.status_int, code_of(reply)) == (403, "instance_aware.not_allowed")
    assert cloud.store.count() == 0
    assert cloud.ids(ADMIN) == [image_id]
    assert cloud.native(image_id) == {}


def test_an_admins_token_behind_an_unregistered_services_request_sets_a_tuple(cloud: RegistryCloud) -> None:
    service = {"X-Service-Token": "t", "X-Service-Identity-Status": "Confirmed"}
    service |= {"X-Service-User-Id": "cinder", "X-Service-Roles": "service"}
    reply = cloud.post({**ADMIN, **service}, properties=dict(TUPLE))
    assert (reply.status_int, cloud.store.count()) == (403, 0)


def test_probing_by_filter_for_anothers_instance(cloud: RegistryCloud) -> None:
    cloud.bound(BOB, "secret")
    empty = cloud.get(ALICE, "/images/detail?property-instance_id=not-there")
    for query in (
        "property-instance_id=secret",
        f"property-nova_installation_uuid={NOVA}",
        "property-server=secret",
        "property-instance_id=secret&limit=1",
        "property-instance_id=secret&is_public=None&deleted=true",
    ):
        assert cloud.get(ALICE, f"/images/detail?{query}").body == empty.body
    assert cloud.ids(BOB, "?property-instance_id=secret") != []


def test_probing_by_a_native_property_or_a_size_for_anothers_image(cloud: RegistryCloud) -> None:
    cloud.image(BOB, name="secret", size=7, properties={"distro": "debian"})
    for query in ("property-distro=debian", "name=secret", "size_min=7&size_max=7"):
        assert cloud.ids(ALICE, f"?{query}") == []
        assert len(cloud.ids(BOB, f"?{query}")) == 1


# -- spellings


@pytest.mark.parametrize("path", ["//images/{}", "/images//{}", "///images///{}"])
def test_a_path_in_another_spelling(cloud: RegistryCloud, path: str) -> None:
    hidden = cloud.image(BOB)
    mine = cloud.image(ALICE)
    for method in ("GET", "DELETE"):
        assert cloud.request(ALICE, method, path.format(hidden)).status_int == 404
    assert cloud.ids(BOB) == [hidden]
    assert cloud.get(ALICE, path.format(mine)).json["image"]["id"] == mine


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rpc"),
        ("GET", "/rpc"),
        ("PUT", "/"),
        ("TRACE", "/"),
        ("HEAD", "/images"),
        ("HEAD", "/"),
        ("PATCH", "/images/{id}"),
        ("POST", "/images/{id}"),
        ("POST", "/images/{id}/members"),
        ("GET", "/images/{id}/members/alice-project"),
        ("POST", "/shared-images/bob-project"),
        ("GET", "/images/"),
        ("GET", "/images/{id}/"),
        ("GET", "/images.json"),
        ("GET", "/v1/images"),
        ("OPTIONS", "/images"),
    ],
)
def test_a_path_or_method_that_the_filter_does_not_know(cloud: RegistryCloud, method: str, path: str) -> None:
    hidden = cloud.image(BOB)
    cloud.recorder.calls.clear()
    for who in (ALICE, ADMIN):
        reply = cloud.request(who, method, path.format(id=hidden))
        assert (reply.status_int, code_of(reply)) == (404, "registry.no_such_path")
    assert cloud.recorder.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/images/{id}?_method=DELETE"),
        ("POST", "/images/{id}?_method=delete"),
        ("GET", "/images/{id}?_method=GET&_method=DELETE"),
        ("GET", "/images/{id}/members/alice-project?_method=PUT"),
        ("GET", "/images/{id}?_method=PUT"),
    ],
)
def test_another_method_in_the_query(cloud: RegistryCloud, method: str, path: str) -> None:
    hidden = cloud.image(BOB, name="before")
    cloud.request(ALICE, method, path.format(id=hidden))
    image = cloud.registry.images.get(hidden)
    assert image is not None
    assert (image["deleted"], image["name"], cloud.registry.images.members[hidden]) == (False, "before", {})


def test_a_method_in_the_query_does_what_it_says_for_the_owner(cloud: RegistryCloud) -> None:
    mine = cloud.bound(ALICE)
    assert cloud.request(ALICE, "GET", f"/images/{mine}?_method=DELETE").json["image"]["deleted"] is True
    assert cloud.ref(mine) is None


def test_another_method_in_a_posted_form(cloud: RegistryCloud) -> None:
    hidden = cloud.image(BOB)
    form = {"body": b"_method=GET", "content_type": "application/x-www-form-urlencoded"}
    reply = cloud.request(ALICE, "POST", "/images", **form)
    assert (reply.status_int, code_of(reply)) == (400, "body.malformed")
    reply = cloud.request(ALICE, "POST", f"/images/{hidden}", **{**form, "body": b"_method=DELETE"})
    assert (reply.status_int, code_of(reply)) == (404, "registry.no_such_path")
    form["body"] = json.dumps({"image": {"name": "x&_method=GET&y"}}).encode()  # a form that is JSON, too
    assert cloud.request(ALICE, "POST", "/images", **form).json["image"]["name"] == "x&_method=GET&y"
    assert cloud.ids(BOB) == [hidden]


def test_a_query_that_was_not_judged_never_reaches_the_registry(cloud: RegistryCloud) -> None:
    mine = cloud.image(ALICE)
    cloud.recorder.calls.clear()
    for method, document in (("GET", None), ("PUT", {"image": {}}), ("DELETE", None)):
        assert cloud.request(ALICE, method, f"/images/{mine}?x=1&_method={method}", document).status_int == 200
    assert {query for _, _, query in cloud.recorder.calls} == {""}


@pytest.mark.parametrize("project", ["../images", "x/../../images/detail", "/", "bob-project/"])
def test_a_project_whose_name_is_a_path(cloud: RegistryCloud, project: str) -> None:
    cloud.image(BOB)
    public = cloud.image(BOB, is_public=True)
    assert cloud.ids({"X-Project-Id": project}) == [public]


def test_identity_that_is_forged_past_a_proxy_that_checks_tokens(cloud: RegistryCloud) -> None:
    hidden = cloud.image(BOB)
    for forged in ({"X-Roles": "admin"}, {"X-Project-Id": "bob-project"}):
        who = {**forged, "X-Identity-Status": "Invalid"}
        assert cloud.get(who, f"/images/{hidden}").status_int == 404
        assert cloud.request(who, "DELETE", f"/images/{hidden}").status_int == 404
    assert cloud.ids(BOB) == [hidden]


def test_the_image_without_an_owner_is_not_taken_by_one_without_a_project(cloud: RegistryCloud) -> None:
    image_id = cloud.registry.images.create({"name": "nobody's"})["id"]
    for who in (NOBODY, {"X-Project-Id": ""}, {"X-Project-Id": "None"}):
        assert cloud.get(who, f"/images/{image_id}").status_int == 404
        assert cloud.request(who, "DELETE", f"/images/{image_id}").status_int == 404
    assert cloud.ids(ADMIN) == [image_id]


# -- bodies


def deep(levels: int) -> bytes:
    return b'{"image": {"properties": {"x": ' + b"[" * levels + b"]" * levels + b"}}}"


BODIES = {
    "duplicate keys": b'{"image": {"owner": "alice-project", "name": "a", "name": "b"}}',
    "a duplicate image": b'{"image": {}, "image": {"owner": "bob-project"}}',
    "duplicate halves": json.dumps({"image": {"properties": TUPLE}})
    .replace("}}}", ', "instance_id": "i-2"}}}')
    .encode(),
    "NaN": b'{"image": {"size": NaN}}',
    "infinity": b'{"image": {"size": 1e999}}',
    "deep": deep(10_000),
    "not UTF-8": b'{"image": {"name": "\xff"}}',
    "no JSON": b"image=1",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_two_parsers_could_read_differently(cloud: RegistryCloud, body: bytes) -> None:
    mine = cloud.image(ALICE, name="before")
    before = cloud.registry.images.get(mine)
    for method, path in (("POST", "/images"), ("PUT", f"/images/{mine}"), ("PUT", f"/images/{mine}/members")):
        reply = cloud.request(ALICE, method, path, body=body, content_type="application/json")
        assert (reply.status_int, code_of(reply)) == (400, "body.malformed")
    assert cloud.registry.images.get(mine) == before
    assert cloud.ids(ADMIN) == [mine]


SHAPES = [b"[]", b"null", b"{}", b'{"image": []}', b'{"image": {"properties": []}}', b'{"image": {"properties": null}}']


@pytest.mark.parametrize("body", [*SHAPES, b""])
def test_a_body_without_an_image(cloud: RegistryCloud, body: bytes) -> None:
    mine = cloud.image(ALICE)
    for method, path in (("POST", "/images"), ("PUT", f"/images/{mine}")):
        reply = cloud.request(ALICE, method, path, body=body, content_type="application/json")
        assert (reply.status_int, code_of(reply)) == (400, "registry.bad_image")
    assert cloud.ids(ADMIN) == [mine]


def test_a_huge_body(cloud: RegistryCloud) -> None:
    body = json.dumps({"image": {"name": "x" * 100_000}}).encode()
    mine = cloud.image(ALICE)
    for method, path in (("POST", "/images"), ("PUT", f"/images/{mine}"), ("PUT", f"/images/{mine}/members")):
        reply = cloud.request(ALICE, method, path, body=body)
        assert (reply.status_int, code_of(reply)) == (413, "body.too_large")
    assert cloud.ids(ADMIN) == [mine]


def test_a_chunked_body_of_a_wrong_type_is_judged_like_any_other(cloud: RegistryCloud) -> None:
    def chunked(who: dict[str, str], image: dict[str, Any]) -> Any:
        environ = {"wsgi.input": io.BytesIO(json.dumps({"image": image}).encode()), "wsgi.input_terminated": True}
        headers = {**who, "Transfer-Encoding": "chunked", "Content-Type": "text/plain"}
        return cloud.app.request("/images", method="POST", headers=headers, environ=environ, status="*")

    refused = chunked(ALICE, {"properties": TUPLE})
    assert (refused.status_int, code_of(refused)) == (403, "instance_aware.not_allowed")
    forged = chunked(ALICE, {"owner": "bob-project"})
    assert forged.json["image"]["owner"] == "alice-project"
    bound = chunked(ADMIN, {"properties": TUPLE})
    assert cloud.ref(bound.json["image"]["id"]) == REF


def test_a_body_on_a_get_or_a_delete_never_reaches_the_registry(cloud: RegistryCloud) -> None:
    mine = cloud.image(ALICE)
    cloud.recorder.bodies.clear()
    assert cloud.request(ALICE, "GET", "/images", {"image": {}}).status_int == 200
    assert cloud.request(ALICE, "DELETE", f"/images/{mine}", {"image": {}}).status_int == 200
    assert set(cloud.recorder.bodies) == {b""}


def test_a_create_with_the_id_of_a_deleted_image(cloud: RegistryCloud) -> None:
    gone = cloud.bound(ALICE)
    cloud.request(ALICE, "DELETE", f"/images/{gone}")
    assert cloud.post(ADMIN, id=gone, properties=dict(TUPLE)).status_int == 409
    assert (cloud.ref(gone), cloud.store.pending()) == (None, [])
    assert cloud.post(ADMIN, id=str(uuid.uuid4()), properties=dict(TUPLE)).status_int == 200
