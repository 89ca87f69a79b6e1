"""`Breaker`: after a failure, say "down" at once for a while, instead of waiting again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Breaker:
    """Open from the first failure to the first success.

    While it is open, one caller in every so many seconds is let through, to see whether the
    database is back; all the others need not wait.

    :param seconds: how long nobody tries after a failure, and after a probe has been let through
    :param clock: monotonic seconds
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open = False
        self._until = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the last that was heard of the database is a failure."""
        return self._open

    def lets_through(self) -> bool:
        """Whether a caller may try; where the breaker is open, that makes it the probe."""
        if not self._open:
            return True
        with self._lock:
            now = self._clock()
            if self._open and now < self._until:
                return False
            self._until = now + self._seconds
            return True

    def failed(self) -> bool:
        """Note a failure; whether it is the first."""
        with self._lock:
            first = not self._open
            self._open = True
            self._until = self._clock() + self._seconds
            return first

    def answered(self) -> bool:
        """Note a success; whether it is the first after a failure."""
        if not self._open:
            return False
        with self._lock:
            first = self._open
            self._open = False
            return first

    def forked(self) -> None:
        """In a new process: a lock that another thread held at the fork would be held for ever."""
        self._lock = threading.Lock()
