"""What may stand on the menu: judged as a whole, so that a file of mistakes gets one answer. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import jsonschema

from glance_related.package_menu.entry import (
    BUNDLE,
    CHOICE,
    INTEGER,
    LIST,
    NAME,
    NUMBER,
    PACKAGE,
    SCHEMA,
    SECRET,
    STRING,
    TEXT,
    VARIABLE,
    Entry,
    changed,
    is_name,
    read,
)
from glance_related.package_menu.patterns import trouble_with
from glance_related.package_menu.rules import Fault
from glance_related.package_menu.values import ITEMS_MAX, Unfit, fitting

_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
#: Most mistakes that are told of the shape of one entry, and the longest part of one, in characters.
_TOLD, _TOLD_LENGTH = 20, 300

# Each with what says nothing.
_ONLY_OF_VARIABLES: Mapping[str, Any] = {
    "type": None,
    "default": None,
    "enum": [],
    "min": None,
    "max": None,
    "pattern": None,
    "required": False,
    "packages": [],
}
# What people read has no more in it than values have.
_WORDS = {
    "title": Entry("", VARIABLE, type=STRING),
    "category": Entry("", VARIABLE, type=STRING),
    "pattern": Entry("", VARIABLE, type=STRING),
    "description": Entry("", VARIABLE, type=TEXT),
}


def judge_entries(before: Mapping[str, Entry], documents: Sequence[Any]) -> tuple[dict[str, Entry], list[Fault]]:
    """The entries that documents make, each new or one of before with other words, and everything wrong with them.

    What other entries say of a changed one is judged too.

    :param before: the menu
    """
    faults: list[Fault] = []
    made: dict[str, Entry] = {}
    for number, document in enumerate(documents, 1):
        name = _name_of(document, number)
        wrong = _shape_faults(name, document)
        if not wrong and name in made:
            wrong = [Fault(name, "twice", "it is named twice")]
        if not wrong:
            present = before.get(name)
            entry = read(document) if present is None else changed(present, document)
            wrong = _said_too_much(document, entry.kind)
            if present is not None:
                wrong += _changed_too_much(present, entry)
            made[name] = entry
        faults += wrong
    after = {**before, **made}
    unsound = {fault.name for fault in faults}
    # what a bundle holds is judged by its variables: they come first, and what is wrong with one is told once
    for name in sorted(made, key=lambda one: made[one].kind == BUNDLE):
        if name not in unsound:
            left_behind = _left_behind(before.get(name), after)
            made[name], said = _judged(made[name], after, unsound | left_behind if left_behind else unsound)
            faults += [Fault(name, "bad_entry", text) for text in said]
            unsound |= {name} if said else set()
    if not faults:
        faults += _faults_of_others(made, {**before, **made})
    return made, faults


def _left_behind(entry: Entry | None, menu: Mapping[str, Entry]) -> set[str]:
    """Of what an entry speaks that is not on the menu any more: it may go on doing so, without effect."""
    spoken = () if entry is None else (*entry.packages, *entry.contents.packages, *entry.contents.variables)
    return {name for name in spoken if name not in menu}


def _name_of(document: Any, number: int) -> str:
    name = document.get("name") if isinstance(document, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= 255 and name.isprintable() else f"entry {number}"


def _shape_faults(name: str, document: Any) -> list[Fault]:
    faults = []
    found = list(islice(_VALIDATOR.iter_errors(document), _TOLD))  # one for each item of a list would take long to find
    for error in sorted(found, key=lambda one: list(map(str, one.absolute_path))):
        where = _plain(".".join(map(str, error.absolute_path)))
        faults.append(Fault(name, "malformed", f"{where}: {_said(error)}" if where else _said(error)))
    if faults:
        return faults
    for word, entry in _WORDS.items():
        try:
            fitting(entry, document.get(word) or "")
        except Unfit as unfit:
            faults.append(Fault(name, "malformed", f"{word}: {unfit}"))
    if not is_name(name):
        faults.append(Fault(name, "malformed", "this name stands for something else in a path"))
    return faults


def _said(error: Any) -> str:
    """What is wrong, without the value: it may be long, or a secret."""
    if error.validator in ("required", "additionalProperties"):
        return _plain(error.message)
    return _plain(f"it is not as {error.validator} {error.validator_value!r} asks")


def _plain(text: object) -> str:
    """What somebody has written, as it may be told: neither long, nor anything to a terminal."""
    return "".join(one if one.isprintable() else "?" for one in str(text)[:_TOLD_LENGTH])


def _said_too_much(document: Mapping[str, Any], kind: str) -> list[Fault]:
    faults = []
    if kind != VARIABLE:
        words = [word for word, nothing in _ONLY_OF_VARIABLES.items() if not _says_nothing(document.get(word), nothing)]
        faults += [Fault(document["name"], "malformed", f"{word}: only variables have one") for word in words]
    if kind != BUNDLE and document.get("contents"):
        faults.append(Fault(document["name"], "malformed", "contents: only bundles have one"))
    return faults


def _says_nothing(value: Any, nothing: Any) -> bool:
    return value is None or (type(value) is type(nothing) and value == nothing)


def _changed_too_much(before: Entry, after: Entry) -> list[Fault]:
    """What projects and servers have said of an entry is kept as what it was, and what is secret encrypted."""
    if before.kind != after.kind:
        return [Fault(before.name, "kind", f"it is a {before.kind}; remove it first")]
    if before.is_secret != after.is_secret and after.type is not None:
        text = f"it is a {before.type}, and cannot become a {after.type}; remove it first"
        return [Fault(before.name, "kind", text)]
    return []


# -- what an entry says


def _judged(entry: Entry, menu: Mapping[str, Entry], unsound: Collection[str]) -> tuple[Entry, list[str]]:
    """An entry as it is kept, and what is wrong with it.

    :param unsound: entries with which something is wrong, or that are gone: nothing is judged by them
    """
    if entry.kind == VARIABLE:
        return _judged_variable(entry, menu, unsound)
    if entry.kind == BUNDLE:
        return _judged_bundle(entry, menu, unsound)
    return entry, []


_RANGED = (INTEGER, NUMBER, STRING, TEXT, SECRET, LIST)
_MATCHED = (STRING, TEXT, SECRET, LIST)
_LISTED = (CHOICE, STRING, INTEGER, NUMBER, LIST)


def _judged_variable(entry: Entry, menu: Mapping[str, Entry], unsound: Collection[str]) -> tuple[Entry, list[str]]:
    if entry.type is None:
        return entry, ["type: a variable must have one"]
    said = [*_of_type(entry, entry.type), *_wrong_packages("packages", entry.packages, menu, unsound)]
    said += _twice("enum", entry.choices)
    called = {one for names in entry.realisations.values() for one in names.values() if one is not None}
    said += [f"realisations: only a package is called {one}" for one in sorted(called) if not _NAME.fullmatch(one)]
    if said:
        return entry, said
    said += [f"enum: {text}" for text in _choice_faults(entry)]
    if entry.default is not None and not said:
        try:
            entry = replace(entry, default=fitting(entry, entry.default))
        except Unfit as unfit:
            said.append(f"default: {unfit}")
    return entry, said


_NAME = re.compile(NAME)


def _of_type(entry: Entry, type: str) -> list[str]:
    """What is wrong with what a variable asks of its values, by its type."""
    said = []
    if type == CHOICE and not entry.choices:
        said.append("enum: a choice needs something to choose from")
    if entry.choices and type not in _LISTED:
        said.append(f"enum: a variable of type {type} has none")
    if (entry.minimum is not None or entry.maximum is not None) and type not in _RANGED:
        said.append(f"min, max: a variable of type {type} has none")
    if entry.minimum is not None and entry.maximum is not None and entry.minimum > entry.maximum:
        said.append("min: it is more than max")
    if entry.pattern is not None:
        trouble = f"a {type} is matched with none"
        if type in _MATCHED:
            trouble = trouble_with(entry.pattern, ITEMS_MAX if type == LIST else 1) or ""
        said += [f"pattern: {trouble}"] if trouble else []
    return said


def _choice_faults(entry: Entry) -> list[str]:
    alone = replace(entry, choices=())
    if entry.type == LIST:  # how many there must be of them is another matter
        alone = replace(alone, minimum=None, maximum=None)
    found = []
    for choice in entry.choices:
        try:
            fitting(alone, [choice] if entry.type == LIST else choice)
        except Unfit as unfit:
            found.append(f"{_plain(choice)[:100]}: {unfit}")
    return found


def _judged_bundle(entry: Entry, menu: Mapping[str, Entry], unsound: Collection[str]) -> tuple[Entry, list[str]]:
    contents = entry.contents
    said = _wrong_packages("contents.packages", contents.packages, menu, unsound)
    values = dict(contents.variables)
    for name, value in contents.variables.items():
        if name not in unsound:
            values[name], wrong = _judged_value(name, value, menu)
            said += wrong
    return replace(entry, contents=replace(contents, variables=values)), said


def _judged_value(name: str, value: Any, menu: Mapping[str, Entry]) -> tuple[Any, list[str]]:
    """A value in a bundle as it is kept, and what is wrong with it."""
    if not _is(VARIABLE, name, menu):
        return value, [f"contents.variables: {_no(VARIABLE, name, menu)}"]
    if menu[name].is_secret:
        return value, [f"contents.variables.{name}: a bundle keeps no secrets"]
    try:
        return fitting(menu[name], value), []
    except Unfit as unfit:
        return value, [f"contents.variables.{name}: {unfit}"]


def _wrong_packages(where: str, names: Sequence[str], menu: Mapping[str, Entry], unsound: Collection[str]) -> list[str]:
    strange = [name for name in names if name not in unsound and not _is(PACKAGE, name, menu)]
    return [*_twice(where, names), *(f"{where}: {_no(PACKAGE, name, menu)}" for name in strange)]


def _twice(where: str, listed: Sequence[Any]) -> list[str]:
    return [f"{where}: {_plain(one)} is named twice" for one, number in Counter(listed).items() if number > 1]


def _is(kind: str, name: str, menu: Mapping[str, Entry]) -> bool:
    return name in menu and menu[name].kind == kind


def _no(kind: str, name: str, menu: Mapping[str, Entry]) -> str:
    return f"{_plain(name)} is {f'a {menu[name].kind}' if name in menu else 'not on the menu'}, and no {kind}"


def _faults_of_others(made: Mapping[str, Entry], menu: Mapping[str, Entry]) -> list[Fault]:
    """A variable that has changed may make a bundle's value for it unfit; nothing else of a bundle is looked at."""
    return [
        Fault(entry.name, "bad_entry", text)
        for entry in menu.values()
        for name, value in entry.contents.variables.items()
        if name in made
        for text in _judged_value(name, value, menu)[1]
    ]


def referring(name: str, menu: Mapping[str, Entry]) -> list[str]:
    """The entries that speak of one."""
    return sorted(
        entry.name
        for entry in menu.values()
        if name in entry.packages or name in entry.contents.packages or name in entry.contents.variables
    )
