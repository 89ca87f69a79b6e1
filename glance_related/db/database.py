"""`Database`: the engine, with bounded waits, retries, and a breaker.

A database that hangs is a database that is down. Connecting and every answer are waited for only
so long; after one failure the breaker answers "down" at once for a few seconds, so that requests
which could do without the database do not queue behind those that cannot.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from oslo_db import api as oslo_db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import engines

LOG = logging.getLogger(__name__)

T = TypeVar("T")

_RETRIES = 10


class DatabaseDown(Exception):
    """The database does not answer, or not in time, or its schema is not there."""


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
    """The suite's database.

    :param settings: how it is reached; nothing is connected before the first use
    :param clock: monotonic seconds
    """

    def __init__(self, settings: DatabaseSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._open_until = 0.0
        self._down = False
        self._lock = threading.Lock()
        self.engine = _engine(settings)
        self._watchdog = _Watchdog(self.engine, settings.timeout) if self.engine.dialect.name == "postgresql" else None

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` on a connection; nothing it writes stays.

        :raises DatabaseDown:
        """
        with self._guarded():
            return self._retried(self._run, work, False)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in one short transaction, again after a deadlock; it must not mind being run twice.

        On Galera a conflict of two nodes shows itself as a deadlock at the commit.

        :raises DatabaseDown:
        :raises oslo_db.exception.DBDuplicateEntry:
        """
        with self._guarded():
            return self._retried(self._run, work, True)

    @property
    def is_down(self) -> bool:
        """Whether the breaker is open."""
        return self._down and self._clock() < self._open_until

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _run(self, work: Callable[[sa.Connection], T], commit: bool) -> T:
        with self._bounded(), self.engine.connect() as connection:
            result = work(connection)
            if commit:
                connection.commit()
            return result

    def _retried(
        self,
        run: Callable[[Callable[[sa.Connection], T], bool], T],
        work: Callable[[sa.Connection], T],
        commit: bool,
    ) -> T:
        retry = oslo_db_api.wrap_db_retry(
            max_retries=_RETRIES,
            retry_interval=0.02,
            inc_retry_interval=True,
            max_retry_interval=0.5,
            jitter=True,
            retry_on_deadlock=True,
        )
        result: T = retry(run)(work, commit)
        return result

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        if self._watchdog is None:  # the other drivers have timeouts of their own
            yield
            return
        with self._watchdog:
            yield

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self.is_down:
            raise DatabaseDown("the database did not answer a moment ago")
        try:
            yield
        except db_exception.DBDuplicateEntry:
            self._answered()
            raise
        except (db_exception.DBError, sa.exc.TimeoutError, sa.exc.DBAPIError, OSError) as error:
            self._failed(error)
            raise DatabaseDown(type(error).__name__) from None
        self._answered()

    def _answered(self) -> None:
        if self._down:
            with self._lock:
                self._down = False
            LOG.warning("the database of glance_related answers again")

    def _failed(self, error: Exception) -> None:
        with self._lock:
            first = not self._down
            self._down = True
            self._open_until = self._clock() + self._settings.breaker_seconds
        if isinstance(error, db_exception.DBConnectionError):
            self.engine.dispose()
        if first:
            # the driver's own message, without the statement and its parameters
            LOG.warning(
                "the database of glance_related is down; what does not need it goes on: %s",
                str(getattr(error, "inner_exception", None) or error).splitlines()[0][:300],
            )


def _engine(settings: DatabaseSettings) -> sa.Engine:
    url = sa.make_url(settings.connection)
    seconds = max(1, round(settings.timeout))
    if url.get_backend_name() in ("mysql", "mariadb"):
        url = url.update_query_dict(
            {"connect_timeout": str(seconds), "read_timeout": str(seconds), "write_timeout": str(seconds)}
        )
        if "charset" not in url.query:
            url = url.update_query_dict({"charset": "utf8mb4"})
    elif url.get_backend_name() == "postgresql":
        url = url.update_query_dict({"connect_timeout": str(max(2, seconds))})  # libpq takes 1 for 2
    elif url.get_backend_name() == "sqlite":
        url = url.update_query_dict({"timeout": str(seconds)})
    engine: sa.Engine = engines.create_engine(
        url.render_as_string(hide_password=False),
        sqlite_fk=True,
        max_pool_size=settings.pool_size,
        max_overflow=settings.pool_size * 4,
        pool_timeout=None if url.get_backend_name() == "sqlite" else seconds,  # SQLite's pool keeps nothing
        max_retries=0,
        mysql_sql_mode="TRADITIONAL",
        mysql_wsrep_sync_wait=1,  # on Galera a read waits for what other nodes have already acknowledged
    )
    return engine


class _Watchdog:
    """Ends the waiting of a driver that knows no timeout for answers (psycopg2).

    Around a call the time is noted; a thread that finds a call overdue shuts down the engine's
    sockets, and every waiting call comes back with a connection error.
    """

    def __init__(self, engine: sa.Engine, seconds: float) -> None:
        self._seconds = seconds
        self._calls: dict[int, float] = {}
        self._sockets: dict[int, int] = {}
        self._pid = 0
        self._lock = threading.Lock()
        sa.event.listen(engine, "connect", self._connected)
        sa.event.listen(engine, "close", self._closed)
        sa.event.listen(engine, "close_detached", lambda dbapi_connection: self._closed(dbapi_connection, None))

    def __enter__(self) -> None:
        if self._pid != os.getpid():
            self._start()
        self._calls[threading.get_ident()] = time.monotonic() + self._seconds

    def __exit__(self, *_: object) -> None:
        self._calls.pop(threading.get_ident(), None)

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._calls, self._sockets = {}, dict(self._sockets) if self._pid == 0 else {}
            self._pid = os.getpid()
        threading.Thread(target=self._watch, name="glance_related database watchdog", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(min(0.25, self._seconds / 4))
            now = time.monotonic()
            if any(deadline < now for deadline in list(self._calls.values())):
                for descriptor in list(self._sockets.values()):
                    _shut_down(descriptor)

    def _connected(self, dbapi_connection: Any, _record: Any) -> None:
        self._sockets[id(dbapi_connection)] = dbapi_connection.fileno()

    def _closed(self, dbapi_connection: Any, _record: Any) -> None:
        self._sockets.pop(id(dbapi_connection), None)


def _shut_down(descriptor: int) -> None:
    with suppress(OSError):
        duplicate = socket.socket(fileno=os.dup(descriptor))
        try:
            duplicate.shutdown(socket.SHUT_RDWR)
        finally:
            duplicate.close()
