"""More points at which a worker can be killed, beside those of `tests.real.failures.crash_filter`.

====================  ===========================================================================
point                 where the worker ends
====================  ===========================================================================
``before Nova``       our filter passes the request on: Nova has not seen it
``Nova asks Glance``  Nova is about to send Glance the POST of an image
``task noted``        Nova has committed that something is being done to the server
``after Nova``        Nova has done it and answered, our filter does not know yet
``rider found``       our filter in front of Glance has read what rides on the request
====================  ===========================================================================
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import sqlalchemy as sa

from tests.real.failures.crash_filter import _passage, inside

__all__ = ["inside_glance", "inside_nova"]

#: Paste filter factory, for the word right after ours in front of Glance.
inside_glance = inside

_POST = b"POST /v2/images "


class _Nova(threading.local):
    """Whether this thread has written the task of a server, and not yet committed."""

    notes_task = False


_nova = _Nova()


def inside_nova(global_conf: dict[str, str]) -> Any:
    """Paste filter factory, for the word right after ours in front of Nova."""

    def wrap(app: Any) -> Any:
        def filtered(environ: Any, start_response: Any) -> Any:
            _passage.reach("before Nova")
            chunks = app(environ, start_response)
            _passage.reach("after Nova")
            return chunks

        return filtered

    return wrap


def _audited(event: str, arguments: Any) -> None:
    if event == "http.client.send" and isinstance(arguments[1], bytes) and arguments[1].startswith(_POST):
        _passage.reach("Nova asks Glance")


def _executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.startswith("UPDATE instances ") and "task_state" in statement:
        _nova.notes_task = True
    if statement.startswith("SELECT") and "glance_related_riders" in statement:
        _passage.reach("rider found")


def _released(*_: Any) -> None:
    if _nova.notes_task:
        _nova.notes_task = False
        _passage.reach("task noted")


sys.addaudithook(_audited)
sa.event.listen(sa.Engine, "after_cursor_execute", _executed)
sa.event.listen(sa.pool.Pool, "checkin", _released)
