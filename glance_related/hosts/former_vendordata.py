"""`FormerTarget`: what Nova's vendordata target ``cloud-init`` was before the suite took its place."""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import time
from typing import Any
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
        until = time.monotonic() + self._seconds
        connection = self._connection()
        try:
            connection.connect()
            socket = connection.sock
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
                left = until - time.monotonic()
                if left <= 0 or len(answer) > ANSWER_MAX:
                    raise TimeoutError
                socket.settimeout(left)  # of all of it: one that drips is not waited for either
            return answer
        finally:
            connection.close()

    def _connection(self) -> Any:
        host, port = self._url.hostname or "", self._url.port
        if self._context is not None:
            return http.client.HTTPSConnection(host, port, timeout=self._seconds, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=self._seconds)
