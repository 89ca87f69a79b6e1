"""What a request to Nova says of the servers that it makes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

#: Where a boot's hints to the scheduler stand, which Nova takes whatever they are called.
_HINTS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
#: How many servers a boot makes; the longer names are those of ``/v2``.
COUNTS = ("min_count", "max_count", "os-multiple-create:min_count", "os-multiple-create:max_count")
# More digits than a count of servers has: Nova refuses it, and Python makes no number of a few thousand.
_DIGITS = 9
#: What makes Nova name a reservation, and no server.
RESERVATION = "return_reservation_id"


def most_made(server: Mapping[str, Any]) -> int | None:
    """How many servers a boot makes, where it makes so many or none; None where that is not known.

    :param server: what stands under ``server`` in the body
    """
    numbers = [server[name] for name in COUNTS if name in server]
    least, most = (numbers * 2)[:2] if numbers else (1, 1)
    text = str(most)
    return int(text) if least == most and text.isdecimal() and len(text) <= _DIGITS else None


def makes_several(server: Mapping[str, Any]) -> bool:
    """Whether a boot may make more servers than its answer names."""
    return RESERVATION in server or any(str(server.get(name, 1)).strip() != "1" for name in COUNTS)


def strays(document: Mapping[str, Any], inside: str, keys: Collection[str]) -> str | None:
    """A key of ours that stands in a body where nobody would read it; None where there is none.

    :param inside: the member of the body in which it belongs
    """
    within = document.get(inside)
    elsewhere = [document, *(part for name, part in document.items() if name != inside)]
    elsewhere += [within.get(name) for name in _HINTS] if isinstance(within, dict) else []
    for part in elsewhere:
        for key in keys if isinstance(part, Mapping) else ():
            if key in part:
                return key
    return None
