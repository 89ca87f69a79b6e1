"""What a change was, for people to read: each entry with what it was and is. Nothing that is secret stands in it.

However much is changed at once, and however often, what is kept of it stays short: a few lines say what it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glance_related.package_menu.books import Books
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.rules import Choice

#: What stands for a secret.
MASK = "***"
#: Longest value that is kept of a change, and most of all its values together, in characters of their JSON.
_MOST, _MOST_TOGETHER = 1000, 20_000
#: Most entries that a change names.
_MOST_NAMED = 500
#: What stands where something was left out.
_CUT = "..."
_BETWEEN = len(", ")


def changes(
    books: Books, project_id: str, before: Mapping[str, Choice], after: Mapping[str, Choice]
) -> list[dict[str, Any]]:
    """What differs between two sets of choices, by name; of more than one reads, the last says how many more.

    :param project_id: by whose menu it is known what is secret
    """
    if before == after:
        return []
    entries = books.menu.of_project(project_id).menu.menu.entries
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    room = _Room(_MOST_TOGETHER)
    found = []
    for name in names[:_MOST_NAMED]:
        is_secret = name not in entries or entries[name].is_secret
        old, new = (_said(choices.get(name), is_secret, room) for choices in (before, after))
        found.append({"name": name, "before": old, "after": new})
    if len(names) > len(found):  # no entry has a name with spaces in it
        found.append({"name": f"{_CUT} and {len(names) - len(found)} more", "before": None, "after": None})
    return found


def _said(choice: Choice | None, is_secret: bool, room: _Room) -> dict[str, Any] | None:
    if choice is None or choice == _NOTHING:
        return None
    said: dict[str, Any] = {}
    if choice.state is not None:
        said["state"] = choice.state
    if choice.is_on is not None:
        said["on"] = choice.is_on
    if choice.value is not None:
        said["value"] = MASK if is_secret or isinstance(choice.value, Sealed) else room.cut(choice.value)
    return said


class _Room:
    """How much more of a change's values is kept.

    :param size: in characters of their JSON
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def cut(self, value: Any) -> Any:
        """What is kept of a value; it ends in `_CUT` where that is not all."""
        most = min(_MOST, self._left)
        if _size(value) > most:
            value = _cut(value, most)
        self._left = max(0, self._left - _size(value))
        return value


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        while value and _size(value) > most:
            value = value[: len(value) * most // _size(value)]
        return value + _CUT
    kept: list[Any] = []
    for item in value if isinstance(value, list) else ():
        most -= _size(item) + _BETWEEN
        if most < 0:
            return [*kept, _cut(item, max(0, most + _size(item)))]
        kept.append(item)
    return _CUT


def _size(value: Any) -> int:
    return len(json.dumps(value))


_NOTHING = Choice()
