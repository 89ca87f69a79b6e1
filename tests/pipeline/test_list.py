"""Lists by instance and per customer, over the real Glance application."""

from __future__ import annotations

import datetime
import sqlite3
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glance_related.hosts.glance import listing
from glance_related.instance_ref import InstanceRef
from tests.pipeline.cloud import ADMIN, ALICE, BOB, NOVA, OTHER_NOVA, SCHEDULER, Cloud, Who

I1 = InstanceRef(NOVA, "i-1")
I2 = InstanceRef(NOVA, "i-2")
ELSEWHERE = InstanceRef(OTHER_NOVA, "i-1")


def bound(cloud: Cloud, who: Who, ref: InstanceRef, **properties: Any) -> str:
    image_id = cloud.image(who, **properties)
    cloud.store.bind(image_id, ref)
    return image_id


def pages(cloud: Cloud, who: Who, path: str) -> list[list[str]]:
    """Walk a list by its ``next`` links, as clients do."""
    found = []
    while path:
        reply = cloud.get(who, path)
        assert reply.status_int == 200, reply.text
        found.append([image["id"] for image in reply.json["images"]])
        path = reply.json.get("next", "")
    return found


def fill(cloud: Cloud, count: int, owner: str = "alice-project", prefix: str = "") -> list[str]:
    """Many images, written straight into Glance's tables; their ids, the newest first as Glance lists them."""
    start = datetime.datetime(2026, 1, 1)
    ids = [prefix + str(uuid.uuid4())[len(prefix) :] for _ in range(count)]
    with sqlite3.connect(cloud.root / "glance.sqlite") as glance:
        glance.executemany(
            "insert into images (id, name, status, created_at, updated_at, deleted, owner, min_disk, min_ram, "
            "protected, visibility, os_hidden) values (?, ?, 'active', ?, ?, 0, ?, 0, 0, 0, 'shared', 0)",
            [
                (image_id, f"image-{number % 10}", str(moment) + ".000000", str(moment) + ".000000", owner)
                for number, image_id in enumerate(ids)
                for moment in [start + datetime.timedelta(seconds=number)]
            ],
        )
    return ids[::-1]


def bind_all(cloud: Cloud, ids: list[str], ref: InstanceRef) -> None:
    with sqlite3.connect(cloud.root / "ours.sqlite") as ours:
        ours.executemany(
            "insert into glance_related_image_instances values (?, ?, ?, '2026-01-01 00:00:00.000000')",
            [(image_id, ref.nova_installation_uuid, ref.instance_id) for image_id in ids],
        )


@pytest.fixture
def three(cloud: Cloud) -> dict[str, str]:
    """Alice's images: one of each kind."""
    return {
        "plain": cloud.image(ALICE),
        "i1": bound(cloud, ALICE, I1),
        "i2": bound(cloud, ALICE, I2),
        "elsewhere": bound(cloud, ALICE, ELSEWHERE),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (f"?nova_installation_uuid={NOVA}&instance_id=i-1", ["i1"]),
        (f"?nova_installation_uuid={NOVA.upper()}&instance_id=i-1", ["i1"]),
        ("?instance_id=i-1", ["elsewhere", "i1"]),
        ("?server=i-1", ["elsewhere", "i1"]),
        ("?server=i-1&instance_id=i-1", ["elsewhere", "i1"]),
        ("?server=i-2&instance_id=i-1", []),
        ("?instance_id=i-2&instance_id=i-1", ["elsewhere", "i1"]),
        (f"?nova_installation_uuid={NOVA}", ["i2", "i1"]),
        ("?instance_id=I-1", []),
        ("?instance_id=i-1%20", []),
        ("?instance_id=", []),
        ("?instance_id=in:i-1,i-2", []),
        ("?instance_id=%00", []),
        ("?instance_id=%ED%A0%80x", "undecodable"),
        ("?nova_installation_uuid=", []),
        ("?nova_installation_uuid=nonsense&instance_id=i-1", []),
        ("?nova_installation_uuid=00000000-0000-4000-8000-000000000000&instance_id=i-1", []),
        ("?instance_id=i-1&sort=created_at:asc", ["i1", "elsewhere"]),
    ],
)
def test_a_list_by_instance_is_exact(cloud: Cloud, three: dict[str, str], query: str, names: Any) -> None:
    if names == "undecodable":
        refused = cloud.get(ALICE, f"/v2/images{query}", app=cloud.stock)
        assert cloud.get(ALICE, f"/v2/images{query}").status == refused.status
    else:
        assert cloud.ids(ALICE, query) == [three[name] for name in names]


