"""The tuple of an image, in front of a v1 registry: set, shown, changed, removed."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from glance_related.instance_ref import InstanceRef
from tests.filters.registry_cloud import (
    ADMIN,
    ALICE,
    NOVA,
    NOVA_FOR_ALICE,
    OTHER_NOVA,
    PURGE,
    REF,
    SCHEDULER,
    TUPLE,
    RegistryCloud,
    make,
)


@pytest.fixture
def cloud(tmp_path: Path) -> RegistryCloud:
    return make(tmp_path)


def code_of(reply: object) -> str | None:
    return reply.headers.get("X-Glance-Related-Code")  # type: ignore[attr-defined]


# -- POST


def test_a_tuple_in_a_post_is_kept_by_us_and_shown_and_the_registry_never_has_it(cloud: RegistryCloud) -> None:
    reply = cloud.post(ADMIN, name="backup", properties={**TUPLE, "distro": "debian"})
    assert reply.status_int == 200
    image = reply.json["image"]
    assert image["properties"] == {**TUPLE, "distro": "debian"}
    assert cloud.native(image["id"]) == {"distro": "debian"}
    assert cloud.ref(image["id"]) == REF


def test_the_row_is_there_before_the_image_under_an_id_of_our_own(cloud: RegistryCloud) -> None:
    cloud.image(ADMIN, properties=dict(TUPLE))
    sent = json.loads(cloud.recorder.bodies[-1])["image"]
    assert cloud.ref(sent["id"]) == REF
    assert str(uuid.UUID(sent["id"])) == sent["id"]


def test_a_post_without_a_tuple_keeps_its_own_way_to_an_id(cloud: RegistryCloud) -> None:
    image_id = cloud.image(ALICE, name="mine", properties={"distro": "debian"})
    assert "id" not in json.loads(cloud.recorder.bodies[-1])["image"]
    assert cloud.native(image_id) == {"distro": "debian"}
    assert cloud.store.count() == 0


def test_an_id_that_the_client_chose_is_pending_until_the_registry_has_made_the_image(cloud: RegistryCloud) -> None:
    chosen = str(uuid.uuid4())
    assert cloud.image(ADMIN, id=chosen, properties=dict(TUPLE)) == chosen
    assert cloud.ref(chosen) == REF
    assert cloud.store.pending() == []


def test_the_id_of_somebody_elses_image_binds_nothing(cloud: RegistryCloud) -> None:
    taken = cloud.image(ALICE, name="mine")
    reply = cloud.post(ADMIN, id=taken, properties=dict(TUPLE))
    assert reply.status_int == 409
    assert cloud.ref(taken) is None
    assert cloud.store.pending() == []
    assert cloud.get(ALICE, f"/images/{taken}").json["image"]["properties"] == {}


@pytest.mark.parametrize("bad_id", ["no uuid", "x" * 300, 7, ["a"]])
def test_an_id_that_is_none_is_left_for_the_registry_to_refuse(cloud: RegistryCloud, bad_id: object) -> None:
    reply = cloud.post(ADMIN, id=bad_id, properties=dict(TUPLE))
    assert (reply.status_int, cloud.store.count(), cloud.store.pending()) == (400, 0, [])


def test_a_create_that_the_registry_refuses_leaves_no_row(cloud: RegistryCloud) -> None:
    reply = cloud.post(ADMIN, status="no such status", properties=dict(TUPLE))
    assert (reply.status_int, cloud.store.count()) == (400, 0)


def test_a_trusted_program_is_believed_for_its_own_nova_only(cloud: RegistryCloud) -> None:
    assert cloud.ref(cloud.image(SCHEDULER, properties=dict(TUPLE))) == REF
    reply = cloud.post(SCHEDULER, properties={**TUPLE, "nova_installation_uuid": OTHER_NOVA})
    assert (reply.status_int, code_of(reply)) == (403, "instance_aware.foreign_installation")
    assert cloud.store.count() == 1


def test_what_nova_sends_as_a_tuple_is_dropped_and_its_image_made(cloud: RegistryCloud) -> None:
    image_id = cloud.image(NOVA_FOR_ALICE, name="snapshot", properties=dict(TUPLE))
    assert cloud.native(image_id) == {}
    assert cloud.ref(image_id) is None


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"instance_id": "i-1"}, "instance_aware.half_tuple"),
        ({**TUPLE, "nova_installation_uuid": "nova"}, "instance_aware.bad_installation"),
        ({**TUPLE, "instance_id": ""}, "instance_aware.bad_instance"),
        ({**TUPLE, "instance_id": None}, "instance_aware.bad_instance"),
        ({**TUPLE, "nova_installation_uuid": str(uuid.UUID(int=7))}, "instance_aware.unknown_installation"),
    ],
)
def test_a_tuple_that_cannot_be_is_refused_and_nothing_is_made(
    cloud: RegistryCloud, properties: dict[str, str], code: str
) -> None:
    reply = cloud.post(ADMIN, properties=properties)
    assert (reply.status_int, code_of(reply)) == (400, code)
    assert cloud.ids(ADMIN) == []
    assert cloud.store.count() == 0


# -- showing


def test_a_tuple_is_shown_on_the_image_and_in_the_detailed_list_but_not_in_the_brief_one(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE, name="backup", size=5)
    assert cloud.get(ALICE, f"/images/{image_id}").json["image"]["properties"] == TUPLE
    assert [image["properties"] for image in cloud.get(ALICE, "/images/detail").json["images"]] == [TUPLE]
    brief = {"id": image_id, "name": "backup", "size": 5}
    brief |= {"disk_format": None, "container_format": None, "checksum": None}
    assert cloud.get(ALICE, "/images").json == {"images": [brief]}
    assert cloud.get(ALICE, "/").json == {"images": [brief]}


def test_nova_is_shown_no_tuple(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    assert cloud.get(NOVA_FOR_ALICE, f"/images/{image_id}").json["image"]["properties"] == {}
    assert cloud.get(NOVA_FOR_ALICE, "/images/detail").json["images"][0]["properties"] == {}
    found = cloud.get(NOVA_FOR_ALICE, "/images/detail?property-instance_id=i-1").json["images"]
    assert [image["properties"] for image in found] == [{}]


def test_native_properties_of_our_names_are_neither_shown_nor_matched(cloud: RegistryCloud) -> None:
    stored = cloud.registry.images.create({"is_public": True, "properties": {**TUPLE, "distro": "debian"}})
    assert cloud.get(ALICE, f"/images/{stored['id']}").json["image"]["properties"] == {"distro": "debian"}
    assert cloud.get(ALICE, "/images/detail").json["images"][0]["properties"] == {"distro": "debian"}
    assert cloud.ids(ALICE, "?property-instance_id=i-1") == []


# -- PUT


def test_a_put_sets_a_tuple_and_one_half_of_it_where_the_other_is_known(cloud: RegistryCloud) -> None:
    image_id = cloud.image(ADMIN, properties={"distro": "debian"})
    reply = cloud.put(ADMIN, image_id, properties=dict(TUPLE))
    assert reply.json["image"]["properties"] == {**TUPLE, "distro": "debian"}
    reply = cloud.put(ADMIN, image_id, properties={"instance_id": "i-2"})
    assert reply.json["image"]["properties"] == {**TUPLE, "instance_id": "i-2", "distro": "debian"}
    assert cloud.ref(image_id) == InstanceRef(NOVA, "i-2")
    assert cloud.native(image_id) == {"distro": "debian"}


def test_one_half_alone_is_refused_and_the_image_stays_as_it_was(cloud: RegistryCloud) -> None:
    image_id = cloud.image(ADMIN, name="before")
    reply = cloud.put(ADMIN, image_id, name="after", properties={"instance_id": "i-1"})
    assert (reply.status_int, code_of(reply)) == (400, "instance_aware.half_tuple")
    assert cloud.get(ADMIN, f"/images/{image_id}").json["image"]["name"] == "before"


def test_a_put_without_purge_leaves_the_tuple_that_it_does_not_name(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    reply = cloud.put(ADMIN, image_id, name="renamed", properties={"distro": "debian"})
    assert reply.json["image"]["properties"] == {**TUPLE, "distro": "debian"}
    assert cloud.ref(image_id) == REF


def test_a_purge_by_one_who_may_remove_the_tuple_removes_it_with_the_rest(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    reply = cloud.put(ADMIN, image_id, PURGE, properties={"distro": "debian"})
    assert reply.json["image"]["properties"] == {"distro": "debian"}
    assert cloud.ref(image_id) is None


@pytest.mark.parametrize("who", [ALICE, NOVA_FOR_ALICE], ids=["the owner", "Nova"])
def test_a_purge_by_one_who_may_not_remove_the_tuple_removes_the_rest(
    cloud: RegistryCloud, who: dict[str, str]
) -> None:
    image_id = cloud.bound(ALICE)
    cloud.put(ADMIN, image_id, properties={"distro": "debian"})
    reply = cloud.put(who, image_id, PURGE, name="renamed", properties={})
    assert reply.status_int == 200
    assert reply.json["image"]["properties"] == (TUPLE if who is ALICE else {})
    assert cloud.native(image_id) == {}
    assert cloud.ref(image_id) == REF


def test_a_purge_with_one_half_is_not_completed_from_what_it_replaces(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    reply = cloud.put(ADMIN, image_id, PURGE, properties={"instance_id": "i-2"})
    assert (reply.status_int, code_of(reply)) == (400, "instance_aware.half_tuple")
    assert cloud.ref(image_id) == REF


@pytest.mark.parametrize("headers", [{}, PURGE], ids=["merged", "purged"])
def test_an_owner_who_sends_back_what_was_shown_changes_nothing(cloud: RegistryCloud, headers: dict[str, str]) -> None:
    image_id = cloud.bound(ALICE)
    reply = cloud.put(ALICE, image_id, headers, name="renamed", properties=dict(TUPLE))
    assert reply.status_int == 200
    assert (reply.json["image"]["name"], reply.json["image"]["properties"]) == ("renamed", TUPLE)
    assert cloud.ref(image_id) == REF


@pytest.mark.parametrize("headers", [{}, PURGE], ids=["merged", "purged"])
def test_an_owner_may_not_change_the_tuple_and_nothing_else_is_changed_with_it(
    cloud: RegistryCloud, headers: dict[str, str]
) -> None:
    image_id = cloud.bound(ALICE, name="before")
    changed = {**TUPLE, "instance_id": "i-2"}
    reply = cloud.put(ALICE, image_id, headers, name="after", properties=changed)
    assert (reply.status_int, code_of(reply)) == (403, "instance_aware.not_allowed")
    assert cloud.get(ALICE, f"/images/{image_id}").json["image"]["name"] == "before"
    assert cloud.ref(image_id) == REF


def test_a_put_that_the_registry_refuses_changes_no_tuple(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE, status="active")
    body = {"image": {"properties": {"instance_id": "i-2"}}, "from_state": "queued"}
    reply = cloud.request(ADMIN, "PUT", f"/images/{image_id}", body)
    assert (reply.status_int, reply.text) == (409, "Image operation conflicts")
    assert cloud.ref(image_id) == REF


# -- DELETE


def test_a_tuple_goes_with_its_image(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    reply = cloud.request(ALICE, "DELETE", f"/images/{image_id}")
    assert reply.status_int == 200
    assert reply.json["image"]["deleted"] is True
    assert cloud.ref(image_id) is None
    assert cloud.get(ALICE, f"/images/{image_id}").status_int == 404


def test_a_delete_that_fails_keeps_the_tuple(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    cloud.recorder.fails_on = ("DELETE", f"/images/{image_id}")
    assert cloud.request(ALICE, "DELETE", f"/images/{image_id}").status_int == 500
    assert cloud.ref(image_id) == REF
