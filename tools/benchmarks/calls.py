"""Calls in this process: what the way through our filters costs, beside what oslo_middleware's RequestId costs."""

from __future__ import annotations

import io
import time
import timeit
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from oslo_middleware import RequestId

from benchmarks.bench import Bench
from benchmarks.client import caller
from benchmarks.figures import Figure, Goal
from benchmarks.measure import interval, median, take_turns
from glance_related.db import migration
from glance_related.riders.rider import AT_GLANCE, GLOBAL_ID
from glance_related.suite import open_suite

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Of an image, a server, whatever a path names.
ID = "71c675ab-d94f-49cd-a114-e12490b328d9"
#: A request id as everybody makes them.
CLIENTS_ID = "req-71c675ab-d94f-49cd-a114-e12490b328d9"

# Where each host finds the id that a client sends along; with one is the dearer way.
_IDS_AT = {"Glance": AT_GLANCE, "Nova": GLOBAL_ID}
_CALLS = 500


def bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A host that answers at once."""
    start_response("204 No Content", [("Content-Length", "0")])
    return [b""]


def through(conf: str, *filters: ModuleType) -> WSGIApplication:
    """`bare` behind filters of ours, told by their modules, the outermost first."""
    app: WSGIApplication = bare
    for module in reversed(filters):
        app = module.filter_factory({}, config_file=conf)(app)
    return app


def extra(
    bench: Bench, name: str, goal: Goal, ours: WSGIApplication, environ: WSGIEnvironment, body: bytes = b""
) -> Figure:
    """How much longer a call takes through our filters, beside how much longer it takes through RequestId.

    :param ours: made by `through`
    :param body: of each request, unread
    """
    apps = {"bare": bare, "ours": ours, "RequestId": RequestId(bare)}
    sides = {side: _side(app, environ, body) for side, app in apps.items()}
    taken = take_turns(sides, bench.options.rounds, bench.options.seconds)
    more = {
        side: [one - less for one, less in zip(taken[side], taken["bare"], strict=True)]
        for side in ("ours", "RequestId")
    }
    shares = [one / other for one, other in zip(more["ours"], more["RequestId"], strict=True)]
    middle = {side: median(values) for side, values in more.items()}
    return Figure(name, median(shares), goal, middle, interval(shares), len(shares))


def environ_of(host: str, method: str, path: str, body: bytes = b"") -> WSGIEnvironment:
    """As gunicorn and authtoken leave it, in front of a host: Glance or Nova."""
    headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in caller("a project").items()}
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "9292",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:9292",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        _IDS_AT[host]: CLIENTS_ID,
        **headers,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def suite_conf(folder: Path) -> str:
    """The configuration file of a suite that every filter of ours starts with; its tables are there."""
    conf = folder / "glance-related.conf"
    conf.write_text(
        f"[database]\nconnection = sqlite:///{folder}/ours.sqlite\n"
        f"[instance_aware]\nnova_installation_uuid = {ID}\n[riders]\nmark_keys = {'k' * 32}\n"
    )
    migration.upgrade(open_suite(str(conf)).database.engine)
    return str(conf)


def _side(app: Any, environ: WSGIEnvironment, body: bytes) -> Callable[[int], float]:
    def call() -> None:
        for _ in app({**environ, "wsgi.input": io.BytesIO(body)}, _start_response):
            pass

    # of this thread's own time: nobody waits for anything here, and others on the machine do not count
    return lambda _: timeit.timeit(call, timer=time.thread_time, number=_CALLS) * 1000 / _CALLS


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    return None
