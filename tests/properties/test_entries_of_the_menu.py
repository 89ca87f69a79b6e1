"""Whatever is written of entries and values ends in faults, or is kept and read again as it was written."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import event, example, given
from hypothesis import strategies as st

from glance_related.package_menu.entry import (
    PACKAGE,
    SECRET,
    TYPES,
    VARIABLE,
    Entry,
    Sealed,
    changed,
    is_name,
    read,
)
from glance_related.package_menu.publishing import judge_entries
from glance_related.package_menu.rules import DEFAULT, Menu, ProjectMenu, ProjectState
from glance_related.package_menu.stored import columns_of, entry_of, value_of, written
from glance_related.package_menu.values import Unfit, fitting

texts = st.text(max_size=8) | st.sampled_from(["\0", "\ud800", "a\nb", "web", "port", "a" * 300, "(a*)*", "a*", "("])
numbers = st.integers() | st.floats() | st.sampled_from([0, 1, 10**400, -(10**30), 2**63])
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
# A few names of each kind, so that entries speak of each other.
NAMES = {"package": ("web", "ssl"), "variable": ("port", "host"), "bundle": ("stack", "all")}
any_name = st.sampled_from([name for names in NAMES.values() for name in names])

lines = st.sampled_from(["", "a", "ab", "b"])
lengths = {"min": st.sampled_from([0, 0, 1]), "max": st.sampled_from([2, 3, 2.5])}
patterns = {"pattern": st.sampled_from(["[ab]*", "a?b?", "a*"])}
#: Of each type: what a variable may ask of its values, and values of which most are right then.
OF_TYPE: Mapping[str, tuple[dict[str, st.SearchStrategy[Any]], st.SearchStrategy[Any]]] = {
    "string": ({**lengths, **patterns, "enum": st.just(["a", "b", "ab"])}, lines),
    "text": (lengths, lines | st.just("a\n")),
    "integer": ({"min": st.integers(-1, 1), "max": st.integers(1, 3), "enum": st.just([0, 1])}, st.integers(0, 2)),
    "number": ({"min": st.sampled_from([0, 0.5]), "enum": st.just([0.5, 2])}, st.sampled_from([0, 0.5, 1.0, 2])),
    "boolean": ({}, st.booleans()),
    "list": ({**lengths, **patterns, "enum": st.just(["a", "", "b"])}, st.lists(st.sampled_from("ab"), max_size=2)),
    "choice": ({"enum": st.sampled_from([["a", "b"], ["a", "ab", ""]])}, lines),
    "secret": ({**lengths, **patterns}, st.sampled_from(["a", "ab"])),
}
WORDS = ("name", "kind", "title", "description", "category", "on_by_default", "enabled", "realisations", "type",
"default",
         "enum", "min", "max", "pattern", "required", "packages", "contents", "version", "x")  # fmt: skip


@st.composite
def right_files(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries of which most can be published: they speak of each other as they must."""
    names = draw(st.lists(any_name, max_size=5, unique=True))
    kinds = {name: kind for kind, of_kind in NAMES.items() for name in of_kind}
    types = {name: draw(st.sampled_from(TYPES)) for name in names if kinds[name] == "variable"}
    packages = [name for name in names if kinds[name] == "package"]
    some_packages: st.SearchStrategy[Any] = st.just([])
    if packages:
        some_packages = st.lists(st.sampled_from(packages), max_size=2, unique=True)
    entries = []
    for name in names:
        said: dict[str, Any] = {"name": name, "kind": kinds[name]}
        some: dict[str, st.SearchStrategy[Any]] = {
            "title": st.sampled_from(["", "A", None]),
            "enabled": st.booleans(),
            "on_by_default": st.none() | st.booleans(),
            "realisations": st.sampled_from([{}, {"puppet": {"*": "a::b"}}, {"guest": {"debian": None}, "file": {}}]),
            "version": st.integers(0, 9),
        }
        if name in types:
            asked, values = OF_TYPE[types[name]]
            said["type"] = types[name]
            said |= {"enum": draw(asked["enum"])} if types[name] == "choice" else {}
            # of what may be asked only some at a time: together there is little that fits
            word = draw(st.sampled_from([*asked, "required"]))
            some |= {word: asked.get(word, st.booleans()), "default": values, "packages": some_packages}
        if kinds[name] == "bundle":
            plain = {one: OF_TYPE[type][1] for one, type in types.items() if type != SECRET}
            held = {"packages": some_packages, "variables": st.fixed_dictionaries({}, optional=plain)}
            some["contents"] = st.fixed_dictionaries({}, optional=held)
        entries.append(said | draw(st.fixed_dictionaries({}, optional=some)))
    return entries


@st.composite
def wrong_files(draw: st.DrawFn) -> list[Any]:
    """With words and an entry of anything."""
    file: list[Any] = draw(right_files())
    for said in file:
        if draw(st.booleans()):
            said[draw(st.sampled_from(WORDS))] = draw(anything | any_name | st.lists(any_name, max_size=2))
    if draw(st.booleans()):
        file.insert(0, draw(anything | st.sampled_from([{}, {"name": "web"}, *file])))
    return file


