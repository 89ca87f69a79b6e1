"""`masked`: what a receiver says, without the secrets that it was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glance_related.package_menu.drivers.driver import Variable

_STARS = "***"
#: So much of a secret in a row is taken for a part of it: receivers quote, escape and cut what they complain of.
_PART = 6


def secrets_of(variables: Iterable[Variable]) -> list[str]:
    """The secrets among some values."""
    return [str(one.value) for one in variables if one.is_secret]


def masked(text: str, secrets: Sequence[str]) -> str:
    """A text in which stars stand for every secret, and for every part of one that is long enough to be of use."""
    hidden = [False] * len(text)
    for secret in secrets:
        size = min(len(secret), _PART)
        parts = {secret[at : at + size] for at in range(len(secret) - size + 1)} - {""}
        for at in range(len(text) - size + 1):
            if text[at : at + size] in parts:
                hidden[at : at + size] = [True] * size
    made = []
    for at, character in enumerate(text):
        if not hidden[at]:
            made.append(character)
        elif at == 0 or not hidden[at - 1]:
            made.append(_STARS)
    return "".join(made)
