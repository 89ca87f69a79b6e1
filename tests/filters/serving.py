"""A WSGI application as a server on the loopback, for a test."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def serving(app: Any, host: str = "127.0.0.1", port: int = 0) -> Any:
    """An application on a port of its own; yields its URL."""
    server = make_server(host, port, app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
