"""What an image property can be: `read` makes of a text what Nova makes of it, and refuses what Nova would not.

It also refuses what Nova takes without a word and then understands differently, or not at all: "maybe" is a boolean
to Nova, and false; digits may be Arabic; what is longer than its column is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The types of a `Field`.
STRING, INTEGER, BOOLEAN, ENUM, UUID, VERSION = "string", "integer", "boolean", "enum", "uuid", "version"
#: Those of families, one property for each member: ``hw_numa_cpus.N``, ``hw_numa_mem.N``, ``trait:NAME``.
CPUS, NUMBERS, TRAIT = "cpus", "numbers", "trait"
#: Lists of mappings, which no text can be.
STRUCTURE = "structure"

#: Longest value, in bytes of UTF-8: what is longer Nova cuts when it keeps it with the server.
LONGEST = 255
#: Highest number of a virtual CPU. Nova writes out whatever range it is given, however much memory that takes.
HIGHEST_CPU = 4095

_TRUE = ("true", "yes", "on", "t", "y", "1")
_FALSE = ("false", "no", "off", "f", "n", "0")

# A lone surrogate is no text, no driver can write a control character or a non-character into the XML of a guest, and
# what lies above U+FFFF does not fit Nova's columns on MySQL: such a server would never be scheduled.
_NOT_KEPT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]")
_PREDICATE = r" *(?:<=|>=|<|>|!=|==) *[0-9]{1,9}(?:\.[0-9]{1,9}){0,9} *"
_CPU_RANGE = re.compile(r"(\^?)([0-9]{1,4})(?:-([0-9]{1,4}))?")

# As expressions of JSON schema (and of Python, which would let a line feed stand behind a $).
_PATTERNS = {
    STRING: r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]*$",
    INTEGER: "^-?[0-9]{1,9}$",
    UUID: "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$",
    VERSION: f"^{_PREDICATE}(?:,{_PREDICATE})*$",
    CPUS: r"^ *\^?[0-9]{1,4}(?:-[0-9]{1,4})? *(?:, *\^?[0-9]{1,4}(?:-[0-9]{1,4})? *)*$",
    NUMBERS: "^[1-9][0-9]{0,8}$",
}
_FORMS = {
    STRING: f"a text of at most {LONGEST} bytes",
    INTEGER: "a whole number of at most nine digits",
    BOOLEAN: f"one of {', '.join((*_TRUE, *_FALSE))}",
    UUID: "a UUID",
    VERSION: "comparisons with versions, as >=2.6 or >=2.6,<3",
    CPUS: f"numbers of CPUs from 0 to {HIGHEST_CPU}, as 0-3,^1,6, and at least one",
    NUMBERS: "a whole number from 1, of at most nine digits",
    TRAIT: "required: Nova takes no notice of anything else in an image",
}


class BadValue(Exception):
    """A text that a property cannot be; why, in words that follow its name."""


@dataclass(frozen=True)
class Field:
    """A field of Nova's ``ImageMetaProps``.

    :param name: the property's current name, as ``hw_vif_model``
    :param type: one of the types above
    :param values: of an enumeration, as Nova keeps them
    :param spelt: what Nova changes to one of ``values``: ``{"i386": "i686"}``, in lower case where ``any_case``
    :param any_case: values are taken in upper case too
    :param aliases: older names of the property
    """

    name: str
    type: str
    values: tuple[str, ...] = ()
    spelt: Mapping[str, str] = field(default_factory=dict)
    any_case: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the property, the current one first."""
        return (self.name, *self.aliases)

    @property
    def form(self) -> str:
        """What its value must be, in words."""
        if self.type == ENUM:
            return f"one of {', '.join(self.values)}" if len(self.values) > 1 else self.values[0]
        return _FORMS[self.type]


def read(one: Field, text: str) -> Any:
    """What Nova makes of a text: of a member of a family the one part that it stands for.

    :param one: of the property
    :returns: a text, a number, a boolean, or for ``cpus`` a set of numbers; for ``trait`` the text itself
    :raises BadValue: Nova would refuse it, or pass over it, or not keep it as it is
    """
    if one.type == STRUCTURE:
        raise BadValue("it is a list of mappings, which cannot be overridden")
    if _NOT_KEPT.search(text):
        raise BadValue("it has control characters, or others that Nova cannot keep")
    if len(text.encode()) > LONGEST:
        raise BadValue(f"it is longer than the {LONGEST} bytes that Nova keeps")
    value = _READERS[one.type](one, text)
    if value is None:
        raise BadValue(f"it must be {one.form}")
    return value


def describe(one: Field) -> dict[str, Any]:
    """The JSON schema of a property's value, as Nova itself spells it.

    All that it allows can be read, but for texts that are too long in bytes and for CPUs that come to none; other
    spellings that can be read, as upper case, are told in its description.
    """
    schema: dict[str, Any] = {"type": "string", "description": _description(one)}
    if one.type == STRING:
        schema["maxLength"] = LONGEST
    if one.type == UUID:
        schema["format"] = "uuid"
    if one.type in _PATTERNS:
        schema["pattern"] = _PATTERNS[one.type]
    else:
        schema["enum"] = {ENUM: list(one.values), BOOLEAN: [*_TRUE, *_FALSE], TRAIT: ["required"]}[one.type]
    if one.aliases:
        schema["aliases"] = list(one.aliases)
    return schema


def _description(one: Field) -> str:
    case = ["upper and lower case are the same"] if one.any_case or one.type == BOOLEAN else []
    spelt = [f"{text} is read as {value}" for text, value in one.spelt.items()]
    return f"Must be {'; '.join((one.form, *case, *spelt))}."


# -- each type; None is no value of it


def _string(_: Field, text: str) -> str:
    return text


def _integer(_: Field, text: str) -> int | None:
    return int(text) if re.fullmatch(_PATTERNS[INTEGER], text) else None


def _boolean(_: Field, text: str) -> bool | None:
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _enum(one: Field, text: str) -> str | None:
    # the lower case of some other letters are ASCII's own: a Kelvin sign would be a k
    word = text.lower() if one.any_case and text.isascii() else text
    value = one.spelt.get(word, word)
    return value if value in one.values else None


def _matching(one: Field, text: str) -> str | None:
    return text if re.fullmatch(_PATTERNS[one.type], text) else None


def _cpus(_: Field, text: str) -> frozenset[int] | None:
    taken = excluded = 0  # a bit for each CPU, for the same long range may be named dozens of times
    for part in text.split(","):
        match = _CPU_RANGE.fullmatch(part.strip(" "))
        if not match:
            return None
        first, last = int(match[2]), int(match[3] or match[2])
        if not first <= last <= HIGHEST_CPU:
            return None
        cpus = (1 << last + 1) - (1 << first)
        taken, excluded = (taken, excluded | cpus) if match[1] else (taken | cpus, excluded)
    left = taken & ~excluded
    return frozenset(cpu for cpu, bit in enumerate(reversed(f"{left:b}")) if bit == "1") or None


def _numbers(_: Field, text: str) -> int | None:
    return int(text) if re.fullmatch(_PATTERNS[NUMBERS], text) else None


def _trait(_: Field, text: str) -> str | None:
    return text if text == "required" else None


_READERS: Mapping[str, Callable[[Field, str], Any]] = {
    STRING: _string,
    INTEGER: _integer,
    BOOLEAN: _boolean,
    ENUM: _enum,
    UUID: _matching,
    VERSION: _matching,
    CPUS: _cpus,
    NUMBERS: _numbers,
    TRAIT: _trait,
}
