"""One kept connection to a Glance, as quick as the standard library has it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloud import Trouble
from cloud.processes import HOST

_TIMEOUT = 900


def caller(project: str, roles: str = "member,reader") -> dict[str, str]:
    """The headers that authtoken would set for a user of this project."""
    return {"X-Identity-Status": "Confirmed", "X-User-Id": "bench", "X-Project-Id": project, "X-Roles": roles}


ADMIN = caller("bench-admin", "admin,member,reader")


#: Seconds after which a connection is made anew: gunicorn keeps an idle one for 75, and while stock scans a
#: million images the other side's connection is idle for longer.
_IDLE = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many milliseconds all of it was there."""

    status: int
    body: bytes
    milliseconds: float

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Keeps its connection from request to request; an answer that was not expected ends the run."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT)
        self._used = time.monotonic()

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        return self.request("GET", path, headers, expected=200)

    def request(
        self, method: str, path: str, headers: Mapping[str, str], document: Any = None, *, expected: int
    ) -> Answer:
        body = None if document is None else json.dumps(document).encode()
        sent = {"Accept": "application/json", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if time.monotonic() - self._used > _IDLE:
            self._connection.close()  # the server has closed it, or is about to
            self._connection.connect()
        start = time.perf_counter()
        self._connection.request(method, path, body, sent)
        reply = self._connection.getresponse()
        read = reply.read()
        answer = Answer(reply.status, read, (time.perf_counter() - start) * 1000)
        self._used = time.monotonic()
        if answer.status != expected:
            raise Trouble(f"{method} {path[:200]} was answered {answer.status}, not {expected}: {read[:300]!r}")
        return answer

    def close(self) -> None:
        self._connection.close()
