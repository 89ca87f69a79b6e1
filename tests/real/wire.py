"""HTTP as it is written on the wire: nothing is normalised, no redirect is followed, no proxy is asked."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.processes import HOST

_TIMEOUT = 120


@dataclass(frozen=True)
class Answer:
    """An answer, whatever its status; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def code(self) -> str | None:
        """Our stable code, where the answer is a refusal of ours."""
        return self.headers.get("x-glance-related-code")

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(
    port: int,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | Iterable[bytes] | None = None,
    *,
    chunked: bool = False,
) -> Answer:
    """One request on a connection of its own, its target sent as it stands."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
            pieces: Iterable[bytes] = _pieces(body) if isinstance(body, bytes) else body or ()
            # the server may answer before it has read all of them
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.endheaders(pieces, encode_chunked=True)
        else:
            assert body is None or isinstance(body, bytes)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            _send(connection, body or b"")
        return _answer(connection.getresponse())
    finally:
        connection.close()


def raw(port: int, request: bytes) -> list[Answer]:
    """Exactly these bytes, and every answer that they bring until the server closes or has nothing more to say."""
    with socket.create_connection((HOST, port), timeout=_TIMEOUT) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    answers = []
    reader = _Received(received)
    while reader.rest():
        response = http.client.HTTPResponse(reader)  # type: ignore[arg-type]
        response.begin()
        answers.append(_answer(response))
    return answers


def _pieces(body: bytes) -> list[bytes]:
    """At least two chunks, so that somebody who reads one only is found out; of 64 KB at most, as clients send them."""
    size = max(1, min(len(body) // 2, 65536))
    return [body[start : start + size] for start in range(0, len(body), size)]


def _send(connection: http.client.HTTPConnection, body: bytes) -> None:
    # the server may answer before it has read all of it
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.send(body)


def _answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


class _Received:
    """Bytes that were received, as HTTPResponse reads a socket: one answer after the other."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def makefile(self, mode: str) -> Any:
        return _Unclosed(self._file)

    def rest(self) -> bool:
        return self._file.tell() < len(self._file.getvalue())


class _Unclosed:
    """HTTPResponse closes what it reads from; the next answer begins right behind."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        """The bytes stay."""
