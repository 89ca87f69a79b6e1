"""Which regular expressions an entry may have: those that are matched in a time that can be told beforehand. Pure.

A customer's value is compared with an administrator's pattern in a worker of Nova's API. A repetition within a
repetition would let a short value keep it busy for ever, and each choice that a pattern leaves multiplies the ways in
which a value may have to be tried. So these ways are counted, and rather too many than too few.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: So often something without an end is repeated in a value of the length that is compared at most.
_ENDLESS = 255
#: In most so many ways a value is tried: that of three repetitions without an end.
WAYS_MAX = (_ENDLESS + 1) ** 3
#: So often something is repeated at most that can be done in two ways: with each time they are twice as many.
_AGAIN_MAX = 24

_TOKEN = re.compile(
    r"""
    \\[1-9]              (?P<backreference>)
  | (?:\\x..|\\u.{4}|\\U.{8}|\\N\{[^}]*\}|\\0[0-7]{0,2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\])
  | \((?:\?:|\?P<\w+>)?(?!\?)  (?P<begin>)
  | \(                   (?P<extension>)
  | \)                   (?P<end>)
  | (?:[*+?]|\{(?=[0-9,])(?P<least>[0-9]*)(?P<comma>,?)(?P<most>[0-9]*)\})[?+]?  (?P<often>)
  | \|                   (?P<choice>)
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
_LITERAL = re.compile(r"[^.^$*+?{}\[\]\\|()]|\\[^0-9A-Za-z]", re.DOTALL)


def trouble_with(pattern: str, times: int = 1) -> str | None:
    """Why a pattern cannot be used, or None.

    :param times: so often something of a value is compared with it, as each item of a list
    """
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        return f"it is no regular expression ({error})"
    tokens = list(_TOKEN.finditer(pattern))
    ways = [1]  # in which the whole may match one text, and each group that has begun
    for number, token in enumerate(tokens):
        kind = token.lastgroup
        if kind in ("backreference", "extension"):
            return "it looks around or back; use plain groups"
        if kind == "begin":
            ways.append(1)
        elif kind == "choice":
            ways[-1] *= 2
        elif kind == "end":
            within, (least, most) = ways.pop(), _bounds(tokens, number + 1)
            if within > 1 and most > _AGAIN_MAX:
                return "it repeats a group that repeats something, or has a choice"
            # to begin again takes its time even where nothing is left open
            ways[-1] *= within**most * max(most - least + 1, most)
        elif kind is None and not _ends_by_itself(tokens, number):
            least, most = _bounds(tokens, number + 1)
            ways[-1] *= most - least + 1
        ways[-1] = min(ways[-1], WAYS_MAX + 1)  # more is too many, and no number to reckon with
    if ways[0] * times > WAYS_MAX:
        what = "three repetitions" if times == 1 else "for each item of a list two repetitions"
        return f"it leaves too much open: {what} without an end are allowed, or as many choices"
    return None


def _bounds(tokens: Sequence[re.Match[str]], number: int) -> tuple[int, int]:
    """How often what stands before a token may be repeated: once, where the token says nothing of that."""
    token = tokens[number] if number < len(tokens) else None
    if token is None or token.lastgroup != "often":
        return 1, 1
    if token["least"] is None:
        return {"*": (0, _ENDLESS), "+": (1, _ENDLESS), "?": (0, 1)}[token[0][0]]
    least = int(token["least"] or 0)
    if not token["comma"]:
        return least, least
    return least, max(least, min(int(token["most"] or _ENDLESS), _ENDLESS))


def _ends_by_itself(tokens: Sequence[re.Match[str]], number: int) -> bool:
    """Whether a repeated character ends in one place only: before another one that it cannot be."""
    behind = [token[0] if token.lastgroup is None else None for token in tokens[number + 2 : number + 3]]
    if not behind or behind[0] is None or not _LITERAL.fullmatch(behind[0]) or _bounds(tokens, number + 3) != (1, 1):
        return False
    return re.fullmatch(tokens[number][0], behind[0][-1]) is None
