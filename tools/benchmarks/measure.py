"""Two or more sides that take turns; medians and intervals of what comes out."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

#: Called with the number of the round, returns the milliseconds that it took.
Side = Callable[[int], float]

#: Fewer say nothing, however long each takes.
_LEAST = 3


def take_turns(sides: Mapping[str, Side], rounds: int, seconds: float, warm_up: int = 3) -> dict[str, list[float]]:
    """Milliseconds of each side, round by round; who goes first changes from round to round.

    After `seconds` no further round begins. The rounds of the warm-up are counted down from -1, their
    times are thrown away, and they end after `seconds`, too.
    """
    names = list(sides)
    until = time.monotonic() + seconds
    for number in range(-1, -1 - warm_up, -1):
        for name in names:
            sides[name](number)
        if time.monotonic() > until:
            break
    taken: dict[str, list[float]] = {name: [] for name in names}
    until = time.monotonic() + seconds
    for number in range(rounds):
        for name in names if number % 2 else reversed(names):
            taken[name].append(sides[name](number))
        if number + 1 >= _LEAST and time.monotonic() > until:
            break
    return taken


def processor_time(pid: int) -> float:
    """Milliseconds that a process has had of any processor, in all its threads, since it started."""
    clock = ~pid << 3 | 2  # how Linux numbers the clock of a process
    return time.clock_gettime(clock) * 1000


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Of each round's two sides."""
    return [a / b for a, b in zip(above, below, strict=True)]


def differences(left: Sequence[float], right: Sequence[float]) -> list[float]:
    """Of each round's two sides."""
    return [a - b for a, b in zip(left, right, strict=True)]


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Where the median lies with a confidence of 95 %, whatever the distribution; None for too few values.

    The number of values below the median is binomial with p = 1/2, so two of the ordered values enclose it.
    """
    count = len(values)
    tail, below = 0.0, 0
    while True:
        tail += math.comb(count, below) / 2**count
        if tail > 0.025:
            break
        below += 1
    if below == 0:
        return None
    ordered = sorted(values)
    return ordered[below - 1], ordered[count - below]
