"""`Watchdog`: ends the waiting of a driver that knows no timeout for answers (psycopg2).

libpq waits for an answer as long as the connection stands, and a machine that hangs keeps it
standing. So the time of each question is noted, and a thread that finds an answer overdue shuts the
connection's socket down: the waiting call comes back with a connection error.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

#: How long the thread stays without anything to watch.
_LINGER = 60.0


@dataclass
class _Line:
    """A connection's socket, and until when an answer is waited for; None while nothing is asked."""

    descriptor: int
    deadline: float | None = None


class Watchdog:
    """Watches every connection of an engine.

    :param seconds: how long each answer is waited for
    """

    def __init__(self, engine: sa.Engine, seconds: float) -> None:
        self._seconds = seconds
        self.forked()
        # first, so that the dialect's own questions to a new connection are watched too
        sa.event.listen(engine, "connect", self._connected, insert=True)
        sa.event.listen(engine, "checkout", lambda dbapi_connection, _record, _proxy: self.answered(dbapi_connection))
        sa.event.listen(engine, "before_cursor_execute", self._asking)
        sa.event.listen(engine, "after_cursor_execute", self._answering)
        sa.event.listen(engine, "commit", self._asking)
        sa.event.listen(engine, "rollback", self._asking)
        sa.event.listen(engine, "checkin", lambda dbapi_connection, _record: self.answered(dbapi_connection))

    def forked(self) -> None:
        """In a new process: the parent's connections are not ours to watch, and its thread is not here."""
        self._lines: weakref.WeakKeyDictionary[Any, _Line] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def asked(self, dbapi_connection: Any) -> None:
        """A question goes out on this connection."""
        line = self._lines.get(dbapi_connection)
        if line is None:
            return
        line.deadline = time.monotonic() + self._seconds
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._watch, name="glance_related database watchdog", daemon=True
                    )
                    self._thread.start()
        self._wake.set()

    def answered(self, dbapi_connection: Any) -> None:
        """Nothing is waited for any more; the connection is None where it was lost."""
        line = self._lines.get(dbapi_connection) if dbapi_connection is not None else None
        if line is not None:
            line.deadline = None

    def _connected(self, dbapi_connection: Any, _record: Any) -> None:
        # A descriptor of our own, as long as the connection's object lives: the driver's may be closed
        # and given to another file at any moment.
        descriptor = os.dup(dbapi_connection.fileno())
        weakref.finalize(dbapi_connection, os.close, descriptor)
        with self._lock:
            self._lines[dbapi_connection] = _Line(descriptor)
        self.asked(dbapi_connection)

    def _asking(self, connection: sa.Connection, *_: Any) -> None:
        if not connection.invalidated:
            self.asked(connection.connection.dbapi_connection)

    def _answering(self, connection: sa.Connection, *_: Any) -> None:
        self.answered(connection.connection.dbapi_connection)

    def _watch(self) -> None:
        while True:
            self._wake.clear()
            if not self._end_overdue() and not self._wake.wait(_LINGER):
                self._thread = None  # said before looking again: who asks now starts another
                if not self._end_overdue():
                    return
                self._thread = threading.current_thread()
            time.sleep(min(0.25, self._seconds / 4))

    def _end_overdue(self) -> bool:
        """Shut overdue sockets down; whether anything is waited for."""
        with self._lock:
            lines = list(self._lines.items())  # with the connections, so that no descriptor is closed meanwhile
        waiting = [line for _, line in lines if line.deadline is not None]
        now = time.monotonic()
        for line in waiting:
            if line.deadline is not None and line.deadline < now:
                line.deadline = None
                _shut_down(line.descriptor)
        return bool(waiting)


def _shut_down(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
