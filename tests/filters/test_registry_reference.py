"""The reference registry by itself: open to everyone, and otherwise what Glance's own was."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import webtest

from glance_related.testing.registry import ReferenceRegistry, app_factory


class Registry:
    """The registry, and how it is asked."""

    def __init__(self) -> None:
        self.app: Any = webtest.TestApp(ReferenceRegistry(), lint=True)

    def make(self, **image: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.app.post_json("/images", {"image": image}).json["image"]
        return made

    def names(self, query: str = "") -> list[str]:
        return [image["name"] for image in self.app.get(f"/images?{query}").json["images"]]


@pytest.fixture
def registry() -> Registry:
    return Registry()


def test_an_image_is_made_shown_changed_and_deleted(registry: Registry) -> None:
    made = registry.make(name="one", size=3, owner="alice-project", properties={"distro": "debian", "cores": 2})
    path = f"/images/{made['id']}"
    assert registry.app.get(path).json == {"image": made}
    assert (made["status"], made["is_public"], made["owner"]) == ("active", False, "alice-project")
    assert made["properties"] == {"distro": "debian", "cores": "2"}
    changed = registry.app.put_json(path, {"image": {"name": "two", "id": made["id"]}}).json["image"]
    assert changed == made | {"name": "two", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > made["updated_at"]
    deleted = registry.app.delete(path).json["image"]
    assert (deleted["deleted"], deleted["deleted_at"] is not None, deleted["properties"]) == (True, True, {})
    assert registry.names("is_public=None") == []
    assert registry.app.get(path).json["image"]["deleted"] is True


def test_a_put_merges_properties_and_a_purge_replaces_them(registry: Registry) -> None:
    path = f"/images/{registry.make(properties={'a': '1', 'b': '1'})['id']}"

    def put(purge: str, image: dict[str, Any]) -> Any:
        headers = {"X-Glance-Registry-Purge-Props": purge}
        return registry.app.put_json(path, {"image": image}, headers=headers).json["image"]["properties"]

    assert put("false", {"properties": {"b": "2"}}) == {"a": "1", "b": "2"}
    assert put("True", {"properties": {"c": "3"}}) == {"a": "1", "b": "2", "c": "3"}
    assert put("true", {"properties": {"c": "4"}}) == {"c": "4"}
    assert put("true", {"name": "no properties at all"}) == {}


def test_an_update_is_made_from_the_state_it_expects_only(registry: Registry) -> None:
    path = f"/images/{registry.make(status='queued')['id']}"
    reply = registry.app.put_json(path, {"image": {"status": "active"}, "from_state": "saving"}, status=409)
    assert reply.text == "Image operation conflicts"
    body = {"image": {"status": "active"}, "from_state": "queued"}
    assert registry.app.put_json(path, body).json["image"]["status"] == "active"


def test_what_is_not_there_is_404(registry: Registry) -> None:
    path = f"/images/{uuid.uuid4()}"
    for reply in (
        registry.app.get(path, status="*"),
        registry.app.delete(path, status="*"),
        registry.app.get(f"{path}/members", status="*"),
        registry.app.get("/nothing", status="*"),
        registry.app.head("/images", status="*"),
    ):
        assert reply.status_int == 404
    assert registry.app.put_json(path, {"image": {}}, status=404).text == "Image not found"


def test_an_id_is_a_uuid_and_used_once(registry: Registry) -> None:
    made = registry.make(id=str(uuid.UUID(int=1)))
    assert made["id"] == str(uuid.UUID(int=1))
    registry.app.post_json("/images", {"image": {"id": made["id"]}}, status=409)
    registry.app.delete(f"/images/{made['id']}")
    registry.app.post_json("/images", {"image": {"id": made["id"]}}, status=409)
    registry.app.post_json("/images", {"image": {"id": "one"}}, status=400)
    registry.app.post_json("/images", {"image": {"status": "broken"}}, status=400)
    assert registry.names("is_public=None&deleted=true") == [None]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"1", 400), (b"[]", 500), (b"{}", 500), (b'{"image": {"properties": []}}', 500), (b"", 500)],
)
def test_a_body_that_is_none_is_refused_as_the_real_one_did(registry: Registry, body: bytes, status: int) -> None:
    registry.app.post("/images", body, status=status)
    assert registry.names("is_public=None") == []


# -- lists


@pytest.fixture
def three(registry: Registry) -> Registry:
    registry.make(name="a", size=1, disk_format="raw", is_public=True, properties={"distro": "debian"})
    registry.make(name="b", size=2, container_format="bare", is_public=True, protected=True, min_ram=512)
    registry.make(name="c", status="queued", is_public=False)
    return registry


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "ba"),
        ("is_public=True", "ba"),
        ("is_public=false", "c"),
        ("is_public=None", "cba"),
        ("is_public=None&name=a", "a"),
        ("is_public=None&name=a&name=b", "b"),
        ("is_public=None&status=queued", "c"),
        ("is_public=None&disk_format=raw", "a"),
        ("is_public=None&container_format=bare", "b"),
        ("is_public=None&min_ram=512", "b"),
        ("is_public=None&size_min=2", "b"),
        ("is_public=None&size_max=1", "a"),
        ("is_public=None&protected=1", "b"),
        ("is_public=None&protected=False", "ca"),
        ("is_public=None&property-distro=debian", "a"),
        ("is_public=None&property-distro=fedora", ""),
        ("is_public=None&checksum=ignored", "cba"),
        ("is_public=None&changes-since=2011-01-01T00:00:00Z", "cba"),
        ("is_public=None&changes-since=2999-01-01T00:00:00", ""),
        ("is_public=None&sort_dir=asc", "abc"),
        ("is_public=None&sort_key=size", "bac"),
        ("is_public=None&sort_key=size&sort_dir=asc", "cab"),
        ("is_public=None&limit=2", "cb"),
        ("is_public=None&limit=0", ""),
    ],
)
def test_a_list_is_filtered_sorted_and_cut(three: Registry, query: str, names: str) -> None:
    assert three.names(query) == list(names)


@pytest.mark.parametrize("order", ["", "&sort_dir=asc", "&sort_key=size", "&sort_key=container_format&sort_dir=asc"])
def test_a_walk_behind_each_last_image_finds_every_one_once(three: Registry, order: str) -> None:
    query = f"is_public=None{order}"
    images = three.app.get(f"/images?{query}").json["images"]
    walked = [three.app.get(f"/images?{query}&limit=1").json["images"][0]]
    while page := three.app.get(f"/images?{query}&limit=1&marker={walked[-1]['id']}").json["images"]:
        walked += page
    assert walked == images
    assert len(walked) == 3


def test_a_deleted_image_is_in_lists_of_the_deleted_and_of_changes(three: Registry) -> None:
    gone = three.app.get("/images?name=a").json["images"][0]
    three.app.delete(f"/images/{gone['id']}")
    assert three.names("deleted=True") == ["a"]
    assert three.names("deleted=no") == ["b"]
    assert set(three.names("changes-since=2011-01-01T00:00:00")) == {"a", "b"}
    assert three.names(f"marker={gone['id']}&sort_dir=asc") == ["b"]


NOWHERE = "00000000-0000-4000-8000-000000000000"
BAD = ["limit=x", "limit=-1", "marker=x", "marker=", f"marker={NOWHERE}", "sort_key=owner", "sort_dir=up"]
BAD += ["is_public=x", "protected=x", "changes-since=x", "size_min=x"]


@pytest.mark.parametrize("query", BAD)
def test_a_query_that_means_nothing_is_refused(three: Registry, query: str) -> None:
    assert three.app.get(f"/images?{query}", status="*").status_int == 400
    assert three.app.get(f"/images/detail?{query}", status="*").status_int == 400


def test_a_list_shows_six_fields_and_a_detailed_one_all(three: Registry) -> None:
    brief = {"name", "id", "size", "disk_format", "container_format", "checksum"}
    assert {frozenset(image) for image in three.app.get("/images").json["images"]} == {frozenset(brief)}
    assert three.app.get("/").json == three.app.get("/images").json
    image = three.app.get("/images/detail").json["images"][1]
    assert brief < set(image)
    assert image["properties"] == {"distro": "debian"}


# -- members


def test_an_image_is_shared_and_is_not_any_more(registry: Registry) -> None:
    image_id = registry.make()["id"]
    members = f"/images/{image_id}/members"
    registry.app.put(f"{members}/alice-project", status=204)
    registry.app.put_json(f"{members}/bob-project", {"member": {"can_share": True}}, status=204)
    registry.app.put(f"{members}/bob-project", status=204)  # without a body nothing about it changes
    rows = [{"member_id": "alice-project", "can_share": False}, {"member_id": "bob-project", "can_share": True}]
    assert registry.app.get(members).json == {"members": rows}
    shared = {"shared_images": [{"image_id": image_id, "can_share": True}]}
    assert registry.app.get("/shared-images/bob-project").json == shared
    registry.app.delete(f"{members}/alice-project", status=204)
    registry.app.delete(f"{members}/alice-project", status=404)
    replaced = {"memberships": [{"member_id": "bob-project"}, {"member_id": "carol-project", "can_share": True}]}
    registry.app.put_json(members, replaced, status=204)
    assert {row["member_id"]: row["can_share"] for row in registry.app.get(members).json["members"]} == {
        "bob-project": True,
        "carol-project": True,
    }
    registry.app.delete(f"/images/{image_id}")
    assert registry.app.get("/shared-images/bob-project").json == {"shared_images": []}


@pytest.mark.parametrize("body", [{}, [], {"memberships": [{}]}, {"memberships": ["bob"]}, {"memberships": 1}])
def test_a_membership_that_is_none_is_refused(registry: Registry, body: Any) -> None:
    members = f"/images/{registry.make()['id']}/members"
    registry.app.put_json(members, body, status=400)
    registry.app.put_json(f"{members}/bob", {"member": {}}, status=400)
    assert registry.app.get(members).json["members"] in ([], [{"member_id": "bob", "can_share": False}])


# -- as everyone meets it


def test_everyone_may_do_everything(registry: Registry) -> None:
    path = f"/images/{registry.make(owner='alice-project')['id']}"
    bob = {"X-Project-Id": "bob-project", "X-Roles": "member"}
    assert registry.app.get(path, headers=bob).json["image"]["owner"] == "alice-project"
    assert registry.app.get(f"{path}?_method=DELETE", headers=bob).json["image"]["deleted"] is True


def test_the_factory_reads_both_limits() -> None:
    app: Any = webtest.TestApp(app_factory({}, limit_param_default="1", api_limit_max="2"))
    for _ in range(3):
        app.post_json("/images", {"image": {"is_public": True}})
    assert [len(app.get(f"/images?{query}").json["images"]) for query in ("", "limit=3")] == [1, 2]
