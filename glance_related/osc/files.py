"""`read_texts`: names with texts out of a file in JSON or YAML, each text as its writer wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import yaml  # type: ignore[import-untyped]
from osc_lib.exceptions import CommandError

#: The name of a file that stands for what comes in through a pipe.
STDIN = "-"

# What YAML takes a plain scalar for, where it still is something that can be written down as a text.
_TEXTS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "timestamp"))

#: What the YAML parser raises, also where it makes a character, or a number, of what is none.
NOT_YAML = (yaml.YAMLError, ValueError, OverflowError)

# A name and its text; None where it is none.
_Pair = tuple[str | None, str | None]


def read_texts(path: str, stdin: TextIO) -> dict[str, str]:
    """Names with their texts.

    A number or a word like ``yes`` is the text that stands there, not what JSON or YAML make of it: ``1.10`` stays
    ``1.10``.

    :param path: of a file in UTF-8; `STDIN`: what ``stdin`` has
    :returns: empty where the object is
    :raises CommandError: in one sentence: the file cannot be read, is no object, has a name twice, or a value that is
        no text
    """
    source = named(path)
    return _texts(_pairs(read_source(path, stdin), source), source)


def named(path: str) -> str:
    """How a file is called in a sentence."""
    return "standard input" if path == STDIN else path


def read_source(path: str, stdin: TextIO) -> str:
    """What stands in a file.

    :param path: of a file in UTF-8; `STDIN`: what ``stdin`` has
    :raises CommandError: in one sentence
    """
    try:
        text = stdin.read() if path == STDIN else Path(path).read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{named(path)} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{named(path)} is no text in UTF-8.") from None
    return text.removeprefix("\ufeff")


def _texts(pairs: Iterable[_Pair], source: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, text in pairs:
        if not name:
            raise CommandError(f"{source} has a name that is no text, or empty.")
        if name in texts:
            raise CommandError(f"{source} has {name} twice.")
        if text is None:
            raise CommandError(f"{source} has a value for {name} that is no text, number, true or false.")
        texts[name] = text
    return texts


def _pairs(text: str, source: str) -> list[_Pair]:
    """What stands in an object, in its order, with everything that is there twice."""
    # YAML reads nearly all of JSON, but stumbles over its tabs and its escaped pairs of surrogates.
    try:
        pairs = _read(text, source)
    except RecursionError:
        raise CommandError(f"{source} is nested too deep.") from None
    if pairs is None:
        raise CommandError(f"{source} holds no object of names with their values.")
    return pairs


def _read(text: str, source: str) -> list[_Pair] | None:
    try:
        return _of_json(text)
    except ValueError:
        return _of_yaml(text, source)


def _of_json(text: str) -> list[_Pair] | None:
    """:raises ValueError: it is no JSON"""
    # objects become tuples and arrays lists, so that they can be told apart; numbers stay as they are written
    document = json.loads(text, object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str)
    if not isinstance(document, tuple):
        return None
    return [(name, _text_of_json(value)) for name, value in document]


def _text_of_json(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _of_yaml(text: str, source: str) -> list[_Pair] | None:
    """:raises CommandError: it is no YAML either"""
    # the nodes and not what would be constructed of them: those still have what was written
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except NOT_YAML as error:
        raise CommandError(f"{source} is neither JSON nor YAML: {why(error)}.") from None
    if not isinstance(document, yaml.MappingNode):
        return None
    return [(_text_of_yaml(name), _text_of_yaml(value)) for name, value in document.value]


def _text_of_yaml(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _TEXTS:
        return None
    return str(node.value)


def why(error: Exception) -> str:
    """What is wrong with a file, and where.

    :param error: one of `NOT_YAML`
    """
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    if not isinstance(error, yaml.YAMLError):
        return "it has a number, or the number of a character, that is none"
    return str(error).splitlines()[0]
