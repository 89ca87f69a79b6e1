"""What an entry of the menu says, as options of ``create`` and ``set``: each option is a word of the entry."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from glance_related.osc.package_menu.values import TYPES, Inputs, number, of_text

# Of a word that is not on the command line; None takes it back.
_UNSAID: Any = object()
#: What tells the type of a variable by its name; None: there is no such one.
TypeOf = Callable[[str], str | None]

_SCALARS = ("title", "description", "category", "type", "min", "max", "pattern", "required", "on_by_default", "enabled")


def add_words(parser: argparse.ArgumentParser, *, are_changes: bool) -> None:
    """Take what an entry says.

    :param are_changes: of an entry that is there: each word may be taken back too, and what may be there several times
        is added to what is there
    """
    words = _Words(parser, are_changes=are_changes)
    words.one("--title", "<title>", "Name for people")
    words.one("--description", "<text>", "What it is, in as many words as it needs")
    words.one("--category", "<category>", "What it is listed under")
    words.one("--type", "<type>", f"Type of a variable: {', '.join(TYPES)}", choices=TYPES)
    words.one(
        "--default",
        "<value>",
        "Value of a variable for who says nothing; of a text or a secret also @FILE, or - for standard input",
    )
    words.several("--enum", "<value>", "Something that a value of the variable may be", "what it may be")
    words.one("--min", "<number>", "Least value of a number, or length of a text or list", type=_number)
    words.one("--max", "<number>", "Greatest value of a number, or length of a text or list", type=_number)
    words.one("--pattern", "<regex>", "Regular expression that all of a text, or each item of a list, must match")
    words.flag("--required", "required", "A variable must have a value where it is in play")
    words.several("--package", "<package>", "Package that a variable belongs to", "the packages it belongs to")
    words.flag("--on-by-default", "on_by_default", "Projects that say nothing of it have it as a default")
    words.several(
        "--realisation",
        "<driver:os=name>",
        "What it is called by a driver for an operating system, * for any; nothing behind = is nothing there",
        "what it is called elsewhere",
        type=_realisation,
    )
    words.several("--bundle-package", "<package>", "Package that a bundle turns on", "the packages of a bundle")
    words.several(
        "--bundle-value",
        "<name=value>",
        "Value that a bundle gives to a variable",
        "the values of a bundle",
        type=_bundle_value,
    )
    group = parser.add_mutually_exclusive_group()
    what = "The entry is on the menu, and nobody can have it"
    group.add_argument("--disabled", dest="enabled", action="store_const", const=False, default=_UNSAID, help=what)
    if are_changes:
        what = "The entry can be had again"
        group.add_argument("--enabled", dest="enabled", action="store_const", const=True, default=_UNSAID, help=what)


def words_in(
    parsed_args: argparse.Namespace, present: Mapping[str, Any], inputs: Inputs, type_of: TypeOf
) -> dict[str, Any]:
    """What was said of an entry, as the cloud takes it.

    :param present: what it says now; a new one says nothing
    """
    given = vars(parsed_args)
    words = {word: given[word] for word in _SCALARS if given[word] is not _UNSAID}
    type_ = words.get("type", present.get("type"))
    if given["default"] is not _UNSAID:
        default = given["default"]
        words["default"] = inputs.value("default", type_, default) if default is not None else None
    item_type = None if type_ in ("choice", "list") else type_
    words |= _added(given, "enum", present.get("enum"), lambda text: of_text(item_type, text))
    words |= _added(given, "packages", present.get("packages"), str)
    words |= _realisations(given, present)
    return words | _contents(given, present.get("contents") or {}, type_of)


def _added(
    given: Mapping[str, Any], word: str, present: list[Any] | None, make: Callable[[str], Any]
) -> dict[str, Any]:
    """A list with more on it."""
    if not _is_said(given, word):
        return {}
    whole = [] if given[f"no_{word}"] else list(present or [])
    items = [make(text) for text in given[word] or []]
    return {word: [*whole, *(item for item in dict.fromkeys(items) if item not in whole)] or None}


def _realisations(given: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    if not _is_said(given, "realisations"):
        return {}
    whole: dict[str, dict[str, str | None]] = {}
    if not given["no_realisations"]:
        whole = {driver: dict(names) for driver, names in present.get("realisations", {}).items()}
    for driver, system, name in given["realisations"] or []:
        whole.setdefault(driver, {})[system] = name
    return {"realisations": whole or None}


def _contents(given: Mapping[str, Any], present: Mapping[str, Any], type_of: TypeOf) -> dict[str, Any]:
    if not _is_said(given, "bundle_packages") and not _is_said(given, "bundle_values"):
        return {}
    packages = _added(given, "bundle_packages", present.get("packages"), str)
    values = {} if given["no_bundle_values"] else dict(present.get("variables", {}))
    for name, text in given["bundle_values"] or []:
        values[name] = of_text(type_of(name), text)
    return {
        "contents": {
            "packages": packages.get("bundle_packages", present.get("packages")) or [],
            "variables": values,
        }
    }


def _is_said(given: Mapping[str, Any], word: str) -> bool:
    return bool(given[word] is not None or given[f"no_{word}"])


class _Words:
    """A parser that options are added to, in a new entry's form or in a change's."""

    def __init__(self, parser: argparse.ArgumentParser, *, are_changes: bool) -> None:
        self._parser = parser
        self._are_changes = are_changes

    def one(self, option: str, metavar: str, what: str, **more: Any) -> None:
        """A word that is there once."""
        dest = option.removeprefix("--")
        group = self._parser.add_mutually_exclusive_group()
        group.add_argument(option, metavar=metavar, dest=dest, default=_UNSAID, help=what, **more)
        if self._are_changes:
            self._no(group, option, dest, f"Take its {dest} back")

    def flag(self, option: str, dest: str, what: str) -> None:
        """A word that is there or not."""
        group = self._parser.add_mutually_exclusive_group()
        group.add_argument(option, dest=dest, action="store_const", const=True, default=_UNSAID, help=what)
        if self._are_changes:
            self._no(group, option, dest, f"Take {option} back")

    def several(self, option: str, metavar: str, what: str, whole: str, **more: Any) -> None:
        """A word that may be there several times."""
        dest = _SEVERAL[option]
        added = " (repeat option for several" + ("; added to what is there)" if self._are_changes else ")")
        self._parser.add_argument(option, metavar=metavar, dest=dest, action="append", help=what + added, **more)
        if not self._are_changes:
            self._parser.set_defaults(**{f"no_{dest}": False})
            return
        no = f"Take {whole} back; together with {option} what is given takes their place"
        self._parser.add_argument(_no(option), dest=f"no_{dest}", action="store_true", help=no)

    def _no(self, group: Any, option: str, dest: str, what: str) -> None:
        group.add_argument(_no(option), dest=dest, action="store_const", const=None, default=_UNSAID, help=what)


_SEVERAL = {
    "--enum": "enum",
    "--package": "packages",
    "--realisation": "realisations",
    "--bundle-package": "bundle_packages",
    "--bundle-value": "bundle_values",
}


def _no(option: str) -> str:
    return f"--no-{option.removeprefix('--')}"


# -- what stands behind an option


def _number(text: str) -> int | float:
    try:
        return number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, not {text!r}") from None


def _realisation(text: str) -> tuple[str, str, str | None]:
    where, equals, name = text.partition("=")
    driver, _, system = where.partition(":")
    if not (driver and system and equals):
        raise argparse.ArgumentTypeError(f"expected driver:os=name, not {text!r}")
    return driver, system, name or None


def _bundle_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"expected name=value, not {text!r}")
    return name, value
