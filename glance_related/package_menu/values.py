"""What a variable may be: each type's values, and what an entry asks of them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from glance_related.package_menu.entry import (
    BOOLEAN,
    CHOICE,
    INTEGER,
    LIST,
    NUMBER,
    SECRET,
    STRING,
    TEXT,
    Entry,
    Sealed,
)

#: Longest one-line text, and item of a list, in characters.
LINE_MAX = 4096
#: Longest text, and secret.
TEXT_MAX = 65536
#: Most items of a list.
ITEMS_MAX = 256
#: Longest text that is compared with a pattern: what that takes is a power of it.
MATCHED_MAX = 255
_INTEGER_MAX = 2**63 - 1

# No NUL, no half of a surrogate pair: not every database keeps them. Of control characters a text has the line
# feed and the tabulator, which mean the same everywhere.
_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
_TEXT = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]*")


class Unfit(Exception):
    """A value that an entry does not take; the sentence says why, without the value itself."""


class Told(str):
    """A secret that somebody has just told, and that is still to be encrypted."""


def kept_fitting(entry: Entry, value: Any) -> Any:
    """The same of a value that is kept.

    :raises Unfit: also where it was kept as no secret, as that of another entry which had this name before
    """
    if entry.is_secret and not isinstance(value, Sealed | Told):
        raise Unfit("it was said when this was no secret")
    return fitting(entry, value)


def fitting(entry: Entry, value: Any) -> Any:
    """A value as it is kept.

    :raises Unfit:
    """
    if isinstance(value, Sealed) and entry.is_secret:
        return value
    of_type = _OF_TYPE.get(entry.type or "")
    if of_type is None:  # a newer release beside this one may know it
        raise Unfit("its type is not known here")
    value = of_type(value)
    if entry.choices and not _is_among(value, entry):
        raise Unfit(f"it must be one of {_listed(entry.choices)}")
    _check_bounds(entry, value)
    _check_pattern(entry, value)
    return value


def _is_among(value: Any, entry: Entry) -> bool:
    if isinstance(value, list):
        return all(item in entry.choices for item in value)
    return value in entry.choices


def _listed(choices: tuple[Any, ...]) -> str:
    shown = ", ".join(f"{one!s:.100}" for one in choices[:20])
    return shown if len(choices) <= 20 else f"{shown}, ..."


def _check_bounds(entry: Entry, value: Any) -> None:
    what, size = ("it", value) if entry.type in (INTEGER, NUMBER) else _SIZED.get(entry.type or "", _unsized)(value)
    if entry.minimum is not None and size < entry.minimum:
        raise Unfit(f"{what} must be at least {entry.minimum}")
    if entry.maximum is not None and size > entry.maximum:
        raise Unfit(f"{what} must be at most {entry.maximum}")


def _unsized(_: Any) -> tuple[str, float]:
    return "it", math.nan


def _text_size(value: str) -> tuple[str, float]:
    return "its length", len(value)


_SIZED: dict[str, Callable[[Any], tuple[str, float]]] = {
    STRING: _text_size,
    TEXT: _text_size,
    SECRET: _text_size,
    LIST: lambda value: ("the number of its items", len(value)),
}


def _check_pattern(entry: Entry, value: Any) -> None:
    if entry.pattern is None:
        return
    for one in value if isinstance(value, list) else [value]:
        if len(one) > MATCHED_MAX:
            raise Unfit(f"it is longer than {MATCHED_MAX} characters, the most that is compared with a pattern")
        if _compiled(entry.pattern).fullmatch(one) is None:
            raise Unfit(f"it does not match {entry.pattern}")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# -- types


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("it must be a text")
    if len(value) > LINE_MAX:
        raise Unfit(f"it must have {LINE_MAX} characters at most")
    if not _LINE.fullmatch(value):
        raise Unfit("it must be one line, without control characters")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("it must be a text")
    if len(value) > TEXT_MAX:
        raise Unfit(f"it must have {TEXT_MAX} characters at most")
    if not _TEXT.fullmatch(value):
        raise Unfit("it must have no control characters but line feeds and tabulators")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("it must be a whole number")
    if abs(value) > _INTEGER_MAX:
        raise Unfit("it must be a number of 64 bits")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("it must be a number")
    if not abs(value) <= _INTEGER_MAX:  # neither an infinity nor no number at all
        raise Unfit("it must be a number of 64 bits")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("it must be true or false")
    return value


def _list(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Unfit("it must be a list of texts")
    if len(value) > ITEMS_MAX:
        raise Unfit(f"it must have {ITEMS_MAX} items at most")
    return [_line(item) for item in value]


def _secret(value: Any) -> str:
    text = _text(value)
    if not text:
        raise Unfit("it must not be empty")
    return Told(text)


_OF_TYPE: dict[str, Callable[[Any], Any]] = {
    STRING: _line,
    TEXT: _text,
    INTEGER: _integer,
    NUMBER: _number,
    BOOLEAN: _boolean,
    LIST: _list,
    CHOICE: _line,
    SECRET: _secret,
}
