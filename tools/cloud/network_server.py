"""The program behind `network`: standard library only, for any Python."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LIMITS = ("network", "subnet", "port", "floatingip", "security_group", "security_group_rule", "router")


def answer(path: str) -> Any:
    """Of whatever is asked for, none; and no limit to it."""
    words = path.partition("?")[0].strip("/").split("/")
    if words == [""]:
        return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": []}]}
    if words == ["v2.0"]:
        return {"resources": []}
    if "quotas" in words:
        return {"quota": dict.fromkeys(_LIMITS, -1)}
    return {words[-1].replace("-", "_"): []}


class _Nothing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply(200, answer(self.path))

    def do_POST(self) -> None:
        # What nobody has read of its body would be taken for the next request.
        self.close_connection = True
        message = "there are no networks here: make servers with --nic none"
        self._reply(409, {"NeutronError": {"type": "NotHere", "message": message, "detail": ""}})

    do_PUT = do_DELETE = do_POST

    def _reply(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), _Nothing).serve_forever()