files = st.one_of(right_files(), right_files(), wrong_files())


def as_from_a_database(entries: Mapping[str, Entry], version: int) -> dict[str, Entry]:
    return {name: entry_of({**columns_of(sealed(entry)), "version": version}) for name, entry in entries.items()}


def sealed(entry: Entry) -> Entry:
    return replace(entry, default=Sealed("gAAA")) if entry.is_secret and entry.default is not None else entry


def published(*files_: list[Any]) -> dict[str, Entry]:
    """The menu that some files make, one after the other; of each, everything wrong is told as it must be."""
    menu: dict[str, Entry] = {}
    for number, file in enumerate(files_, 1):
        before, sent = dict(menu), copy.deepcopy(file)
        made, faults = judge_entries(menu, file)
        assert menu == before
        assert repr(file) == repr(sent), "what was sent is as it was"
        assert all(0 < len(fault.name) <= 255 and fault.name.isprintable() for fault in faults)
        assert all(len(fault.text) < 700 and fault.text.isprintable() for fault in faults)
        if not faults:
            event(f"published {len(made)}")
            menu |= as_from_a_database(made, number)
    return menu


@given(files, files, files)
def test_whatever_is_sent_ends_in_faults_or_on_a_menu_that_holds_together(first: Any, second: Any, third: Any) -> None:
    menu = published(first, second, third)
    for name, entry in menu.items():
        assert is_name(name)
        assert all(menu[other].kind == PACKAGE for other in (*entry.packages, *entry.contents.packages))
        assert all(menu[other].kind == VARIABLE for other in entry.contents.variables)
    everything = {name: ProjectState(DEFAULT) for name in menu}
    assert ProjectMenu(Menu(1, menu), everything).base.faults == (), "whatever is published fits"


@given(files, files)
def test_what_is_shown_may_be_sent_back_and_changes_nothing(first: Any, second: Any) -> None:
    menu = published(first, second)
    shown = [entry.document() for entry in menu.values()]
    assert json.loads(json.dumps(shown)) == shown
    made, faults = judge_entries(menu, json.loads(json.dumps(shown)))
    assert faults == []
    assert made == menu
    assert {name: columns_of(entry) for name, entry in made.items()} == {
        name: columns_of(entry) for name, entry in menu.items()
    }, "nor is it written otherwise"
    alone, faults = judge_entries({}, shown)
    assert faults == [], "in a cloud of its own too, but for the secrets"
    assert alone == {
        name: replace(one, version=0, default=None if one.is_secret else one.default) for name, one in menu.items()
    }


@given(files, st.dictionaries(any_name, st.just("hunter2-the-secret") | anything, max_size=2))
def test_no_secret_is_ever_shown(first: Any, words: Any) -> None:
    word = {"name": "word", "kind": "variable", "type": SECRET, "default": "hunter2-the-secret"}
    made, faults = judge_entries({}, [*first, word, {**word, "name": "other", **words}])
    assert "hunter2-the-secret" not in str([entry.document() for entry in made.values() if entry.is_secret])
    assert "hunter2-the-secret" not in repr(made)
    assert "hunter2-the-secret" not in str(faults) or "hunter2-the-secret" in str(words)


@given(files, right_files())
def test_an_entry_is_changed_in_what_is_said_and_in_nothing_else(first: Any, second: Any) -> None:
    menu = published(first)
    for change in [change for change in second if change["name"] in menu]:
        entry = menu[change["name"]]
        said = {word: value for word, value in change.items() if word not in ("name", "kind", "version")}
        made = changed(entry, said)
        whole, known = entry.document(), made.document()
        assert {word for word in known if known[word] != whole.get(word)} <= {*said, "default"}
        assert (made.name, made.kind, made.version) == (entry.name, entry.kind, entry.version)
        if "default" not in said and made.is_secret and entry.is_secret:
            assert made.default == entry.default
        assert not (isinstance(made.default, Sealed) and not made.is_secret)
        assert read(made.document()) == replace(made, version=0, default=None if made.is_secret else made.default)


@given(st.sampled_from(TYPES), st.one_of(*[values for _, values in OF_TYPE.values()], texts, anything))
@example("list", ["a", ["b"]])
@example("number", -0.0)
def test_a_value_fits_and_is_kept_as_it_is_or_does_not(type: str, value: Any) -> None:
    entry = Entry("x", VARIABLE, type=type, choices=("a", "b", "") if type == "choice" else ())
    refusal, fit = None, None
    try:
        fit = fitting(entry, value)
    except Unfit as unfit:
        refusal = str(unfit)
    if refusal is not None:
        event(f"unfit {type}")
        assert refusal.isprintable()
        return
    event(f"fit {type}")
    text = written(fit)
    assert text is not None
    again = value_of(text)
    assert (again, again.__class__, repr(again)) == (value, value.__class__, repr(value))
    assert fitting(entry, again) == fit
    text.encode("ascii")
    json.dumps(fit, ensure_ascii=False, allow_nan=False).encode()
