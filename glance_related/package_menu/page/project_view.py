"""`ProjectView`: what the user's project makes of the cloud's menu."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from glance_related.package_menu.entry import SECRET, VARIABLE
from glance_related.package_menu.page import forms
from glance_related.package_menu.page.api import Document, Refused
from glance_related.package_menu.page.described import (
    NO_CATEGORY,
    UNFOLDED,
    Row,
    by_title,
    in_order,
    matching,
    rows_of,
    short,
)
from glance_related.package_menu.page.visit import Visit
from glance_related.wsgi.reply import Reply

_FILTERS = ("q", "category", "state")
_TRIES = 3
_STATES = {
    "unavailable": "not available: only an administrator changes that",
    "available": "available: servers may choose it",
    "default": "default: every server has it that does not choose otherwise",
}
_WHOSE = {"global": "the cloud's", "project": "the project's", "instance": "this server's"}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the project's menu lists it.

    :param value: its default there, in one short line
    """

    name: str
    title: str
    description: str
    kind: str
    state: str
    icon: str
    whose: str
    value: str
    is_inner: bool


@dataclass(frozen=True)
class Section:
    """A category."""

    title: str
    lines: list[Line]
    is_open: bool


class ProjectView:
    """See the module."""

    def index(self, visit: Visit) -> Reply:
        """GET /project."""
        project_id = visit.user.project_id
        _, everything = visit.api.project_menu(project_id)
        kept = visit.kept_query(*_FILTERS)
        entries = matching(everything, kept.get("q", ""), kept.get("category", ""), "")
        if kept.get("state"):
            entries = [entry for entry in entries if entry["state"] == kept["state"]]
        return visit.page(
            "project.html",
            echoes=bool(kept),
            section="project",
            sections=_sections(entries, all_open=bool(kept) or len(entries) <= UNFOLDED),
            number=len(entries),
            total=len(everything),
            query=kept,
            kept=urlencode(kept),
            categories=sorted({entry["category"] for entry in everything if entry["category"]}, key=str.casefold),
            states=[state for state in _STATES if any(entry["state"] == state for entry in everything)],
            why_not=visit.api.why_not_change_project(project_id),
        )

    def entry(self, visit: Visit) -> Reply:
        """GET /project/{name}."""
        tag, entry = self._entry(visit)
        return self._page(visit, tag, entry)

    def say(self, visit: Visit) -> Reply:
        """POST /project/{name}."""
        project_id, name = visit.user.project_id, visit.names["name"]
        refused: Refused | None = None
        for _ in range(_TRIES):
            tag, entry = self._entry(visit)
            if visit.form.get("base") != _print(entry):
                return self._page(visit, tag, entry, is_parted=True)
            document = None if visit.form.get("do") == "forget" else _said(entry, visit)
            if document is not None and _says_nothing(entry, visit):
                return visit.moved("/project", done="nothing", **visit.kept_query(*_FILTERS))
            try:
                visit.api.say(project_id, name, document, tag)
            except Refused as error:
                refused = error
                if refused.status == 412:
                    continue
                return self._page(visit, tag, entry, refused=refused)
            return visit.moved("/project", done="said", **visit.kept_query(*_FILTERS))
        assert refused is not None
        raise refused

    # -- parts

    def _entry(self, visit: Visit) -> tuple[str, Document]:
        tag, entries = visit.api.project_menu(visit.user.project_id)
        found = next((entry for entry in entries if entry["name"] == visit.names["name"]), None)
        if found is None:
            raise Refused(404, "", "There is no such entry on the menu of your project.", {})
        return tag, found

    def _page(
        self, visit: Visit, tag: str, entry: Document, refused: Refused | None = None, *, is_parted: bool = False
    ) -> Reply:
        typed = visit.form if visit.environ["REQUEST_METHOD"] == "POST" else None
        status = refused.status if refused is not None else (409 if is_parted else 200)
        return visit.page(
            "project_entry.html",
            status=status,
            section="project",
            entry=entry,
            line=_line(entry),
            row=_row(entry, typed, refused),
            state=typed.get("state", entry["state"]) if typed else entry["state"],
            states=_STATES,
            base=_print(entry),
            refused=refused,
            is_parted=is_parted,
            has_said=entry["state_origin"] == "project",
            kept=urlencode(visit.kept_query(*_FILTERS)),
            why_not=visit.api.why_not_change_project(visit.user.project_id),
        )


def _said(entry: Document, visit: Visit) -> Document:
    """What the form says of an entry."""
    state = visit.form.get("state", "")
    document: Document = {"state": state}
    if entry["kind"] == VARIABLE and state == "default":
        text = forms.said(entry, visit.form)
        document["default"] = forms.value_of(entry, text) if text else None
    return document


def _says_nothing(entry: Document, visit: Visit) -> bool:
    """Of a secret that is the project's own and is not typed again: it stays, for nobody could send it back."""
    is_own = entry.get("type") == SECRET and entry["default_origin"] == "project"
    is_kept = not forms.said(entry, visit.form) and not visit.form.get(f"r.{entry['name']}")
    return is_own and is_kept and visit.form.get("state") == entry["state"]


def _row(entry: Document, typed: forms.Fields | None, refused: Refused | None) -> Row | None:
    """The field of a variable's default; None: it is no variable."""
    if entry["kind"] != VARIABLE:
        return None
    is_own = entry["default_origin"] == "project"
    has = entry["default"] is not None or bool(entry.get("has_default"))
    as_of_server = {
        **entry,
        "value": entry["default"],
        "chosen": entry["default"] if is_own else None,
        "is_chosen": is_own and entry["type"] == SECRET,
        "has_value": has,
        "origin": entry["default_origin"],
        "through": None,
        "in_play": True,
    }
    fault = refused.faults.get(entry["name"], "") if refused is not None else ""
    (row,) = rows_of([as_of_server], {}, typed, {entry["name"]: fault})
    return row


def _sections(entries: list[Document], *, all_open: bool) -> list[Section]:
    by_category: dict[str, list[tuple[Document, Line]]] = {}
    for entry in entries:
        by_category.setdefault(entry["category"], []).append((entry, _line(entry)))
    return [
        Section(category or NO_CATEGORY, list(in_order(pairs)), all_open)
        for category, pairs in sorted(by_category.items(), key=by_title)
    ]


def _line(entry: Document) -> Line:
    value = ""
    if entry["kind"] == VARIABLE:
        default = entry["default"]
        has = default is not None or entry.get("has_default")
        told = "is set" if default is None else short(default)
        value = f"{told} ({_WHOSE[entry['default_origin']]})" if has else "no value"
    return Line(
        entry["name"],
        entry["title"] or entry["name"],
        entry["description"],
        entry["kind"],
        entry["state"],
        "off" if entry["state"] == "unavailable" else {"global": "cloud", "project": "project"}[entry["state_origin"]],
        _WHOSE[entry["state_origin"]],
        value or (f"on, with {entry['through']}" if entry.get("through") else ""),
        bool(entry.get("packages")),
    )


def _print(entry: Document) -> str:
    """What tells one state of an entry from another."""
    state: Any = [entry["state"], entry["state_origin"], entry.get("default"), entry.get("default_origin")]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
