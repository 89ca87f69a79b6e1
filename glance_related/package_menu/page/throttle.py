"""`Throttle`: passwords are not guessed quickly.

Counted in each process for itself, for a user together with an address: nobody keeps another one out by failing in his
name from elsewhere. Keystone's own ``lockout_failure_attempts`` counts for the whole cloud.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

#: Failures that cost nothing, and the longest wait after one more, in seconds.
FREE, LONGEST = 5, 60
#: After so many seconds without a failure all is forgotten.
_FORGOTTEN = 900
_MOST = 10_000


class Throttle:
    """See the module.

    :param clock: seconds that only grow
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, ...], tuple[int, float]] = OrderedDict()

    def seconds_to_wait(self, *who: str) -> int:
        """How long he has to wait before he may try again; 0: not at all."""
        with self._lock:
            number, last = self._failures.get(who, (0, 0.0))
        if number < FREE:
            return 0
        wait = min(2.0 ** (number - FREE), LONGEST)
        return max(math.ceil(last + wait - self._clock()), 0)

    def failed(self, *who: str) -> None:
        """He was not let in."""
        with self._lock:
            now = self._clock()
            number, last = self._failures.pop(who, (0, now))
            self._failures[who] = (1 if now - last > _FORGOTTEN else min(number + 1, 100), now)
            while len(self._failures) > _MOST:
                self._failures.popitem(last=False)

    def succeeded(self, *who: str) -> None:
        """He was let in."""
        with self._lock:
            self._failures.pop(who, None)
