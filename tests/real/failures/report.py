"""What was killed where, and what came of it: a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Reports of this run, printed at its end: (title, file, summary).
Reports = list[tuple[str, Path, str]]


@dataclass
class Kill:
    """One worker's end.

    :param before: the worker that was killed
    :param after: the workers that its master had when it was replaced
    :param at_once: what the image showed right after
    :param retried: how the client's second try was answered, if it made one
    :param outcome: what is true after reconcile
    """

    story: str
    point: str
    before: int
    after: list[int]
    at_once: str = "-"
    retried: str = "-"
    outcome: str = "not checked"


def table(kills: Sequence[Kill]) -> str:
    """One line for each kill."""
    head = ("#", "request", "killed at", "pid before", "pids after", "at once", "retried", "after reconcile")
    rows = [
        (n, k.story, k.point, k.before, " ".join(map(str, k.after)), k.at_once, k.retried, k.outcome)
        for n, k in enumerate(kills, 1)
    ]
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def by_place(kills: Sequence[Kill]) -> str:
    """How many kills each place has had."""
    counts: dict[tuple[str, str], int] = {}
    for kill in kills:
        counts[kill.story, kill.point] = counts.get((kill.story, kill.point), 0) + 1
    return "\n".join(f"{count:4}  {story}: {point}" for (story, point), count in counts.items())
