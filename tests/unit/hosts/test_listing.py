"""Narrowing, walking, and links in the client's own words."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest

from glance_related.hosts.glance import listing
from glance_related.wsgi.reply import Reply, json_reply

IDS = ["a", "b", "c"]


def ids_in(query: str) -> str:
    return parse_qsl(query, keep_blank_values=True)[-1][1]


def test_a_list_is_narrowed_with_ids_behind_everything_else() -> None:
    query = listing.narrowed((("tag", "x"), ("limit", "5"), ("tag", "y")), IDS)
    assert query == "tag=x&limit=5&tag=y&id=in:a,b,c"


def test_nothing_to_list_asks_for_an_id_that_no_image_has() -> None:
    assert ids_in(listing.narrowed((), [])) == "in:-"


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ("b", "in:b"),
        ("eq:b", "in:b"),
        ("in:b,c,z", "in:b,c"),
        ('in:"b","c"', "in:b,c"),
        ('in:b,"x\\"y"', "in:b"),
        ('in:x\\"y,b', "in:b"),
        ('in:\\",b,\\"', "in:b"),
        ("in:", "in:-"),
        ("z", "in:-"),
        ("", "in:-"),
    ],
)
def test_a_clients_own_ids_are_intersected(own: str, left: str) -> None:
    query = listing.narrowed((("id", "in:a,b,c"), ("id", own)), IDS)
    assert ids_in(query) == left
    assert query.count("id=") == 1


@pytest.mark.parametrize("own", ["neq:b", "gt:a", 'in:"b', 'in:b"a"', 'in:"a"b', 'in:"x\\",b', ":b"])
def test_an_id_filter_that_glance_refuses_is_left_for_glance_to_refuse(own: str) -> None:
    assert dict(parse_qsl(listing.narrowed((("id", own),), IDS))) == {"id": own}


def test_links_keep_the_clients_words_and_repeated_keys() -> None:
    document: dict[str, Any] = {"images": [], "first": "/v2/images?id=in%3Aa", "next": "/v2/images?id=in%3Aa&marker=b"}
    pairs = (("tag", "x y"), ("tag", "é"), ("marker", "old"), ("instance_id", "i&1"))
    listing.set_links(document, pairs, listing.next_marker(document))
    assert document["first"] == "/v2/images?tag=x+y&tag=%C3%A9&instance_id=i%261"
    assert document["next"] == document["first"] + "&marker=b"


def test_the_last_page_has_no_next_and_a_bare_list_no_question_mark() -> None:
    document: dict[str, Any] = {"images": []}
    listing.set_links(document, (), listing.next_marker(document))
    assert document == {"images": [], "first": "/v2/images"}


class Host:
    """A list of images, paged as Glance pages."""

    def __init__(self, size: int, default: int = 25, maximum: int = 1000) -> None:
        self.images = [{"id": f"{number:06}"} for number in range(size)]
        self.default, self.maximum = default, maximum
        self.asked: list[str] = []

    def __call__(self, query: str) -> Reply:
        self.asked.append(query)
        asked = parse_qs(query)
        limit = min(int(asked.get("limit", [str(self.default)])[0]), self.maximum)
        start = int(asked["marker"][0]) + 1 if "marker" in asked else 0
        page = self.images[start : start + limit]
        document: dict[str, Any] = {"images": page}
        if page and len(page) == limit:
            document["next"] = f"/v2/images?marker={page[-1]['id']}"
        return json_reply("200 OK", document)


def every(step: int) -> Any:
    return lambda ids: {image_id for image_id in ids if int(image_id) % step == 0}


def walk_all(host: Host, wanted: Any, *pairs: tuple[str, str]) -> list[list[str]]:
    pages: list[list[str]] = []
    marker: str | None = None
    while True:
        query = (*pairs, *((("marker", marker),) if marker else ()))
        page = listing.walk(host, query, wanted)
        assert page.images is not None
        pages.append([image["id"] for image in page.images])
        marker = page.marker
        if marker is None:
            return pages


@pytest.mark.parametrize("limit", ["1", "7", "100", "5000"])
def test_walking_shows_every_wanted_image_once_in_the_hosts_order(limit: str) -> None:
    host = Host(2_500)
    pages = walk_all(host, every(7), ("limit", limit), ("sort", "name"))
    assert [image_id for page in pages for image_id in page] == [f"{n:06}" for n in range(0, 2_500, 7)]
    assert all(len(page) == min(int(limit), 1000) for page in pages[:-1] if len(page) > 0 and page is not pages[-1])
    assert all("sort=name" in query for query in host.asked)


def test_without_a_limit_a_page_is_as_long_as_the_hosts_default() -> None:
    assert [len(page) for page in walk_all(Host(100), every(2))] == [25, 25, 0]


def test_a_page_that_holds_all_there_is_has_no_next() -> None:
    page = listing.walk(Host(3), (("limit", "5"),), every(1))
    assert [image["id"] for image in page.images or []] == ["000000", "000001", "000002"]
    assert page.marker is None


def test_a_page_looks_at_a_bounded_number_of_images_and_goes_on_from_the_last_one() -> None:
    host = Host(25_000)
    page = listing.walk(host, (("limit", "10"),), lambda ids: set())
    assert page.images == []
    assert page.marker is not None
    assert listing.WALK_BOUND <= int(page.marker) + 1 < listing.WALK_BOUND + listing.WALK_PAGE
    assert len(host.asked) <= listing.WALK_BOUND // listing.WALK_PAGE + 2


def test_a_limit_of_nothing_lists_nothing() -> None:
    page = listing.walk(Host(100), (("limit", "0"),), every(1))
    assert (page.images, page.marker) == ([], None)


def test_a_refusal_of_the_host_is_the_answer() -> None:
    refusal = Reply("400 Bad Request", (("Content-Type", "text/plain"),), b"marker not found")
    page = listing.walk(lambda query: refusal, (("marker", "x"),), every(1))
    assert page.reply is refusal
    assert page.images is None
