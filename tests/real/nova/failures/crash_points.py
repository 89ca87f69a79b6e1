"""More points at which a worker can be killed, beside those of `tests.real.failures.crash_filter`.

====================  ===========================================================================
point                 where the worker ends
====================  ===========================================================================
``before look-up``    our filter asks Nova something (a sub-request), and nothing is kept yet
``after look-up``     Nova has answered it
``before proof``      the same once something is kept: our filter asks for the image as the boot will
``after proof``       Nova has answered that
``before Nova``       our filter passes the request on: Nova has not seen it
``Nova asks Glance``  Nova is about to send Glance the POST of an image
``server noted``      Nova has committed that a server is to be made
``task noted``        Nova has committed that something is being done to the server
``properties noted``  Nova has committed the image's properties with the server
``action noted``      Nova has committed in its record of the server which request does it
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


#: How a statement begins, a word that is in it, and the point that is reached once it is committed.
_NOTED = (
    ("INSERT INTO build_requests ", "", "server noted"),
    ("UPDATE instances ", "task_state", "task noted"),
    ("INSERT INTO instance_system_metadata ", "", "properties noted"),
    ("UPDATE instance_system_metadata ", "", "properties noted"),
    ("INSERT INTO instance_actions ", "", "action noted"),
)


class _Nova(threading.local):
    """What this thread has written for Nova, and not yet committed: the last of it."""

    notes = ""


_nova = _Nova()


def inside_nova(global_conf: dict[str, str]) -> Any:
    """Paste filter factory, for the word right after ours in front of Nova."""

    def wrap(app: Any) -> Any:
        def filtered(environ: Any, start_response: Any) -> Any:
            what = "Nova"
            if environ.get("glance_related.source") == "upstream":
                what = "proof" if _passage.commits else "look-up"
            _passage.reach(f"before {what}")
            chunks = app(environ, start_response)
            _passage.reach(f"after {what}")
            return chunks

        return filtered

    return wrap


def _audited(event: str, arguments: Any) -> None:
    if event == "http.client.send" and isinstance(arguments[1], bytes) and arguments[1].startswith(_POST):
        _passage.reach("Nova asks Glance")


def _executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    for begins, word, point in _NOTED:
        if statement.startswith(begins) and word in statement:
            _nova.notes = point
    if statement.startswith("SELECT") and "glance_related_riders" in statement:
        _passage.reach("rider found")


def _released(*_: Any) -> None:
    noted, _nova.notes = _nova.notes, ""
    if noted:
        _passage.reach(noted)


sys.addaudithook(_audited)
sa.event.listen(sa.Engine, "after_cursor_execute", _executed)
sa.event.listen(sa.pool.Pool, "checkin", _released)
