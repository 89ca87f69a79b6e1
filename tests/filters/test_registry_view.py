"""The customer's view, which in front of a v1 registry nobody but the filter enforces."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.filters.registry_cloud import ADMIN, ALICE, BOB, NOBODY, RegistryCloud, make


@pytest.fixture
def cloud(tmp_path: Path) -> RegistryCloud:
    return make(tmp_path)


@pytest.fixture
def images(cloud: RegistryCloud) -> dict[str, str]:
    """One image of each kind, made in this order."""
    kinds = {
        "alices": cloud.image(ALICE, name="alices"),
        "public": cloud.image(BOB, name="public", is_public=True),
        "shared": cloud.image(BOB, name="shared"),
        "bobs": cloud.image(BOB, name="bobs"),
        "ownerless": cloud.registry.images.create({"name": "ownerless"})["id"],
    }
    cloud.request(BOB, "PUT", f"/images/{kinds['shared']}/members/alice-project")
    return kinds


SEEN = {
    "alice": (ALICE, {"alices", "public", "shared"}),
    "alice, by the older name": (
        {"X-Tenant-Id": "alice-project", "X-Roles": "member"},
        {"alices", "public", "shared"},
    ),
    "bob": (BOB, {"public", "shared", "bobs"}),
    "nobody": (NOBODY, {"public"}),
    "no project": ({"X-User-Id": "alice", "X-Roles": "member"}, {"public"}),
    "not confirmed": ({**ALICE, "X-Identity-Status": "Invalid"}, {"public"}),
    "admin": (ADMIN, {"alices", "public", "shared", "bobs", "ownerless"}),
    "admin without a project": ({"X-Roles": "Admin"}, {"alices", "public", "shared", "bobs", "ownerless"}),
}


@pytest.mark.parametrize(("who", "seen"), SEEN.values(), ids=SEEN)
def test_everyone_sees_what_is_public_his_own_or_shared_with_him(
    cloud: RegistryCloud, images: dict[str, str], who: dict[str, str], seen: set[str]
) -> None:
    newest_first = [image_id for name, image_id in reversed(images.items()) if name in seen]
    for path in ("/images", "/", "/images/detail"):
        assert cloud.ids(who, path=path) == newest_first
    for name, image_id in images.items():
        reply = cloud.get(who, f"/images/{image_id}")
        assert reply.status_int == (200 if name in seen else 404)
        assert reply.status_int == 404 or reply.json["image"]["name"] == name


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Accept": "*/*"}])
def test_an_image_that_is_not_seen_is_answered_as_one_that_is_not_there(
    cloud: RegistryCloud, images: dict[str, str], headers: dict[str, str]
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        document = {"image": {}} if method == "PUT" else None
        answers = [
            cloud.request(ALICE, method, f"/images/{image_id}", document, headers=headers)
            for image_id in (images["bobs"], str(uuid.uuid4()))
        ]
        assert answers[0].status_int == 404
        assert answers[0].body == answers[1].body
        assert dict(answers[0].headers) == dict(answers[1].headers)


def test_what_is_not_ones_own_is_not_changed(cloud: RegistryCloud, images: dict[str, str]) -> None:
    for who in (ALICE, NOBODY):
        for method in ("PUT", "DELETE"):
            reply = cloud.request(who, method, f"/images/{images['public']}", {"image": {"name": "mine now"}})
            assert reply.status_int == 403
            assert reply.headers["X-Glance-Related-Code"] == "registry.not_owner"
    assert cloud.request(ALICE, "DELETE", f"/images/{images['shared']}").status_int == 403
    assert {cloud.recorder.registry.images.get(i)["name"] for i in images.values()} == set(images)  # type: ignore[index]
    assert cloud.ids(ADMIN) == list(reversed(images.values()))


def test_what_is_ones_own_is_changed_and_deleted(cloud: RegistryCloud, images: dict[str, str]) -> None:
    assert cloud.put(ALICE, images["alices"], name="renamed").json["image"]["name"] == "renamed"
    assert cloud.request(ALICE, "DELETE", f"/images/{images['alices']}").status_int == 200
    assert images["alices"] not in cloud.ids(ALICE)
    assert cloud.get(ALICE, f"/images/{images['alices']}").status_int == 404
    assert cloud.request(ADMIN, "DELETE", f"/images/{images['bobs']}").status_int == 200


def test_nobody_makes_no_image(cloud: RegistryCloud) -> None:
    reply = cloud.post(NOBODY, name="nobody's", is_public=True)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "registry.anonymous")
    assert cloud.recorder.calls == []


def test_two_different_projects_in_one_request_are_refused(cloud: RegistryCloud, images: dict[str, str]) -> None:
    reply = cloud.get({**ALICE, "X-Tenant-Id": "bob-project"}, f"/images/{images['bobs']}")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "registry.two_projects")
    assert cloud.ids({**ALICE, "X-Tenant-Id": "alice-project"}) == cloud.ids(ALICE)


def test_an_owner_in_the_body_is_the_administrators_to_say(cloud: RegistryCloud) -> None:
    forged = cloud.post(ALICE, name="forged", owner="bob-project").json["image"]
    assert forged["owner"] == "alice-project"
    given = cloud.put(ALICE, forged["id"], owner="bob-project", name="given").json["image"]
    assert (given["owner"], given["name"]) == ("alice-project", "given")
    assert cloud.put(ADMIN, forged["id"], owner="bob-project").json["image"]["owner"] == "bob-project"
    assert cloud.post(ADMIN, owner="bob-project").json["image"]["owner"] == "bob-project"
    assert cloud.post(ADMIN).json["image"]["owner"] == "admin-project"


def test_an_image_keeps_its_id(cloud: RegistryCloud, images: dict[str, str]) -> None:
    reply = cloud.put(ALICE, images["alices"], id=images["bobs"], name="moved")
    assert reply.status_int == 404
    assert cloud.get(ALICE, f"/images/{images['alices']}").json["image"]["name"] == "alices"
    assert cloud.put(ALICE, images["alices"], id=images["alices"], name="same").status_int == 200


# -- what is deleted


def test_deleted_images_are_for_administrators_and_in_lists_of_changes(
    cloud: RegistryCloud, images: dict[str, str]
) -> None:
    gone = images["alices"]
    cloud.request(ALICE, "DELETE", f"/images/{gone}")
    assert cloud.ids(ADMIN, "?deleted=true") == [gone]
    assert cloud.get(ADMIN, f"/images/{gone}").json["image"]["deleted"] is True
    assert cloud.ids(ALICE, "?deleted=true") == [images["shared"], images["public"]]
    assert gone in cloud.ids(ALICE, "?changes-since=2011-01-01T00:00:00")
    assert gone not in cloud.ids(BOB, "?changes-since=2011-01-01T00:00:00")
    assert cloud.put(ALICE, gone, name="alive").status_int == 404


def test_a_list_of_changes_goes_on_behind_an_image_that_is_deleted(
    cloud: RegistryCloud, images: dict[str, str]
) -> None:
    cloud.request(ALICE, "DELETE", f"/images/{images['alices']}")
    query = f"sort_dir=asc&limit=1&marker={images['alices']}"
    assert cloud.ids(ALICE, f"?changes-since=2011-01-01T00:00:00&{query}") == [images["public"]]
    assert cloud.get(ALICE, f"/images?{query}").status_int == 400
    assert cloud.get(BOB, f"/images?changes-since=2011-01-01T00:00:00&{query}").status_int == 400


# -- is_public


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?is_public=None", ["shared", "public", "alices"]),
        ("?is_public=True", ["public"]),
        ("?is_public=1", ["public"]),
        ("?is_public=false", ["shared", "alices"]),
        ("?is_public=True&is_public=False", ["shared", "alices"]),
    ],
)
def test_is_public_chooses_among_what_is_seen(
    cloud: RegistryCloud, images: dict[str, str], query: str, seen: list[str]
) -> None:
    assert cloud.ids(ALICE, query) == [images[name] for name in seen]


REFUSED = ["is_public=maybe", "is_public=", "limit=x", "limit=-1", "sort_key=owner", "sort_dir=up", "changes-since=x"]


@pytest.mark.parametrize("query", REFUSED)
def test_what_the_registry_refuses_it_refuses_itself(cloud: RegistryCloud, images: dict[str, str], query: str) -> None:
    reply = cloud.get(ALICE, f"/images?{query}")
    assert reply.status_int == 400
    assert "X-Glance-Related-Code" not in reply.headers


def test_a_query_that_is_not_utf_8_is_refused(cloud: RegistryCloud) -> None:
    reply = cloud.get(ALICE, "/images?name=%ff")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "registry.bad_query")
    assert cloud.recorder.calls == []


# -- members


def test_members_are_shown_to_the_owner_and_a_member_sees_himself(cloud: RegistryCloud, images: dict[str, str]) -> None:
    path = f"/images/{images['shared']}/members"
    assert cloud.request(BOB, "PUT", f"{path}/carol-project").status_int == 204
    both = [
        {"member_id": "alice-project", "can_share": False},
        {"member_id": "carol-project", "can_share": False},
    ]
    assert cloud.get(BOB, path).json == {"members": both}
    assert cloud.get(ADMIN, path).json == {"members": both}
    assert cloud.get(ALICE, path).json == {"members": both[:1]}
    assert cloud.get(ALICE, f"/images/{images['public']}/members").json == {"members": []}
    assert cloud.get(ALICE, f"/images/{images['bobs']}/members").status_int == 404


def test_nobody_makes_himself_a_member(cloud: RegistryCloud, images: dict[str, str]) -> None:
    hidden, shared = (f"/images/{images[name]}/members" for name in ("bobs", "shared"))
    everyone = {"memberships": [{"member_id": "alice-project", "can_share": True}]}
    assert cloud.request(ALICE, "PUT", f"{hidden}/alice-project").status_int == 404
    assert cloud.request(ALICE, "PUT", hidden, everyone).status_int == 404
    assert cloud.request(ALICE, "PUT", shared, everyone).status_int == 403
    assert cloud.request(ALICE, "DELETE", f"{shared}/alice-project").status_int == 403
    assert cloud.registry.images.members[images["bobs"]] == {}
    assert cloud.registry.images.members[images["shared"]] == {"alice-project": False}


def test_a_member_who_was_given_it_may_share_on(cloud: RegistryCloud, images: dict[str, str]) -> None:
    path = f"/images/{images['shared']}/members"
    can_share = {"member": {"can_share": True}}
    assert cloud.request(BOB, "PUT", f"{path}/alice-project", can_share).status_int == 204
    assert cloud.request(ALICE, "PUT", f"{path}/carol-project").status_int == 204
    assert cloud.request(ALICE, "DELETE", f"{path}/carol-project").status_int == 204
    replaced = {"memberships": [{"member_id": "dave-project"}]}
    assert cloud.request(ALICE, "PUT", path, replaced).status_int == 204
    assert cloud.registry.images.members[images["shared"]] == {"dave-project": False}
    assert images["shared"] not in cloud.ids(ALICE)


def test_what_is_shared_with_a_project_is_shown_to_it_and_to_administrators(
    cloud: RegistryCloud, images: dict[str, str]
) -> None:
    rows = {"shared_images": [{"image_id": images["shared"], "can_share": False}]}
    assert cloud.get(ALICE, "/shared-images/alice-project").json == rows
    assert cloud.get(ADMIN, "/shared-images/alice-project").json == rows
    reply = cloud.get(BOB, "/shared-images/alice-project")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "registry.not_member")
    assert cloud.get(NOBODY, "/shared-images/alice-project").status_int == 403
