"""What a run is told, and the sizes that it has."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalogue import GROUPS
from benchmarks.population import BIG, BIG_SERVERS

DATABASES = ("postgresql", "mariadb")

#: The sizes, small and large, of a run in minutes and of the one that the goals are about.
_IMAGES, _SCALE_IMAGES = (10_000, 100_000), (100_000, 1_000_000)
_ROWS, _SCALE_ROWS = (10_000, 1_000_000), (10_000, 10_000_000)

# So many the big servers have.
_LEAST = BIG_SERVERS * BIG


@dataclass(frozen=True)
class Options:
    """Of a run.

    `rounds`: how often each side has its turn, at most; `seconds`: how long one measurement takes, about;
    `pool_mb`: memory that each database server keeps pages in.
    """

    groups: tuple[str, ...]
    images: tuple[int, int]
    rows: tuple[int, int]
    rounds: int
    seconds: float
    pool_mb: int
    databases: tuple[str, ...]
    data: Path | None
    json: Path | None
    memory_mib: int

    @property
    def at_scale(self) -> bool:
        """Whether goals that speak of a million images hold."""
        return self.images[1] >= _SCALE_IMAGES[1]


def parser() -> argparse.ArgumentParser:
    """The words of the command."""
    asked = argparse.ArgumentParser(
        prog="tools/bench",
        description="Measure what our filters cost and gain, side by side with a stock Glance; print one table. "
        "The exit code is 0 also where a goal is missed: the table says so.",
    )
    add = asked.add_argument
    add("--list", action="store_true", help="name the figures and their goals, measure nothing")
    add("--only", metavar="NAME", action="append", choices=GROUPS, help="measure only this (may be repeated)")
    add("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    add("--scale", action="store_true", help="with 10^6 images and 10^7 rows (25 GB of disk)")
    add("--scale-images", type=_at_least(10 * _LEAST), metavar="N", help="so many images, beside a tenth of it")
    add("--scale-rows", type=_at_least(_LEAST), metavar="N", help="so many rows for the look-ups")
    add("--databases", type=_databases, default=DATABASES, metavar="NAMES", help="of: postgresql,mariadb")
    add("--data", type=Path, metavar="DIR", help="keep the databases there, for another run (else: temporary)")
    add("--pool-mb", type=int, default=512, metavar="N", help="page memory of each database server (512)")
    add("--rounds", type=int, default=60, metavar="N", help="turns of each side, at most (60)")
    add("--seconds", type=float, metavar="N", help="seconds for one measurement, about (20; with --scale 60)")
    add("--memory-mib", type=int, default=1024, metavar="N", help="image data to send up and down (1024)")
    add("--venv", type=Path, metavar="DIR", help="run in this environment instead of making one")
    return asked


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"at least {least}")
        return int(text)

    return number


def _databases(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in DATABASES:
            raise argparse.ArgumentTypeError(f"{name}: not one of {', '.join(DATABASES)}")
    return names


def options(words: argparse.Namespace) -> Options:
    """What the words come to."""
    images, rows = (_SCALE_IMAGES, _SCALE_ROWS) if words.scale else (_IMAGES, _ROWS)
    if words.scale_images:
        images = (words.scale_images // 10, words.scale_images)
    if words.scale_rows:
        rows = (rows[0], words.scale_rows)
    return Options(
        groups=tuple(words.only or GROUPS),
        images=images,
        rows=rows,
        rounds=words.rounds,
        seconds=words.seconds or (60 if words.scale else 20),
        pool_mb=words.pool_mb,
        databases=words.databases,
        data=words.data.absolute() if words.data else None,
        json=words.json.absolute() if words.json else None,
        memory_mib=words.memory_mib,
    )
