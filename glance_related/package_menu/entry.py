"""`Entry`: something on the menu: a package, a variable, or a bundle of them; and how it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

PACKAGE, VARIABLE, BUNDLE = "package", "variable", "bundle"
KINDS = (PACKAGE, VARIABLE, BUNDLE)

STRING, TEXT, INTEGER, NUMBER, BOOLEAN, LIST, CHOICE, SECRET = (
    "string", "text", "integer", "number", "boolean", "list", "choice", "secret",
)  # fmt: skip
TYPES = (STRING, TEXT, INTEGER, NUMBER, BOOLEAN, LIST, CHOICE, SECRET)

#: A name: of an entry, and of what it is to a driver.
NAME = r"[A-Za-z0-9_][A-Za-z0-9_:.-]{0,254}"
#: What a package may be called by an operating system besides, as ``libstdc++6``.
REALISED = r"[A-Za-z0-9_][A-Za-z0-9_:.+-]{0,254}"
#: Names that stand for something else in a path.
RESERVED = frozenset({"projects", "nodes", "servers", "history", "package-menu"})

#: Any operating system, where an entry says what it is to a driver.
ANY_OS = "*"

_NAME = re.compile(NAME)


def is_name(text: str) -> bool:
    """Whether something on the menu can have this name."""
    return _NAME.fullmatch(text) is not None and text not in RESERVED


@dataclass(frozen=True)
class Sealed:
    """A secret as it is kept: encrypted."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class Contents:
    """What is in a bundle.

    :param packages: that it turns on
    :param variables: values that it gives
    """

    packages: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """Something on the menu.

    :param type: of a variable's value, one of `TYPES`
    :param default: of a variable; None: it has none
    :param choices: of which the value must be one (``enum``)
    :param minimum: of a number, or of the length of a text, or of a list
    :param maximum: of the same
    :param pattern: a regular expression that all of a text, or of each item of a list, must match
    :param required: whether a variable must have a value where it is in play
    :param packages: that a variable belongs to; none: it stands for itself
    :param on_by_default: for projects that say nothing of it
    :param enabled: whether it is there at all
    :param realisations: what it is to a driver, by operating system; without a word it has its own name
    :param contents: of a bundle
    :param version: of the menu, when it was last changed
    """

    name: str
    kind: str
    title: str = ""
    description: str = ""
    category: str = ""
    type: str | None = None
    default: Any = field(default=None, repr=False)
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    required: bool = False
    packages: tuple[str, ...] = ()
    on_by_default: bool = False
    enabled: bool = True
    realisations: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    contents: Contents = Contents()
    version: int = 0

    @property
    def is_secret(self) -> bool:
        return self.type == SECRET

    def realised(self, driver: str, os_distro: str) -> str | None:
        """What it is called by a driver for an operating system; None: nothing there."""
        by_os = self.realisations.get(driver)
        if by_os is None:
            return self.name
        return by_os.get(os_distro, by_os.get(ANY_OS))

    def document(self) -> dict[str, Any]:
        """As the API shows it; a secret is left out: whoever writes what he has read leaves it alone."""
        shown: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        shown["realisations"] = {driver: dict(names) for driver, names in self.realisations.items()}
        if self.kind == VARIABLE:
            shown |= {word: getattr(self, name) for word, name in _OF_VARIABLES.items()}
            shown |= {"enum": list(self.choices), "packages": list(self.packages)}
            shown["default"] = _own(self.default)
            if self.is_secret:
                del shown["default"]
        if self.kind == BUNDLE:
            contents = self.contents
            shown["contents"] = {"packages": list(contents.packages), "variables": _own_values(contents.variables)}
        return shown


_PLAIN = ("name", "kind", "title", "description", "category", "on_by_default", "enabled", "version")


def _own(value: Any) -> Any:
    """A value that nobody else changes: the menu is remembered, and shown again and again."""
    return list(value) if isinstance(value, list) else value


def _own_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _own(value) for name, value in values.items()}


# What the API calls it, and what it is called here.
_OF_VARIABLES = {
    "type": "type",
    "default": "default",
    "min": "minimum",
    "max": "maximum",
    "pattern": "pattern",
    "required": "required",
}


def read(document: Mapping[str, Any]) -> Entry:
    """An entry as it is written; its shape must have been judged (`rules`)."""
    given = {name: value for name, value in document.items() if value is not None}
    names = {**_OF_VARIABLES, "enum": "choices"}
    values: dict[str, Any] = {names.get(word, word): value for word, value in given.items()}
    for name in ("choices", "packages"):
        values[name] = tuple(values.get(name, ()))
    values["default"] = _own(values.get("default"))
    values["realisations"] = {driver: dict(names) for driver, names in values.get("realisations", {}).items()}
    contents = values.get("contents", {})
    values["contents"] = Contents(tuple(contents.get("packages", ())), _own_values(contents.get("variables", {})))
    values.pop("version", None)
    return Entry(**{name: value for name, value in values.items() if name in _FIELDS})


_FIELDS = frozenset(one.name for one in fields(Entry))


def changed(entry: Entry, document: Mapping[str, Any]) -> Entry:
    """An entry with some of it written anew; null takes a word back."""
    whole = {**entry.document(), **document}
    made = read(whole)
    if isinstance(entry.default, Sealed) and "default" not in document and made.is_secret:
        made = replace(made, default=entry.default)
    return replace(made, version=entry.version)


#: Of what a variable may be at least and at most.
BOUND_MAX = 2**63 - 1


def _whole(pattern: str) -> str:
    """All of a text: what ends in ``$`` lets in a line feed."""
    return rf"\A(?:{pattern})\Z"


#: What an entry must look like, before what it says is judged.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "kind"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": _whole(NAME)},
        "kind": {"enum": list(KINDS)},
        "title": {"type": ["string", "null"], "maxLength": 255},
        "description": {"type": ["string", "null"], "maxLength": 10000},
        "category": {"type": ["string", "null"], "maxLength": 255},
        "type": {"enum": [*TYPES, None]},
        "default": {},
        "enum": {"type": ["array", "null"], "maxItems": 1000, "items": {"type": ["string", "number"]}},
        "min": {"type": ["number", "null"], "minimum": -BOUND_MAX, "maximum": BOUND_MAX},
        "max": {"type": ["number", "null"], "minimum": -BOUND_MAX, "maximum": BOUND_MAX},
        "pattern": {"type": ["string", "null"], "maxLength": 255},
        "required": {"type": ["boolean", "null"]},
        "packages": {"type": ["array", "null"], "maxItems": 100, "items": {"type": "string"}},
        "on_by_default": {"type": ["boolean", "null"]},
        "enabled": {"type": ["boolean", "null"]},
        "version": {"type": ["integer", "null"]},
        "realisations": {
            "type": ["object", "null"],
            "maxProperties": 32,
            "propertyNames": {"pattern": _whole("[a-z0-9_]{1,64}")},
            "additionalProperties": {
                "type": "object",
                "maxProperties": 100,
                "propertyNames": {"pattern": _whole(r"[A-Za-z0-9_.-]{1,255}|\*")},
                "additionalProperties": {"type": ["string", "null"], "pattern": _whole(REALISED)},
            },
        },
        "contents": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                "packages": {"type": "array", "maxItems": 1000, "items": {"type": "string"}},
                "variables": {"type": "object", "maxProperties": 1000},
            },
        },
    },
}