def test_another_customers_images_are_not_to_be_found_by_their_instance(cloud: Cloud, three: dict[str, str]) -> None:
    for query in ("instance_id=i-1", f"nova_installation_uuid={NOVA}", "server=i-2"):
        assert cloud.ids(BOB, f"?{query}") == []


def test_another_customers_marker_is_refused_as_glance_refuses_it(cloud: Cloud, three: dict[str, str]) -> None:
    stock = cloud.get(BOB, f"/v2/images?marker={three['i1']}", app=cloud.stock)
    reply = cloud.get(BOB, f"/v2/images?instance_id=i-1&marker={three['i1']}")
    assert reply.status_int in (400, 403)
    assert (reply.status, reply.text) == (stock.status, stock.text)


def test_every_other_filter_stays_glances_own(cloud: Cloud) -> None:
    tagged = bound(cloud, ALICE, I1, tags=["a", "b"], color="red")
    bound(cloud, ALICE, I1, tags=["a"], color="red")
    public = bound(cloud, ADMIN, I1, visibility="public")
    hidden = bound(cloud, ALICE, I1, os_hidden=True)
    cloud.image(ALICE, tags=["a", "b"], color="red")
    assert cloud.ids(ALICE, "?instance_id=i-1&tag=a&tag=b") == [tagged]
    assert len(cloud.ids(ALICE, "?instance_id=i-1&color=red")) == 2
    assert cloud.ids(ALICE, "?instance_id=i-1&visibility=public") == [public]
    assert cloud.ids(ALICE, "?instance_id=i-1&os_hidden=true") == [hidden]
    assert cloud.ids(ALICE, f"?instance_id=i-1&id={tagged}") == [tagged]
    assert cloud.ids(ALICE, f"?instance_id=i-1&id=in:{tagged},{public}") == [public, tagged]
    assert cloud.ids(ALICE, f"?instance_id=i-2&id={tagged}") == []
    for refused in ("sort=nonsense", "limit=-1", "limit=x", "marker=unknown", "id=neq:x", "visibility=x", 'id=in:"x'):
        stock = cloud.get(ALICE, f"/v2/images?{refused}", app=cloud.stock)
        reply = cloud.get(ALICE, f"/v2/images?instance_id=i-1&{refused}")
        assert (reply.status, reply.text) == (stock.status, stock.text)
        assert reply.status_int == 400


@pytest.mark.parametrize(
    "operand",
    ['{0},"x\\"y"', 'x\\"y,{0}', '\\",{0},\\"', '"x\\\\",{0}', '"{0}","{1}"', '{0}"x"', '"x"{0}', '"{0}', "{1},,{0},"],
)
def test_no_quotes_around_ids_widen_a_list(cloud: Cloud, operand: str) -> None:
    """What Glance lists of these ids is listed where it is the instance's; what it refuses is refused."""
    ours, other = bound(cloud, ALICE, I1), cloud.image(ALICE)
    query = urlencode({"id": "in:" + operand.format(other, ours)})
    stock = cloud.get(ALICE, f"/v2/images?{query}", app=cloud.stock)
    reply = cloud.get(ALICE, f"/v2/images?{query}&instance_id=i-1")
    assert reply.status == stock.status
    if stock.status_int == 200:
        listed = [image["id"] for image in stock.json["images"]]
        assert other in listed
        assert [image["id"] for image in reply.json["images"]] == [ours] * (ours in listed)
    else:
        assert reply.text == stock.text


def test_links_are_in_the_clients_own_words_with_repeated_keys(cloud: Cloud) -> None:
    for _ in range(3):
        bound(cloud, ALICE, I1, tags=["a", "b c"])
    query = "instance_id=i-1&tag=a&tag=b+c&limit=2"
    document = cloud.get(ALICE, f"/v2/images?{query}").json
    assert document["first"] == f"/v2/images?{query}"
    assert document["next"] == f"/v2/images?{query}&marker={document['images'][-1]['id']}"
    assert cloud.get(ALICE, document["next"]).json["first"] == document["first"]
    assert [len(page) for page in pages(cloud, ALICE, document["first"])] == [2, 1]


