"""A way to a server that can be closed, or blocked so that everybody waits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cloud.processes import HOST

#: How a way fails: nobody takes a connection, or nothing comes through.
WAYS = ("refuses", "hangs")


class Proxy:
    """Passes bytes on to a port of this machine, both ways; ends with `close`.

    :param target: that port; it may be changed for connections that are still to come
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._open = threading.Event()
        self._open.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._listen()

    @contextmanager
    def failing(self, way: str) -> Iterator[None]:
        """Within the block nobody comes through; connections that are there end, or hang."""
        if way == "hangs":
            self._open.clear()
        else:
            self.close()
        try:
            yield
        finally:
            if way == "hangs":
                self._open.set()
            else:
                self._listener = socket.create_server((HOST, self.port))
                self._listen()

    def close(self) -> None:
        """Nobody listens any more, and every connection ends."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # a close alone does not wake the accept
        self._listener.close()
        for end in [end for pair in self._pairs for end in pair]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._pairs.clear()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((HOST, self.target))
                self._pairs.append((near, far))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(65536):
                self._open.wait()
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)
