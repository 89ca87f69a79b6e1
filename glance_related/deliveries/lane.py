"""`Lane`: a worker's way to one receiver: how much at once, and how long not at all.

A receiver that does not answer is left alone for a while, and then asked with one delivery: whatever has piled up goes
out only as fast as it turns out to be able to take it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

#: Most that are taken up at once, so that another worker finds some too.
MOST = 100
#: As much is taken up as will keep the lane busy for so many seconds.
_AHEAD = 0.25


def waited(attempts: int, first: float, longest: float) -> float:
    """How long to wait after so many failures, in seconds: twice as long each time, and never all at the same time."""
    doubled: float = min(longest, first * 2.0 ** min(attempts - 1, 40))
    return doubled * random.uniform(0.5, 1.0)  # noqa: S311  (no secret)


class Lane:
    """See the module.

    :param width: most deliveries that are handed over at a time
    :param first: seconds of the first pause
    :param longest: of the longest
    :param clock: monotonic seconds
    """

    def __init__(self, width: int, first: float, longest: float, clock: Callable[[], float]) -> None:
        self._width = width
        self._first = first
        self._longest = longest
        self._clock = clock
        self._open = width
        self._has_answered = False
        self._failures = 0
        self._until = 0.0
        self._taking = 0.02
        self._lock = threading.Lock()
        #: How many are taken up, and not recorded yet.
        self.in_hand = 0

    @property
    def wants(self) -> int:
        """How many more may be taken up now."""
        if self.is_paused:
            return 0
        ahead = self._open if self._open < self._width else min(MOST, int(self._width * max(1, _AHEAD / self._taking)))
        return max(0, ahead - self.in_hand)

    @property
    def is_paused(self) -> bool:
        """Whether the receiver did not answer when it was last asked."""
        return self.pause > 0

    @property
    def has_answered(self) -> bool:
        """Whether the receiver answered when it was last asked; not so where it never was."""
        return self._has_answered

    def answered(self, seconds: float) -> None:
        """The receiver has answered, whatever: the lane becomes wider again."""
        with self._lock:
            self._has_answered = True
            self._failures = 0
            self._open = min(self._width, self._open * 2)
            self._taking = 0.9 * self._taking + 0.1 * max(seconds, 0.0005)

    def did_not_answer(self) -> float:
        """The receiver is to be left alone: for how many seconds."""
        with self._lock:
            self._has_answered = False
            if not self.is_paused:
                self._failures += 1
                self._open = 1
                self._until = self._clock() + waited(self._failures, self._first, self._longest)
            return max(0.0, self._until - self._clock())

    @property
    def pause(self) -> float:
        """For how many more seconds it is left alone."""
        return max(0.0, self._until - self._clock())
