"""What servers have by the menu: states, packages, bundles, variables, and whose word each is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from glance_related.package_menu.entry import BUNDLE, INTEGER, LIST, PACKAGE, SECRET, Entry, Sealed
from glance_related.package_menu.rules import (
    AVAILABLE,
    DEFAULT,
    GLOBAL,
    INSTANCE,
    NO_CHOICES,
    PROJECT,
    STATES,
    UNAVAILABLE,
    Choice,
    Menu,
    ProjectMenu,
    ProjectState,
    Setting,
    Settings,
)
from tests.unit.package_menu.menus import bundle, named, package, project, silent_project, variable

ON, OFF = Choice(is_on=True), Choice(is_on=False)


def value(text: Any) -> Choice:
    return Choice(value=text)


def setting(menu: ProjectMenu, name: str, **choices: Choice) -> Setting:
    return menu.settings(choices).settings[name]


def told(settings: Settings) -> list[tuple[str, str]]:
    return [(fault.name, fault.code) for fault in settings.faults]


def is_on(menu: ProjectMenu, name: str, **choices: Choice) -> tuple[bool, str, str | None]:
    found = setting(menu, name, **choices)
    return found.is_on, found.origin, found.through


def has(menu: ProjectMenu, name: str = "port", **choices: Choice) -> tuple[Any, str, str | None]:
    found = setting(menu, name, **choices)
    return found.value, found.origin, found.through


# -- what an entry is to a project, and to a server


@pytest.mark.parametrize(
    ("entry", "said", "state"),
    [
        (package("x"), None, (UNAVAILABLE, GLOBAL)),
        (package("x", on_by_default=True), None, (DEFAULT, GLOBAL)),
        (package("x"), AVAILABLE, (AVAILABLE, PROJECT)),
        (package("x"), DEFAULT, (DEFAULT, PROJECT)),
        (package("x", on_by_default=True), UNAVAILABLE, (UNAVAILABLE, PROJECT)),
        (package("x", on_by_default=True), AVAILABLE, (AVAILABLE, PROJECT)),
        (package("x", on_by_default=True, enabled=False), None, (UNAVAILABLE, GLOBAL)),
        (package("x", enabled=False), DEFAULT, (UNAVAILABLE, GLOBAL)),
    ],
)
@pytest.mark.parametrize("kind", ["package", "variable", "bundle"])
def test_an_entry_is_to_a_project_what_it_says_or_else_the_cloud(
    entry: Entry, said: str | None, state: tuple[str, str], kind: str
) -> None:
    made = {"package": package, "variable": variable, "bundle": bundle}[kind]
    entry = made("x", on_by_default=entry.on_by_default, enabled=entry.enabled)
    menu = project(entry, x=said) if said else silent_project(entry)
    found = menu.base.settings["x"]
    assert menu.state(entry) == (found.state, found.state_origin) == state
    assert found.is_offered == (state[0] != UNAVAILABLE)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("said", STATES)
@pytest.mark.parametrize("entry", [package("x"), variable("x", default="a"), bundle("x")])
def test_an_administrator_s_word_for_one_server_counts_there_alone(entry: Entry, said: str, state: str) -> None:
    menu = project(entry, x=said)
    found = setting(menu, "x", x=Choice(state=state))
    assert (found.state, found.state_origin) == (state, INSTANCE)
    assert found.is_on == (state == DEFAULT and entry.kind != "variable")
    assert (found.value is None) == (state == UNAVAILABLE or entry.kind != "variable")
    assert menu.base.settings["x"].state == said


def test_what_is_not_enabled_no_administrator_gives_to_one_server() -> None:
    menu = project(package("x", enabled=False), x=DEFAULT)
    found = setting(menu, "x", x=Choice(DEFAULT, True))
    assert (found.state, found.state_origin, found.is_on) == (UNAVAILABLE, GLOBAL, False)


# -- packages


@pytest.mark.parametrize(
    ("state", "choice", "expected"),
    [
        (AVAILABLE, Choice(), (False, PROJECT, None)),
        (DEFAULT, Choice(), (True, PROJECT, None)),
        (AVAILABLE, ON, (True, INSTANCE, None)),
        (DEFAULT, ON, (True, INSTANCE, None)),
        (AVAILABLE, OFF, (False, INSTANCE, None)),
        (DEFAULT, OFF, (False, INSTANCE, None)),
        (UNAVAILABLE, Choice(), (False, PROJECT, None)),
        (UNAVAILABLE, ON, (False, PROJECT, None)),
        (UNAVAILABLE, Choice(AVAILABLE), (False, INSTANCE, None)),
        (UNAVAILABLE, Choice(AVAILABLE, True), (True, INSTANCE, None)),
        (UNAVAILABLE, Choice(DEFAULT), (True, INSTANCE, None)),
        (UNAVAILABLE, Choice(DEFAULT, False), (False, INSTANCE, None)),
        (DEFAULT, Choice(UNAVAILABLE), (False, INSTANCE, None)),
        (DEFAULT, Choice(UNAVAILABLE, True), (False, INSTANCE, None)),
        (DEFAULT, Choice(AVAILABLE), (False, INSTANCE, None)),
    ],
)
@pytest.mark.parametrize("entry", [package("x"), bundle("x")])
def test_a_package_or_bundle_is_on_by_the_server_s_word_or_else_its_project_s(
    entry: Entry, state: str, choice: Choice, expected: Any
) -> None:
    assert is_on(project(entry, x=state), "x", x=choice) == expected


def test_what_is_on_by_default_is_on_by_the_cloud_s_word() -> None:
    assert is_on(silent_project(package("x", on_by_default=True)), "x") == (True, GLOBAL, None)


# -- bundles


def test_a_bundle_turns_its_packages_on_and_is_told_with_whose_word() -> None:
    menu = project(package(), bundle("stack", ("web",)))
    assert is_on(menu, "web") == (False, PROJECT, None)
    assert is_on(menu, "web", stack=ON) == (True, INSTANCE, "stack")
    assert is_on(menu, "web", stack=Choice(DEFAULT)) == (True, INSTANCE, "stack")
    of_project = project(package(), bundle("stack", ("web",)), stack=DEFAULT)
    assert is_on(of_project, "web") == (True, PROJECT, "stack")
    of_cloud = ProjectMenu(
        Menu(1, named(package(), bundle("stack", ("web",), on_by_default=True))), {"web": ProjectState(AVAILABLE)}
    )
    assert is_on(of_cloud, "web") == (True, GLOBAL, "stack")


def test_whoever_chooses_a_bundle_that_is_on_anyway_is_who_turns_its_packages_on() -> None:
    menu = project(package(), variable(), bundle("stack", ("web",), {"port": "1"}), stack=DEFAULT)
    assert is_on(menu, "stack", stack=ON) == (True, INSTANCE, None)
    assert is_on(menu, "web", stack=ON) == (True, INSTANCE, "stack")
    assert has(menu, stack=ON) == ("1", INSTANCE, "stack")


def test_a_bundle_that_is_turned_off_takes_what_it_brought_with_it() -> None:
    menu = project(package(), variable(default="0"), bundle("stack", ("web",), {"port": "1"}), stack=DEFAULT)
    assert is_on(menu, "web", stack=OFF) == (False, PROJECT, None)
    assert has(menu, stack=OFF) == ("0", GLOBAL, None)
    assert has(menu, stack=Choice(UNAVAILABLE)) == ("0", GLOBAL, None)


@pytest.mark.parametrize("unavailable", [package(enabled=False), package()])
def test_a_bundle_never_turns_on_what_is_unavailable(unavailable: Entry) -> None:
    menu = project(unavailable, bundle("stack", ("web",)), web=AVAILABLE if not unavailable.enabled else UNAVAILABLE)
    settings = menu.settings({"stack": ON})
    assert settings.settings["stack"].is_on
    assert not settings.settings["web"].is_on
    assert settings.packages == ()
    assert settings.faults == (), "the customer has not asked for it"
    assert not setting(project(package(), bundle("stack", ("web",))), "web", stack=ON, web=Choice(UNAVAILABLE)).is_on


def test_what_a_server_has_turned_off_no_bundle_turns_on() -> None:
    menu = project(package(), bundle("stack", ("web",)))
    assert is_on(menu, "web", stack=ON, web=OFF) == (False, INSTANCE, None)
    assert is_on(menu, "web", stack=ON, web=ON) == (True, INSTANCE, None)


def test_of_two_bundles_the_first_by_name_counts_while_it_is_on() -> None:
    menu = project(package(), variable(), bundle("b", ("web",), {"port": "b"}), bundle("a", ("web",), {"port": "a"}))
    assert is_on(menu, "web", a=ON, b=ON) == (True, INSTANCE, "a")
    assert has(menu, a=ON, b=ON) == ("a", INSTANCE, "a")
    assert has(menu, b=ON) == ("b", INSTANCE, "b")
    both = project(*menu.menu.entries.values(), a=DEFAULT, b=DEFAULT)
    assert (is_on(both, "web"), has(both)) == ((True, PROJECT, "a"), ("a", PROJECT, "a"))
    assert (is_on(both, "web", a=OFF), has(both, a=OFF)) == ((True, PROJECT, "b"), ("b", PROJECT, "b"))


# -- variables


def test_a_variable_has_the_server_s_value_else_a_bundle_s_else_the_project_s_else_its_own() -> None:
    entries = (variable(default="cloud"), bundle("stack", (), {"port": "bundle"}))
    menu = project(*entries, port=ProjectState(DEFAULT, "project"))
    assert has(menu, port=value("server"), stack=ON) == ("server", INSTANCE, None)
    assert has(menu, stack=ON) == ("bundle", INSTANCE, "stack")
    assert has(menu) == ("project", PROJECT, None)
    assert has(project(*entries, port=DEFAULT)) == ("cloud", GLOBAL, None)
    assert has(project(variable())) == (None, PROJECT, None)


def test_a_project_s_value_is_its_own_default_only_while_it_is_one() -> None:
    assert has(project(variable(default="cloud"), port=ProjectState(AVAILABLE, "project"))) == ("cloud", GLOBAL, None)


@pytest.mark.parametrize("empty", ["", 0, 0.0, False, []])
def test_a_value_that_is_empty_is_one(empty: Any) -> None:
    type_ = {str: "string", int: INTEGER, float: "number", bool: "boolean", list: LIST}[type(empty)]
    other = {str: "a", int: 1, float: 1.5, bool: True, list: ["a"]}[type(empty)]
    entry = variable("port", type_, default=other, required=True)
    assert has(project(entry), port=value(empty)) == (empty, INSTANCE, None)
    assert has(project(entry, port=ProjectState(DEFAULT, empty))) == (empty, PROJECT, None)
    settings = project(variable("port", type_, default=empty, required=True)).base
    assert [one.value for one in settings.variables] == [empty]
    assert settings.missing == frozenset()


def test_a_variable_is_in_play_where_one_of_its_packages_is_on_or_it_has_none() -> None:
    entry = variable(default="80", packages=("web", "ssl"), required=True)
    menu = project(entry, package("web"), package("ssl"), bundle("stack", ("ssl",)))
    out = setting(menu, "port")
    assert (out.in_play, out.value, out.origin) == (False, None, PROJECT)
    assert not setting(menu, "port", port=value("1")).in_play
    assert setting(menu, "port", port=value("1")).value is None
    for choices in ({"web": ON}, {"ssl": ON}, {"stack": ON}, {"web": OFF, "ssl": ON}, {"web": Choice(DEFAULT)}):
        assert setting(menu, "port", **choices).in_play
        assert has(menu, **choices) == ("80", GLOBAL, None)
        assert has(menu, port=value("1"), **choices) == ("1", INSTANCE, None)
    assert not setting(menu, "port", web=OFF, stack=ON, ssl=OFF).in_play
    assert setting(project(variable(default="80")), "port").in_play


def test_a_package_that_is_gone_takes_its_variables_out_of_play_and_nothing_breaks() -> None:
    menu = project(
        variable(default="80", packages=("gone",)), bundle("stack", ("gone",), {"also-gone": 1}), stack=DEFAULT
    )
    assert not setting(menu, "port", gone=ON).in_play
    assert menu.base.packages == menu.base.variables == ()
    assert told(menu.settings({"gone": ON, "also-gone": value("x")})) == [("also-gone", "unknown"), ("gone", "unknown")]


def test_what_is_of_another_kind_than_what_is_said_of_it_has_no_effect() -> None:
    # as where an entry was removed and another one has its name now
    menu = project(package("x"), variable("y"), bundle("stack", ("y", "stack"), {"x": 1, "stack": 1}))
    settings = menu.settings({"x": value("1"), "y": ON, "stack": Choice(None, True, "1")})
    assert (settings.settings["x"].is_on, settings.settings["x"].value) == (False, None)
    assert (settings.settings["y"].is_on, settings.settings["y"].value) == (False, None)
    assert settings.settings["stack"].is_on
    assert settings.settings["stack"].value is None
    wrong = project(package("x"), variable("y", packages=("y", "stack")), bundle("stack"), stack=DEFAULT)
    assert wrong.base.settings["stack"].is_on
    assert not wrong.base.settings["y"].in_play, "it belongs to packages"
    assert not project(variable("y", packages=("y",))).base.settings["y"].in_play


@pytest.mark.parametrize(
    ("entry", "unfit"),
    [
        (variable("port", INTEGER, default=80), "8080"),
        (variable("port", INTEGER, default=80), {"a": [None]}),
        (variable("port", INTEGER, default=80, maximum=99), 8080),
        (variable("port", "string", default="a", pattern="a*"), "b"),
        (variable("port", "string", default="a"), Sealed("gAAA")),
        (variable("port", "duration", default="a"), "1h"),
    ],
)
def test_a_value_that_fits_no_more_has_no_effect_and_is_told(entry: Entry, unfit: Any) -> None:
    known = entry.type != "duration"
    expected = (entry.default, GLOBAL, None) if known else (None, PROJECT, None)
    menu = project(entry)
    assert has(menu, port=value(unfit)) == expected
    assert told(menu.settings({"port": value(unfit)})) == [("port", "bad_value")] * (1 if known else 2)
    of_project = project(entry, port=ProjectState(DEFAULT, unfit))
    assert has(of_project) == expected
    of_bundle = project(entry, bundle("stack", (), {"port": unfit}))
    assert has(of_bundle, stack=ON) == expected
    for text in [fault.text for fault in (*of_project.base.faults, *of_bundle.settings({"stack": ON}).faults)]:
        assert text.startswith("what the ")
        assert "gAAA" not in text


def test_a_secret_is_had_as_it_is_kept() -> None:
    entry = variable("word", SECRET, default=Sealed("cloud"), pattern="never")
    assert has(project(entry), "word") == (Sealed("cloud"), GLOBAL, None)
    assert has(project(entry), "word", word=value(Sealed("mine"))) == (Sealed("mine"), INSTANCE, None)


# -- what has no effect


def test_a_choice_that_is_not_offered_any_more_is_told() -> None:
    menu = project(package("a"), variable("b"), bundle("c"), a=UNAVAILABLE, b=UNAVAILABLE, c=UNAVAILABLE)
    settings = menu.settings({"a": ON, "b": value("x"), "c": ON, "d": ON, "e": OFF})
    assert told(settings) == [
        ("a", "unavailable"), ("b", "unavailable"), ("c", "unavailable"), ("d", "unknown"), ("e", "unknown"),
    ]  # fmt: skip
    assert settings.packages == settings.variables == ()
    assert told(menu.settings({"a": OFF, "c": Choice()})) == [], "what was turned off is not missed"


def test_what_is_wrong_with_the_project_s_own_is_told_of_a_server_that_chooses_something_else_too() -> None:
    menu = project(variable("port", INTEGER), package(), port=ProjectState(DEFAULT, "x"))
    assert told(menu.base) == [("port", "bad_value")]
    assert told(menu.settings({"web": ON})) == [("port", "bad_value")]
    assert told(menu.settings({"port": value(1)})) == [], "the server has a value of its own"
    assert told(menu.settings({"port": value("y")})) == [("port", "bad_value")] * 2
    assert told(menu.settings({"port": Choice(UNAVAILABLE)})) == []


# -- together


def test_what_is_on_and_what_has_a_value_is_told_by_name() -> None:
    menu = project(
        package("b"), package("a"), package("c"), variable("z", default="1"), variable("y", default="2"), variable("x"),
        bundle("all", ("b",)), all=DEFAULT, c=DEFAULT,
    )  # fmt: skip
    assert [one.entry.name for one in menu.base.packages] == ["b", "c"]
    assert [one.entry.name for one in menu.base.variables] == ["y", "z"]
    assert [one.entry.kind for one in menu.base.packages] == [PACKAGE] * 2
    assert menu.menu.bundles == ("all",)
    assert menu.menu.entries["all"].kind == BUNDLE


def test_what_must_have_a_value_and_has_none_is_known_where_it_is_in_play() -> None:
    menu = project(
        variable("a", required=True), variable("b", required=True, packages=("web",)), variable("c"), package()
    )
    assert menu.base.missing == {"a"}
    assert menu.settings({"web": ON}).missing == {"a", "b"}
    assert menu.settings({"web": ON, "a": value("1"), "b": value("2")}).missing == frozenset()
    assert menu.settings({"a": Choice(UNAVAILABLE)}).missing == frozenset()


def test_a_server_that_says_nothing_has_what_its_project_has_and_one_that_does_changes_nothing_of_that() -> None:
    menu = project(package(), variable("hosts", LIST, default=["a"]), bundle("stack", ("web",)))
    before = dict(menu.base.settings)
    assert menu.settings() is menu.settings({}) is menu.settings(NO_CHOICES) is menu.base
    menu.settings({"web": ON, "stack": ON, "hosts": value(["b"])})
    assert menu.base.settings == before
    menu.settings({"web": ON}).settings["hosts"].value.append("c")
    menu.settings({"hosts": value(["b"])}).settings["hosts"].value.append("c")
    assert menu.menu.entries["hosts"].default == ["a"]


def test_an_entry_of_a_kind_that_only_a_newer_release_knows_is_left_aside() -> None:
    menu = project(package(), Entry("plan", "plan", on_by_default=True), bundle("stack", ("plan", "web")))
    settings = menu.settings({"plan": ON, "stack": ON})
    assert [one.entry.name for one in settings.packages] == ["web"]
    assert "plan" not in settings.settings


def test_entries_are_written_for_the_api_once() -> None:
    menu = Menu(1, named(package(), variable("word", SECRET, default=Sealed("gAAA"))))
    assert menu.documents == {name: entry.document() for name, entry in menu.entries.items()}
    assert menu.documents is menu.documents
    assert "gAAA" not in str(menu.documents)


def test_the_variables_of_each_package_are_known() -> None:
    menu = Menu(
        1, named(variable("b", packages=("web",)), variable("a", packages=("web", "ssl")), package("web"), bundle("c"))
    )
    assert {name: set(of) for name, of in menu.variables_of.items()} == {"web": {"a", "b"}, "ssl": {"a"}}


# -- how long it takes


def test_a_large_menu_with_many_large_bundles_takes_no_longer_than_its_length() -> None:
    entries = [package(f"p{number}") for number in range(2_000)]
    entries += [variable(f"v{number}", packages=("p1",)) for number in range(2_000)]
    entries += [bundle(f"b{number}", tuple(f"q{one}" for one in range(1_000))) for number in range(500)]
    states = {f"b{number}": DEFAULT for number in range(500)}
    begun = time.process_time()
    menu = project(*entries, **states)
    for number in range(50):
        menu.settings({f"p{number}": ON, "b1": OFF})
    assert time.process_time() - begun < 5
