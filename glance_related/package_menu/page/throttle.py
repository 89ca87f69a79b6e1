"""`Throttle` and `Attempts`: passwords are not guessed quickly, and nobody is kept out by one who guesses his.

Counted in each process for itself: for a user together with an address, for an address alone, so that not one password
is tried on a thousand users, and for each browser in which that user has logged in before. What is counted of such a
browser's is counted by nobody else, and what others fail in is not counted against it. Keystone's own
``lockout_failure_attempts`` counts for the whole cloud.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Failures that cost nothing: of a user, and of an address; and the longest wait after one more, in seconds.
FREE, FREE_OF_ADDRESS, LONGEST = 5, 50, 60
#: After so many seconds all is forgotten.
FORGOTTEN = 900
#: How many are counted, of those who have to wait and of the others.
MOST = 10_000


@dataclass(frozen=True)
class _Failures:
    number: int
    first: float
    last: float


class Throttle:
    """Failures, each by whose it was.

    :param free: how many cost nothing
    :param clock: seconds that only grow
    :param since_first: they are forgotten so long after the first, instead of after the last
    """

    def __init__(self, free: int, clock: Callable[[], float] = time.monotonic, *, since_first: bool = False) -> None:
        self._free = free
        self._clock = clock
        self._since_first = since_first
        # whoever has to wait is forgotten for nobody, however many others there are; the oldest first
        self._few: OrderedDict[str, _Failures] = OrderedDict()
        self._many: OrderedDict[str, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._few) + len(self._many)

    def seconds_to_wait(self, who: str) -> int:
        """How long he has to wait before he may try again; 0: not at all."""
        found = self._found(who)
        if found is None or found.number < self._free:
            return 0
        wait = min(2.0 ** (found.number - self._free), LONGEST)
        return max(math.ceil(found.last + wait - self._clock()), 0)

    def failed(self, who: str) -> None:
        """He was not let in."""
        now = self._clock()
        found = self._found(who) or _Failures(0, now, now)
        self.forget(who)
        counted = _Failures(min(found.number + 1, self._free + 100), found.first, now)
        while self._many and self._is_over(next(iter(self._many.values()))):
            self._many.popitem(last=False)
        if counted.number >= self._free and len(self._many) < MOST:
            self._many[who] = counted
            return
        self._few[who] = counted
        if len(self._few) > MOST:
            self._few.popitem(last=False)

    def forgive(self, who: str) -> None:
        """The last one was none."""
        found = self._found(who)
        if found is None:
            return
        if found.number == 1:
            self.forget(who)
            return
        pool = self._many if who in self._many else self._few
        pool[who] = _Failures(found.number - 1, found.first, found.last)

    def forget(self, who: str) -> None:
        """There were none."""
        self._few.pop(who, None)
        self._many.pop(who, None)

    def _found(self, who: str) -> _Failures | None:
        found = self._many.get(who) or self._few.get(who)
        return None if found is None or self._is_over(found) else found

    def _is_over(self, failures: _Failures) -> bool:
        return self._clock() - (failures.first if self._since_first else failures.last) > FORGOTTEN


@dataclass(frozen=True)
class Who:
    """Who tries to log in.

    :param user: in whatever spelling, the same for the same one
    :param network: from where
    :param device: his browser, where it is known to be his
    """

    user: str
    network: str
    device: str | None = None


class Attempts:
    """See the module.

    :param clock: seconds that only grow
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._users = Throttle(FREE, clock)
        self._devices = Throttle(FREE, clock)
        self._networks = Throttle(FREE_OF_ADDRESS, clock, since_first=True)

    def begin(self, who: Who) -> int:
        """Somebody tries, which counts as a failure until `succeeded`: of many at once each counts.

        :return: for how many seconds he has to wait first, and then nothing is counted; 0: he may try
        """
        with self._lock:
            counters = self._counters(who)
            wait = max(throttle.seconds_to_wait(key) for throttle, key in counters)
            for throttle, key in counters if not wait else ():
                throttle.failed(key)
        return wait

    def succeeded(self, who: Who) -> None:
        """He was let in."""
        with self._lock:
            for throttle, key in self._counters(who):
                # others at his address may go on guessing all the same
                (throttle.forgive if throttle is self._networks else throttle.forget)(key)

    def _counters(self, who: Who) -> list[tuple[Throttle, str]]:
        if who.device is not None:
            return [(self._devices, who.device)]
        return [(self._users, f"{who.user}\0{who.network}"), (self._networks, who.network)]
