"""Binding an image to its instance, over the real Glance application."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from oslo_config import cfg

from glance_related.instance_ref import InstanceRef
from tests.pipeline.cloud import ADMIN, ALICE, BOB, NOVA, NOVA_FOR_ALICE, OTHER_NOVA, SCHEDULER, Cloud, Who

TUPLE = {"nova_installation_uuid": NOVA, "instance_id": "i-1"}
REF = InstanceRef(NOVA, "i-1")
CODE = "X-Glance-Related-Code"


def shown(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in TUPLE if name in document}


def test_a_bound_image_shows_its_instance_everywhere_and_glance_knows_nothing_of_it(cloud: Cloud) -> None:
    reply = cloud.post(SCHEDULER, {"name": "backup", "other": "kept", **TUPLE})
    image_id = reply.json["id"]
    assert reply.status_int == 201
    assert reply.headers["Location"].endswith(f"/v2/images/{image_id}")
    assert shown(reply.json) == TUPLE
    assert shown(cloud.get(SCHEDULER, f"/v2/images/{image_id}").json) == TUPLE
    assert [shown(image) for image in cloud.get(SCHEDULER, "/v2/images").json["images"]] == [TUPLE]
    rename = [{"op": "replace", "path": "/name", "value": "new"}]
    assert shown(cloud.patch(SCHEDULER, image_id, rename).json) == TUPLE
    assert cloud.native(image_id) == {"other": "kept"}
    assert shown(cloud.get(SCHEDULER, f"/v2/images/{image_id}", app=cloud.stock).json) == {}


@pytest.mark.parametrize("schema", ["image", "images"])
def test_the_schemas_describe_the_two_properties_as_custom_ones(cloud: Cloud, schema: str) -> None:
    document = cloud.get(ALICE, f"/v2/schemas/{schema}").json
    stock = cloud.get(ALICE, f"/v2/schemas/{schema}", app=cloud.stock).json
    holder = document["properties"] if schema == "image" else document["properties"]["images"]["items"]["properties"]
    added = {name: holder.pop(name) for name in TUPLE}
    assert document == stock
    assert all(one["is_base"] is False and one["type"] == "string" for one in added.values())


@pytest.mark.parametrize("who", [ALICE, BOB])
def test_a_member_may_not_bind_by_post(cloud: Cloud, who: Who) -> None:
    reply = cloud.post(who, {"name": "lie", **TUPLE})
    assert (reply.status_int, reply.headers[CODE]) == (403, "instance_aware.not_allowed")
    assert cloud.ids(ADMIN) == []
    assert cloud.store.count() == 0


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_a_member_may_not_bind_change_or_unbind_by_patch(cloud: Cloud, version: str) -> None:
    mine = cloud.image(ALICE)
    bound = cloud.image(SCHEDULER, **TUPLE)
    cloud.store.bind(cloud.image(ALICE), REF)
    add = changes(version, *[("add", name, value) for name, value in TUPLE.items()])
    for image_id, asked in (
        (mine, add),
        (cloud.ids(ALICE, "?instance_id=i-1")[0], changes(version, ("replace", "instance_id", "i-2"))),
        (cloud.ids(ALICE, "?instance_id=i-1")[0], changes(version, *[("remove", name, None) for name in TUPLE])),
    ):
        reply = cloud.patch(ALICE, image_id, asked, version)
        assert (reply.status_int, reply.headers[CODE]) == (403, "instance_aware.not_allowed")
    assert cloud.patch(ALICE, bound, add, version).status_int == 404
    assert cloud.store.refs([mine, bound]) == {bound: REF}


def changes(version: str, *asked: tuple[str, str, str | None]) -> list[dict[str, Any]]:
    """A PATCH in either syntax."""
    result = []
    for operation, name, value in asked:
        change: dict[str, Any] = {"op": operation, "path": f"/{name}"} if version == "2.1" else {operation: f"/{name}"}
        result.append(change if value is None else {**change, "value": value})
    return result


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_a_tuple_is_added_changed_and_removed_by_patch(cloud: Cloud, version: str) -> None:
    image_id = cloud.image(ALICE, other="kept")
    add = changes(version, *[("add", name, value) for name, value in TUPLE.items()], ("add", "more", "x"))
    reply = cloud.patch(ADMIN, image_id, add, version)
    assert (shown(reply.json), reply.json["more"]) == (TUPLE, "x")
    reply = cloud.patch(ADMIN, image_id, changes(version, ("replace", "instance_id", "i-2")), version)
    assert shown(reply.json) == {**TUPLE, "instance_id": "i-2"}
    remove = changes(version, *[("remove", name, None) for name in TUPLE])
    assert shown(cloud.patch(ADMIN, image_id, remove, version).json) == {}
    assert cloud.native(image_id) == {"other": "kept", "more": "x"}
    assert cloud.store.count() == 0


def test_half_a_tuple_is_refused_with_everything_around_it(cloud: Cloud) -> None:
    image_id = cloud.image(ADMIN)
    for half in TUPLE:
        assert cloud.post(ADMIN, {half: TUPLE[half]}).headers[CODE] == "instance_aware.half_tuple"
        asked = changes("2.1", ("add", half, TUPLE[half]), ("add", "other", "x"))
        assert cloud.patch(ADMIN, image_id, asked).headers[CODE] == "instance_aware.half_tuple"
    assert cloud.ids(ADMIN) == [image_id]
    assert cloud.native(image_id) == {}


def test_changes_of_one_patch_stand_or_fall_together(cloud: Cloud) -> None:
    image_id = cloud.image(ADMIN, **TUPLE)
    ours = ("replace", "instance_id", "i-2")
    assert cloud.patch(ADMIN, image_id, changes("2.1", ours, ("remove", "not-there", None))).status_int == 409
    assert cloud.patch(ADMIN, image_id, changes("2.1", ours, ("replace", "id", "x"))).status_int == 403
    assert cloud.patch(ADMIN, image_id, changes("2.1", ours, ("add", "number", None))).status_int == 400
    assert cloud.store.refs([image_id]) == {image_id: REF}
    reply = cloud.patch(ADMIN, image_id, changes("2.1", ("add", "other", "x"), ("remove", "instance_id", None)))
    assert reply.status_int == 400
    assert cloud.native(image_id) == {}


def test_conflicts_are_glances_own(cloud: Cloud) -> None:
    image_id = cloud.image(ADMIN)
    for operation, value in (("replace", "x"), ("remove", None)):
        reply = cloud.patch(ADMIN, image_id, changes("2.1", (operation, "instance_id", value)))
        stock = cloud.patch(ADMIN, image_id, changes("2.1", (operation, "unknown", value)), app=cloud.stock)
        assert reply.status_int == stock.status_int == 409
        assert "Property instance_id does not exist." in reply.text
        assert "Property unknown does not exist." in stock.text


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/plain"])
def test_a_refusal_can_quote_what_no_reply_can_carry(cloud: Cloud, accept: str) -> None:
    image_id = cloud.image(ALICE)
    asked = changes("2.1", ("add", "instance_id/\ud800", "x"))
    reply = cloud.patch(ALICE, image_id, asked, headers={"Accept": accept})
    assert (reply.status_int, reply.headers[CODE]) == (400, "image_patch.bad_pointer")
    assert "instance_id/?" in reply.text
    assert cloud.native(image_id) == {}


def test_sending_everything_back_is_no_change(cloud: Cloud) -> None:
    """Declarative tools do that; an owner may although he may not bind."""
    image_id = cloud.image(ALICE)
    cloud.store.bind(image_id, REF)
    asked = changes("2.1", *[("add", name, value) for name, value in TUPLE.items()], ("add", "mine", "x"))
    reply = cloud.patch(ALICE, image_id, asked)
    assert (reply.status_int, shown(reply.json), reply.json["mine"]) == (200, TUPLE, "x")


def test_whoever_sees_a_bound_image_sees_its_tuple_and_nobody_else(cloud: Cloud) -> None:
    image_id = cloud.image(ADMIN, visibility="public", **TUPLE)
    private = cloud.image(SCHEDULER, visibility="private", **TUPLE)
    assert shown(cloud.get(BOB, f"/v2/images/{image_id}").json) == TUPLE
    assert cloud.get(BOB, f"/v2/images/{private}").status_int == 404


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"nova_installation_uuid": "x", "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": NOVA, "instance_id": ""}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": "x" * 256}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": 5}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": str(uuid.uuid4()), "instance_id": "i"}, "instance_aware.unknown_installation"),
    ],
)
def test_a_bad_tuple_is_400_and_makes_nothing(cloud: Cloud, properties: dict[str, Any], code: str) -> None:
    reply = cloud.post(ADMIN, {"name": "x", **properties})
    assert (reply.status_int, reply.headers[CODE]) == (400, code)
    assert cloud.ids(ADMIN) == []


def test_a_program_binds_for_its_own_nova_only(cloud: Cloud) -> None:
    other = {**TUPLE, "nova_installation_uuid": OTHER_NOVA}
    assert cloud.post(SCHEDULER, other).headers[CODE] == "instance_aware.foreign_installation"
    image_id = cloud.image(SCHEDULER, **TUPLE)
    moved = cloud.patch(SCHEDULER, image_id, changes("2.1", ("replace", "nova_installation_uuid", OTHER_NOVA)))
    assert moved.headers[CODE] == "instance_aware.foreign_installation"
    assert cloud.store.refs([image_id]) == {image_id: REF}


def test_a_program_in_a_members_name_binds_the_members_images(cloud: Cloud) -> None:
    for_alice = Who("alice", "alice-project", "member,reader", service_user="scheduler")
    image_id = cloud.image(for_alice, **TUPLE)
    assert shown(cloud.get(ALICE, f"/v2/images/{image_id}").json) == TUPLE
    public = cloud.image(ADMIN, visibility="public")
    asked = changes("2.1", *[("add", name, value) for name, value in TUPLE.items()])
    assert cloud.patch(for_alice, public, asked).status_int == 403
    assert cloud.store.refs([public]) == {}


def test_novas_tuple_is_dropped_from_post_and_patch(cloud: Cloud) -> None:
    image_id = cloud.image(NOVA_FOR_ALICE, instance_uuid="kept", **TUPLE)
    asked = changes("2.1", ("add", "instance_id", "lie"), ("add", "image_state", "available"))
    assert cloud.patch(NOVA_FOR_ALICE, image_id, asked).status_int == 200
    assert cloud.native(image_id) == {"instance_uuid": "kept", "image_state": "available"}
    assert cloud.store.count() == 0


def test_novas_patch_shows_no_native_property_of_our_names(cloud: Cloud) -> None:
    image_id = cloud.post(ALICE, {"name": "old", "instance_id": "native"}, app=cloud.stock).json["id"]
    asked = changes("2.1", ("add", "instance_id", "lie"), ("add", "image_state", "available"))
    reply = cloud.patch(NOVA_FOR_ALICE, image_id, asked)
    assert (reply.status_int, reply.json["image_state"], shown(reply.json)) == (200, "available", {})
    assert cloud.native(image_id) == {"instance_id": "native", "image_state": "available"}


def test_nova_is_not_shown_tuples(cloud: Cloud) -> None:
    image_id = cloud.image(ALICE)
    cloud.store.bind(image_id, REF)
    assert shown(cloud.get(NOVA_FOR_ALICE, f"/v2/images/{image_id}").json) == {}
    assert shown(cloud.get(ALICE, f"/v2/images/{image_id}").json) == TUPLE


def test_the_tuple_does_not_count_against_glances_quota(cloud: Cloud) -> None:
    cfg.CONF.set_override("image_property_quota", 2)
    try:
        image_id = cloud.image(ADMIN, one="1", two="2", **TUPLE)
        assert cloud.post(ADMIN, {"one": "1", "two": "2", "three": "3"}).status_int == 413
        assert cloud.patch(ADMIN, image_id, changes("2.1", ("replace", "instance_id", "i-2"))).status_int == 200
    finally:
        cfg.CONF.clear_override("image_property_quota")


def test_deleting_an_image_deletes_its_row_and_a_refused_delete_does_not(cloud: Cloud) -> None:
    image_id = cloud.image(ADMIN, **TUPLE)
    public = cloud.patch(ADMIN, image_id, changes("2.1", ("replace", "visibility", "public")))
    assert public.status_int == 200
    assert cloud.delete(BOB, image_id).status_int == 403
    assert cloud.store.refs([image_id]) == {image_id: REF}
    assert cloud.delete(ADMIN, image_id).status_int == 204
    assert cloud.store.count() == 0


def test_somebody_elses_image_is_untouched_by_a_create_with_its_id(cloud: Cloud) -> None:
    theirs = cloud.image(SCHEDULER, **TUPLE)
    reply = cloud.post(ADMIN, {"id": theirs, **TUPLE, "instance_id": "stolen"})
    assert reply.status_int == 409
    assert cloud.store.refs([theirs]) == {theirs: REF}
    assert cloud.store.pending() == []
    assert cloud.ids(ADMIN, "?instance_id=stolen") == []


def test_the_client_may_choose_the_id(cloud: Cloud) -> None:
    image_id = str(uuid.uuid4())
    assert cloud.image(SCHEDULER, id=image_id, **TUPLE) == image_id
    assert cloud.ids(SCHEDULER, "?instance_id=i-1") == [image_id]


def test_an_id_of_upper_case_is_kept_as_glance_keeps_it(cloud: Cloud) -> None:
    image_id = str(uuid.uuid4()).upper()
    assert cloud.image(ADMIN, id=image_id, **TUPLE) == image_id
    assert shown(cloud.get(ADMIN, f"/v2/images/{image_id}").json) == TUPLE
    assert cloud.get(ADMIN, f"/v2/images/{image_id.lower()}").status_int == 404


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v2/images", {}),
        ("//v2//images", {}),
        ("/v2//images", {}),
        ("/v2.9/images", {}),
        ("/images", {"Accept": "application/vnd.openstack.images-v2"}),
        ("/v2/images?_method=POST", {}),
        ("/v2/%69mages", {}),
    ],
)
def test_every_spelling_that_reaches_glance_is_judged(cloud: Cloud, path: str, headers: dict[str, str]) -> None:
    body = {"body": b'{"name": "lie", "instance_id": "i", "nova_installation_uuid": "%s"}' % NOVA.encode()}
    stock = cloud.request(ALICE, "POST", path, app=cloud.stock, headers=headers, **body)
    assert stock.status_int == 201, "the spelling must be one that Glance itself takes"
    cloud.delete(ALICE, stock.json["id"])
    reply = cloud.request(ALICE, "POST", path, headers=headers, **body)
    assert reply.status_int == 403
    assert reply.headers[CODE] == "instance_aware.not_allowed"


def test_a_disguised_method_is_seen_through(cloud: Cloud) -> None:
    """Glance's Routes turns ?_method= into the method; checked against the stock application."""
    image_id = cloud.image(ADMIN, **TUPLE)
    mine = cloud.image(ALICE)
    asked = changes("2.1", *[("add", name, value) for name, value in TUPLE.items()])
    for app, status in ((cloud.stock, 200), (cloud.app, 403)):
        reply = cloud.request(
            ALICE,
            "POST",
            f"/v2/images/{mine}?_method=PATCH",
            app=app,
            body=json.dumps(asked).encode(),
            content_type="application/openstack-images-v2.1-json-patch",
        )
        assert reply.status_int == status
    assert cloud.get(ADMIN, f"/v2/images/{image_id}?_method=DELETE").status_int == 204
    assert cloud.store.count() == 0


