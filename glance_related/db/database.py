"""`Database`: the engine, with bounded waits, retries, and a breaker.

A database that hangs is a database that is down. Connecting and every answer are waited for only
so long; after one failure the breaker answers "down" at once for a few seconds, so that requests
which could do without the database do not queue behind those that cannot.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from glance_related.db import failures
from glance_related.db.breaker import Breaker
from glance_related.db.engine import Pings, begin_reading, begin_writing, open_engine
from glance_related.db.watchdog import Watchdog

LOG = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between tries where another transaction is in the way: random up to the first, doubled each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


class DatabaseDown(Exception):
    """The database does not answer, or not in time, or its schema is not there."""


class DatabaseBusy(DatabaseDown):
    """The database is well, but others hold what this call needs; the breaker stays closed."""


class BadValue(Exception):
    """A value that this database can neither store nor compare, as one with a NUL: the caller's mistake."""


@dataclass(frozen=True)
class DatabaseSettings:
    """How the database is reached.

    :param connection: SQLAlchemy URL
    :param timeout: seconds to wait for a connection, and for each answer
    :param breaker_seconds: how long the database counts as down after a failure
    :param pool_size: connections kept per process
    """

    connection: str
    timeout: float = 5.0
    breaker_seconds: float = 5.0
    pool_size: int = 10


class Database:
    """The suite's database, for any number of threads, and for processes forked at any time.

    :param settings: how it is reached; nothing is connected before the first use
    :param clock: monotonic seconds, for the breaker
    """

    def __init__(self, settings: DatabaseSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._breaker = Breaker(settings.breaker_seconds, clock)
        self._pid = os.getpid()
        self.engine = open_engine(settings.connection, settings.timeout, settings.pool_size)
        dialect = self.engine.dialect.name
        # the other drivers have timeouts of their own
        self._watchdog = Watchdog(self.engine, settings.timeout) if dialect == "postgresql" else None
        if dialect != "sqlite":  # a file has no connections to lose
            Pings(self.engine, settings.timeout, self._watchdog.asked if self._watchdog else None)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work``, which only reads, on a connection.

        :raises DatabaseDown:
        """
        return self._guarded(work, writes=False)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in one short transaction; it must not mind being run twice.

        It is run again after a deadlock (as which Galera shows a conflict of two nodes, at the commit),
        and after a connection that turned out to be lost.

        :raises DatabaseDown:
        :raises oslo_db.exception.DBDuplicateEntry:
        """
        return self._guarded(work, writes=True)

    @property
    def is_down(self) -> bool:
        """Whether the last that was heard of the database is a failure."""
        return self._breaker.is_open

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    # -- one call

    def _guarded(self, work: Callable[[sa.Connection], T], *, writes: bool) -> T:
        if self._pid != os.getpid():
            self._forked()
        if not self._breaker.lets_through():
            raise DatabaseDown("the database did not answer a moment ago")
        try:
            result = self._retried(work, writes)
        except failures.ANY as error:
            raise self._judged(error) from None
        if self._breaker.answered():
            LOG.warning("the database of glance_related answers again")
        return result

    def _retried(self, work: Callable[[sa.Connection], T], writes: bool) -> T:
        began = time.monotonic()
        pause, reconnected = _FIRST_PAUSE, False
        while True:
            try:
                return self._run(work, writes)
            except failures.ANY as error:
                waited = time.monotonic() - began
                if failures.is_disconnection(error) and not reconnected and waited < self._settings.timeout / 2:
                    reconnected = True  # the server was restarted; one that hangs is not waited for twice
                elif not failures.is_conflict(error) or waited + pause > self._settings.timeout:
                    raise
                else:
                    time.sleep(random.uniform(0, pause))  # noqa: S311  (no secret)
                    pause = min(pause * 2, _LONGEST_PAUSE)

    def _run(self, work: Callable[[sa.Connection], T], writes: bool) -> T:
        with self.engine.connect() as connection:
            (begin_writing if writes else begin_reading)(connection)
            result = work(connection)
            if writes:
                connection.commit()
            return result

    # -- what came of it

    def _judged(self, error: Exception) -> Exception:
        """The exception that the caller gets for an error."""
        if failures.is_about_rows(error):
            self._breaker.answered()
            return error
        if failures.is_about_values(error):
            self._breaker.answered()
            return BadValue("a value cannot be stored or compared")
        if failures.is_conflict(error):
            return DatabaseBusy("others hold what this call needs")
        if self._breaker.failed():
            LOG.warning(
                "the database of glance_related is down; what does not need it goes on: %s", failures.sentence(error)
            )
        if self.engine.dialect.name != "sqlite":
            self.engine.dispose()  # the others of the pool are of the same server, and would hang one by one
        return DatabaseDown(failures.sentence(error))

    def _forked(self) -> None:
        """Leave the parent's connections alone: closing one would end the parent's session with it."""
        if self.engine.dialect.name != "sqlite":
            self.engine.dispose(close=False)
        if self._watchdog is not None:
            self._watchdog.forked()
        self._breaker.forked()
        self._pid = os.getpid()  # last: another thread of this process may be on its way here, and do it again
