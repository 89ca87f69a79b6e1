"""A small Keystone and Glance of this process, for what is asked with the suite's own account."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Services:
    """Keystone under /v3, Glance under /v2; `replies` says what is answered instead, by path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.replies: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.posted: list[Any] = []
        services = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                services.answer(self)

            def do_DELETE(self) -> None:
                services.answer(self)

            def do_POST(self) -> None:
                services.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                services.answer(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.catalog = [
            {"type": "image", "endpoints": [self._endpoint("internal", f"{self.url}/v2/")]},
            {"type": "identity", "endpoints": [self._endpoint("public", f"{self.url}/v3")]},
        ]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: Any) -> None:
        self.asked.append((request.command, request.path, request.headers.get("X-Auth-Token")))
        status, headers, document = self.replies.get(request.path) or self._usual(request)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def paths(self, method: str = "GET") -> list[str]:
        return [path for asked, path, _ in self.asked if asked == method]

    def _usual(self, request: Any) -> tuple[int, dict[str, str], Any]:
        if request.path == "/v3/auth/tokens":
            token = {
                "methods": ["password"],
                "issued_at": "2024-01-01T00:00:00Z",
                "expires_at": "2999-01-01T00:00:00Z",
                "user": {"id": "u", "name": "u", "domain": {"id": "default", "name": "Default"}},
                "catalog": self.catalog,
            }
            return 201, {"X-Subject-Token": "the-token"}, {"token": token}
        return 200, {"X-Openstack-Request-Id": "req-1"}, {"path": request.path}

    @staticmethod
    def _endpoint(interface: str, url: str) -> dict[str, str]:
        return {"interface": interface, "url": url, "region": "One", "region_id": "One", "id": interface}
