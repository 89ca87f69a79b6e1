"""What the page says of entries and deliveries: words, groups, and what a field needs. Pure.

Whose word something is stands there in words; the class beside it only gives it an icon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from glance_related.package_menu.entry import (
    BOOLEAN,
    BUNDLE,
    CHOICE,
    INTEGER,
    LIST,
    NUMBER,
    PACKAGE,
    SECRET,
    TEXT,
    VARIABLE,
)
from glance_related.package_menu.page.forms import EMPTY, MAY_BE_EMPTY, Fields, said, shown, text_of

Document = Mapping[str, Any]

#: Menus up to this size are shown unfolded.
UNFOLDED = 60
NO_CATEGORY = "Without a category"
#: Longest default that is told beside a field, in characters.
_TOLD = 80

_WHOSE = {"global": "the cloud's", "project": "the project's", "instance": "this server's own"}
_ADMINISTRATORS = "an administrator's word"
_ICONS = {"global": "cloud", "project": "project", "instance": "server"}
_ORDER = {BUNDLE: 0, PACKAGE: 1, VARIABLE: 2}


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as a form shows it.

    :param control: ``check``, ``number``, ``select``, ``area``, ``secret`` or ``text``
    :param text: what the field says
    :param empty: whether it may be empty on purpose (None: no), and is
    :param placeholder: what holds where nothing is typed
    :param whose: the sentence that says what it is and whose word that is
    :param back: what a reset leads back to; None: there is nothing to take back
    :param is_reset: whether that is asked for
    """

    name: str
    title: str
    description: str
    kind: str
    control: str
    text: str
    whose: str
    icon: str
    hint: str = ""
    placeholder: str = ""
    options: tuple[tuple[str, str], ...] = ()
    minimum: str = ""
    maximum: str = ""
    step: str = ""
    empty: bool | None = None
    back: str | None = None
    is_reset: bool = False
    is_inner: bool = False
    fault: str = ""


