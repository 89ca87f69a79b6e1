"""What may stand on the menu: everything that is wrong with a file of entries, at once and without an error of ours."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.package_menu.entry import KINDS, SECRET, TYPES, Sealed
from tests.unit.package_menu.menus import PORT, STACK, WEB, bundle, entries, faults, named, package, texts, variable

# -- shape


@pytest.mark.parametrize(
    "document",
    [
        None, True, 0, "web", [], [WEB], {}, {"name": "web"}, {"kind": "package"}, {"name": None, "kind": None},
        {**WEB, "kind": "Package"}, {**WEB, "kind": ["package"]}, {**WEB, "name": 1}, {**WEB, "name": ["web"]},
        {**WEB, "name": ""}, {**WEB, "name": "web\n"}, {**WEB, "name": "a/b"}, {**WEB, "name": ".."},
        {**WEB, "name": "a" * 256}, {**WEB, "name": "\ud800"}, {**WEB, "nickname": "w"}, {**WEB, "Title": "w"},
        {**WEB, "title": 1}, {**WEB, "title": "a" * 256}, {**WEB, "description": "a" * 10001},
        {**WEB, "category": []}, {**WEB, "on_by_default": 1}, {**WEB, "on_by_default": "true"},
        {**WEB, "enabled": 0}, {**WEB, "version": "1"}, {**WEB, "realisations": []},
        {**WEB, "realisations": {"puppet": "x"}}, {**WEB, "realisations": {"Puppet": {}}},
        {**WEB, "realisations": {"puppet": {"*": 1}}}, {**WEB, "realisations": {"puppet": {"*": ""}}},
        {**WEB, "realisations": {"puppet": {"*": "a b"}}}, {**WEB, "realisations": {"puppet": {"": "a"}}},
        {**WEB, "realisations": {f"d{number}": {} for number in range(33)}},
        {**WEB, "realisations": {"puppet": {f"os{number}": "a" for number in range(101)}}},
        {**PORT, "type": "float"}, {**PORT, "type": []}, {**PORT, "min": "1"}, {**PORT, "min": True},
        {**PORT, "max": [1]}, {**PORT, "min": -(10**400)}, {**PORT, "max": 10**400}, {**PORT, "max": 1e300},
        {**PORT, "min": 2**63}, {**PORT, "enum": "ab"}, {**PORT, "enum": {"a": 1}}, {**PORT, "enum": [None]},
        {**PORT, "enum": [True]}, {**PORT, "enum": [[]]}, {**PORT, "enum": [1] * 1001}, {**PORT, "pattern": 1},
        {**PORT, "pattern": "a" * 256}, {**PORT, "required": "yes"}, {**PORT, "packages": "web"},
        {**PORT, "packages": [1]}, {**PORT, "packages": ["a"] * 101}, {**STACK, "contents": []},
        {**STACK, "contents": {"entries": []}}, {**STACK, "contents": {"packages": None}},
        {**STACK, "contents": {"packages": {}}}, {**STACK, "contents": {"packages": [{}]}},
        {**STACK, "contents": {"variables": []}},
        {**STACK, "contents": {"variables": {str(n): 1 for n in range(1001)}}},
    ],
)  # fmt: skip
def test_what_is_not_written_as_an_entry_is_told_as_such(document: Any) -> None:
    found = faults(document, WEB if document is not WEB else PORT)
    assert found
    assert {code for _, code, _ in found} == {"malformed"}
    name = document.get("name") if isinstance(document, dict) else None
    assert all(who in (name, "entry 1") for who, _, _ in found)


@pytest.mark.parametrize("name", ["projects", "nodes", "servers", "history", "package-menu"])
def test_what_stands_for_something_else_in_a_path_is_no_entry(name: str) -> None:
    assert faults({**WEB, "name": name}) == [(name, "malformed", "this name stands for something else in a path")]


@pytest.mark.parametrize("name", ["apache2\n", "a\nb", "a;b", "$(a)", "a'b", "+a", "a\0"])
def test_what_would_be_more_than_a_name_to_a_driver_is_none(name: str) -> None:
    for realisations in ({"puppet": {"*": name}}, {"puppet": {name: "a"}}, {name: {"*": "a"}}):
        assert [code for _, code, _ in faults({**WEB, "realisations": realisations})] == ["malformed"]


@pytest.mark.parametrize("word", ["title", "category", "description", "pattern"])
@pytest.mark.parametrize("text", ["\0", "a\x1bb", "\ud800", "\x85", "\r\n"])
def test_no_word_has_what_not_every_database_and_terminal_keeps(word: str, text: str) -> None:
    given = {**PORT, "type": "string", word: text}
    ((name, code, told),) = faults(given)
    assert (name, code) == ("port", "malformed")
    assert told.startswith(f"{word}: it must")
    assert told.isprintable()


def test_a_description_has_lines_and_a_title_is_one() -> None:
    assert entries({**WEB, "description": "a\n\tb"})["web"].description == "a\n\tb"
    assert texts({**WEB, "title": "a\nb"}) == ["title: it must be one line, without control characters"]


def test_the_name_or_the_number_says_which_entry_it_is() -> None:
    found = faults(WEB, {"kind": "package"}, {"name": "a" * 256, "kind": "package"}, {**PORT, "type": "x"}, 1)
    assert [name for name, _, _ in found] == ["entry 2", "entry 3", "port", "entry 5"]


@pytest.mark.parametrize("long", ["k" * 500_000, "\ud800" * 1000, "\n"])
def test_nothing_long_or_strange_comes_back_in_what_is_told(long: str) -> None:
    for document in ({**WEB, long: 1}, {**WEB, "realisations": {long: 5}}, {**STACK, "contents": {"packages": [long]}}):
        for _, _, text in faults(document):
            assert len(text) <= 600
            assert text.isprintable()


def test_of_one_entry_some_mistakes_are_told_and_of_a_file_those_of_each() -> None:
    much: dict[str, Any] = {**PORT, "enum": [None] * 1000}
    assert len(faults(much)) == 20
    assert len(faults(much, {**much, "name": "other"})) == 40


# -- kinds


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("type", "string"), ("default", "a"), ("default", 0), ("default", False), ("default", ""), ("default", []),
        ("enum", ["a"]), ("min", 0), ("max", 0.0), ("pattern", ""), ("required", True), ("packages", ["web"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("document", [WEB, STACK])
def test_what_only_variables_have_others_do_not(document: dict[str, Any], word: str, value: Any) -> None:
    assert (document["name"], "malformed", f"{word}: only variables have one") in faults(
        package(), {**document, word: value}
    )
    assert (document["name"], "malformed", f"{word}: only variables have one") in faults(
        {"name": document["name"], "kind": document["kind"], word: value}, before=named(package(), bundle())
    )


@pytest.mark.parametrize(
    "nothing", [{"required": False}, {"enum": []}, {"packages": []}, {"default": None}, {"contents": {}}]
)
def test_what_says_nothing_everything_may_have(nothing: dict[str, Any]) -> None:
    assert entries({**WEB, **nothing})["web"] == package()


def test_only_bundles_have_contents() -> None:
    contents = {"packages": [], "variables": {}}
    for document in (WEB, PORT):
        name = document["name"]
        assert faults({**document, "contents": contents}) == [(name, "malformed", "contents: only bundles have one")]


@pytest.mark.parametrize("before", KINDS)
@pytest.mark.parametrize("after", KINDS)
def test_an_entry_keeps_its_kind(before: str, after: str) -> None:
    present = named(package("x"), variable("y"), bundle("z"))
    name = {"package": "x", "variable": "y", "bundle": "z"}[before]
    found = faults({"name": name, "kind": after, "title": "New"}, before=present)
    assert found == ([] if before == after else [(name, "kind", f"it is a {before}; remove it first")])


# -- twice


def test_an_entry_is_named_once() -> None:
    assert faults(WEB, PORT, {**WEB, "title": "x"}, WEB) == [("web", "twice", "it is named twice")] * 2


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({**PORT, "packages": ["web", "web"]}, "packages: web is named twice"),
        ({**PORT, "enum": [1, 2, 1]}, "enum: 1 is named twice"),
        ({**PORT, "type": "number", "enum": [1, 1.0]}, "enum: 1 is named twice"),
        ({**STACK, "contents": {"packages": ["web", "web"]}}, "contents.packages: web is named twice"),
    ],
)
def test_what_an_entry_lists_it_lists_once(document: dict[str, Any], text: str) -> None:
    assert texts(WEB, document) == [text]


# -- variables


@pytest.mark.parametrize("type", TYPES)
def test_a_variable_of_each_type_is_published(type: str) -> None:
    document = {**PORT, "type": type, "enum": ["a"] if type == "choice" else None}
    assert entries(document)["port"] == variable("port", type, choices=("a",) if type == "choice" else ())


def test_a_variable_has_a_type_and_a_choice_something_to_choose_from() -> None:
    assert texts({**PORT, "type": None}) == ["type: a variable must have one"]
    assert texts({**PORT, "type": "choice"}) == ["enum: a choice needs something to choose from"]


ALLOWED = {
    "enum": {"string", "integer", "number", "list", "choice"},
    "min": {"string", "text", "integer", "number", "list", "secret"},
    "max": {"string", "text", "integer", "number", "list", "secret"},
    "pattern": {"string", "text", "list", "secret"},
}


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("word", ALLOWED)
def test_what_a_type_does_not_have_its_variables_do_not_have(word: str, type: str) -> None:
    value: Any = {"enum": [1] if type in ("integer", "number") else ["a"], "pattern": "a*"}.get(
        word, 0 if word == "min" else 9
    )
    found = texts({**PORT, "type": type, "enum": ["a"] if type == "choice" else None, word: value})
    if type in ALLOWED[word]:
        assert found == []
    else:
        assert len(found) == 1
        assert type in found[0]


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ({"min": 2, "max": 1}, "min: it is more than max"),
        ({"enum": ["1"]}, "enum: 1: it must be a whole number"),
        ({"enum": [5], "max": 4}, "enum: 5: it must be at most 4"),
        ({"type": "choice", "enum": ["b\n"]}, "enum: b?: it must be one line"),
        ({"type": "string", "enum": ["a", 1]}, "enum: 1: it must be a text"),
        ({"type": "list", "enum": ["a", "b\n"]}, "enum: b?: it must be one line"),
        ({"type": "list", "enum": ["A"], "pattern": "[a-z]"}, "enum: A: it does not match [a-z]"),
        ({"type": "string", "pattern": "("}, "pattern: it is no regular expression"),
        ({"type": "string", "pattern": "(a*)*"}, "pattern: it repeats a group"),
        ({"type": "list", "pattern": "a*a*a*"}, "pattern: it leaves too much open: for each item of a list"),
        ({"default": "80"}, "default: it must be a whole number"),
        ({"default": 1.0}, "default: it must be a whole number"),
        ({"default": True}, "default: it must be a whole number"),
        ({"default": 5, "enum": [1]}, "default: it must be one of 1"),
        ({"default": -1, "min": 0}, "default: it must be at least 0"),
        ({"default": {}}, "default: it must be a whole number"),
        ({"packages": ["nothing"]}, "packages: nothing is not on the menu, and no package"),
        ({"packages": ["stack"]}, "packages: stack is a bundle, and no package"),
        ({"packages": ["port"]}, "packages: port is a variable, and no package"),
        ({"realisations": {"puppet": {"*": "a+b"}}}, "realisations: only a package is called a+b"),
    ],
)
def test_what_a_variable_says_is_judged(words: dict[str, Any], begins: str) -> None:
    ((name, code, text),) = faults(STACK, {**PORT, **words})
    assert (name, code) == ("port", "bad_entry")
    assert text.startswith(begins)
    assert text.isprintable()


def test_a_bound_may_leave_one_value() -> None:
    assert entries({**PORT, "min": 1, "max": 1, "default": 1})


def test_what_a_package_is_called_may_have_a_plus() -> None:
    assert entries({**WEB, "realisations": {"guest": {"*": "libstdc++6", "debian": None}}})


def test_every_mistake_of_a_variable_is_told() -> None:
    found = texts(
        {**PORT, "type": "boolean", "enum": ["a"], "min": 2, "max": 1, "pattern": "(", "packages": ["a", "b"]}
    )
    assert [text.partition(":")[0] for text in found] == ["enum", "min, max", "min", "pattern", "packages", "packages"]


def test_how_many_items_a_list_has_does_not_matter_to_what_they_may_be() -> None:
    assert entries({**PORT, "type": "list", "enum": ["a", "b"], "min": 2, "max": 3, "default": ["a", "b"]})
    assert texts({**PORT, "type": "list", "enum": ["a", "b"], "min": 2, "default": ["a"]}) == [
        "default: the number of its items must be at least 2"
    ]


def test_a_default_is_kept_as_it_was_judged_and_the_sender_s_no_more() -> None:
    document: dict[str, Any] = {**PORT, "type": "list", "default": ["a"]}
    made = entries(document)["port"]
    document["default"].append(1)
    assert made.default == ["a"]


# -- secrets


@pytest.mark.parametrize(
    "words",
    [
        {"default": "hunter2", "pattern": "[a-z]*"}, {"default": "hunter2", "max": 3}, {"default": "hunter2\0"},
        {"default": ["hunter2"]}, {"default": {"hunter2": "hunter2"}}, {"default": "hunter2", "min": "x"},
        {"default": "hunter2", "colour": 1}, {"default": "hunter2", "enum": ["other"]},
        {"default": "hunter2", "required": 1},
    ],
)  # fmt: skip
def test_no_mistake_tells_a_secret(words: dict[str, Any]) -> None:
    found = faults({**PORT, "type": SECRET, **words})
    assert found
    assert "hunter2" not in str(found)


def test_a_secret_stays_through_changes_of_other_words() -> None:
    secret = variable("password", SECRET, default=Sealed("gAAA"))
    made = entries({"name": "password", "kind": "variable", "title": "x", "max": 3}, before=named(secret))
    assert made["password"].default == Sealed("gAAA")


@pytest.mark.parametrize(
    ("before", "after"), [(SECRET, "string"), ("string", SECRET), ("text", SECRET), (SECRET, "list")]
)
def test_what_is_secret_stays_so_and_nothing_becomes_it_for_values_are_kept_elsewhere_too(
    before: str, after: str
) -> None:
    present, same = named(variable("password", before)), {"name": "password", "kind": "variable"}
    assert faults({**same, "type": after}, before=present) == [
        ("password", "kind", f"it is a {before}, and cannot become a {after}; remove it first")
    ]
    assert entries({**same, "type": before, "title": "x"}, before=present)
