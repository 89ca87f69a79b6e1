"""`FormerTarget`: what Nova's vendordata target ``cloud-init`` was before the suite took its place.

All of its answer has one time: to be reached, at whichever of its addresses, to take the question and to say all that
it says. Only what its name stands for is looked up in the system's own time.
"""

from __future__ import annotations

import http.client
import json
import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from glance_related.settings.options import ConfigError

LOG = logging.getLogger(__name__)

#: Longest answer that is taken, in bytes.
ANSWER_MAX = 1024 * 1024
_CHUNK = 64 * 1024


class FormerTarget:
    """See the module.

    :param url: where it is asked, as it stood in nova.conf
    :param seconds: that all of its answer may take
    :param ca_file: the certificates by which its own is judged; None: those of the system
    :raises ConfigError: the file of certificates cannot be read
    """

    def __init__(self, url: str, seconds: float, ca_file: str | None) -> None:
        self._url = urlsplit(url)
        self._seconds = seconds
        self._context = None
        if self._url.scheme == "https":
            try:
                self._context = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise ConfigError(f"[guest] former_vendordata_ca_file {ca_file} cannot be read ({error}).") from None

    def parts(self, question: bytes, token: str) -> list[str]:
        """Its parts of a guest's vendor data; none where it fails, which the log says.

        :param question: Nova's
        :param token: that Nova asks with
        """
        try:
            document = json.loads(self._answer(question, token))
        except (OSError, http.client.HTTPException, ValueError) as error:
            LOG.warning("the former vendordata target does not answer as it should: %s", type(error).__name__)
            return []
        parts = [document] if isinstance(document, str) else document
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            if parts:  # Nova's own reading: an object is data that nobody acts on
                LOG.warning("the former vendordata target answers neither a text nor a list of texts")
            return []
        return [part for part in parts if part]

    def _answer(self, question: bytes, token: str) -> bytes:
        port = self._url.port or (443 if self._context is not None else 80)
        with _Line(self._seconds) as line:
            connection = self._connection(line.reach(self._url.hostname or "", port), port)
            try:
                path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
                headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
                if token:
                    headers["X-Auth-Token"] = token
                connection.request("POST", path, question, headers)
                response = connection.getresponse()
                if response.status != 200:
                    raise ValueError(response.status)
                answer = b""
                while chunk := response.read1(_CHUNK):
                    answer += chunk
                    if len(answer) > ANSWER_MAX:
                        raise ValueError("it is too long")
            finally:
                connection.close()
            if line.is_over:
                raise TimeoutError  # that was no end
            return answer

    def _connection(self, reached: socket.socket, port: int) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._context is None:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = reached
        else:
            connection = http.client.HTTPSConnection(host, port, context=self._context)
            connection.sock = self._context.wrap_socket(reached, server_hostname=host)
        return connection


class _Line:
    """A connection that is hung up when its time is over, whatever is waited for on it.

    A time for each piece would be one for every byte of an answer that comes byte by byte.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._end: socket.socket | None = None
        self.is_over = False

    def __enter__(self) -> _Line:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._end is not None:
            self._end.close()

    def reach(self, host: str, port: int) -> socket.socket:
        """A connection to whichever of its addresses answers."""
        failed: OSError = TimeoutError()
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            left = self._until - time.monotonic()
            if left <= 0:
                break
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(left)
                made.connect(address)
                made.settimeout(self._seconds)
                self._end = made.dup()  # another end of the same: TLS takes the first one away
                if self.is_over:
                    raise TimeoutError
                return made
            except OSError as error:
                made.close()
                failed = error
        raise failed

    def _hang_up(self) -> None:
        self.is_over = True
        if self._end is not None:
            with suppress(OSError):
                self._end.shutdown(socket.SHUT_RDWR)
