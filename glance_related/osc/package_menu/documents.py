"""Files in JSON or YAML: read so that a number may still be taken for the text that stands there, and written."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import yaml  # type: ignore[import-untyped]
from osc_lib.exceptions import CommandError

from glance_related.osc.files import STDIN, named, read_source, why

_DEEPEST = 20


@dataclass(frozen=True)
class Written:
    """What JSON or YAML take for no text: ``1.10`` is a number to them, and the name of a release to its writer.

    :param text: as it is written
    :param value: as they take it
    """

    text: str
    value: bool | int | float


def read_document(path: str, stdin: TextIO) -> Any:
    """What stands in a file: lists, objects, texts, null, and `Written`.

    :param path: of a file in UTF-8; `STDIN`: what ``stdin`` has
    :raises CommandError: in one sentence: the file cannot be read, is neither JSON nor YAML, or has a name twice
    """
    source, text = named(path), read_source(path, stdin)
    try:
        document = _parsed(text)
        _check_depth(document)
    except _Twice as twice:
        raise CommandError(f"{source} has {twice} twice.") from None
    except yaml.YAMLError as error:
        raise CommandError(f"{source} is neither JSON nor YAML: {why(error)}.") from None
    except RecursionError:
        raise CommandError(f"{source} is nested too deep.") from None
    return document


def _parsed(text: str) -> Any:
    try:
        return _of_json(text)
    except ValueError:
        # YAML reads nearly all of JSON, but stumbles over its tabs and its escaped pairs of surrogates
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


def _check_depth(document: Any, depth: int = 0) -> None:
    """:raises RecursionError: nothing that is meant for a menu is nested like this, if it has an end at all"""
    if depth > _DEEPEST:
        raise RecursionError
    parts = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    for part in parts:
        _check_depth(part, depth + 1)


def bare(document: Any) -> Any:
    """A document as JSON and YAML take it."""
    if isinstance(document, Written):
        return document.value
    if isinstance(document, list):
        return [bare(item) for item in document]
    if isinstance(document, dict):
        return {name: bare(value) for name, value in document.items()}
    return document


def text_of(value: Any) -> Any:
    """A text as it is written; what cannot be one stays what it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.text if isinstance(value, Written) else value


def written(document: Any, *, as_json: bool) -> str:
    """A document as a file."""
    if as_json:
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def write_document(path: str, document: Any, stdout: TextIO, *, as_json: bool) -> None:
    """Write a document into a file; ``-``: to where results go.

    :raises CommandError: it cannot be written
    """
    text = written(document, as_json=as_json)
    if path == STDIN:
        stdout.write(text)
        return
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


# -- JSON


class _Twice(Exception):
    """A name stands twice in one object."""


def _of_json(text: str) -> Any:
    """:raises ValueError: it is no JSON"""
    return json.loads(
        text,
        object_pairs_hook=_object,
        parse_int=lambda word: _written(word, int),
        parse_float=lambda word: _written(word, float),
        parse_constant=str,
    )


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _written(word: str, made: Any) -> Any:
    """A number as it is written; what is too long to be one, or has no end, is a text."""
    try:
        value = made(word)
    except ValueError:
        return word
    return Written(word, value) if math.isfinite(value) else word


# -- YAML

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads scalars as `Written`, dates as texts, and refuses what is there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """An object; its names are texts."""
        names = Counter(_name_in(name) for name, _ in node.value if name.tag != f"{_TAG}merge")
        for name, number in names.items():
            if number > 1:
                raise _Twice(name)
        self.flatten_mapping(node)
        # what is merged stands before what the object has itself
        return {_name_in(name): self.construct_object(value, deep=deep) for name, value in node.value}


def _name_in(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a name that is no text", node.start_mark)
    return str(node.value)


def _text(_: _Loader, node: yaml.Node) -> str:
    return str(node.value)


def _number(loader: _Loader, node: yaml.Node) -> Any:
    try:
        is_whole = node.tag == f"{_TAG}int"
        value = loader.construct_yaml_int(node) if is_whole else loader.construct_yaml_float(node)
    except ValueError:
        return str(node.value)
    return Written(str(node.value), value) if math.isfinite(value) else str(node.value)


def _boolean(loader: _Loader, node: yaml.Node) -> Written:
    return Written(str(node.value), bool(loader.construct_yaml_bool(node)))


_Loader.add_constructor(f"{_TAG}timestamp", _text)
_Loader.add_constructor(f"{_TAG}int", _number)
_Loader.add_constructor(f"{_TAG}float", _number)
_Loader.add_constructor(f"{_TAG}bool", _boolean)
for _kind in ("binary", "omap", "pairs", "set"):  # JSON has none of them
    _Loader.add_constructor(f"{_TAG}{_kind}", _Loader.construct_undefined)


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes a text of several lines as one reads it."""

    def ignore_aliases(self, data: Any) -> bool:
        """What is there twice is written twice."""
        return True


def _represented(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar(f"{_TAG}str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represented)
