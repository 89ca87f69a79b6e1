"""Values: read from a command line or a file by their types, and shown in a table.

What cannot be of its type is sent as it is written: so the cloud tells of all that is wrong at once, in its own words.
"""

from __future__ import annotations

import getpass
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from osc_lib.cli.format_columns import ListColumn
from osc_lib.exceptions import CommandError

from glance_related.osc.files import STDIN, read_source
from glance_related.osc.package_menu.documents import bare, text_of

#: What kinds of entries there are, and which have values.
KINDS = ("package", "variable", "bundle")
VARIABLE, BUNDLE = "variable", "bundle"
TYPES = ("string", "text", "integer", "number", "boolean", "list", "choice", "secret")
SECRET = "secret"  # noqa: S105 - the name of a type

#: What stands for a secret.
MASK = "***"

_OF_TEXTS = ("string", "text", "choice", SECRET)
# Types whose values are often not wanted on a command line: they are read from where it says.
_READ = ("text", SECRET)
_FILE = "@"

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def boolean(text: str) -> bool | None:
    """Whether a word means yes or no; None: neither."""
    word = text.lower()
    return True if word in _YES else False if word in _NO else None


def number(text: str) -> int | float:
    """A number.

    :raises ValueError: it is none
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    raise ValueError(f"{text!r} is no number")


def of_text(type_: str | None, text: str) -> Any:
    """A value as it is written on a command line.

    :param type_: of the variable; None: there is no such one, which is for the cloud to say
    """
    return _OF_TEXT.get(type_ or "", str)(text)


def of_file(type_: str | None, value: Any) -> Any:
    """A value as it stands in a file."""
    if type_ in _OF_TEXTS:
        value = text_of(value)
    if type_ == "list" and isinstance(value, list):
        value = [text_of(item) for item in value]
    return bare(value)


def _integer(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text


def _number(text: str) -> Any:
    try:
        return number(text)
    except ValueError:
        return text


def _boolean(text: str) -> Any:
    value = boolean(text)
    return text if value is None else value


def _list(text: str) -> Any:
    if text.startswith("["):
        try:
            # its items are texts, however they look
            return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            return text
    return [item.strip() for item in text.split(",")] if text else []


_OF_TEXT: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
}


class Inputs:
    """Values that a command is given, some of them from elsewhere: ``@FILE``, or ``-`` for standard input.

    Each is read once, however often it is asked for.
    """

    def __init__(self, stdin: TextIO) -> None:
        self._stdin = stdin
        self._found: dict[str, str] = {}
        self._is_read = False

    def value(self, name: str, type_: str | None, text: str) -> Any:
        """A value.

        :param text: as it stands on the command line
        :raises CommandError: it cannot be read
        """
        if type_ in _READ and (text == STDIN or text.startswith(_FILE)):
            if name not in self._found:
                self._found[name] = self._read(name, text)
            text = self._found[name]
            # behind a secret of one line an editor leaves a line end that is no part of it
            if type_ == SECRET and text.count("\n") == 1:
                text = text.removesuffix("\n").removesuffix("\r")
        return of_text(type_, text)

    def _read(self, name: str, text: str) -> str:
        path = text.removeprefix(_FILE)
        if path != STDIN:
            return read_source(path, self._stdin)
        if self._stdin.isatty():
            return getpass.getpass(f"{name}: ")
        if self._is_read:
            raise CommandError(f"{name}: standard input has been read for another value already.")
        self._is_read = True
        return read_source(STDIN, self._stdin)


# -- shown


class Said(ListColumn):
    """A value of any type in a table; nothing is shown where there is none."""

    def human_readable(self) -> str:
        """As one reads it."""
        return shown(self._value)

    def machine_readable(self) -> Any:
        """As it is."""
        return self._value


def said(value: Any) -> Said:
    """A value in a table."""
    return Said(value)


def shown(value: Any) -> str:
    """A value in one line, or in as many as it has."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={shown(item)}" for name, item in value.items())
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def flat(words: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says, with what is an object in it as options of a command have it."""
    found = dict(words)
    if "realisations" in found:
        found["realisations"] = {
            f"{driver}:{system}": name
            for driver, names in (found["realisations"] or {}).items()
            for system, name in names.items()
        }
    contents = found.pop("contents", None)
    if contents is not None:
        found |= {"bundle_packages": contents.get("packages", []), "bundle_values": contents.get("variables", {})}
    return found
