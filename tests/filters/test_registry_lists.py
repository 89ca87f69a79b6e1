"""Lists of a v1 registry: by instance, page by page, and as far as the bound."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import webtest

from glance_related.instance_aware.conduct import Conduct
from glance_related.instance_aware.instance_aware_registry_filter import InstanceAwareRegistryMiddleware
from glance_related.instance_aware.registry_search import KNOWN_MAX, Bound
from glance_related.instance_aware.rules import Wanted
from glance_related.instance_ref import InstanceRef
from glance_related.wsgi.reply import json_reply
from tests.filters.registry_cloud import ADMIN, ALICE, BOB, NOBODY, NOVA, OTHER_NOVA, TUPLE, RegistryCloud, make

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@pytest.fixture
def cloud(tmp_path: Path) -> RegistryCloud:
    return make(tmp_path)


# -- by instance


@pytest.fixture
def images(cloud: RegistryCloud) -> dict[str, str]:
    """Images of Alice's and Bob's servers, made in this order."""
    other = {**TUPLE, "nova_installation_uuid": OTHER_NOVA}
    return {
        "plain": cloud.image(ALICE, properties={"distro": "debian"}),
        "i-1": cloud.bound(ALICE, "i-1"),
        "i-2": cloud.bound(ALICE, "i-2"),
        "bobs i-1": cloud.bound(BOB, "i-1"),
        "other nova's i-1": cloud.image(ADMIN, owner="alice-project", properties=other),
        "public i-1": cloud.bound(BOB, "i-1", is_public=True),
    }


QUERIES = {
    "property-instance_id=i-1": ["public i-1", "other nova's i-1", "i-1"],
    "property-server=i-1": ["public i-1", "other nova's i-1", "i-1"],
    f"property-instance_id=i-1&property-nova_installation_uuid={NOVA}": ["public i-1", "i-1"],
    f"property-nova_installation_uuid={NOVA.upper().replace('-', '')}": ["public i-1", "i-2", "i-1"],
    f"property-nova_installation_uuid={OTHER_NOVA}": ["other nova's i-1"],
    "property-instance_id=i-2&property-instance_id=i-1": ["public i-1", "other nova's i-1", "i-1"],
    "property-instance_id=i-1&sort_key=created_at&sort_dir=asc": ["i-1", "other nova's i-1", "public i-1"],
    "property-instance_id=i-1&is_public=True": ["public i-1"],
    "property-instance_id=i-1&property-distro=debian": [],
    "property-instance_id=i-1&property-server=i-2": [],
    "property-instance_id=I-1": [],
    "property-instance_id=i-1%20": [],
    "property-instance_id=in:i-1,i-2": [],
    "property-instance_id=": [],
    "property-nova_installation_uuid=nova": [],
    "property-distro=debian": ["plain"],
    "instance_id=i-1": ["public i-1", "other nova's i-1", "i-2", "i-1", "plain"],
}


@pytest.mark.parametrize(("query", "found"), QUERIES.items())
def test_a_list_by_instance_is_exact_and_in_the_registrys_order(
    cloud: RegistryCloud, images: dict[str, str], query: str, found: list[str]
) -> None:
    for path in ("/images", "/images/detail"):
        assert cloud.ids(ALICE, f"?{query}", path) == [images[name] for name in found]


def test_the_registry_is_never_asked_for_our_names(cloud: RegistryCloud, images: dict[str, str]) -> None:
    cloud.recorder.calls.clear()
    cloud.ids(ALICE, f"?property-instance_id=i-1&property-nova_installation_uuid={NOVA}&property-server=i-1&name=x")
    asked = [parse_qs(query) for _, path, query in cloud.recorder.calls if path == "/images/detail"]
    assert asked == [{"name": ["x"], "is_public": ["None"]}]


def test_a_list_ends_where_the_last_image_of_the_instance_was_found(tmp_path: Path) -> None:
    cloud = make(tmp_path, limit_param_default=2)
    for _ in range(5):
        cloud.image(ALICE)
    newest = cloud.bound(ALICE)
    cloud.recorder.calls.clear()
    assert cloud.ids(ALICE, "?property-instance_id=i-1") == [newest]
    assert len(cloud.recorder.calls) == 1


def test_an_instance_without_images_costs_one_question(cloud: RegistryCloud, images: dict[str, str]) -> None:
    cloud.recorder.calls.clear()
    assert cloud.ids(ALICE, "?property-instance_id=i-3&limit=1") == []
    assert len(cloud.recorder.calls) == 1


def test_an_installation_with_more_images_than_are_remembered_is_found_all_the_same(cloud: RegistryCloud) -> None:
    gone = [(f"!{number}", NOVA, "i-1") for number in range(KNOWN_MAX)]
    with sqlite3.connect(cloud.root / "ours.sqlite") as ours:
        ours.executemany(
            "insert into glance_related_image_instances (image_id, nova_installation_uuid, instance_id, created_at) "
            "values (?, ?, ?, '2011-01-01 00:00:00')",
            gone,
        )
    one = cloud.bound(ALICE)
    cloud.bound(BOB)
    cloud.image(ALICE)
    cloud.image(ADMIN, owner="alice-project", properties={**TUPLE, "nova_installation_uuid": OTHER_NOVA})
    two = cloud.bound(ALICE, "i-2")
    reply = cloud.get(ALICE, f"/images/detail?property-nova_installation_uuid={NOVA}")
    assert [image["id"] for image in reply.json["images"]] == [two, one]
    assert [image["properties"]["instance_id"] for image in reply.json["images"]] == ["i-2", "i-1"]


# -- page by page


def walk(cloud: RegistryCloud, who: dict[str, str], query: str, limit: int) -> list[list[str]]:
    pages = [cloud.ids(who, f"?{query}&limit={limit}")]
    while len(pages[-1]) == limit:
        pages.append(cloud.ids(who, f"?{query}&limit={limit}&marker={pages[-1][-1]}"))
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_a_page_is_full_while_there_are_more_images_to_see(cloud: RegistryCloud, limit: int) -> None:
    made = [cloud.image(ALICE if number % 3 == 0 else BOB) for number in range(18)]
    seen = list(reversed(made[::3]))
    pages = walk(cloud, ALICE, "sort_dir=desc", limit)
    assert [image_id for page in pages for image_id in page] == seen
    assert all(len(page) == limit for page in pages[:-1])


def test_without_a_limit_a_page_is_as_long_as_the_registrys(tmp_path: Path) -> None:
    cloud = make(tmp_path, limit_param_default=3, api_limit_max=4)
    made = [cloud.image(who) for _ in range(6) for who in (ALICE, BOB)]
    alices = list(reversed(made[::2]))
    assert cloud.ids(ALICE) == alices[:3]
    assert cloud.ids(ALICE, "?limit=100") == alices[:4]
    assert cloud.ids(ALICE, f"?limit=100&marker={alices[3]}") == alices[4:]
    assert cloud.ids(ALICE, "?limit=0") == []


def test_another_projects_marker_is_answered_as_one_that_is_not_there(cloud: RegistryCloud) -> None:
    cloud.image(ALICE)
    hidden = cloud.image(BOB)
    deleted = cloud.image(ALICE)
    cloud.request(ALICE, "DELETE", f"/images/{deleted}")
    unknown = "00000000-0000-0000-0000-00000000000a"
    for path in ("/images", "/images/detail"):
        answers = [cloud.get(ALICE, f"{path}?marker={marker}") for marker in (hidden, deleted, unknown)]
        assert [answer.status_int for answer in answers] == [400, 400, 400]
        assert len({answer.body for answer in answers}) == 1
        assert cloud.get(BOB, f"{path}?marker={hidden}").status_int == 200


@pytest.mark.parametrize("marker", ["detail", "..", "x%2Fmembers", ""])
def test_a_marker_that_is_no_id_is_refused(cloud: RegistryCloud, marker: str) -> None:
    cloud.image(ALICE)
    reply = cloud.get(ALICE, f"/images?marker={marker}")
    assert reply.status_int == 400
    assert "marker" in reply.text


# -- the bound, and a registry that makes no sense


class _Endless:
    """A registry that has nothing but other people's images, without end."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        if environ["PATH_INFO"].startswith("/shared-images"):
            return json_reply("200 OK", {"shared_images": []})(environ, start_response)
        self.asked += 1
        limit = int(parse_qs(environ["QUERY_STRING"]).get("limit", ["25"])[0])
        rows = [{"id": f"{self.asked}-{row}", "owner": "bob-project", "is_public": False} for row in range(limit)]
        return json_reply("200 OK", {"images": rows})(environ, start_response)


