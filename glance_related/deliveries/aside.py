"""`Aside`: something that a worker sees to beside what is due, in a thread of its own: nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from glance_related.db.database import DatabaseDown

LOG = logging.getLogger(__name__)


class Aside:
    """See the module.

    :param work: does what there is to do, and may be left at any point where the process ends
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Let it be done, if it is not being done already."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="aside", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it was being done, or has been since this was asked last; waits for its end, but not longer."""
        thread = self._thread
        if thread is None:
            return False
        thread.join(seconds)
        if not thread.is_alive():
            self._thread = None
        return True

    def _run(self) -> None:
        try:
            self._work()
        except DatabaseDown:
            LOG.info("what is seen to beside is left for later: the database is down")
        except Exception:
            LOG.exception("what is seen to beside has failed, and is tried again later")
