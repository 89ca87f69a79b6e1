"""What is kept of what a customer wants for a server, and everything that is wrong with it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import pytest

from glance_related.package_menu.entry import BOOLEAN, INTEGER, LIST, NUMBER, SECRET, Entry, Sealed
from glance_related.package_menu.rules import (
    AVAILABLE,
    DEFAULT,
    STATES,
    UNAVAILABLE,
    Choice,
    ProjectMenu,
    ProjectState,
    judge,
)
from tests.unit.package_menu.menus import bundle, package, project, silent_project, variable

ON, OFF = Choice(is_on=True), Choice(is_on=False)
Choices = Mapping[str, Choice]


def value(text: Any) -> Choice:
    return Choice(value=text)


def kept(menu: ProjectMenu, wanted: Choices, before: Choices | None = None) -> dict[str, Choice]:
    found, faults = judge(menu, before or {}, wanted)
    assert faults == []
    return found


def codes(menu: ProjectMenu, wanted: Choices, before: Choices | None = None) -> list[tuple[str, str]]:
    _, faults = judge(menu, before or {}, wanted)
    return [(fault.name, fault.code) for fault in faults]


# -- only where a server differs


@pytest.mark.parametrize("state", [AVAILABLE, DEFAULT])
@pytest.mark.parametrize("made", [package, bundle])
def test_of_packages_and_bundles_is_kept_what_the_project_does_not_have(made: Any, state: str) -> None:
    menu = project(made("x"), x=state)
    for choice in (ON, OFF):
        differs = choice.is_on != (state == DEFAULT)
        assert kept(menu, {"x": choice}) == ({"x": choice} if differs else {})


def test_of_variables_is_kept_what_the_project_does_not_have() -> None:
    for menu in (project(variable(default="a")), project(variable(), port=ProjectState(DEFAULT, "a"))):
        assert kept(menu, {"port": value("a")}) == {}
        assert kept(menu, {"port": value("b")}) == {"port": value("b")}
    assert kept(project(variable()), {"port": value("a")}) == {"port": value("a")}


@pytest.mark.parametrize(
    ("type", "default", "same", "others"),
    [
        (INTEGER, 1, 1, [0, 2]),
        (NUMBER, 1, 1, [1.0, 0]),
        (NUMBER, 0.5, 0.5, [0.25]),
        (BOOLEAN, True, True, [False]),
        (LIST, ["a", "b"], ["a", "b"], [["b", "a"], ["a"], []]),
        ("string", "", "", [" ", "a"]),
    ],
)
def test_the_same_value_is_of_the_same_type(type: str, default: Any, same: Any, others: list[Any]) -> None:
    menu = project(variable("port", type, default=default))
    assert kept(menu, {"port": value(same)}) == {}
    for other in others:
        assert kept(menu, {"port": value(other)}) == {"port": value(other)}


def test_a_value_for_what_is_out_of_play_is_kept_also_where_it_is_the_default() -> None:
    menu = project(variable(default="80", packages=("web",)), package())
    assert kept(menu, {"port": value("80")}) == {"port": value("80")}
    assert kept(menu, {"port": value("80"), "web": ON}) == {"web": ON}
    assert kept(menu, {"port": value("80"), "web": OFF}) == {"port": value("80")}


def test_what_a_bundle_brings_is_no_default_for_it_goes_with_the_bundle() -> None:
    menu = project(package(), variable(default="0"), bundle("stack", ("web",), {"port": "1"}))
    wanted = {"stack": ON, "web": ON, "port": value("1")}
    assert kept(menu, wanted) == wanted
    assert kept(menu, {"stack": ON, "web": OFF, "port": value("0")}) == {"stack": ON, "web": OFF, "port": value("0")}
    assert kept(menu, {"stack": OFF, "web": OFF, "port": value("0")}) == {}
    of_project = project(package(), bundle("stack", ("web",)), stack=DEFAULT)
    assert kept(of_project, {"stack": ON, "web": ON}) == {"web": ON}


def test_a_secret_is_kept_also_where_it_may_be_the_project_s() -> None:
    menu = project(variable("word", SECRET, default=Sealed("gAAA")))
    assert kept(menu, {"word": value("hunter2")}) == {"word": value("hunter2")}
    assert kept(menu, {"word": value(Sealed("gBBB"))}) == {"word": value(Sealed("gBBB"))}
    assert kept(menu, {"word": value(Sealed("gAAA"))}) == {}


def test_what_an_administrator_says_of_one_server_is_always_kept() -> None:
    for state in STATES:
        menu = project(package(), web=state)
        assert kept(menu, {"web": Choice(state)}) == {"web": Choice(state)}
    menu = project(package(), web=DEFAULT)
    assert kept(menu, {"web": Choice(DEFAULT, True)}) == {"web": Choice(DEFAULT, True)}


def test_what_says_nothing_is_not_kept() -> None:
    menu = project(package(), variable(), bundle("stack", ("web",), {"port": "1"}), stack=DEFAULT)
    assert kept(menu, {"web": Choice(), "port": Choice(), "stack": Choice(), "nothing": Choice()}) == {}


def test_what_is_there_no_more_is_taken_back_by_saying_nothing() -> None:
    assert kept(project(package(), web=UNAVAILABLE), {"gone": Choice(), "web": Choice()}, {"gone": ON, "web": ON}) == {}


def test_what_was_kept_and_is_wanted_no_more_is_gone() -> None:
    menu = project(package(), package("ssl"))
    assert kept(menu, {"web": ON}, {"web": ON, "ssl": ON}) == {"web": ON}
    assert kept(menu, {}, {"web": ON, "ssl": ON}) == {}


def test_whoever_judges_changes_nothing_of_what_he_was_given() -> None:
    menu = project(variable("hosts", LIST), package())
    before, sent = {"web": ON}, ["a"]
    wanted = {"hosts": value(sent), "web": OFF}
    found = kept(menu, wanted, before)
    sent.append("b")
    assert found == {"hosts": value(["a"])}
    assert before == {"web": ON}
    assert set(wanted) == {"hosts", "web"}


# -- wrong


def test_everything_that_is_wrong_is_told_at_once() -> None:
    menu = project(package(), variable("port", INTEGER), variable("host"), package("far"), far=UNAVAILABLE)
    wanted = {
        "web": value("1"), "port": value("x"), "host": ON, "far": ON, "nothing": ON, "none": value("x"),
    }  # fmt: skip
    assert codes(menu, wanted) == [
        ("web", "no_variable"), ("port", "bad_value"), ("host", "no_package"), ("far", "unknown"),
        ("nothing", "unknown"), ("none", "unknown"),
    ]  # fmt: skip


def test_a_bundle_has_no_value() -> None:
    assert codes(project(bundle("stack")), {"stack": value("x")}) == [("stack", "no_variable")]
    assert codes(project(bundle("stack")), {"stack": Choice(None, True, "x")}) == [("stack", "no_variable")]


@pytest.mark.parametrize(
    "hidden", [package("x", enabled=False), variable("x"), bundle("x"), package("x", on_by_default=True)]
)
@pytest.mark.parametrize("choice", [ON, OFF, value("x"), Choice(None, True, "x")])
def test_what_is_not_on_the_project_s_menu_is_not_told_from_what_is_not_there(hidden: Any, choice: Choice) -> None:
    menu = project(hidden, x=UNAVAILABLE if hidden.enabled else DEFAULT)
    assert judge(menu, {}, {"x": choice})[1] == judge(project(), {}, {"x": choice})[1]
    assert codes(silent_project(variable("x")), {"x": value("a")}) == [("x", "unknown")]


STRANGE = [
    {},
    {"sealed": "x"},
    [[]],
    [None],
    [{"a": []}],
    math.nan,
    math.inf,
    10**400,
    "\0",
    "\ud800",
    True,
    1.0,
    "1",
    Sealed("x"),
]


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("name", ["", "port", "port\n", "\0", "\ud800", "a" * 100_000, "../../x", "__proto__"])
def test_whatever_is_sent_ends_in_faults_and_is_not_repeated(name: str, strange: Any) -> None:
    menu = project(variable("port", INTEGER, choices=(5, 6), minimum=2, maximum=7))
    found, faults = judge(menu, {}, {name: value(strange)})
    assert found == {}
    assert [(fault.name, fault.code) for fault in faults] == [(name, "bad_value" if name == "port" else "unknown")]
    assert all(len(fault.text) < 100 and fault.text.isprintable() for fault in faults)


def test_deep_and_long_values_end_in_faults() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    menu = project(variable("port"), variable("hosts", LIST), variable("on", BOOLEAN))
    for strange in (deep, [deep], {"a": deep}, ["a"] * 1_000_000, "a" * 10_000_000):
        wanted = {name: value(strange) for name in ("port", "hosts", "on")}
        assert codes(menu, wanted) == [("port", "bad_value"), ("hosts", "bad_value"), ("on", "bad_value")]


def test_no_fault_tells_a_secret() -> None:
    menu = project(variable("word", SECRET, pattern="[a-z]*", maximum=3))
    for strange in ("hunter2", "hunter2\0", ["hunter2"], {"hunter2": "hunter2"}):
        _, faults = judge(menu, {}, {"word": value(strange)})
        assert len(faults) == 1
        assert "hunter2" not in str(faults)


# -- what was kept already


def test_what_stays_as_it_is_is_not_judged_again() -> None:
    menu = project(
        package(), variable("port", INTEGER, default=1), package("off"), variable("x"), web=UNAVAILABLE,
        off=UNAVAILABLE,
        x=UNAVAILABLE,
    )  # fmt: skip
    before = {"web": ON, "port": value("eighty"), "gone": ON, "off": OFF, "x": value("a")}
    assert kept(menu, before, before) == before, "a choice that was made stays as it was made"
    assert kept(menu, {**before, "port": value(80)}, before) == {**before, "port": value(80)}
    assert codes(menu, {**before, "web": OFF, "port": value("ninety")}, before) == [
        ("web", "unknown"),
        ("port", "bad_value"),
    ]


def test_what_was_turned_off_stays_off_while_it_is_not_available() -> None:
    before = {"web": OFF}
    while_away = kept(project(package(), web=UNAVAILABLE), {**before}, before)
    assert not project(package(), web=DEFAULT).settings(while_away).settings["web"].is_on


def test_a_choice_of_what_only_a_newer_release_knows_stays() -> None:
    menu, before = project(Entry("plan", "plan"), package()), {"plan": ON}
    assert kept(menu, {**before, "web": ON}, before) == {"plan": ON, "web": ON}


@pytest.mark.parametrize(
    ("type", "before", "wanted"),
    [
        (INTEGER, 1, True),
        (INTEGER, 0, False),
        (INTEGER, 1, 1.0),
        (BOOLEAN, True, 1),
        (BOOLEAN, False, 0),
        (BOOLEAN, True, 1.0),
    ],
)
def test_what_is_equal_is_not_the_same_and_is_judged(type: str, before: Any, wanted: Any) -> None:
    menu = project(variable("port", type))
    assert before == wanted
    assert codes(menu, {"port": value(wanted)}, {"port": value(before)}) == [("port", "bad_value")]


def test_a_number_that_is_written_otherwise_is_kept_as_it_is_written() -> None:
    menu = project(variable("port", NUMBER))
    found = kept(menu, {"port": value(1.0)}, {"port": value(1)})
    assert isinstance(found["port"].value, float)


# -- an administrator's word for one server


def test_what_an_administrator_has_given_to_a_server_its_owner_may_choose() -> None:
    menu = project(package(), variable(), web=UNAVAILABLE, port=UNAVAILABLE)
    before = {"web": Choice(AVAILABLE), "port": Choice(DEFAULT)}
    wanted = {"web": Choice(AVAILABLE, True), "port": Choice(DEFAULT, None, "1")}
    assert kept(menu, wanted, before) == wanted
    assert codes(menu, {"port": Choice(DEFAULT, True)}, before) == [("port", "no_package")]


@pytest.mark.parametrize("choice", [Choice(UNAVAILABLE, True), Choice(UNAVAILABLE, False)])
def test_what_an_administrator_has_taken_from_a_server_its_owner_may_not(choice: Choice) -> None:
    menu = project(package(), web=DEFAULT)
    assert codes(menu, {"web": choice}, {"web": Choice(UNAVAILABLE)}) == [("web", "unknown")]
    assert codes(project(variable()), {"port": Choice(UNAVAILABLE, None, "1")}) == [("port", "unknown")]


def test_what_is_not_enabled_is_nobody_s_to_choose() -> None:
    menu = project(package(enabled=False))
    assert codes(menu, {"web": Choice(AVAILABLE, True)}, {"web": Choice(AVAILABLE)}) == [("web", "unknown")]
    assert kept(menu, {"web": Choice(AVAILABLE)}) == {"web": Choice(AVAILABLE)}, "it counts when it is enabled again"


@pytest.mark.parametrize("before", [ON, Choice(AVAILABLE, True), Choice(UNAVAILABLE, True)])
@pytest.mark.parametrize("state", [None, *STATES])
@pytest.mark.parametrize("of_project", STATES)
def test_an_administrator_says_and_takes_back_a_state_whatever_the_owner_has_chosen(
    before: Choice, state: str | None, of_project: str
) -> None:
    menu = project(package(), web=of_project)
    found = kept(menu, {"web": before._replace(state=state)}, {"web": before})
    assert found == ({} if state is None and of_project == DEFAULT else {"web": Choice(state, True)})


def test_nor_does_he_judge_the_owner_s_value_that_fits_no_more() -> None:
    menu = project(variable("port", INTEGER))
    before = {"port": value("eighty")}
    assert kept(menu, {"port": Choice(AVAILABLE, None, "eighty")}, before) == {
        "port": Choice(AVAILABLE, None, "eighty")
    }


def test_the_owner_takes_back_what_he_has_chosen_whatever_the_administrator_says() -> None:
    for state in STATES:
        found = kept(project(package()), {"web": Choice(state)}, {"web": Choice(state, True)})
        assert found == {"web": Choice(state)}


def test_of_what_is_not_there_no_administrator_says_anything() -> None:
    assert codes(project(), {"web": Choice(AVAILABLE)}) == [("web", "unknown")]


# -- required

REQUIRED = (
    package(),
    variable(required=True, packages=("web",)),
    bundle("stack", ("web",), {"port": "1"}),
    variable("x"),
)


def test_a_package_that_needs_a_value_is_not_turned_on_without() -> None:
    menu = project(*REQUIRED)
    _, faults = judge(menu, {}, {"web": ON})
    assert [tuple(fault) for fault in faults] == [("port", "required", "package web needs a value for it")]
    assert kept(menu, {"web": ON, "port": value("1")}) == {"web": ON, "port": value("1")}
    assert kept(menu, {"stack": ON}) == {"stack": ON}
    assert kept(menu, {"web": OFF}) == {}


def test_what_it_needs_is_not_taken_away_while_it_is_on() -> None:
    menu, before = project(*REQUIRED), {"web": ON, "port": value("1")}
    assert codes(menu, {"web": ON}, before) == [("port", "required")]
    assert kept(menu, {"port": value("1")}, before) == {"port": value("1")}
    assert codes(menu, {"web": ON}, {"web": ON, "stack": ON}) == [("port", "required")]


def test_what_was_missing_before_is_no_reason_to_refuse_something_else() -> None:
    menu = project(*REQUIRED, web=DEFAULT)
    assert menu.base.missing == {"port"}
    assert kept(menu, {"x": value("1")}) == {"x": value("1")}
    assert kept(menu, {"x": value("2")}, {"x": value("1")}) == {"x": value("2")}
    alone = project(variable("all", required=True), variable("x"))
    assert kept(alone, {"x": value("1")}) == {"x": value("1")}
    assert [fault.text for fault in judge(alone, {"all": value("1")}, {})[1]] == ["every server needs a value for it"]


def test_of_several_packages_each_is_named() -> None:
    menu = project(package("a"), package("b"), variable(required=True, packages=("a", "b")))
    assert [fault.text for fault in judge(menu, {}, {"b": ON})[1]] == ["package a or b needs a value for it"]
    hidden = project(*menu.menu.entries.values(), a=UNAVAILABLE)
    assert [fault.text for fault in judge(hidden, {}, {"b": ON})[1]] == ["package b needs a value for it"]


def test_what_is_missing_is_told_only_where_nothing_else_is_wrong() -> None:
    assert codes(project(*REQUIRED), {"web": ON, "x": ON}) == [("x", "no_package")]


# -- how long it takes


def test_many_choices_take_no_longer_than_there_are_many() -> None:
    menu = project(
        *(package(f"p{number}") for number in range(2_500)), *(variable(f"v{number}") for number in range(2_500))
    )
    wanted: dict[str, Choice] = {f"p{number}": ON for number in range(2_500)}
    wanted |= {f"v{number}": value("x") for number in range(2_500)}
    begun = time.process_time()
    assert kept(menu, wanted) == wanted
    assert codes(menu, {f"q{number}": ON for number in range(20_000)}) != []
    assert time.process_time() - begun < 8