def test_a_plain_list_is_stocks_but_for_the_tuples(cloud: Cloud, three: dict[str, str]) -> None:
    for query in ("", "?limit=2", "?tag=a&tag=b", "?customer=bob-project", f"?marker={three['i1']}"):
        ours = cloud.get(ALICE, f"/v2/images{query}").json
        stock = cloud.get(ALICE, f"/v2/images{query}", app=cloud.stock).json
        for image in ours["images"]:
            image.pop("instance_id", None)
            image.pop("nova_installation_uuid", None)
        assert ours == stock


@pytest.mark.real
def test_an_instance_with_3000_images(cloud: Cloud) -> None:
    ids = fill(cloud, 3_200)
    bind_all(cloud, ids[:3_000], I1)
    found = pages(cloud, ALICE, "/v2/images?instance_id=i-1&limit=1000")
    assert [len(page) for page in found] == [1000, 1000, 1000, 0]
    assert [image_id for page in found for image_id in page] == ids[:3_000]


@pytest.mark.real
def test_above_the_limit_of_ids_the_list_is_walked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_IDS", 1_000)
    ids = fill(cloud, 2_500)
    wanted = [image_id for number, image_id in enumerate(ids) if number % 8]
    bind_all(cloud, wanted, I1)
    query = f"/v2/images?nova_installation_uuid={NOVA}&limit=500&tag=x"
    assert cloud.get(ALICE, query).json["images"] == []
    found = pages(cloud, ALICE, query.replace("&tag=x", ""))
    assert [image_id for page in found for image_id in page] == wanted
    assert {len(page) for page in found[:-1]} == {500}
    document = cloud.get(ALICE, query.replace("&tag=x", "")).json
    assert document["first"] == query.replace("&tag=x", "")
    assert document["images"][0]["nova_installation_uuid"] == NOVA


@pytest.mark.real
def test_a_walk_is_bounded_and_goes_on_from_the_last_image_it_has_looked_at(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_IDS", 10)
    monkeypatch.setattr(listing, "WALK_BOUND", 100)
    monkeypatch.setattr(listing, "WALK_PAGE", 50)
    ids = fill(cloud, 500)
    wanted = [ids[3], *ids[-20:]]
    bind_all(cloud, wanted, I1)
    found = pages(cloud, ALICE, "/v2/images?instance_id=i-1&limit=5")
    assert [image_id for page in found for image_id in page] == wanted
    assert min(len(page) for page in found[:-1]) < 5, "a page at the bound is short"


# -- customers


@pytest.fixture
def society(cloud: Cloud) -> Cloud:
    """Images of every visibility and membership, around Alice."""
    for who in (ALICE, BOB, ADMIN):
        for visibility in ("private", "shared", "community") + (("public",) if who is ADMIN else ()):
            bound(cloud, who, I1, visibility=visibility, name=f"{who.user}-{visibility}")
        cloud.image(who, os_hidden=True)
    for status in ("accepted", "pending", "rejected"):
        shared = bound(cloud, BOB, I2, visibility="shared", name=f"bob-shares-{status}")
        body = {"body": b'{"member": "alice-project"}', "content_type": "application/json"}
        assert cloud.request(BOB, "POST", f"/v2/images/{shared}/members", **body).status_int == 200
        answer = {"body": b'{"status": "%s"}' % status.encode(), "content_type": "application/json"}
        assert cloud.request(ALICE, "PUT", f"/v2/images/{shared}/members/alice-project", **answer).status_int == 200
    return cloud


QUERIES = [
    "",
    "limit=2",
    "limit=3&sort=name:asc",
    "sort_key=name&sort_dir=asc",
    "visibility=private",
    "visibility=shared",
    "visibility=community",
    "visibility=public",
    "visibility=all",
    "member_status=pending",
    "member_status=rejected",
    "member_status=all",
    "member_status=all&visibility=shared",
    "os_hidden=true",
    "owner=bob-project",
    "owner=alice-project",
    "name=bob-private",
    "name=in:alice-private,bob-community",
    "protected=true",
    "status=queued",
    "instance_id=i-1",
    "instance_id=i-2&member_status=all",
]


def test_a_customers_list_is_exactly_what_the_customer_sees(society: Cloud) -> None:
    for query in QUERIES:
        seen = society.get(ALICE, f"/v2/images?{query}").json["images"]
        asked = society.get(ADMIN, f"/v2/images?customer=alice-project&{query}")
        assert asked.json["images"] == seen, query
        assert dict(parse_qsl(urlsplit(asked.json["first"]).query))["customer"] == "alice-project"


def test_a_customers_list_pages_as_the_customers_own(society: Cloud) -> None:
    for size in (1, 2, 5):
        theirs = pages(society, ALICE, f"/v2/images?limit={size}&member_status=all")
        assert pages(society, ADMIN, f"/v2/images?customer=alice-project&limit={size}&member_status=all") == theirs
    assert len(pages(society, SCHEDULER, "/v2/images?customer=alice-project&limit=1")) > 5


def test_for_everyone_else_customer_is_a_property_filter(society: Cloud) -> None:
    assert society.ids(BOB, "?customer=alice-project") == []
    mine = society.image(BOB, customer="alice-project")
    assert society.ids(BOB, "?customer=alice-project") == [mine]


def test_novas_roles_do_not_open_customers_lists_to_a_member(society: Cloud) -> None:
    through_nova = Who("bob", "bob-project", "member,reader", service_user="nova", service_roles="service,admin")
    assert society.ids(through_nova, "?customer=alice-project") == []


def test_a_customer_that_nobody_has_heard_of_sees_what_is_public(society: Cloud) -> None:
    stranger = Who("x", "stranger", "member,reader")
    assert society.ids(ADMIN, "?customer=stranger") == society.ids(stranger)


def test_an_empty_customer_is_400(society: Cloud) -> None:
    reply = society.get(ADMIN, "/v2/images?customer=")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "instance_aware.no_customer")


