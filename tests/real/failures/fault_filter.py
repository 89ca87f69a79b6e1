"""A Glance that errs: a paste filter just inside ours does to a request what its header ``X-Test-Fault`` says.

====================  ==========================================================================
fault                 what our filter sees
====================  ==========================================================================
``STATUS before``     this status, in Glance's shape; Glance itself has never seen the request
``STATUS after``      the same; Glance has done what was asked, and its answer is thrown away
``raise before``      an exception, as of an application that falls over
``raise after``       the same, after Glance has done what was asked
``wait before``       nothing, until the file ``gate`` appears; then Glance is asked
``wait after``        the same, once Glance has done what was asked
====================  ==========================================================================
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import webob.exc

HEADER = "HTTP_X_TEST_FAULT"
#: In every exception that is raised here: no client may ever read it.
SECRET = "text of an exception, of no interest to clients"
_LONGEST = 60


def inside(global_conf: dict[str, str], gate: str) -> Any:
    """Paste filter factory, for a word inside ours."""

    def wrap(app: Any) -> Any:
        def filtered(environ: Any, start_response: Any) -> Any:
            what, _, when = environ.get(HEADER, "").partition(" ")
            if not what or environ.get("glance_related.source") == "upstream":
                return app(environ, start_response)
            done = webob.Request(environ).get_response(app) if when == "after" else app
            return (_err(what, Path(gate)) or done)(environ, start_response)

        return filtered

    return wrap


def _err(what: str, gate: Path) -> Any:
    """The answer instead of Glance's, or None where Glance's own is to be given, late."""
    if what == "raise":
        raise LookupError(SECRET)
    if what == "wait":
        _wait(gate)
        return None
    return webob.exc.status_map[int(what)]()


def _wait(gate: Path) -> None:
    gate.with_suffix(".waiting").touch()
    deadline = time.monotonic() + _LONGEST
    while not gate.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
