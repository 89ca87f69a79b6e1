"""What a request costs that is none of ours, beside what oslo_middleware's RequestId costs every request."""

from __future__ import annotations

import io
import tempfile
import time
import timeit
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oslo_middleware import RequestId

from benchmarks import catalogue
from benchmarks.bench import Bench
from benchmarks.client import caller
from benchmarks.figures import Figure
from benchmarks.measure import interval, median, take_turns
from glance_related.db import migration
from glance_related.instance_aware import instance_aware_filter, instance_aware_nova_filter
from glance_related.riders.rider import GLOBAL_ID
from glance_related.suite import open_suite

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_ID = "71c675ab-d94f-49cd-a114-e12490b328d9"
_CLIENTS_ID = "req-71c675ab-d94f-49cd-a114-e12490b328d9"
GLANCES = (
    ("GET", f"/v2/images/{_ID}/file"),
    ("PUT", f"/v2/images/{_ID}/file"),
    ("GET", f"/v2/images/{_ID}/members"),
    ("PUT", f"/v2/images/{_ID}/tags/tag"),
    ("GET", "/v2/tasks"),
    ("GET", "/v2/schemas/members"),
    ("GET", "/healthcheck"),
    ("GET", "/"),
)
NOVAS = (
    ("GET", "/servers/detail"),
    ("GET", f"/servers/{_ID}"),
    ("POST", "/servers"),
    ("PUT", f"/servers/{_ID}"),
    ("DELETE", f"/servers/{_ID}"),
    ("POST", f"/servers/{_ID}/os-volume_attachments"),
    ("GET", "/images/detail"),
    ("GET", "/"),
)

_CALLS = 500


def measure(bench: Bench) -> list[Figure]:
    """The dearest of each filter's requests; the sides are milliseconds of one call."""
    dearest = []
    with tempfile.TemporaryDirectory() as folder:
        conf = _conf(Path(folder))
        for host, module, requests in (
            ("Glance", instance_aware_filter, GLANCES),
            ("Nova", instance_aware_nova_filter, NOVAS),
        ):
            ours = module.filter_factory({}, config_file=conf)(_bare)
            apps = {"bare": _bare, "ours": ours, "RequestId": RequestId(_bare)}
            figures = [_figure(bench, apps, host, method, path) for method, path in requests]
            dearest.append(max(figures, key=lambda figure: figure.value))
    return dearest


def _figure(bench: Bench, apps: dict[str, Any], host: str, method: str, path: str) -> Figure:
    environ = _environ(method, path)
    if host == "Nova":
        environ[GLOBAL_ID] = _CLIENTS_ID  # as of a client that sends an id: the dearer way
    sides = {name: _side(app, environ) for name, app in apps.items()}
    taken = take_turns(sides, bench.options.rounds, bench.options.seconds)
    ours = [one - bare for one, bare in zip(taken["ours"], taken["bare"], strict=True)]
    theirs = [one - bare for one, bare in zip(taken["RequestId"], taken["bare"], strict=True)]
    shares = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Figure(
        f"request to {host} that is not ours, extra time / RequestId's "
        f"({method} {path.replace(_ID, '{id}')}, the dearest)",
        median(shares),
        catalogue.PASSING,
        {"ours": median(ours), "RequestId": median(theirs)},
        interval(shares),
        len(shares),
    )


def _side(app: Any, environ: WSGIEnvironment) -> Callable[[int], float]:
    def call() -> None:
        for _ in app(dict(environ), _start_response):
            pass

    # of this thread's own time: nobody waits for anything here, and others on the machine do not count
    return lambda _: timeit.timeit(call, timer=time.thread_time, number=_CALLS) * 1000 / _CALLS


def _bare(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("204 No Content", [("Content-Length", "0")])
    return [b""]


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    return None


def _conf(folder: Path) -> str:
    conf = folder / "glance-related.conf"
    conf.write_text(
        f"[database]\nconnection = sqlite:///{folder}/ours.sqlite\n"
        f"[instance_aware]\nnova_installation_uuid = {_ID}\n[riders]\nmark_keys = {'k' * 32}\n"
    )
    migration.upgrade(open_suite(str(conf)).database.engine)
    return str(conf)


def _environ(method: str, path: str) -> WSGIEnvironment:
    """As gunicorn and authtoken leave it."""
    headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in caller("a project").items()}
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "9292",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:9292",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        **headers,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