def test_the_admins_own_request_is_not_changed_by_asking_for_a_customer(society: Cloud) -> None:
    before = society.ids(ADMIN)
    society.ids(ADMIN, "?customer=alice-project")
    assert society.ids(ADMIN) == before


# -- native properties


def test_native_properties_of_our_names_are_neither_shown_nor_matched(cloud: Cloud) -> None:
    native = {"nova_installation_uuid": NOVA, "instance_id": "i-1"}
    reply = cloud.post(ALICE, {"name": "before us", **native}, app=cloud.stock)
    image_id = reply.json["id"]
    assert cloud.native(image_id) == native
    assert cloud.ids(ALICE, "?instance_id=i-1") == []
    assert not set(native) & set(cloud.get(ALICE, f"/v2/images/{image_id}").json)
    assert not set(native) & set(cloud.get(ALICE, "/v2/images").json["images"][0])
    removed = cloud.patch(ALICE, image_id, [{"op": "remove", "path": "/instance_id"}])
    assert removed.status_int == 409
    cloud.store.bind(image_id, I2)
    assert cloud.get(ALICE, f"/v2/images/{image_id}").json["instance_id"] == "i-2"


# -- any page size, any set of images


@pytest.mark.real
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    kinds=st.lists(st.sampled_from(["i1", "i2", "elsewhere", "plain", "bobs"]), max_size=12),
    size=st.integers(1, 6),
    walked=st.booleans(),
)
def test_walking_with_any_page_size_shows_each_image_once(
    cloud: Cloud, kinds: list[str], size: int, walked: bool
) -> None:
    with sqlite3.connect(cloud.root / "glance.sqlite") as glance:
        glance.execute("delete from images")
    with sqlite3.connect(cloud.root / "ours.sqlite") as ours:
        ours.execute("delete from glance_related_image_instances")
    refs = {"i1": I1, "i2": I2, "elsewhere": ELSEWHERE, "bobs": I1}
    expected = []
    for kind in kinds:
        (image_id,) = fill(cloud, 1, owner="bob-project" if kind == "bobs" else "alice-project")
        if kind in refs:
            cloud.store.bind(image_id, refs[kind])
        if kind == "i1":
            expected.append(image_id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "MAX_IDS", 0 if walked else 10_000)
        found = pages(cloud, ALICE, f"/v2/images?nova_installation_uuid={NOVA}&instance_id=i-1&limit={size}")
    flat = [image_id for page in found for image_id in page]
    # images of one second are listed by their ids, the greatest first
    assert flat == sorted(expected, reverse=True)
    assert all(len(page) == size for page in found[:-1])
