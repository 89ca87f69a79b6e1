"""A vendordata target as an operator had it before, in this process: it answers what it is told."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class FormerTargetServer:
    """See the module.

    :param certificate: and its key: it speaks https
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        #: What it was asked: headers and body.
        self.asked: list[tuple[dict[str, str], Any]] = []
        #: How it answers a request; the test sets it.
        self.answers: Callable[[Any], None] = lambda handler: answer(handler, "#cloud-config\n")
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                target.asked.append((dict(self.headers), json.loads(body)))
                target.answers(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True  # nobody waits for one that says nothing
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who is not waited for hangs up
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/former?v=1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answer(handler: Any, document: Any, status: int = 200, *, raw: bytes | None = None) -> None:
    """Answer with a document."""
    body = json.dumps(document).encode() if raw is None else raw
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def drip(handler: Any) -> None:
    """Answer byte by byte, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drip_headers(handler: Any) -> None:
    """Answer header by header, for ever."""
    handler.send_response(200)
    for number in range(400):
        handler.send_header(f"X-{number}", "y")
        handler.flush_headers()
        time.sleep(0.1)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b'"x"')


@contextmanager
def running(certificate: tuple[Path, Path] | None = None) -> Iterator[FormerTargetServer]:
    """One that runs."""
    server = FormerTargetServer(certificate)
    try:
        yield server
    finally:
        server.stop()
