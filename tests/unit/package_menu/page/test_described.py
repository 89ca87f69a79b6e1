"""What the page says of entries, in words."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.package_menu.page import described
from glance_related.package_menu.page.described import grouped, matching, rows_of
from tests.unit.package_menu.page.entries import package, variable


def row(entry: dict[str, Any], project: Any = None, fields: Any = None, fault: str = "") -> described.Row:
    (made,) = rows_of([entry], {} if project is None else {entry["name"]: project}, fields, {entry["name"]: fault})
    return made


@pytest.mark.parametrize(
    ("entry", "words", "icon"),
    [
        (package(), "available", "project"),
        (package(origin="global", on=True), "on, the cloud's default", "cloud"),
        (package(on=True), "on, the project's default", "project"),
        (package(on=True, chosen=True, origin="instance"), "on, this server's own", "server"),
        (package(chosen=False, origin="instance"), "off, this server's own", "server"),
        (package(on=True, origin="instance"), "on, an administrator's word", "server"),
        (package(on=True, through="both", origin="instance"), "on, with both", "bundle"),
    ],
)
def test_a_package_says_whether_it_is_on_and_who_says_so(entry: dict[str, Any], words: str, icon: str) -> None:
    made = row(entry)
    assert (made.whose, made.icon, made.control) == (words, icon, "check")


@pytest.mark.parametrize(
    ("entry", "words", "icon"),
    [
        (variable(value="x"), "the cloud's default", "cloud"),
        (variable(value="x", origin="project"), "the project's default", "project"),
        (variable(value="x", chosen="x", origin="instance"), "this server's own", "server"),
        (variable(value="x", through="both", origin="project"), "from both", "bundle"),
        (variable(), "no value", "cloud"),
        (variable(required=True), "needs a value", "cloud"),
        (variable(in_play=False, packages=["a", "b"]), "counts when a or b is on", "off"),
        (variable(in_play=False), "without effect", "off"),
        (variable(in_play=False, packages=["a"], chosen="x"), "this server's own; counts when a is on", "cloud"),
        (variable("secret", has_value=True), "set, the cloud's default", "cloud"),
        (variable("secret", has_value=True, is_chosen=True, origin="instance"), "set, this server's own", "server"),
    ],
)
def test_a_variable_says_whose_value_it_has(entry: dict[str, Any], words: str, icon: str) -> None:
    made = row(entry)
    assert (made.whose, made.icon) == (words, icon)


@pytest.mark.parametrize(
    ("entry", "control"),
    [
        (variable("string"), "text"),
        (variable("string", enum=["a"]), "select"),
        (variable("text"), "area"),
        (variable("integer"), "number"),
        (variable("integer", enum=[1, 2]), "select"),
        (variable("number"), "number"),
        (variable("boolean"), "select"),
        (variable("list"), "area"),
        (variable("list", enum=["a"]), "area"),
        (variable("choice", enum=["a"]), "select"),
        (variable("secret"), "secret"),
        (variable("secret", enum=["a"]), "select"),
    ],
)
def test_each_type_has_its_field(entry: dict[str, Any], control: str) -> None:
    assert row(entry).control == control


def test_a_field_tells_what_holds_where_nothing_is_typed() -> None:
    project = {"default": 81, "default_origin": "project"}
    assert row(variable("integer", chosen=80), project).placeholder == "81 (the project's)"
    assert row(variable("integer", chosen=80), {"default": None, "default_origin": "global"}).placeholder == ""
    assert row(variable(value="x", through="b"), project).placeholder == "x (from b)"
    assert row(variable(value="x")).placeholder == "x (the cloud's)", "where the project's menu is not shown"
    assert row(variable(chosen="x")).placeholder == ""
    secret = {"default": None, "has_default": True, "default_origin": "project"}
    assert row(variable("secret"), secret).placeholder == "is set (the project's)"
    assert row(variable("secret", is_chosen=True), secret).placeholder == "is set; type to replace it"
    assert row(variable(), {"default": "", "default_origin": "global"}).placeholder == "empty (the cloud's)"
    assert (
        row(variable(), {"default": "x" * 100, "default_origin": "global"}).placeholder == f"{'x' * 80}… (the cloud's)"
    )


def test_only_what_is_a_servers_own_can_be_taken_back() -> None:
    assert row(package()).back is None
    assert row(package(chosen=True, on=True), {"on": False}).back == "off"
    assert row(package(chosen=False), {"on": True}).back == "on"
    assert row(package(chosen=False)).back == "as it was"
    assert row(variable(value="x")).back is None
    assert row(variable(chosen="x"), {"default": "y", "default_origin": "global"}).back == "y (the cloud's)"
    assert row(variable("secret", is_chosen=True)).back == "no value"


def test_what_was_typed_stands_there_again_but_for_secrets() -> None:
    assert row(variable(chosen="x"), fields={"v.word": "typed"}).text == "typed"
    assert row(variable("integer"), fields={"v.word": "no number"}).text == "no number"
    assert row(variable("secret"), fields={"v.word": "typed"}).text == ""
    assert row(package(on=True), fields={}).text == ""
    assert row(package(), fields={"p.web": "1", "r.web": "1"}).is_reset
    empty = row(variable(chosen="x"), {"default": "y", "default_origin": "global"}, {"v.word": "", "e.word": "1"})
    assert (empty.text, empty.empty) == ("", True)


def test_empty_can_be_meant_only_where_it_means_something() -> None:
    default = {"default": "x", "default_origin": "global"}
    assert row(variable(), default).empty is False
    assert row(variable()).empty is None
    assert row(variable("integer"), {"default": 1, "default_origin": "global"}).empty is None
    assert row(variable(chosen="")).empty is True


def test_a_choice_offers_what_there_is_and_what_the_server_has() -> None:
    entry = variable("choice", enum=["a", "b"], chosen="gone")
    assert [value for value, _ in row(entry).options] == ["a", "b", "gone"]
    assert [value for value, _ in row(variable("boolean")).options] == ["true", "false"]
    assert [value for value, _ in row(variable("integer", enum=[1, 2.5, 1])).options] == ["1", "2.5"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (variable(), ""),
        (variable(required=True), "required"),
        (variable("integer", min=1, max=65535), "whole number, 1 to 65535"),
        (variable("number", min=0.5), "number, at least 0.5"),
        (variable("number", max=9007199254740993), "number, at most 9007199254740993"),
        (variable(max=10, pattern="[a-z]*"), "at most 10 characters, must match [a-z]*"),
        (variable("list", min=1, enum=["a", "b"]), "one per line, at least 1 items, of a, b"),
    ],
)
def test_a_hint_says_what_a_value_must_be(entry: dict[str, Any], words: str) -> None:
    assert row(entry).hint == words


def test_entries_stand_in_their_categories_each_package_before_its_variables() -> None:
    entries = [
        package("apache", category="Web", title="Zed", on=True, chosen=True),
        package("nginx", category="Web"),
        package("lamp", category="Web", kind="bundle"),
        variable(name="apache_port", category="Web", packages=["gone", "apache"]),
        variable(name="alone", category="Web"),
        variable(name="far", category="db", packages=["apache"]),
        package("rest"),
    ]
    groups = grouped(entries, rows_of(entries, {}), all_open=False)
    assert [(one.title, [each.name for each in one.rows]) for one in groups] == [
        ("db", ["far"]),
        ("Web", ["lamp", "nginx", "apache", "apache_port", "alone"]),
        ("Without a category", ["rest"]),
    ]
    assert [one.told for one in groups] == ["1 entry", "5 entries, 1 on, 1 of this server's own", "1 entry"]
    assert [one.is_open for one in groups] == [False, True, False]
    assert [one.is_open for one in grouped(entries, rows_of(entries, {}), all_open=True)] == [True] * 3


def test_a_category_in_which_something_is_wrong_is_unfolded() -> None:
    entries = [package("a", category="x"), package("b", category="y")]
    groups = grouped(entries, rows_of(entries, {}, None, {"b": "no"}), all_open=False)
    assert [(one.title, one.is_open) for one in groups] == [("x", False), ("y", True)]


def test_a_search_finds_all_of_its_words_anywhere() -> None:
    entries = [
        package("apache", title="Web Server", description="for TLS", category="Web", on=True),
        variable(name="port", value=80, category="Web"),
        variable("secret", name="word", has_value=True, is_chosen=True),
        variable(name="none"),
    ]

    def found(sought: str = "", category: str = "", which: str = "") -> list[str]:
        return [entry["name"] for entry in matching(entries, sought, category, which)]

    assert found() == ["apache", "port", "word", "none"]
    assert found("tls SERVER") == ["apache"]
    assert found("server nothing") == []
    assert found(category="Web") == ["apache", "port"]
    assert found(which="on") == ["apache", "port", "word"]
    assert found(which="own") == ["word"]
    assert found(which="anything else") == ["apache", "port", "word", "none"]
