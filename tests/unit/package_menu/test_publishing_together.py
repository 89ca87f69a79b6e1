"""What entries say of each other: bundles and what they hold, and files of many."""

from __future__ import annotations

import time
from typing import Any

import pytest

from glance_related.package_menu.entry import SECRET
from glance_related.package_menu.publishing import referring
from tests.unit.package_menu.menus import PORT, STACK, WEB, bundle, entries, faults, named, package, texts, variable

MENU = named(package(), variable("port", "integer", maximum=9), variable("password", SECRET), bundle("other"))


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ({"packages": ["nothing"]}, "contents.packages: nothing is not on the menu, and no package"),
        ({"packages": ["port"]}, "contents.packages: port is a variable, and no package"),
        ({"packages": ["other"]}, "contents.packages: other is a bundle, and no package"),
        ({"packages": ["stack"]}, "contents.packages: stack is a bundle, and no package"),
        ({"variables": {"nothing": 1}}, "contents.variables: nothing is not on the menu, and no variable"),
        ({"variables": {"web": 1}}, "contents.variables: web is a package, and no variable"),
        ({"variables": {"password": "hunter2"}}, "contents.variables.password: a bundle keeps no secrets"),
        ({"variables": {"port": "1"}}, "contents.variables.port: it must be a whole number"),
        ({"variables": {"port": None}}, "contents.variables.port: it must be a whole number"),
        ({"variables": {"port": [[[{}]]]}}, "contents.variables.port: it must be a whole number"),
        ({"variables": {"port": 10}}, "contents.variables.port: it must be at most 9"),
    ],
)
def test_what_a_bundle_holds_is_judged(contents: Any, text: str) -> None:
    assert faults({**STACK, "contents": contents}, before=MENU) == [("stack", "bad_entry", text)]


@pytest.mark.parametrize("in_order", [True, False])
def test_a_bundle_and_what_it_holds_may_come_in_one_file_in_any_order(in_order: bool) -> None:
    of_web = {**PORT, "packages": ["web"]}
    whole = {**STACK, "contents": {"packages": ["web"], "variables": {"port": 1}}}
    made = entries(*([WEB, of_web, whole] if in_order else [whole, of_web, WEB]))
    assert made["stack"] == bundle("stack", ("web",), {"port": 1})


@pytest.mark.parametrize(
    "broken",
    [
        {"type": None}, {"type": "x"}, {"pattern": "("}, {"pattern": "(a*)*"}, {"type": "integer", "min": 10**400},
        {"type": "choice"}, {"colour": 1},
    ],
)  # fmt: skip
@pytest.mark.parametrize("in_order", [True, False])
def test_what_is_wrong_with_a_variable_is_told_once_and_not_of_the_bundle_that_holds_it(
    in_order: bool, broken: Any
) -> None:
    holding = {**STACK, "contents": {"variables": {"port": "a" * 200}}}
    beside = {"name": "beside", "kind": "variable", "type": "string", "packages": ["nothing"]}
    documents = [{**PORT, "type": "string", **broken}, holding, beside]
    found = faults(*(documents if in_order else reversed(documents)))
    assert {name for name, _, _ in found} == {"port", "beside"}


def test_a_variable_that_changes_may_make_a_bundle_s_value_unfit() -> None:
    menu = MENU | named(bundle("stack", (), {"port": 9}))
    assert faults({**PORT, "max": 8}, before=menu) == [
        ("stack", "bad_entry", "contents.variables.port: it must be at most 8")
    ]
    assert entries({**PORT, "max": 8}, {**STACK, "contents": {"variables": {"port": 8}}}, before=menu)
    assert entries({**PORT, "max": 10}, before=menu)["port"].maximum == 10


# -- who speaks of an entry

SPEAKING = named(
    package("web"),
    package("ssl"),
    variable("port", packages=("web", "ssl")),
    bundle("a", ("web",)),
    bundle("b", ("ssl",), {"port": "1"}),
)


def test_the_entries_that_speak_of_one_are_known() -> None:
    assert referring("web", SPEAKING) == ["a", "port"]
    assert referring("ssl", SPEAKING) == ["b", "port"]
    assert referring("port", SPEAKING) == ["b"]
    assert referring("a", SPEAKING) == referring("nothing", SPEAKING) == []


# -- how long it takes


@pytest.mark.parametrize(
    "documents",
    [
        [{"name": f"p{number}", "kind": "package", "min": 1} for number in range(30_000)],
        [{**PORT, "enum": [None] * 200_000}],
        [{"name": f"p{number}", "kind": "package"} for number in range(5_000)],
    ],
    ids=["each with a mistake", "one with very many", "a whole menu"],
)
def test_what_is_long_takes_no_longer_than_its_length(documents: list[Any]) -> None:
    menu = named(*(package(f"q{number}") for number in range(5_000)))
    begun = time.process_time()
    faults(*documents, before=menu)
    assert time.process_time() - begun < 8


# -- what is gone


def test_what_a_removed_entry_leaves_behind_is_in_the_way_of_no_other_change() -> None:
    menu = named(variable("port"), bundle("stack", ("gone",), {"port": "1", "also-gone": 1}), package("web"))
    assert entries({**PORT, "type": "string", "title": "x"}, before=menu)
    assert entries({**WEB, "title": "x"}, before=menu)
    stack = menu["stack"]
    assert entries({**STACK, "title": "x"}, before=menu)["stack"].contents == stack.contents
    assert entries(stack.document(), before=menu) == {"stack": stack}, "what is exported can be imported again"
    anew = {"packages": ["gone", "far"], "variables": {"also-gone": 2, "far": 1, "port": "2"}}
    assert texts({**STACK, "contents": anew}, before=menu) == [
        "contents.packages: far is not on the menu, and no package",
        "contents.variables: far is not on the menu, and no variable",
    ]
    of_gone = named(variable("port", packages=("gone",)))
    assert entries({"name": "port", "kind": "variable", "packages": ["gone"], "title": "x"}, before=of_gone)
    assert texts(stack.document()) != [], "in another cloud it is unknown"


def test_nor_does_it_fit_whatever_has_its_name_then() -> None:
    menu = named(bundle("stack", (), {"port": "eighty"}))
    assert texts(PORT, before=menu) == ["contents.variables.port: it must be a whole number"]
    assert texts({**WEB, "name": "port"}, before=menu) == ["contents.variables: port is a package, and no variable"]
    assert entries({**PORT, "type": "string"}, before=menu)
