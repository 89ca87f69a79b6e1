"""Menus of a few entries, in as few words as a test should need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance_related.package_menu.entry import BUNDLE, PACKAGE, STRING, VARIABLE, Contents, Entry
from glance_related.package_menu.publishing import judge_entries
from glance_related.package_menu.rules import AVAILABLE, Menu, ProjectMenu, ProjectState


def package(name: str = "web", **words: Any) -> Entry:
    return Entry(name, PACKAGE, **words)


def variable(name: str = "port", type: str | None = STRING, **words: Any) -> Entry:
    return Entry(name, VARIABLE, type=type, **words)


def bundle(
    name: str = "stack", packages: tuple[str, ...] = (), variables: Mapping[str, Any] | None = None, **words: Any
) -> Entry:
    return Entry(name, BUNDLE, contents=Contents(packages, variables or {}), **words)


def named(*entries: Entry) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries}


def project(*entries: Entry, **states: str | ProjectState) -> ProjectMenu:
    """A project to which everything is available that it does not say something else of."""
    said = {entry.name: ProjectState(AVAILABLE) for entry in entries}
    said |= {name: ProjectState(state) if isinstance(state, str) else state for name, state in states.items()}
    return ProjectMenu(Menu(1, named(*entries)), said)


def silent_project(*entries: Entry) -> ProjectMenu:
    """A project that says nothing."""
    return ProjectMenu(Menu(1, named(*entries)), {})


# -- entries as they are written

WEB = {"name": "web", "kind": "package"}
PORT = {"name": "port", "kind": "variable", "type": "integer"}
STACK = {"name": "stack", "kind": "bundle"}


def entries(*documents: Any, before: Mapping[str, Entry] | None = None) -> dict[str, Entry]:
    made, faults = judge_entries(before or {}, documents)
    assert faults == []
    return made


def faults(*documents: Any, before: Mapping[str, Entry] | None = None) -> list[tuple[str, str, str]]:
    _, found = judge_entries(before or {}, documents)
    return [tuple(fault) for fault in found]


def texts(*documents: Any, before: Mapping[str, Entry] | None = None) -> list[str]:
    return [text for _, _, text in faults(*documents, before=before)]
