"""A paste filter at the head of a pipeline: it does to a request what a test has written down for it.

In front of Nova a request is known by its header ``X-Test-Attempt``, in front of Glance, for Nova hands no header on,
the POST of an image by the image's name, and the GET of one by its id. Under that name the folder has a file with a
line for each try:

====================  ==========================================================================
line                  what happens to that try
====================  ==========================================================================
``kill POINT``        the worker ends at this point, see `tests.real.failures.crash_filter`
``503 before``        503, and nobody behind has seen it
``503 after``         503; what was asked has been done, and its answer is thrown away
``N before``          nothing for N seconds, then it goes on
``N after``           it goes on, and its answer is given N seconds later
====================  ==========================================================================

Where no line is left a try goes on as it is. Each try of a known name is noted with its worker's pid.
"""

from __future__ import annotations

import io
import json
import os
import re
import time
import urllib.parse
from pathlib import Path
from typing import Any

import webob
import webob.exc

from tests.real.failures.crash_filter import HEADER

ATTEMPT = "HTTP_X_TEST_ATTEMPT"
_CATALOGUE = "HTTP_X_SERVICE_CATALOG"
_IMAGES = "/v2/images"


def order_file(folder: Path, name: str) -> Path:
    """Where the lines of a name stand."""
    return folder / urllib.parse.quote(name, safe="")


def tries_file(folder: Path) -> Path:
    """Where tries are noted: pid, line and name, with tabs between."""
    return folder / "tries"


def outside(global_conf: dict[str, str], folder: str, glance: str = "", calm_glance: str = "") -> Any:
    """Paste filter factory, for a word before all others of ours.

    :param glance: where the catalogue says that Glance is
    :param calm_glance: where Nova is told instead that it is: its other programs go by what its API was told
    """

    def wrap(app: Any) -> Any:
        def filtered(environ: Any, start_response: Any) -> Any:
            if calm_glance and _CATALOGUE in environ:
                environ[_CATALOGUE] = environ[_CATALOGUE].replace(glance, calm_glance)
            name = environ.pop(ATTEMPT, None) or _image_name(environ)
            told = _next_line(Path(folder), name) if name else ""
            return _done(told, environ, app)(environ, start_response)

        return filtered

    return wrap


def _image_name(environ: Any) -> str | None:
    """The name of the image that a request is to make, whose body can be read again, or the id of the one it shows."""
    if environ["REQUEST_METHOD"] == "GET":
        shown = re.fullmatch(_IMAGES + "/([^/]+)", environ["PATH_INFO"])
        return shown[1] if shown else None
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != _IMAGES:
        return None
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = io.BytesIO(body)
    name: str | None = json.loads(body).get("name")
    return name


def _next_line(folder: Path, name: str) -> str:
    """What happens to this try; there is never more than one beginning of a name."""
    told, lines = order_file(folder, name), [""]
    if told.exists():
        lines = told.read_text().splitlines() or [""]
        told.write_text("\n".join(lines[1:]))
    with tries_file(folder).open("a") as tries:
        tries.write(f"{os.getpid()}\t{lines[0]}\t{name}\n")
    return lines[0]


def _done(told: str, environ: Any, app: Any) -> Any:
    """The application that answers this try."""
    what, _, rest = told.partition(" ")
    if what == "kill":
        environ[HEADER] = rest
        return app
    if not what:
        return app
    if rest == "before" and what != "503":
        time.sleep(float(what))
    if rest == "before":
        return webob.exc.HTTPServiceUnavailable() if what == "503" else app
    answer = webob.Request(environ).get_response(app)
    if what == "503":
        return webob.exc.HTTPServiceUnavailable()
    time.sleep(float(what))
    return answer
