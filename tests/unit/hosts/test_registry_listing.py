"""Reading a registry's list query, and filling one page of it by walking."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from glance_related.hosts.registry import listing
from glance_related.hosts.registry.listing import Asked
from glance_related.problem import Problem
from glance_related.wsgi.query import Pairs
from glance_related.wsgi.reply import Reply, json_reply


class Shelf:
    """A registry of so many images, which cuts pages at a maximum and remembers what it was asked."""

    def __init__(self, count: int, most: int = 1000) -> None:
        self.ids = [f"{number:05}" for number in range(count)]
        self.most = most
        self.asked: list[dict[str, str]] = []

    def ask(self, query: str) -> Reply:
        asked = dict(parse_qsl(query))
        self.asked.append(asked)
        start = self.ids.index(asked["marker"]) + 1 if "marker" in asked else 0
        end = start + min(int(asked.get("limit", 25)), self.most)
        return json_reply("200 OK", {"images": [{"id": image_id} for image_id in self.ids[start:end]]})


def every(step: int) -> Any:
    return lambda rows: [row for row in rows if int(row["id"]) % step == 0]


def asked(*pairs: tuple[str, str], marker: str | None = None) -> Asked:
    return Asked((*pairs, ("is_public", "None")), None, marker)


def ids(walked: listing.Walked) -> list[str]:
    assert walked.images is not None
    return [image["id"] for image in walked.images]


@pytest.mark.parametrize("most", [3, 7, 1000])
def test_a_page_is_filled_from_behind_what_does_not_belong(most: int) -> None:
    shelf = Shelf(100, most)
    assert ids(listing.walk(shelf.ask, asked(("limit", "3")), every(10))) == ["00000", "00010", "00020"]
    behind = listing.walk(shelf.ask, asked(("limit", "3"), marker="00020"), every(10))
    assert ids(behind) == ["00030", "00040", "00050"]
    last = listing.walk(shelf.ask, asked(("limit", "3"), marker="00080"), every(10))
    assert ids(last) == ["00090"]


def test_a_page_of_what_all_belongs_is_one_question() -> None:
    shelf = Shelf(100)
    assert len(ids(listing.walk(shelf.ask, asked(), every(1)))) == 25
    assert shelf.asked == [{"is_public": "None"}]


def test_every_question_but_the_first_has_a_limit_of_its_own_and_the_clients_other_words() -> None:
    shelf = Shelf(3000)
    listing.walk(shelf.ask, asked(("limit", "2"), ("sort_key", "name")), every(2000))
    assert shelf.asked[0] == {"limit": "2", "sort_key": "name", "is_public": "None"}
    assert [(one["limit"], one["sort_key"]) for one in shelf.asked[1:]] == [("1000", "name")] * (len(shelf.asked) - 1)
    assert len(shelf.asked) == 1 + 2  # enough to come to the second image


def test_a_walk_ends_where_nothing_more_can_belong() -> None:
    shelf = Shelf(3000)
    walked = listing.walk(shelf.ask, asked(("limit", "2")), every(5000), lambda: True)
    assert (ids(walked), len(shelf.asked)) == (["00000"], 1)


def test_a_page_of_no_images_is_empty() -> None:
    shelf = Shelf(10)
    assert ids(listing.walk(shelf.ask, asked(("limit", "0")), every(1))) == []
    assert len(shelf.asked) == 1


def test_at_the_bound_the_list_is_refused() -> None:
    shelf = Shelf(3000)
    with pytest.raises(Problem) as problem:
        listing.walk(shelf.ask, asked(("limit", "2")), every(5000), bound=1500)
    assert problem.value.code == "registry.too_far"
    assert "1500" in problem.value.text
    assert len(shelf.asked) == 3
    assert ids(listing.walk(shelf.ask, asked(("limit", "2")), every(1400), bound=1500)) == ["00000", "01400"]


def test_a_refusal_of_the_registry_is_its_own_on_any_page() -> None:
    refusal = json_reply("400 Bad Request", {})
    assert listing.walk(lambda _: refusal, asked(), every(1)) == listing.Walked(refusal, None)
    shelf = Shelf(30)

    def failing(query: str) -> Reply:
        return refusal if shelf.asked else shelf.ask(query)

    assert listing.walk(failing, asked(), every(7)) == listing.Walked(refusal, None)


QUERIES: list[tuple[Pairs, Pairs, bool | None, str | None]] = [
    ((), (("is_public", "None"),), None, None),
    ((("is_public", "TRUE"), ("name", "x")), (("name", "x"), ("is_public", "True")), True, None),
    ((("is_public", "0"),), (("is_public", "False"),), False, None),
    ((("is_public", "maybe"),), (("is_public", "maybe"),), None, None),
    ((("is_public", ""),), (("is_public", ""),), None, None),
    ((("marker", "a"), ("marker", "b")), (("is_public", "None"),), None, "b"),
    ((("_method", "GET"), ("deleted", "1"), ("property-ours", "x")), (("is_public", "None"),), None, None),
    ((("property-x", "1"), ("ours", "x")), (("property-x", "1"), ("ours", "x"), ("is_public", "None")), None, None),
]


@pytest.mark.parametrize(("query", "pairs", "is_public", "marker"), QUERIES)
def test_the_registry_is_asked_what_is_its_own(
    query: Pairs, pairs: Pairs, is_public: bool | None, marker: str | None
) -> None:
    assert listing.read(query, ("ours",), deleted=False) == Asked(pairs, is_public, marker)


def test_an_administrator_may_ask_for_deleted_images() -> None:
    assert ("deleted", "1") in listing.read((("deleted", "1"),), (), deleted=True).pairs


def test_property_filters_are_read_by_their_properties_names() -> None:
    assert listing.properties((("property-a", "1"), ("b", "2"), ("property-a", "3"))) == (("a", "1"), ("a", "3"))
