"""Ports of the loopback that are this process's own for as long as it lives.

They lie below those that the kernel gives to clients and to whoever asks for any port: a server that a test has killed
finds its own again. Another test run may look for some at the same time, so each number is marked as taken by a socket
without a file, which is gone with its process.
"""

from __future__ import annotations

import random
import socket

from tests.servers import HOST

_LOWEST, _HIGHEST = 10_000, 32_000
#: Open as long as this process lives.
_marks: list[socket.socket] = []


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens, one behind the other.

    :raises OSError: there are not so many
    """
    for first in random.sample(range(_LOWEST, _HIGHEST - count), 1000):
        row = range(first, first + count)
        if all(_take(port) for port in row):
            return list(row)
    raise OSError(f"there are no {count} free ports on {HOST}")


def _take(port: int) -> bool:
    """Make it ours, if nobody has it; what is ours stays so, though the row that it was taken for came to nothing."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0glance-related-port-{port}")
        with socket.socket() as probe:
            probe.bind((HOST, port))
    except OSError:
        mark.close()
        return False
    _marks.append(mark)
    return True
