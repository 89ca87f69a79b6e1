"""Nova's own reading of image properties, in a process of its own: Glance and Nova register options of the same names.

With the word ``table`` it prints the table of this Nova's properties, as it is shipped::

    python -W ignore -m tests.properties.novas_reading table > glance_related/hosts/nova/image_properties.json
"""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import importlib.util
import inspect
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from glance_related.hosts.nova.image_meta import read_fields
from glance_related.hosts.nova.image_properties import installed
from glance_related.hosts.nova.property_values import Field

ARGV = [sys.executable, "-W", "ignore", "-m", "tests.properties.novas_reading"]


@dataclass(frozen=True)
class Answer:
    """What Nova makes of image properties.

    :param read: all fields that it sets; None where it refuses the properties
    :param kept: those that it sets when it reads what it has kept of them with a server
    """

    read: dict[str, Any] | None
    kept: dict[str, Any] | None


class NovasReading:
    """A Nova that reads image properties."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, properties: Mapping[str, str]) -> Answer:
        """What it makes of some."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(properties), file=self._process.stdin, flush=True)
        return Answer(**json.loads(self._process.stdout.readline()))


@contextmanager
def novas_reading() -> Iterator[NovasReading]:
    """A Nova, until the end of the block."""
    _want_nova()
    with subprocess.Popen(ARGV, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield NovasReading(process)


def novas_table(word: str) -> str:
    """The table of this Nova, as it is shipped.

    :param word: ``table``, or ``installed`` for what the suite itself finds out where a Nova runs
    """
    _want_nova()
    return subprocess.run([*ARGV, word], capture_output=True, text=True, check=True).stdout


def _want_nova() -> None:
    if importlib.util.find_spec("nova") is None:
        pytest.skip("the package nova is not installed")


# -- in the process of its own


def main() -> None:
    from nova.objects.image_meta import ImageMetaProps

    if sys.argv[1:] == ["table"]:
        print(_table(ImageMetaProps))
    elif sys.argv[1:] == ["installed"]:
        table = installed()
        assert table
        print(_text(table.source, table.numa_nodes, table.fields))
    else:
        for line in sys.stdin:
            print(json.dumps(_answer(ImageMetaProps, json.loads(line))), flush=True)


def _answer(props: Any, properties: dict[str, str]) -> dict[str, Any]:
    from nova import utils

    def read(some: dict[str, str]) -> dict[str, Any] | None:
        try:
            found = props.from_dict(dict(some))
        except Exception:
            return None
        return {name: _plain(getattr(found, name)) for name in found.obj_what_changed()}

    try:
        kept = utils.get_image_from_system_metadata(utils.get_system_metadata_from_image({"properties": properties}))
    except UnicodeError:
        return {"read": read(properties), "kept": None}
    return {"read": read(properties), "kept": read(kept["properties"])}


def _plain(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _table(props: Any) -> str:
    """For other spellings of values every word is tried that stands in the source of Nova's fields."""
    from nova.objects import fields

    tree = ast.parse(inspect.getsource(fields))
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    read = read_fields(props, dict.fromkeys(props.fields, words))
    return _text(importlib.metadata.version("nova"), props.NUMA_NODES_MAX, read)


def _text(nova: str, numa_nodes: int, fields: Iterable[Field]) -> str:
    """One field a line, so that a change can be read."""
    lines = []
    for one in fields:
        about = {key: part for key, part in dataclasses.asdict(one).items() if part and key != "name"}
        lines.append(f"  {json.dumps(one.name)}: {json.dumps(about)}")
    head = f'{{\n "nova": {json.dumps(nova)},\n "numa_nodes": {numa_nodes},\n "fields": {{\n'
    return head + ",\n".join(lines) + "\n }\n}"


if __name__ == "__main__":
    main()
