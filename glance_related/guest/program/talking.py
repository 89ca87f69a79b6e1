"""The cloud's metadata service: asked, and told."""

import hashlib
import http.client
import json
import random
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from glance_related.guest.program.tools import plain

_SERVICE = "/openstack/glance-related/v1"
#: Seconds that one question may take.
_ASKING = 20
#: All of a report must fit into what Neutron's proxy reads at once, beside its headers.
_REPORT_MAX = 1024

#: A status, 0 where nobody answers, and what came with it.
Said = Tuple[int, Any]
#: How an answer fails that is none, is cut off, or is of something else than HTTP or JSON.
_NO_ANSWER = (OSError, ValueError, IndexError, RecursionError, http.client.HTTPException)


class Metadata:
    """See the module.

    :param url: where it is
    :param patience: for how many seconds one that does not answer is asked again
    """

    def __init__(self, url: str, patience: float) -> None:
        self.url = url
        self.patience = patience

    def settings(self, have: Optional[str]) -> Said:
        """What this server is to have, as a document; who has it already is told only that."""
        query = "?" + urllib.parse.urlencode({"have": have}) if have else ""
        return self.patiently(lambda: get(self.url + _SERVICE + "/settings" + query))

    def report(self, report: Dict[str, Any]) -> Said:
        """Tell what became of it: with its length and digest, for it may arrive cut off."""
        body = short(report)
        query = urllib.parse.urlencode({"length": len(body), "sha256": hashlib.sha256(body).hexdigest()})
        return self.patiently(lambda: post(self.url, _SERVICE + "/report?" + query, body), again=(400,))

    def patiently(self, ask: Callable[[], Said], again: Sequence[int] = ()) -> Said:
        """Ask until there is an answer, with longer and longer pauses."""
        until, pause = time.monotonic() + self.patience, 1.0
        while True:
            try:
                status, body = ask()
            except _NO_ANSWER:
                status, body = 0, None
            if (0 < status < 500 and status not in again) or time.monotonic() + pause > until:
                return status, body
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 30)


def short(report: Dict[str, Any]) -> bytes:
    """A report that fits: what was long is left out, first what it has, then words."""
    body = b""
    has, words = report.get("packages"), str(report.get("message", ""))
    for packages, most in ((has, 300), (None, 600), (None, 150), (None, 40)):
        cut = dict(report, packages=packages, message=plain(words, most))
        body = json.dumps(cut, separators=(",", ":")).encode("ascii")
        if len(body) <= _REPORT_MAX:
            break
    return body


def get(url: str) -> Said:
    """GET a document, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_ASKING) as answer:
            document = json.loads(answer.read().decode("utf-8"))
    except urllib.error.HTTPError as error:
        return error.code, None
    if not isinstance(document, dict):
        raise ValueError("this is no document")
    return 200, document


def post(base: str, path: str, body: bytes) -> Said:
    """POST in one piece: of what comes in several, Neutron's proxy reads the first."""
    url = urllib.parse.urlsplit(base)
    head = (
        f"POST {url.path}{path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((url.hostname or "", url.port or 80), _ASKING) as connection:
        connection.sendall(head.encode("ascii") + body)
        answer = b""
        while b"\r\n" not in answer and len(answer) < 4096:
            more = connection.recv(4096)
            if not more:
                break
            answer += more
    return int(answer.split(None, 2)[1]) if answer.startswith(b"HTTP/") else 0, None
