"""What fails behind or beside the registry filter: the registry itself, and our database."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.filters.registry_cloud import ADMIN, ALICE, BOB, NOVA_FOR_ALICE, PURGE, REF, TUPLE, RegistryCloud, make


@pytest.fixture
def cloud(tmp_path: Path) -> RegistryCloud:
    return make(tmp_path)


def code_of(reply: Any) -> str | None:
    code: str | None = reply.headers.get("X-Glance-Related-Code")
    return code


# -- the registry crashes


@pytest.mark.parametrize("chosen", [None, str(uuid.UUID(int=5))], ids=["our id", "their id"])
def test_a_crash_between_the_row_and_the_image_leaves_nothing_that_is_shown(
    cloud: RegistryCloud, chosen: str | None
) -> None:
    cloud.recorder.fails_on = ("POST", "/images")
    reply = cloud.post(ADMIN, **({"id": chosen} if chosen else {}), properties=dict(TUPLE))
    assert (reply.status_int, code_of(reply)) == (500, "glance_related.internal")
    assert "crashed" not in reply.text
    cloud.recorder.fails_on = None
    assert cloud.store.count() + len(cloud.store.pending()) == 1  # what the sweep will find
    assert cloud.ids(ADMIN, "?property-instance_id=i-1") == []
    if chosen:  # somebody else's image of that id is not shown with the tuple of one that was never made
        assert cloud.image(ALICE, id=chosen) == chosen
        assert cloud.get(ALICE, f"/images/{chosen}").json["image"]["properties"] == {}
        assert cloud.ids(ALICE, "?property-instance_id=i-1") == []


def test_a_crash_in_an_update_leaves_the_tuple_as_it_was(cloud: RegistryCloud) -> None:
    image_id = cloud.bound(ALICE)
    cloud.recorder.fails_on = ("PUT", f"/images/{image_id}")
    assert cloud.put(ADMIN, image_id, properties={"instance_id": "i-2"}).status_int == 500
    assert cloud.put(ADMIN, image_id, PURGE, properties={}).status_int == 500
    assert cloud.ref(image_id) == REF


def test_where_the_registry_does_not_say_what_is_shared_nobody_is_shown_a_guess(cloud: RegistryCloud) -> None:
    hidden = cloud.image(BOB)
    mine = cloud.image(ALICE)
    cloud.recorder.fails_on = ("GET", "/shared-images/alice-project")
    assert cloud.get(ALICE, "/images").status_int == 500
    assert cloud.get(ALICE, f"/images/{hidden}").status_int == 500
    assert cloud.get(ALICE, f"/images/{mine}").status_int == 200
    assert cloud.ids(BOB) == [hidden]


# -- the database is down


@pytest.fixture
def down(cloud: RegistryCloud) -> dict[str, str]:
    """The database is lost after an image was bound and another was not."""
    images = {"bound": cloud.bound(ALICE, name="bound"), "plain": cloud.image(ALICE, name="plain")}
    cloud.lose_the_database()
    return images


def test_what_does_not_need_the_database_goes_on_without_tuples(
    cloud: RegistryCloud, down: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert cloud.ids(ALICE) == [down["plain"], down["bound"]]
        assert cloud.ids(BOB) == []
        assert cloud.get(ALICE, f"/images/{down['bound']}").json["image"]["properties"] == {}
        assert cloud.get(BOB, f"/images/{down['bound']}").status_int == 404
        assert cloud.put(ALICE, down["plain"], name="renamed").json["image"]["name"] == "renamed"
        assert cloud.image(ALICE, name="new", properties={"distro": "debian"})
        assert cloud.request(ALICE, "DELETE", f"/images/{down['plain']}").status_int == 200
    assert len([record for record in caplog.records if "is down" in record.getMessage()]) == 1


def test_what_needs_the_database_is_refused_and_changes_nothing(cloud: RegistryCloud, down: dict[str, str]) -> None:
    before = cloud.registry.images.get(down["plain"])
    for reply in (
        cloud.post(ADMIN, properties=dict(TUPLE)),
        cloud.put(ADMIN, down["plain"], properties=dict(TUPLE)),
        cloud.get(ALICE, "/images/detail?property-instance_id=i-1"),
        cloud.get(ALICE, "/images?property-server=i-1"),
    ):
        assert (reply.status_int, code_of(reply)) == (503, "glance_related.database_down")
    assert cloud.registry.images.get(down["plain"]) == before
    assert cloud.ids(ADMIN) == [down["plain"], down["bound"]]


def test_a_purge_that_leaves_the_tuple_out_goes_through_and_the_tuple_stays(
    cloud: RegistryCloud, down: dict[str, str]
) -> None:
    reply = cloud.put(ADMIN, down["bound"], PURGE, name="purged", properties={})
    assert (reply.status_int, reply.json["image"]["name"]) == (200, "purged")
    cloud.find_the_database()
    assert cloud.ref(down["bound"]) == REF
    assert cloud.ids(ALICE, "?property-instance_id=i-1") == [down["bound"]]


def test_novas_snapshot_is_made_all_the_same(cloud: RegistryCloud, down: dict[str, str]) -> None:
    image_id = cloud.image(NOVA_FOR_ALICE, name="snapshot", properties=dict(TUPLE))
    assert cloud.native(image_id) == {}
    assert image_id in cloud.ids(ALICE)