def test_a_form_cannot_disguise_a_delete(cloud: Cloud) -> None:
    victim = cloud.image(ALICE)
    form = {"content_type": "application/x-www-form-urlencoded", "body": b"_method=DELETE"}
    refused = cloud.request(ALICE, "POST", f"/v2/images/{victim}", body=b"x", app=cloud.stock)
    assert cloud.request(ALICE, "POST", f"/v2/images/{victim}", **form).status == refused.status
    assert cloud.get(ALICE, f"/v2/images/{victim}").status_int == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "application/json; charset=x", ""])
def test_a_wrong_content_type_hides_nothing(cloud: Cloud, content_type: str) -> None:
    body = b'{"instance_id": "i", "nova_installation_uuid": "%s"}' % NOVA.encode()
    reply = cloud.request(ALICE, "POST", "/v2/images", body=body, content_type=content_type)
    assert reply.status_int == 403
    assert cloud.ids(ADMIN) == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"instance_id": "a", "instance_id": "b"}',
        b'{"name": "a", "name": "b"}',
        b'{"min_ram": NaN}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"name": "\xff"}',
        b"{",
    ],
)
def test_bodies_that_can_be_read_in_two_ways_are_refused(cloud: Cloud, body: bytes) -> None:
    reply = cloud.request(ALICE, "POST", "/v2/images", body=body, content_type="application/json")
    assert (reply.status_int, reply.headers[CODE]) == (400, "body.malformed")
    assert cloud.ids(ADMIN) == []


def test_about_says_version_systems_and_limits(cloud: Cloud) -> None:
    document = cloud.get(ALICE, "/v2/glance-related").json
    assert set(document) == {"version", "systems", "limits"}
    assert document["systems"] == ["instance_aware"]
    for_admin = cloud.get(ADMIN, "/v2/glance-related").json
    assert for_admin["database_id"] == cloud.store.state()["database_id"]
    assert for_admin["is_admin"] is True
    assert cloud.get(Who("x", "p", "auditor"), "/v2/glance-related").status_int == 403
