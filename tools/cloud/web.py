"""HTTP to our own servers: every answer is a Reply, no proxy is asked, no redirect surprises."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A machine behind a proxy says so in the environment; 127.0.0.1 is never behind it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Reply:
    """An answer, whatever its status; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str,
    url: str,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    json_body: Any = None,
    body: bytes | None = None,
    timeout: float = 60,
) -> Reply:
    """One request; `json_body` is sent as JSON, `body` as it is. Raises OSError only where nobody answers."""
    sent = {"Accept": "application/json"}
    if token:
        sent["X-Auth-Token"] = token
    if json_body is not None:
        body = json.dumps(json_body).encode()
        sent["Content-Type"] = "application/json"
    elif body is not None:
        sent["Content-Type"] = "application/octet-stream"
    sent.update(headers or {})
    asked = urllib.request.Request(url, data=body, headers=sent, method=method)
    try:
        with _OPENER.open(asked, timeout=timeout) as answer:
            return _reply(answer.status, answer.headers.items(), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error.code, error.headers.items(), error.read())


def _reply(status: int, headers: Any, body: bytes) -> Reply:
    return Reply(status, {name.lower(): value for name, value in headers}, body)