def test_a_list_is_refused_rather_than_cut_short_where_it_would_take_too_long(cloud: RegistryCloud) -> None:
    endless = _Endless()
    app = webtest.TestApp(InstanceAwareRegistryMiddleware(endless, cloud.suite))
    reply = app.get("/images", headers=ALICE, status="*")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "registry.too_far")
    assert endless.asked <= 101


ANSWERS = [{}, {"images": {}}, {"images": [{"name": "no id"}]}, [], {"image": []}]


@pytest.mark.parametrize("document", ANSWERS, ids=json.dumps)
def test_an_answer_in_which_no_image_is_found_is_never_handed_on(cloud: RegistryCloud, document: object) -> None:
    app = webtest.TestApp(InstanceAwareRegistryMiddleware(json_reply("200 OK", document), cloud.suite))
    for path in ("/images", "/images/detail", "/images/an-id"):
        reply = app.get(path, headers=ALICE, status="*")
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (502, "registry.unreadable")


def test_a_search_remembers_what_it_has_found(cloud: RegistryCloud) -> None:
    one = cloud.bound(ALICE)
    search = Bound(Conduct(cloud.suite), Wanted(NOVA, "i-1", nothing=False))
    assert not search.found_all()
    assert search.among([{"id": "another"}]) == []
    assert search.among([{"id": one}]) == [{"id": one}]
    assert search.found_all()
    assert search.refs == {one: InstanceRef(NOVA, "i-1")}


def test_nobody_is_shown_the_public_images_of_an_instance_and_no_others(
    cloud: RegistryCloud, images: dict[str, str]
) -> None:
    assert cloud.ids(NOBODY, "?property-instance_id=i-1") == [images["public i-1"]]
