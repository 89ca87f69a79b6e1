"""Servers that are not what they should be: one that never answers, one that talks nonsense, and one that is MySQL."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.servers import HOST


class SilentServer:
    """Accepts every connection, reads nothing and says nothing, as a machine that hangs.

    :param port: 0: one that is free
    """

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server((HOST, port))
        self.port = int(self._listener.getsockname()[1])
        self._accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # a close alone does not wake the accept
        self._thread.join()
        for connection in [self._listener, *self._accepted]:
            connection.close()

    @property
    def connections(self) -> int:
        """How many have been accepted."""
        return len(self._accepted)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._accepted.append(connection)
                self.talk(connection)

    def talk(self, connection: socket.socket) -> None:
        """What it says to a client: nothing."""


class ChattyServer(SilentServer):
    """Answers whatever it is asked with the same bytes, all at once or one by one.

    :param pause: seconds after each byte
    """

    def __init__(self, words: bytes, pause: float = 0.0, port: int = 0) -> None:
        super().__init__(port)
        self._words = words
        self._pause = pause

    def talk(self, connection: socket.socket) -> None:
        threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while connection.recv(65536):
                for at in range(len(self._words)) if self._pause else [None]:
                    connection.sendall(self._words if at is None else self._words[at : at + 1])
                    time.sleep(self._pause)


class MySQLServer(SilentServer):
    """Speaks just enough of MySQL's protocol to say that it is MySQL, and no MariaDB."""

    VERSION = b"8.0.36"
    _OK = b"\x00\x00\x00\x02\x00\x00\x00"

    def talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with suppress(OSError):
            self._send(connection, 0, self._greeting())
            self._receive(connection)
            self._send(connection, 2, self._OK)
            while (command := self._receive(connection)) and command[0] != 0x01:  # until it quits
                if b"VERSION()" in command.upper():
                    self._send_version(connection)
                else:
                    self._send(connection, 1, self._OK)

    def _greeting(self) -> bytes:
        plugin = b"mysql_native_password\0"
        capabilities = 0x000FA201  # 4.1, secure connection, plugin authentication
        low, high = capabilities & 0xFFFF, capabilities >> 16
        return (
            b"\x0a" + self.VERSION + b"\0" + struct.pack("<I", 1) + b"saltsalt\0"
            + struct.pack("<HBHH", low, 45, 2, high) + b"\x15" + bytes(10) + b"saltsaltsalt\0" + plugin
        )  # fmt: skip

    def _send_version(self, connection: socket.socket) -> None:
        column = b"".join(_text(part) for part in (b"def", b"", b"", b"", b"VERSION()", b""))
        column += b"\x0c" + struct.pack("<HIBHB", 45, 60, 253, 0, 31) + b"\0\0"
        end = b"\xfe\0\0\x02\0"
        for number, packet in enumerate([b"\x01", column, end, _text(self.VERSION), end], start=1):
            self._send(connection, number, packet)

    @staticmethod
    def _send(connection: socket.socket, number: int, packet: bytes) -> None:
        connection.sendall(struct.pack("<I", len(packet))[:3] + bytes([number]) + packet)

    @staticmethod
    def _receive(connection: socket.socket) -> bytes:
        head = connection.recv(4, socket.MSG_WAITALL)
        length = int.from_bytes(head[:3], "little")
        return connection.recv(length, socket.MSG_WAITALL) if length else b""


def _text(value: bytes) -> bytes:
    return bytes([len(value)]) + value
