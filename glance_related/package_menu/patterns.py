"""Which regular expressions an entry may have: those that are matched in a time that can be told beforehand. Pure.

A customer's value is compared with an administrator's pattern in a worker of Nova's API. A repetition within a
repetition would let a short value keep it busy for ever, and each choice that a pattern leaves multiplies the ways in
which a value may have to be tried.
"""

from __future__ import annotations

import re

#: So often something without an end is repeated in a value of the length that is compared at most.
_ENDLESS = 255
#: In most so many ways a value is tried: that of three repetitions without an end.
WAYS_MAX = (_ENDLESS + 1) ** 3

_TOKEN = re.compile(
    r"""
    \\[1-9]              (?P<backreference>)
  | \\.
  | \[\^?\]?(?:\\.|[^\]\\])*\]
  | \((?:\?:|\?P<\w+>)?(?!\?)  (?P<begin>)
  | \(                   (?P<extension>)
  | \)                   (?P<end>)
  | [*+]                 (?P<endless>)
  | [?|]                 (?P<open>)
  | \{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\}
  | .
    """,
    re.VERBOSE | re.DOTALL,
)


def trouble_with(pattern: str) -> str | None:
    """Why a pattern cannot be used, or None."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is no regular expression ({error})"
    # of each group that has begun, whether it can match one text in several ways
    ways, is_open, just_ended = 1, [False], False
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        least, most = _bounds(token)
        if kind in ("backreference", "extension"):
            return "it looks around or back; use plain groups"
        if most > 1 and just_ended:
            return "it repeats a group that repeats something, or has a choice"
        ways *= 2 if kind == "open" else most - least + 1
        is_open[-1] = is_open[-1] or least != most or kind == "open"
        just_ended = False
        if kind == "begin":
            is_open.append(False)
        elif kind == "end" and len(is_open) > 1:
            just_ended = is_open.pop()
            is_open[-1] = is_open[-1] or just_ended
    if ways > WAYS_MAX:
        return "it leaves too much open: three repetitions without an end are allowed, or as many choices"
    return None


def _bounds(token: re.Match[str]) -> tuple[int, int]:
    """How often something may be repeated; once, where the token says nothing of that."""
    if token.lastgroup == "endless":
        return 0, _ENDLESS
    least, most = token["least"], token["most"]
    if least is None or not (least or token["comma"]):
        return 1, 1
    if not token["comma"]:
        return int(least), int(least)
    return int(least or 0), min(int(most), _ENDLESS) if most else _ENDLESS
