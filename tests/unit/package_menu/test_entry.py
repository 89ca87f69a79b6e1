"""Entries: what they may be called, what they are to drivers, and how they are written and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from glance_related.package_menu.entry import (
    RESERVED,
    SECRET,
    Contents,
    Entry,
    Sealed,
    changed,
    is_name,
    read,
)
from glance_related.package_menu.stored import columns_of, entry_of, value_of, written
from tests.unit.package_menu.menus import bundle, package, variable

WHOLE = variable(
    "port",
    "integer",
    title="Port",
    description="where it listens\nfor all",
    category="Web",
    default=80,
    choices=(80, 443),
    minimum=0,
    maximum=65535.5,
    required=True,
    packages=("web", "ssl"),
    on_by_default=True,
    enabled=False,
    realisations={"puppet": {"*": "apache::port", "debian": None}},
)
MATCHED = variable("host", "list", pattern="[a-z]*", minimum=0, default=["a"])
MATCHED_WITH_NOTHING = variable("nothing", "string", pattern="", maximum=0)
FULL_BUNDLE = bundle("stack", ("web",), {"port": 80, "hosts": ["a", "b"], "ratio": 1.0, "on": False})
ENTRIES = [WHOLE, MATCHED, MATCHED_WITH_NOTHING, FULL_BUNDLE, package(), bundle(), variable("x", SECRET)]


# -- names


@pytest.mark.parametrize("name", ["a", "A", "0", "_", "apache::ssl", "role::web-1.2", "a" * 255, "null", "1e5", "yes"])
def test_what_is_made_of_letters_digits_and_a_few_signs_is_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 256, ".", "..", ".a", "-a", ":a", "a/b", "a b", "a\n", "\na", "a\0", "é", "a+b", "٣", "a$", "a=b", "a'"],
)
def test_anything_else_is_none(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_stands_for_something_else_in_a_path_is_no_name(name: str) -> None:
    assert not is_name(name)
    assert is_name(f"{name}1")


# -- what it is to drivers


@pytest.mark.parametrize(
    ("driver", "os_distro", "realised"),
    [
        ("ldap", "debian", "web"),
        ("ldap", "", "web"),
        ("puppet", "debian", "apache2"),
        ("puppet", "centos", "httpd"),
        ("puppet", "", "httpd"),
        ("puppet", "windows", None),
        ("guest", "debian", "apache2"),
        ("guest", "centos", None),
        ("guest", "", None),
        ("file", "debian", None),
    ],
)
def test_an_entry_is_what_is_said_of_the_driver_and_the_system_or_its_own_name(
    driver: str, os_distro: str, realised: str | None
) -> None:
    entry = package(
        realisations={
            "puppet": {"debian": "apache2", "*": "httpd", "windows": None},
            "guest": {"debian": "apache2"},
            "file": {},
        }
    )
    assert entry.realised(driver, os_distro) == realised


# -- shown


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_read_from_what_is_shown_of_it(entry: Entry) -> None:
    shown = json.loads(json.dumps(replace(entry, version=7).document()))
    assert shown["version"] == 7
    assert read(shown) == entry, "the version is the menu's to say"
    assert type(read(shown).maximum) is type(entry.maximum)


def test_of_an_entry_nothing_is_shown_that_its_kind_does_not_have() -> None:
    assert set(package().document()) == {
        "name", "kind", "title", "description", "category", "on_by_default", "enabled", "version", "realisations",
    }  # fmt: skip
    assert set(bundle().document()) - set(package().document()) == {"contents"}
    assert set(variable().document()) - set(package().document()) == {
        "type", "default", "enum", "min", "max", "pattern", "required", "packages",
    }  # fmt: skip


@pytest.mark.parametrize("default", ["hunter2", Sealed("gAAA"), None])
def test_a_secret_is_not_shown_nor_whether_there_is_one(default: Any) -> None:
    entry = variable("password", SECRET, default=default)
    assert entry.is_secret
    assert "default" not in entry.document()
    assert "hunter2" not in str(entry.document())
    assert "gAAA" not in str(entry.document())


@pytest.mark.parametrize("default", ["hunter2", Sealed("gAAA")])
def test_a_secret_is_in_no_text_for_programmers_either(default: Any) -> None:
    entry = variable("password", SECRET, default=default)
    assert "hunter2" not in repr(entry)
    assert "gAAA" not in repr(entry)
    assert "gAAA" not in repr(Sealed("gAAA"))


def test_who_changes_what_is_shown_changes_no_entry() -> None:
    entry = variable("hosts", "list", default=["a"], packages=("web",), realisations={"puppet": {"*": "x"}})
    shown = entry.document()
    shown["default"].append("b")
    shown["packages"].append("b")
    shown["realisations"]["puppet"]["*"] = "y"
    assert entry == variable("hosts", "list", default=["a"], packages=("web",), realisations={"puppet": {"*": "x"}})
    of_bundle = bundle("stack", ("web",), {"hosts": ["a"]})
    shown = of_bundle.document()
    shown["contents"]["variables"]["hosts"].append("b")
    shown["contents"]["packages"].append("b")
    assert of_bundle == bundle("stack", ("web",), {"hosts": ["a"]})


# -- written


def test_what_is_not_written_or_null_is_as_it_is_without_a_word() -> None:
    bare = {"name": "port", "kind": "variable", "type": "string"}
    nulls = dict.fromkeys((*variable().document(), "contents"))
    assert read(bare) == read({**nulls, **bare}) == variable("port")
    assert read(bare).enabled
    assert not read(bare).required


def test_who_changes_what_he_has_written_changes_no_entry() -> None:
    document: dict[str, Any] = {
        "name": "stack",
        "kind": "bundle",
        "realisations": {"puppet": {"*": "x"}},
        "contents": {"packages": ["web"], "variables": {"hosts": ["a"]}},
    }
    entry = read(document)
    document["realisations"]["puppet"]["*"] = "y"
    document["realisations"]["ldap"] = {}
    document["contents"]["variables"]["port"] = 1
    document["contents"]["variables"]["hosts"].append("b")
    document["contents"]["packages"].append("b")
    assert entry == bundle("stack", ("web",), {"hosts": ["a"]}, realisations={"puppet": {"*": "x"}})


def test_who_changes_a_default_that_he_has_written_changes_no_entry() -> None:
    document: dict[str, Any] = {"name": "hosts", "kind": "variable", "type": "list", "default": ["a"]}
    entry = read(document)
    document["default"].append("b")
    assert entry.default == ["a"]


# -- changed


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_who_writes_what_he_has_read_changes_nothing(entry: Entry) -> None:
    entry = replace(entry, version=7)
    assert changed(entry, entry.document()) == entry
    assert changed(entry, {}) == entry


def test_what_is_written_anew_is_changed_and_null_takes_a_word_back() -> None:
    made = changed(replace(WHOLE, version=7), {"title": "Other", "default": None, "min": None, "enum": [80]})
    assert made == replace(WHOLE, version=7, title="Other", default=None, minimum=None, choices=(80,))
    assert changed(WHOLE, {"realisations": None, "packages": None, "enabled": None}) == replace(
        WHOLE, realisations={}, packages=(), enabled=True
    )


def test_a_bundle_s_contents_are_written_as_a_whole() -> None:
    assert changed(FULL_BUNDLE, {"contents": {"packages": ["ssl"]}}).contents == Contents(("ssl",), {})
    assert changed(FULL_BUNDLE, {"contents": None}).contents == Contents()


def test_a_secret_stays_where_nothing_is_said_of_it() -> None:
    secret = variable("password", SECRET, default=Sealed("gAAA"))
    assert changed(secret, {"title": "Password"}) == replace(secret, title="Password")
    assert changed(secret, secret.document()) == secret, "what is exported and imported again is as it was"


def test_a_secret_is_changed_and_taken_back_as_anything_else() -> None:
    secret = variable("password", SECRET, default=Sealed("gAAA"))
    assert changed(secret, {"default": "other"}).default == "other"
    assert changed(secret, {"default": None}).default is None


def test_a_secret_that_shall_be_none_any_more_is_not_handed_on() -> None:
    secret = variable("password", SECRET, default=Sealed("gAAA"))
    assert changed(secret, {"type": "string"}).default is None


# -- kept


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_kept_whole(entry: Entry) -> None:
    row = {**columns_of(entry), "version": 7}
    back = entry_of(row)
    assert back == replace(entry, version=7)
    assert back.document() == replace(entry, version=7).document()
    assert columns_of(back) == columns_of(entry)
    assert all(isinstance(one, str | int | None) for one in row.values()), "plain columns"


def test_what_a_newer_release_has_added_to_an_entry_is_left_aside() -> None:
    row = {**columns_of(WHOLE), "version": 1, "colour": "blue"}
    row["details"] = json.dumps({**json.loads(row["details"]), "colour": "blue"})
    assert entry_of(row) == replace(WHOLE, version=1)


@pytest.mark.parametrize("value", ["", "a", "null", "{}", '{"sealed": "x"}', 0, -1, 2**63 - 1, 0.1, 1e300, False, True])
def test_a_value_is_kept_as_it_is(value: Any) -> None:
    text = written(value)
    assert isinstance(text, str)
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_lists_and_secrets_are_kept_and_nothing_stays_nothing() -> None:
    assert value_of(written(["a", ""])) == ["a", ""]
    assert value_of(written([])) == []
    assert value_of(written(Sealed("gAAA"))) == Sealed("gAAA")
    assert value_of(written(None)) is None


def test_a_secret_that_is_kept_says_so() -> None:
    row = columns_of(variable("password", SECRET, default=Sealed("gAAA")))
    assert json.loads(row["default_value"]) == {"sealed": "gAAA"}
