"""Files in JSON or YAML: read so that a number may still be taken for the text that stands there, and written."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import yaml  # type: ignore[import-untyped]
from osc_lib.exceptions import CommandError

from glance_related.osc.files import NOT_YAML, STDIN, named, read_source, why

_DEEPEST = 20
#: Most that the aliases of a file may stand for beyond what is written in it: each may stand for many others.
_ALIASED = 100_000
#: Most bits of a number that is taken for one.
_BITS = 1024


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
        return _parsed(text)
    except _Twice as twice:
        raise CommandError(f"{source} has {twice} twice.") from None
    except _TooMuch:
        raise CommandError(f"{source} has aliases that stand for more than {_ALIASED} values.") from None
    except NOT_YAML as error:
        raise CommandError(f"{source} is neither JSON nor YAML: {why(error)}.") from None
    except RecursionError:
        raise CommandError(f"{source} is nested too deep.") from None


def _parsed(text: str) -> Any:
    try:
        document = _of_json(text)
    except ValueError:
        # YAML reads nearly all of JSON, but stumbles over its tabs and its escaped pairs of surrogates
        return _of_yaml(text)
    _check_depth(document)
    return document


def _check_depth(document: Any, depth: int = 0) -> None:
    """:raises RecursionError: nothing that is meant for a menu is nested like this"""
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
    return Written(word, value) if _is_number(value) else word


def _is_number(value: float) -> bool:
    return value.bit_length() <= _BITS if isinstance(value, int) else math.isfinite(value)


# -- YAML

_TAG = "tag:yaml.org,2002:"


class _TooMuch(Exception):
    """What the aliases of a file stand for has no end, or none that is worth waiting for."""


def _of_yaml(text: str) -> Any:
    """:raises yaml.YAMLError:"""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _Survey().look(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Survey:
    """What a file comes to, found out before anything is made of it, and before anything is merged.

    A few lines of aliases, each of which stands for several others, come to more than there is time and memory for.
    Each node is looked at once, however many aliases it has.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int] | None] = {}

    def look(self, node: yaml.Node) -> tuple[int, int]:
        """How many values a node stands for, and how deep it is nested.

        :raises RecursionError: too deep, or within itself
        :raises _TooMuch:
        :raises _Twice:
        :raises yaml.YAMLError: a name is no text
        """
        if id(node) in self._seen:
            known = self._seen[id(node)]
            if known is None:
                raise RecursionError
            return known
        self._seen[id(node)] = None
        size, depth = 1, 0
        for part in _parts(node):
            of_part, depth_of_part = self.look(part)
            size, depth = size + of_part, max(depth, depth_of_part + 1)
        if depth > _DEEPEST:
            raise RecursionError
        if size - len(self._seen) > _ALIASED:
            raise _TooMuch
        self._seen[id(node)] = size, depth
        return size, depth


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        names = Counter(_name_in(name) for name, _ in node.value if name.tag != f"{_TAG}merge")
        for name, number in names.items():
            if number > 1:
                raise _Twice(name)
        for pair in node.value:
            yield from pair


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads scalars as `Written`, and dates as texts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """An object; its names are texts."""
        if not isinstance(node, yaml.MappingNode):  # whatever it calls itself
            raise yaml.constructor.ConstructorError(None, None, "no object", node.start_mark)
        self.flatten_mapping(node)
        # what is merged stands before what the object has itself
        return {_name_in(name): self.construct_object(value, deep=deep) for name, value in node.value}


def _name_in(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a name that is no text", node.start_mark)
    return str(node.value)


def _text(loader: _Loader, node: yaml.Node) -> str:
    return str(loader.construct_scalar(node))


def _number(loader: _Loader, node: yaml.Node) -> Any:
    word = _text(loader, node)
    try:
        is_whole = node.tag == f"{_TAG}int"
        value = loader.construct_yaml_int(node) if is_whole else loader.construct_yaml_float(node)
    except (ValueError, IndexError, OverflowError):
        if loader.resolve(yaml.ScalarNode, word, (True, False)) == node.tag:
            return word  # it is one, and too long
        raise yaml.constructor.ConstructorError(None, None, "a number that is none", node.start_mark) from None
    return Written(word, value) if _is_number(value) else word


def _boolean(loader: _Loader, node: yaml.Node) -> Written:
    word = _text(loader, node)
    if word.lower() not in loader.bool_values:
        raise yaml.constructor.ConstructorError(None, None, "neither true nor false", node.start_mark)
    return Written(word, bool(loader.construct_yaml_bool(node)))


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
