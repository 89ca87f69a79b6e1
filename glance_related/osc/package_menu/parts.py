"""A file of entries that is too large for one request: in parts, each of which the cloud can judge. Pure.

Packages go first, for variables and bundles speak of them. A bundle and the variables that it gives values to stay
together: what is said of one may fit only what is said of the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from glance_related.osc.package_menu.values import BUNDLE, VARIABLE

#: Most bytes of one request. Nova takes 112 KiB, unless its operator says otherwise.
LIMIT = 100_000

Entry = dict[str, Any]


class TooLarge(Exception):
    """Entries belong together that are too large for one request."""

    def __init__(self, names: Sequence[str], size: int) -> None:
        super().__init__(f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}")
        self.size = size


@dataclass
class Part:
    """What is sent at once.

    :param speaks_of: packages of other parts, which must be there before this one is judged, by name
    """

    entries: list[Entry] = field(default_factory=list)
    speaks_of: dict[str, Entry] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [entry["name"] for entry in self.entries]

    @property
    def whole(self) -> list[Entry]:
        """What is judged: with what it speaks of."""
        return [*self.speaks_of.values(), *self.entries]


def size_of(entries: Iterable[Entry]) -> int:
    """How many bytes of a request entries take."""
    return sum(len(json.dumps(entry)) + 2 for entry in entries)


def parts_of(entries: Sequence[Entry], menu: Mapping[str, Entry], limit: int = LIMIT) -> list[Part]:
    """A file in parts, in the order in which they are sent.

    :param entries: each with a name, none twice
    :param menu: what is there now
    :raises TooLarge:
    """
    new_packages = {
        entry["name"]: {"name": entry["name"], "kind": entry["kind"]}
        for entry in entries
        if entry.get("kind") not in (VARIABLE, BUNDLE) and "kind" in entry and entry["name"] not in menu
    }
    parts = [Part()]
    for group in _groups(entries, menu):
        part = _with(parts[-1], group, new_packages)
        if size_of(part.whole) <= limit:
            parts[-1] = part
            continue
        part = _with(Part(), group, new_packages)
        if size_of(part.whole) > limit:
            raise TooLarge(part.names, size_of(part.whole))
        parts.append(part)
    return [part for part in parts if part.entries]


def _with(part: Part, group: Sequence[Entry], new_packages: Mapping[str, Entry]) -> Part:
    entries = [*part.entries, *group]
    here = {entry["name"] for entry in entries}
    spoken_of = dict.fromkeys(name for entry in entries for name in _packages_of(entry))
    return Part(entries, {name: new_packages[name] for name in spoken_of if name in new_packages and name not in here})


def _groups(entries: Sequence[Entry], menu: Mapping[str, Entry]) -> list[list[Entry]]:
    """What stays together: packages each alone, and bundles with the variables that they give values to."""
    alone = [[entry] for entry in entries if entry.get("kind") not in (VARIABLE, BUNDLE)]
    others = {entry["name"]: entry for entry in entries if entry.get("kind") in (VARIABLE, BUNDLE)}
    group_of = {name: [name] for name in others}
    for name, entry in others.items():
        for variable in {*_variables_of(entry), *_variables_of(menu.get(name, {}))}:
            if variable in group_of and group_of[variable] is not group_of[name]:
                group_of[name] += group_of[variable]
                for moved in group_of[variable]:
                    group_of[moved] = group_of[name]
    together = {id(group): group for group in group_of.values()}
    return alone + [[others[name] for name in group] for group in together.values()]


def _packages_of(entry: Entry) -> list[str]:
    """The packages that an entry speaks of."""
    return [*_strings(entry.get("packages")), *_strings(_contents(entry).get("packages"))]


def _variables_of(entry: Entry) -> list[str]:
    """The variables that a bundle gives values to."""
    variables = _contents(entry).get("variables")
    return list(variables) if isinstance(variables, dict) else []


def _contents(entry: Entry) -> Mapping[str, Any]:
    contents = entry.get("contents")
    return contents if isinstance(contents, dict) else {}


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
