"""How an answer is printed: as JSON that YAML 1.1 reads as the same."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# To YAML a line ends there, or the character cannot be there at all (libyaml's reader).
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def as_yaml(value: Any) -> str:
    """A document: every text is quoted, and no number is taken for one."""
    return _written(value) + "\n"


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(str(name))}: {_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        # half of a pair of \u escapes is a character of its own to YAML, so others stand as they are
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    return json.dumps(value)


def _number(value: float) -> str:
    """Without a point 1e-07 is a text to YAML 1.1, and without a sign 1.0e7 is one too."""
    if not math.isfinite(value):
        raise ValueError("no number")
    mantissa, _, power = repr(value).partition("e")
    if not power:
        return mantissa
    point = "" if "." in mantissa else ".0"
    sign = "" if power.startswith(("+", "-")) else "+"
    return f"{mantissa}{point}e{sign}{power}"


def age(seconds: float) -> str:
    """How old something is, in words."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        number = int(max(0.0, seconds) // size)
        if number:
            return f"{number} {name}{'s' if number > 1 else ''}"
    return "a moment"