class _Titled(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...


#: What a list shows of an entry.
Listed = TypeVar("Listed", bound=_Titled)


@dataclass(frozen=True)
class Group:
    """A category.

    :param told: how much of it there is
    """

    title: str
    rows: list[Row] = field(default_factory=list)
    told: str = ""
    is_open: bool = True


def rows_of(
    entries: Iterable[Document],
    of_project: Mapping[str, Document],
    fields: Fields | None = None,
    faults: Mapping[str, str] | None = None,
) -> list[Row]:
    """A server's entries as the form shows them.

    :param of_project: what the project has, by name; empty where that is not shown
    :param fields: what somebody has typed already
    :param faults: what the API has to say against it, by name
    """
    return [
        _row(entry, of_project.get(entry["name"]), fields, (faults or {}).get(entry["name"], "")) for entry in entries
    ]


def _row(entry: Document, project: Document | None, fields: Fields | None, fault: str) -> Row:
    name = entry["name"]
    text = shown(entry) if fields is None else said(entry, fields)
    common = {
        "name": name,
        "title": entry["title"] or name,
        "description": entry["description"],
        "kind": entry["kind"],
        "icon": "bundle" if entry["through"] else _ICONS[entry["origin"]],
        "is_reset": bool(fields and fields.get(f"r.{name}")),
        "fault": fault,
    }
    if entry["kind"] != VARIABLE:
        back = _back_of_package(entry, project)
        return Row(control="check", text=text, whose=whose_switch(entry), back=back, **common)
    is_own = entry["chosen"] is not None or bool(entry.get("is_chosen"))
    kind = entry["type"]
    default = _default(entry, project)
    may_be_empty = kind in MAY_BE_EMPTY and (bool(default) or text == EMPTY)
    if not is_own and not entry["in_play"]:
        common["icon"] = "off"
    return Row(
        control=_control(entry),
        text="" if text == EMPTY or kind == SECRET else text,
        empty=(text == EMPTY) if may_be_empty else None,
        whose=whose_value(entry),
        placeholder=_placeholder(entry, default, is_own=is_own),
        hint=hint(entry),
        options=_options(entry, text),
        minimum=_number(entry["min"]) if kind in (INTEGER, NUMBER) else "",
        maximum=_number(entry["max"]) if kind in (INTEGER, NUMBER) else "",
        step={INTEGER: "1", NUMBER: "any"}.get(kind, ""),
        back=(default or "no value") if is_own else None,
        is_inner=bool(entry["packages"]),
        **common,
    )


def _placeholder(entry: Document, default: str, *, is_own: bool) -> str:
    if entry["type"] == SECRET and is_own:
        return "is set; type to replace it"
    return default


def _control(entry: Document) -> str:
    kind = entry["type"]
    if kind == LIST:
        return "area"
    if entry["enum"] or kind in (BOOLEAN, CHOICE):
        return "select"
    return {INTEGER: "number", NUMBER: "number", TEXT: "area", SECRET: "secret"}.get(kind, "text")


def _options(entry: Document, text: str) -> tuple[tuple[str, str], ...]:
    if _control(entry) != "select":
        return ()
    values = ["true", "false"] if entry["type"] == BOOLEAN and not entry["enum"] else map(text_of, entry["enum"])
    offered = list(dict.fromkeys(values))
    if text and text != EMPTY and text not in offered:
        offered.append(text)
    return tuple((value, value) for value in offered)


def _back_of_package(entry: Document, project: Document | None) -> str | None:
    if entry["chosen"] is None:
        return None
    if project is None:
        return "as it was"
    return "on" if project.get("on") else "off"


def _default(entry: Document, project: Document | None) -> str:
    """What a variable has where nothing is typed, and whose word that is."""
    value: Any = None
    has = origin = None
    if entry["through"] and entry["chosen"] is None:
        value, origin, has = entry["value"], f"from {entry['through']}", entry["value"] is not None
    elif project is not None:
        value, origin = project.get("default"), _WHOSE.get(str(project.get("default_origin")), "")
        has = value is not None or bool(project.get("has_default"))
    elif entry["chosen"] is None and not entry.get("is_chosen"):
        value, origin = entry["value"], _WHOSE[entry["origin"]]
        has = value is not None or bool(entry.get("has_value"))
    if not has:
        return ""
    return f"{'is set' if value is None else short(value)} ({origin})"


def short(value: Any) -> str:
    """A value in one short line."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else text_of(value)
    text = " ".join(text.split()) or "empty"
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}…"


def whose_switch(entry: Document) -> str:
    """Of a package or a bundle: whether it is on, and who says so."""
    state = "on" if entry["on"] else "off"
    if entry["through"]:
        return f"{state}, with {entry['through']}"
    if entry["origin"] == "instance":
        return f"{state}, {_WHOSE['instance'] if entry['chosen'] is not None else _ADMINISTRATORS}"
    if not entry["on"]:
        return "available"
    return f"on, {_WHOSE[entry['origin']]} default"


def whose_value(entry: Document) -> str:
    """Of a variable: whose value it has."""
    is_own = entry["chosen"] is not None or bool(entry.get("is_chosen"))
    is_set = "set, " if entry["type"] == SECRET else ""
    if not entry["in_play"]:
        waits = f"counts when {' or '.join(entry['packages'])} is on" if entry["packages"] else "without effect"
        return f"{_WHOSE['instance']}; {waits}" if is_own else waits
    if is_own and entry["origin"] == "instance":
        return f"{is_set}{_WHOSE['instance']}"
    if entry["value"] is None and not entry.get("has_value"):
        return "needs a value" if entry["required"] else "no value"
    if entry["through"]:
        return f"{is_set}from {entry['through']}"
    return f"{is_set}{_WHOSE[entry['origin']]} default"


def hint(entry: Document) -> str:
    """What a value must be, as far as the field does not say it."""
    kind, low, high = entry["type"], entry["min"], entry["max"]
    words = {INTEGER: "whole number", NUMBER: "number", LIST: "one per line"}.get(kind, "")
    what = "" if kind in (INTEGER, NUMBER) else (" items" if kind == LIST else " characters")
    bounds = ""
    if low is not None and high is not None:
        bounds = f"{_number(low)} to {_number(high)}{what}"
    elif low is not None:
        bounds = f"at least {_number(low)}{what}"
    elif high is not None:
        bounds = f"at most {_number(high)}{what}"
    among = f"of {short(entry['enum'])}" if kind == LIST and entry["enum"] else ""
    pattern = f"must match {entry['pattern']}" if entry["pattern"] else ""
    needed = "required" if entry["required"] else ""
    return ", ".join(part for part in (words, bounds, among, pattern, needed) if part)


def _number(value: Any) -> str:
    """A bound, exactly: browsers refuse what is beyond it."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else repr(value)


# -- groups


def grouped(entries: Iterable[Document], rows: Iterable[Row], *, all_open: bool) -> list[Group]:
    """Rows by category, each package followed by what belongs to it.

    :param all_open: otherwise only what has something of the server's own, or something wrong, is unfolded
    """
    by_category: dict[str, list[tuple[Document, Row]]] = {}
    for entry, row in zip(entries, rows, strict=True):
        by_category.setdefault(entry["category"], []).append((entry, row))
    groups = []
    for category, pairs in sorted(by_category.items(), key=by_title):
        ordered = list(in_order(pairs))
        own = sum(1 for row in ordered if row.back is not None)
        groups.append(
            Group(
                category or NO_CATEGORY,
                ordered,
                _told(len(ordered), sum(1 for entry, _ in pairs if entry.get("on")), own),
                all_open or own > 0 or any(row.fault for row in ordered),
            )
        )
    return groups


def by_title(item: tuple[str, Any]) -> tuple[bool, str]:
    """The order of categories: what has none stands last."""
    return not item[0], item[0].casefold()


def in_order(pairs: Iterable[tuple[Document, Listed]]) -> Iterator[Listed]:
    """What is shown of the entries of a category, each package followed by the variables that belong to it."""
    pairs = sorted(pairs, key=lambda pair: (_ORDER[pair[0]["kind"]], pair[1].title.casefold(), pair[1].name))
    here = {entry["name"] for entry, _ in pairs}
    inner: dict[str, list[Listed]] = {}
    for entry, row in pairs:
        owner = next((name for name in entry.get("packages", ()) if name in here), None)
        if owner is not None:
            inner.setdefault(owner, []).append(row)
    placed = {row.name for rows in inner.values() for row in rows}
    for _, row in pairs:
        if row.name not in placed:
            yield row
            yield from inner.get(row.name, ())


def _told(number: int, on: int, own: int) -> str:
    words = [f"{number} {'entry' if number == 1 else 'entries'}"]
    words += [f"{on} on"] if on else []
    words += [f"{own} of this server's own"] if own else []
    return ", ".join(words)


# -- what is wanted of a long list


def matching(entries: Iterable[dict[str, Any]], sought: str, category: str, which: str) -> list[dict[str, Any]]:
    """The entries that somebody looks for.

    :param which: ``on``: what is on or has a value; ``own``: what the server has of its own; else all
    """
    words = sought.casefold().split()
    return [entry for entry in entries if _matches(entry, words, category, which)]


def _matches(entry: Document, words: Iterable[str], category: str, which: str) -> bool:
    if category and entry["category"] != category:
        return False
    if which == "own" and entry.get("chosen") is None and not entry.get("is_chosen"):
        return False
    if which == "on" and not (entry.get("on") or entry.get("value") is not None or entry.get("has_value")):
        return False
    text = f"{entry['name']} {entry['title']} {entry['description']}".casefold()
    return all(word in text for word in words)
