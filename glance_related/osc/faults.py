"""What an answer of Nova, or of a filter in front of it, says that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The header that every refusal of a filter of ours has, and none of Nova's own.
CODE_HEADER = "X-Glance-Related-Code"
#: Where a refusal tells all that is wrong, one thing each.
PROBLEMS = "glance_related_problems"


def fault_in(response: Any) -> Mapping[str, Any]:
    """What a fault says, which is an object under a single name; empty where it is no fault of Nova's shape."""
    try:
        document = response.json() if response is not None else None
    except ValueError:
        return {}
    faults = list(document.values()) if isinstance(document, dict) else []
    return faults[0] if faults and isinstance(faults[0], dict) else {}


def is_strange(fault: Mapping[str, Any], key: str) -> bool:
    """Whether Nova itself says that it does not know a member of a server: no filter has taken it out."""
    _, is_told, names = str(fault.get("message")).rpartition("Additional properties are not allowed")
    return bool(is_told) and f"'{key}'" in names
