"""`Finding`: one thing that is wrong, under a code that never changes, with its fix."""

from __future__ import annotations

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"
NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One mistake of an operator's.

    :param code: stable name, ``<where>.<what>``
    :param severity: `ERROR`: something does not work, or is not safe; `WARNING`: it may be meant so;
        `NOTE`: nothing is wrong, it is only said
    :param text: one sentence with the fix
    """

    code: str
    severity: str
    text: str


def error(code: str, text: str) -> Finding:
    return Finding(code, ERROR, text)


def warning(code: str, text: str) -> Finding:
    return Finding(code, WARNING, text)


def note(code: str, text: str) -> Finding:
    return Finding(code, NOTE, text)
