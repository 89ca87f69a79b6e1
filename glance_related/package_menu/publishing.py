"""What may stand on the menu: judged as a whole, so that a file of mistakes gets one answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jsonschema

from glance_related.package_menu.entry import (
    BUNDLE,
    CHOICE,
    INTEGER,
    LIST,
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
from glance_related.package_menu.values import Unfit, fitting

_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
#: Most mistakes that are told of one entry.
_TOLD = 20

_ONLY_OF_VARIABLES = ("type", "default", "enum", "min", "max", "pattern", "required", "packages")


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
            if present is not None and present.kind != entry.kind:
                wrong.append(Fault(name, "kind", f"it is a {present.kind}; remove it first"))
            made[name] = entry
        faults += wrong
    after = {**before, **made}
    for name, entry in made.items():
        if not any(fault.name == name for fault in faults):
            made[name], wrong = _judged(entry, after)
            faults += wrong
    if not faults:
        faults += _faults_of_others(made, {**before, **made})
    return made, faults


def _name_of(document: Any, number: int) -> str:
    name = document.get("name") if isinstance(document, dict) else None
    return name if isinstance(name, str) and name and len(name) <= 255 else f"entry {number}"


def _shape_faults(name: str, document: Any) -> list[Fault]:
    faults = []
    for error in sorted(_VALIDATOR.iter_errors(document), key=lambda one: list(map(str, one.absolute_path)))[:_TOLD]:
        where = ".".join(map(str, error.absolute_path))
        faults.append(Fault(name, "malformed", f"{where}: {_said(error)}" if where else _said(error)))
    if not faults and not is_name(name):
        faults.append(Fault(name, "malformed", "this name stands for something else in a path"))
    return faults


def _said(error: Any) -> str:
    """What is wrong, without the value: it may be long, or a secret."""
    if error.validator in ("required", "additionalProperties"):
        return str(error.message)
    return f"it is not as {error.validator} {error.validator_value!r} asks"[:300]


def _said_too_much(document: Mapping[str, Any], kind: str) -> list[Fault]:
    faults = []
    if kind != VARIABLE:
        words = [word for word in _ONLY_OF_VARIABLES if document.get(word) not in (None, [], False)]
        faults += [Fault(document["name"], "malformed", f"{word}: only variables have one") for word in words]
    if kind != BUNDLE and document.get("contents"):
        faults.append(Fault(document["name"], "malformed", "contents: only bundles have one"))
    return faults


# -- what an entry says


def _judged(entry: Entry, menu: Mapping[str, Entry]) -> tuple[Entry, list[Fault]]:
    said: list[str] = []
    if entry.kind == VARIABLE:
        entry, said = _judged_variable(entry, menu)
    if entry.kind == BUNDLE:
        entry, said = _judged_bundle(entry, menu)
    return entry, [Fault(entry.name, "bad_entry", text) for text in said]


_RANGED = (INTEGER, NUMBER, STRING, TEXT, SECRET, LIST)
_MATCHED = (STRING, TEXT, SECRET, LIST)
_LISTED = (CHOICE, STRING, INTEGER, NUMBER, LIST)


def _judged_variable(entry: Entry, menu: Mapping[str, Entry]) -> tuple[Entry, list[str]]:
    said = []
    if entry.type is None:
        return entry, ["type: a variable must have one"]
    if entry.type == CHOICE and not entry.choices:
        said.append("enum: a choice needs something to choose from")
    if entry.choices and entry.type not in _LISTED:
        said.append(f"enum: a variable of type {entry.type} has none")
    if (entry.minimum is not None or entry.maximum is not None) and entry.type not in _RANGED:
        said.append(f"min, max: a variable of type {entry.type} has none")
    if entry.minimum is not None and entry.maximum is not None and entry.minimum > entry.maximum:
        said.append("min: it is more than max")
    if entry.pattern is not None:
        trouble = trouble_with(entry.pattern) if entry.type in _MATCHED else f"a {entry.type} is matched with none"
        said += [f"pattern: {trouble}"] if trouble else []
    said += [f"packages: {_no(PACKAGE, name, menu)}" for name in entry.packages if not _is(PACKAGE, name, menu)]
    if said:
        return entry, said
    said += [f"enum: {text}" for text in _choice_faults(entry)]
    if entry.default is not None and not said:
        try:
            entry = replace(entry, default=fitting(entry, entry.default))
        except Unfit as unfit:
            said.append(f"default: {unfit}")
    return entry, said


def _choice_faults(entry: Entry) -> list[str]:
    alone = replace(entry, choices=())
    found = []
    for choice in entry.choices:
        try:
            fitting(alone, [choice] if entry.type == LIST else choice)
        except Unfit as unfit:
            found.append(f"{choice!s:.100}: {unfit}")
    return found


def _judged_bundle(entry: Entry, menu: Mapping[str, Entry]) -> tuple[Entry, list[str]]:
    contents = entry.contents
    said = [
        f"contents.packages: {_no(PACKAGE, name, menu)}" for name in contents.packages if not _is(PACKAGE, name, menu)
    ]
    values: dict[str, Any] = {}
    for name, value in contents.variables.items():
        if not _is(VARIABLE, name, menu):
            said.append(f"contents.variables: {_no(VARIABLE, name, menu)}")
        elif menu[name].is_secret:
            said.append(f"contents.variables.{name}: a bundle keeps no secrets")
        else:
            try:
                values[name] = fitting(menu[name], value)
            except Unfit as unfit:
                said.append(f"contents.variables.{name}: {unfit}")
    return replace(entry, contents=replace(contents, variables=values)), said


def _is(kind: str, name: str, menu: Mapping[str, Entry]) -> bool:
    return name in menu and menu[name].kind == kind


def _no(kind: str, name: str, menu: Mapping[str, Entry]) -> str:
    return f"{name[:255]} is {f'a {menu[name].kind}' if name in menu else 'not on the menu'}, and no {kind}"


def _faults_of_others(made: Iterable[str], menu: Mapping[str, Entry]) -> list[Fault]:
    """A variable of another type may make a bundle's value for it unfit."""
    return [
        fault
        for entry in menu.values()
        if entry.name not in made and set(made) & set(entry.contents.variables)
        for fault in _judged(entry, menu)[1]
    ]


def referring(name: str, menu: Mapping[str, Entry]) -> list[str]:
    """The entries that speak of one."""
    return sorted(
        entry.name
        for entry in menu.values()
        if name in entry.packages or name in entry.contents.packages or name in entry.contents.variables
    )
