"""What a change was, for people to read: each entry with what it was and is. Nothing that is secret stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance_related.package_menu.books import Books
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.rules import Choice

#: What stands for a secret.
MASK = "***"
#: Longest value that is kept of a change, in characters.
_MOST = 1000


def changes(
    books: Books, project_id: str, before: Mapping[str, Choice], after: Mapping[str, Choice]
) -> list[dict[str, Any]]:
    """What differs between two sets of choices, by name.

    :param project_id: by whose menu it is known what is secret
    """
    if before == after:
        return []
    entries = books.menu.of_project(project_id).menu.menu.entries
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            is_secret = name not in entries or entries[name].is_secret
            found.append({"name": name, "before": _said(old, is_secret), "after": _said(new, is_secret)})
    return found


def _said(choice: Choice | None, is_secret: bool) -> dict[str, Any] | None:
    if choice is None or choice == _NOTHING:
        return None
    said: dict[str, Any] = {}
    if choice.state is not None:
        said["state"] = choice.state
    if choice.is_on is not None:
        said["on"] = choice.is_on
    if choice.value is not None:
        said["value"] = MASK if is_secret or isinstance(choice.value, Sealed) else _cut(choice.value)
    return said


def _cut(value: Any) -> Any:
    return value[:_MOST] + "..." if isinstance(value, str) and len(value) > _MOST else value


_NOTHING = Choice()
