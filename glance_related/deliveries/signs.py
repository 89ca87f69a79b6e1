"""`SignsOfLife`: each host of workers leaves word that one is at work there, for ``config check`` to look at."""

from __future__ import annotations

import datetime
import socket
import time
from collections.abc import Callable, Mapping, Sequence

from glance_related.db.database import Database
from glance_related.db.facts import facts_under, set_fact
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import Delivery
from glance_related.deliveries.worker import Job

#: Seconds between two signs.
EVERY = 60.0

_PREFIX = "worker."


class SignsOfLife:
    """See the module, and `glance_related.deliveries.worker.Carrier`: it carries nothing, it has only a chore.

    :param clock: monotonic seconds
    """

    drivers: Sequence[str] = ()

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._left_at = float("-inf")

    def jobs(self, driver: str, deliveries: Sequence[Delivery]) -> Mapping[str, Job]:
        return {}

    def beside(self, seconds: float) -> bool:
        return False

    def end(self) -> None:
        """Others of this host may be at work."""

    def chores(self) -> bool:
        """Leave word now and then, of all workers of this host together."""
        now = self._clock()
        if now - self._left_at >= EVERY:
            set_fact(self._database, f"{_PREFIX}{socket.gethostname()}"[:64], utcnow().isoformat())
            self._left_at = now
        return False


def last_sign(database: Database) -> tuple[str, datetime.datetime] | None:
    """On which host a worker was last at work, and when (UTC); None: there has never been one.

    :raises DatabaseDown:
    """
    signs = {
        name.removeprefix(_PREFIX): datetime.datetime.fromisoformat(value)
        for name, value in facts_under(database, _PREFIX).items()
    }
    return max(signs.items(), key=lambda sign: sign[1], default=None)
