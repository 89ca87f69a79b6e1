"""One measured figure, the table of all, and the JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Goal:
    """What a figure should be: at most, or at least, so much."""

    limit: float
    unit: str = "x"
    at_least: bool = False
    #: What must be so besides, or where the goal holds.
    note: str = ""

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return f"{sign} {self.limit:g} {self.unit}" + (f" ({self.note})" if self.note else "")

    def met_by(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Figure:
    """A value, its goal, and the two sides that it was made of.

    `sides`: median milliseconds (or MiB, where the goal is in MiB) by name. `interval`: where the median lies
    with a confidence of 95 %. `judged` is False where the goal speaks of another size than this run's;
    `broken` says what made the value worthless.
    """

    name: str
    value: float
    goal: Goal
    sides: Mapping[str, float] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    samples: int | None = None
    judged: bool = True
    broken: str = ""

    @property
    def met(self) -> bool | None:
        """None where this run cannot tell."""
        if self.broken:
            return False
        return self.goal.met_by(self.value) if self.judged else None

    def entry(self) -> dict[str, Any]:
        """As the JSON file has it."""
        more: dict[str, Any] = {"unit": self.goal.unit, "sides": {k: round(v, 4) for k, v in self.sides.items()}}
        if self.interval:
            more["interval"] = [round(end, 4) for end in self.interval]
        if self.samples:
            more["samples"] = self.samples
        if self.broken:
            more["broken"] = self.broken
        return {"name": self.name, "value": round(self.value, 4), "goal": str(self.goal), "met": self.met, **more}

    def row(self) -> tuple[str, str, str, str, str]:
        """As the table has it."""
        value = f"{self.value:.3g}" if abs(self.value) < 1000 else f"{self.value:.0f}"
        if self.interval:
            value += " [{:.3g}, {:.3g}]".format(*self.interval)
        unit = "MiB" if self.goal.unit == "MiB" else "ms"
        sides = ", ".join(f"{name} {_short(value)} {unit}" for name, value in self.sides.items())
        met = {True: "yes", False: "NO", None: "-"}[self.met]
        return self.name, value, str(self.goal), met, self.broken or sides


def _short(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def table(figures: Sequence[Figure]) -> str:
    """All of them, one line each."""
    rows = [("figure", "value", "goal", "met", "sides"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def write_json(path: Path, figures: Sequence[Figure], run: Mapping[str, Any]) -> None:
    """A list of the figures; each says of which run it is."""
    path.write_text(json.dumps([{**figure.entry(), "run": run} for figure in figures], indent=1) + "\n")
