"""The history of a server's settings: however much is changed, and however often, it stays readable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.filters.conftest import ADMIN
from tests.filters.menu_side import MenuSide, make


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path, "[package_menu]\nmax_settings_bytes = 1000000\n")
    own = [{"name": f"t{number}", "kind": "variable", "type": "text", "on_by_default": True} for number in range(60)]
    made.publish(*own, {"name": "words", "kind": "variable", "type": "list", "on_by_default": True})
    return made


def history(side: MenuSide, server: str, query: str = "") -> Any:
    reply = side.ask("GET", f"/servers/{server}/packages/history{query}")
    assert reply.status_int == 200, reply.text
    return reply.json


def test_a_long_list_that_is_changed_leaves_a_short_record(side: MenuSide) -> None:
    server = side.booted()
    words = ["x" * 420] * 250
    for first in ("a", "b"):
        document = {"value": [first, *words]}
        assert side.ask("PUT", f"/servers/{server}/packages/words", document).status_int == 200
    (last, _) = history(side, server)["history"]
    (change,) = last["changes"]
    assert [change[word]["value"][:2] for word in ("before", "after")] == [["a", words[0]], ["b", words[0]]]
    assert change["after"]["value"][-1].endswith("x...")
    assert len(json.dumps(last)) < 3000
    assert side.settings(server)["package_variables"]["words"] == ["b", *words], "the value itself is whole"


def test_many_long_values_at_once_leave_a_record_that_names_them_all(side: MenuSide) -> None:
    server = side.booted()
    values = {f"t{number}": "long " * 2000 for number in range(60)}
    assert side.ask("PUT", f"/servers/{server}/packages", {"package_variables": values}).status_int == 200
    (record,) = history(side, server)["history"]
    assert {change["name"] for change in record["changes"]} == set(values)
    assert all(change["after"]["value"].endswith("...") for change in record["changes"])
    assert len(json.dumps(record)) < 30_000


def test_of_a_great_many_entries_the_first_are_named_and_the_others_counted(side: MenuSide) -> None:
    side.publish(*({"name": f"p{number:03}", "kind": "package", "on_by_default": True} for number in range(510)))
    server = side.booted()
    off = {f"p{number:03}": False for number in range(510)}
    assert side.ask("PUT", f"/servers/{server}/packages", {"packages": off}).status_int == 200
    (record,) = history(side, server)["history"]
    assert [one["name"] for one in record["changes"]][-2:] == ["p499", "... and 10 more"]


def test_a_page_of_the_history_has_no_more_than_a_hundred_records(side: MenuSide) -> None:
    server = side.booted()
    for number in range(102):
        document = {"value": f"{number}"}
        assert side.ask("PUT", f"/servers/{server}/packages/t0", document, who=ADMIN).status_int == 200
    for query, length in (("", 100), ("?limit=1000", 100), ("?limit=3", 3)):
        assert len(history(side, server, query)["history"]) == length
    following = history(side, server)["history_links"][0]["href"]
    assert len(side.ask("GET", following).json["history"]) == 2
