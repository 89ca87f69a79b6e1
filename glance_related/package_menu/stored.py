"""How values are written into the tables: JSON, and what is secret as an object with its encrypted text."""

from __future__ import annotations

import json
from typing import Any

from glance_related.package_menu.entry import BUNDLE, Contents, Entry, Sealed

# No value is an object, so this is never taken for one.
_SEALED = "sealed"


def written(value: Any) -> str | None:
    """A value, or None where there is none."""
    if value is None:
        return None
    return json.dumps({_SEALED: value.token} if isinstance(value, Sealed) else value)


def value_of(text: str | None) -> Any:
    """The value that a text stands for."""
    if text is None:
        return None
    value = json.loads(text)
    return Sealed(value[_SEALED]) if isinstance(value, dict) else value


def columns_of(entry: Entry) -> dict[str, Any]:
    """An entry's row, but for its version."""
    details: dict[str, Any] = {
        "choices": entry.choices,
        "minimum": entry.minimum,
        "maximum": entry.maximum,
        "pattern": entry.pattern,
        "packages": entry.packages,
        "realisations": {driver: dict(names) for driver, names in entry.realisations.items()},
    }
    if entry.kind == BUNDLE:
        details["contents"] = {
            "packages": entry.contents.packages,
            "variables": dict(entry.contents.variables),
        }
    return {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.title,
        "description": entry.description,
        "category": entry.category,
        "type": entry.type,
        "default_value": written(entry.default),
        "required": int(entry.required),
        "on_by_default": int(entry.on_by_default),
        "enabled": int(entry.enabled),
        # of what is there, nothing is left out for being zero, or an empty text
        "details": json.dumps({name: value for name, value in details.items() if value not in (None, (), {})}),
    }


def entry_of(row: Any) -> Entry:
    """The entry that a row stands for; what a newer release has added to it is not for us."""
    details = json.loads(row["details"])
    contents = details.get("contents", {})
    return Entry(
        name=row["name"],
        kind=row["kind"],
        title=row["title"],
        description=row["description"],
        category=row["category"],
        type=row["type"],
        default=value_of(row["default_value"]),
        choices=tuple(details.get("choices", ())),
        minimum=details.get("minimum"),
        maximum=details.get("maximum"),
        pattern=details.get("pattern"),
        required=bool(row["required"]),
        packages=tuple(details.get("packages", ())),
        on_by_default=bool(row["on_by_default"]),
        enabled=bool(row["enabled"]),
        realisations=details.get("realisations", {}),
        contents=Contents(tuple(contents.get("packages", ())), contents.get("variables", {})),
        version=row["version"],
    )
