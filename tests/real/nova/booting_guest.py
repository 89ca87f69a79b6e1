"""A guest that really boots with cloud-init, for a server of the real cloud, and Neutron's proxy between the two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from tests.project.source import PROJECT
from tests.real.guest.debian import packages
from tests.real.nova.guests import Guests
from tests.real.wire import exchange


class BootingGuest:
    """boot(), run(), seen(); it ends with the ``with`` statement.

    :param folder: an empty one, with a short path
    :param server_id: whose guest it is
    """

    def __init__(self, folder: Path, guests: Guests, server_id: str, who: str = "alice") -> None:
        self._debs = packages()
        self._folder = folder
        self._proxy = _Proxy(folder / "door", guests, server_id, who)
        self._stack = ExitStack()
        self._process: Any = None

    def __enter__(self) -> BootingGuest:
        self._stack.enter_context(self._proxy)
        thread = threading.Thread(target=self._proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._proxy.shutdown)
        namespaces = ["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child"]
        argv = [sys.executable, "-W", "ignore", "-m", "tests.real.guest.real_guest"]
        argv += [str(one) for one in (self._folder, self._debs, self._folder / "door")]
        said = self._stack.enter_context((self._folder / "guest.log").open("w"))
        self._process = subprocess.Popen(
            [*namespaces, *argv], cwd=PROJECT, env=os.environ | {"product_name": "OpenStack Nova"}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._stack.close()

    def boot(self) -> None:
        """All stages of cloud-init, which must succeed."""
        stages = self._order("boot")
        assert [code for code, _ in stages] == [0] * 4, stages

    def run(self, *words: str) -> tuple[int, str]:
        """A program in it: its exit code, and what it said."""
        code, said = self._order("run", *words)
        return code, said

    def seen(self) -> dict[str, Any]:
        """What there is to see in it; see `tests.real.guest.one_guest`."""
        return dict(self._order("seen"))

    def _order(self, *words: str) -> Any:
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, (self._folder / "guest.log").read_text()[-2000:]
        return json.loads(line)


class _Proxy(ThreadingMixIn, UnixStreamServer):
    """Neutron's: it says who asks, and lets none of the guest's own headers through."""

    daemon_threads = True

    def __init__(self, door: Path, guests: Guests, server_id: str, who: str) -> None:
        port, headers = guests.nova.metadata.port, guests.headers(server_id, who)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))) or None
                answer = exchange(port, self.command, self.path, headers, body)
                self.send_response(answer.status)
                for name in ("content-type",):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_POST = do_PUT = do_GET

            def address_string(self) -> str:
                return "guest"

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        super().__init__(str(door), Handler)
