"""What the fields of a form say: read into what the API takes, and compared with what there is. Pure.

===========  ============================================================================
field        says
===========  ============================================================================
``p.NAME``   a package or a bundle is on; absent: off
``v.NAME``   a variable's value, as text; empty: none of the server's own
``e.NAME``   that the empty text, or the empty list, is meant
``r.NAME``   back to what the project has, whatever else is said
``k.NAME``   of two that changed the same thing, whose word counts: ``mine``, else theirs
``base``     which entries the form has, each with a print of what it showed
``tag``      as of which state that was
===========  ============================================================================

Nothing is judged here: what is no number goes to the API as the text that it is, and the API says so. Only what the
form has is changed; the rest of what a server has of its own stays, whatever part of the menu was shown.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.package_menu.entry import (
    BOOLEAN,
    INTEGER,
    LIST,
    NUMBER,
    SECRET,
    STRING,
    TEXT,
    VARIABLE,
    is_name,
)

Document = Mapping[str, Any]
Fields = Mapping[str, str]

#: What a field says that is empty on purpose; no text can be this.
EMPTY = "\0"

#: Of which an empty value means something else than none.
MAY_BE_EMPTY = (STRING, TEXT, LIST)

_ENTRY = re.compile(r"([^=]+)=([0-9a-f]{8}|1|)")
_INTEGER = re.compile(r"-?[0-9]{1,40}")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Form:
    """What was sent.

    :param base: what each entry of the form showed, as a print of it
    """

    tag: str
    base: Mapping[str, str]
    fields: Fields


@dataclass(frozen=True)
class Difference:
    """An entry that somebody has changed since the form was shown.

    :param entry: as it is now; None: it is not on the menu any more
    :param is_mine: the form changes it
    :param is_theirs: somebody else has
    """

    name: str
    entry: Document | None
    is_mine: bool
    is_theirs: bool


def read_form(fields: Fields) -> Form:
    """:raises ValueError: it is not one of ours"""
    base: dict[str, str] = {}
    for word in fields.get("base", "").split():
        found = _ENTRY.fullmatch(word)
        if found is None or not is_name(found.group(1)):
            raise ValueError
        base[found.group(1)] = found.group(2)
    return Form(fields.get("tag", ""), base, fields)


def base_of(entries: Iterable[Document]) -> str:
    """What a form keeps of what it shows."""
    return " ".join(f"{entry['name']}={_state(entry)}" for entry in entries)


def _state(entry: Document) -> str:
    """A print of what an entry's field shows; of a secret, which is not shown, whether there is one."""
    if entry.get("type") == SECRET:
        return "1" if entry.get("is_chosen") else ""
    return _print(shown(entry))


def _print(text: str) -> str:
    if text in ("", "1"):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:8]


# -- what a field shows, and what it says


def shown(entry: Document) -> str:
    """What the field of an entry shows, as a browser would send it back unchanged."""
    if entry["kind"] != VARIABLE:
        return "1" if entry["on"] else ""
    chosen = entry["chosen"]
    if entry["type"] == SECRET or chosen is None:
        return ""
    text = text_of(chosen)
    return (text.rstrip("\n") if entry["type"] == LIST else text) or EMPTY


def text_of(value: Any) -> str:
    """A value as a field has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return str(value)


def said(entry: Document, fields: Fields) -> str:
    """What the fields say of an entry."""
    name = entry["name"]
    if entry["kind"] != VARIABLE:
        return "1" if fields.get(f"p.{name}") else ""
    text = fields.get(f"v.{name}", "").replace("\r\n", "\n").replace("\r", "\n")
    if entry["type"] == LIST:
        text = text.rstrip("\n")
    if not text and fields.get(f"e.{name}") and entry["type"] in MAY_BE_EMPTY:
        return EMPTY
    return text


def value_of(entry: Document, text: str) -> Any:
    """What the API is sent for a text."""
    kind = entry["type"]
    if text == EMPTY:
        return [] if kind == LIST else ""
    if kind == INTEGER and _INTEGER.fullmatch(text.strip()):
        return int(text)
    if kind == NUMBER and _INTEGER.fullmatch(text.strip()):
        return int(text)
    if kind == NUMBER and _NUMBER.fullmatch(text.strip()) and math.isfinite(float(text)):
        return float(text)
    if kind == BOOLEAN and text in ("true", "false"):
        return text == "true"
    return text.split("\n") if kind == LIST else text


# -- what the server shall have of its own


def wanted(entries: Iterable[Document], chosen: Document, form: Form) -> dict[str, dict[str, Any]]:
    """All that a server shall have of its own: what it has, with what the form changes.

    :param entries: all that is offered to it, as it is now
    :param chosen: what it has of its own now; a secret is null there, which leaves it as it is
    """
    packages, variables = dict(chosen["packages"]), dict(chosen["package_variables"])
    for name in forgotten(entries, chosen, form):
        packages.pop(name, None)
        variables.pop(name, None)
    for entry in entries:
        if is_changed(entry, form):
            packages.pop(entry["name"], None)
            variables.pop(entry["name"], None)
            if not form.fields.get(f"r.{entry['name']}"):
                _say(entry, said(entry, form.fields), packages, variables)
    return {"packages": packages, "package_variables": variables}


def forgotten(entries: Iterable[Document], chosen: Document, form: Form) -> list[str]:
    """What was chosen once, is not offered any more, and shall not be kept."""
    offered = {entry["name"] for entry in entries}
    names = {*chosen["packages"], *chosen["package_variables"]} - offered
    return sorted(name for name in names if form.fields.get(f"r.{name}"))


def _say(entry: Document, text: str, packages: dict[str, bool], variables: dict[str, Any]) -> None:
    if entry["kind"] != VARIABLE:
        packages[entry["name"]] = bool(text)
    elif text:
        variables[entry["name"]] = value_of(entry, text)


def is_changed(entry: Document, form: Form) -> bool:
    """Whether a form says anything else of an entry than it showed, and means it."""
    name = entry["name"]
    if name not in form.base or form.fields.get(f"k.{name}", "mine") != "mine":
        return False
    if form.fields.get(f"r.{name}"):
        return True
    text = said(entry, form.fields)
    return bool(text) if entry.get("type") == SECRET else _print(text) != form.base[name]


def differences(entries: Iterable[Document], form: Form) -> list[Difference]:
    """Where a form and what there is now have parted since it was shown; by name."""
    now = {entry["name"]: entry for entry in entries}
    found = []
    for name, before in sorted(form.base.items()):
        entry = now.get(name)
        if entry is None:
            found.append(
                Difference(name, None, bool(form.fields.get(f"p.{name}") or form.fields.get(f"v.{name}")), True)
            )
            continue
        is_mine, is_theirs = is_changed(entry, form), _state(entry) != before
        is_same = is_mine and is_theirs and said(entry, form.fields) == shown(entry)
        if (is_mine or is_theirs) and not (is_same and not form.fields.get(f"r.{name}")):
            found.append(Difference(name, entry, is_mine, is_theirs))
    return found
