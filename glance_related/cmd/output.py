"""How commands print: tables for people, JSON for programs, progress and errors on stderr."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any


def add_format(parser: argparse.ArgumentParser) -> None:
    """Give a command that lists its ``-f json|table``."""
    parser.add_argument(
        "-f", "--format", choices=("table", "json"), default="table", help="how to print (default: table)"
    )


def print_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print some rows.

    :param rows: one dictionary each, with every column
    :param form: ``table`` or ``json``
    """
    if form == "json":
        print(json.dumps([{column: row[column] for column in columns} for row in rows], indent=2))
        return
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in [list(columns), *cells]) for index in range(len(columns))]
    for line in [list(columns), ["-" * width for width in widths], *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_object(document: Any) -> None:
    """Print a document as JSON."""
    print(json.dumps(document, indent=2))


def print_fields(document: dict[str, Any], form: str) -> None:
    """Print one thing: its fields below each other, or as JSON.

    :param form: ``table`` or ``json``
    """
    if form == "json":
        print_object(document)
        return
    fields = [{"field": name, "value": value} for name, value in document.items()]
    print_rows(fields, ("field", "value"), form)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return json.dumps(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class Progress:
    """A line on stderr that counts what has been done; nothing where stderr is no terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = sys.stderr.isatty()
        self._begun = False

    def __call__(self, done: int, total: int | None = None) -> None:
        if self._shown:
            self._begun = True
            of = f" of {total}" if total is not None else ""
            print(f"\r{self._what}: {done}{of}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._begun:
            print(file=sys.stderr)
            self._begun = False


def fail(sentence: str, program: str = "glance-related-manage") -> int:
    """Say what went wrong on stderr; the exit code of a command that could not do its work."""
    print(f"{program}: {sentence}", file=sys.stderr)
    return 1
