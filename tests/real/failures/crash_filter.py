"""Ends the worker that it lives in with SIGKILL, at the point that a request names in its header ``X-Test-Crash``.

Two paste filters, around ours, and listeners to SQLAlchemy's events, inside ours:

=======================  ===========================================================================
point                    where the worker ends
=======================  ===========================================================================
``arrival``              before our filter has seen the request
``before look-up``       our filter asks Glance for the image (a sub-request): Glance has not seen it
``after look-up``        Glance has answered it
``before Glance``        our filter passes the request on: Glance has not seen it
``after Glance``         Glance has done it and answered, our filter does not know yet
``in transaction N``     the first statement of the Nth transaction that writes to our tables has been executed
``before COMMIT N``      all of it has been executed
``after COMMIT N``       it is committed, our code does not know yet
``reply``                our filter has finished; the client has been told nothing
=======================  ===========================================================================

What our filter does once its answer is sent has the points that follow, of a look-up or a transaction.

The header ``X-Test-Trip`` makes our own filter fall over instead: ``body``, over a request body whose
reading raises an exception with the text `SECRET`, or ``look-up``, over an image that has no id.

The worker writes its pid and the point into a journal before it ends, so that nobody takes another
death for this one.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import sqlalchemy as sa
import webob

from tests.real.failures.fault_filter import SECRET

HEADER = "HTTP_X_TEST_CRASH"
TRIP = "HTTP_X_TEST_TRIP"
WORKER = "X-Test-Worker"


class _Passage(threading.local):
    """The request that this thread is serving, and how far it is."""

    point: str | None = None
    trip: str | None = None
    journal: str = ""
    commits = 0
    written = False
    committing = False

    def begin(self, point: str | None, trip: str | None, journal: str) -> None:
        self.point, self.trip, self.journal = point, trip, journal
        self.commits = 0
        self.written = self.committing = False

    def reach(self, point: str) -> None:
        if point == self.point:
            with open(self.journal, "a") as journal:
                journal.write(f"{os.getpid()} {point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


_passage = _Passage()


class _Unreadable:
    def read(self, size: int = -1) -> bytes:
        raise LookupError(SECRET)


def outside(global_conf: dict[str, str], journal: str) -> Any:
    """Paste filter factory, for the word right before ours."""

    def wrap(app: Any) -> Any:
        def filtered(environ: Any, start_response: Any) -> Any:
            _passage.begin(environ.pop(HEADER, None), environ.pop(TRIP, None), journal)
            _passage.reach("arrival")
            if _passage.trip == "body":
                environ["wsgi.input"] = _Unreadable()

            def named(status: str, headers: Any, exc_info: Any = None) -> Any:
                return start_response(status, [*headers, (WORKER, str(os.getpid()))], exc_info)

            chunks = app(environ, named)
            _passage.reach("reply")
            return chunks  # what our filter does once they are sent is of this request, too

        return filtered

    return wrap


def inside(global_conf: dict[str, str]) -> Any:
    """Paste filter factory, for the word right after ours."""

    def wrap(app: Any) -> Any:
        def filtered(environ: Any, start_response: Any) -> Any:
            what = "look-up" if environ.get("glance_related.source") == "upstream" else "Glance"
            _passage.reach(f"before {what}")
            odd = what == _passage.trip
            chunks = (webob.Response(json={}) if odd else app)(environ, start_response)
            _passage.reach(f"after {what}")
            return chunks

        return filtered

    return wrap


def _executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if "glance_related_" in statement and statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
        first, _passage.written = not _passage.written, True
        if first:
            _passage.reach(f"in transaction {_passage.commits + 1}")


def _committing(_connection: Any) -> None:
    if _passage.written:  # Glance has transactions too, in this very thread
        _passage.commits += 1
        _passage.committing = True
        _passage.reach(f"before COMMIT {_passage.commits}")


def _released(*_: Any) -> None:
    if _passage.committing:
        _passage.written = _passage.committing = False
        _passage.reach(f"after COMMIT {_passage.commits}")


sa.event.listen(sa.Engine, "after_cursor_execute", _executed)
sa.event.listen(sa.Engine, "commit", _committing)
sa.event.listen(sa.pool.Pool, "checkin", _released)
