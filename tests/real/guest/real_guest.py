"""A guest that boots with Debian's unmodified cloud-init, in namespaces of its own, told what to do line by line.

It runs as the first process of its namespaces, as `one_guest` does. What it asks of 169.254.169.254 goes through a
socket of the file system to whoever stands there for Neutron's proxy, for its network has nothing but itself.

A line is JSON: ``["boot"]``, ``["run", "glance-related-guest", "pull"]`` or ``["seen"]``; so is each answer.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from tests.real.guest.one_guest import ADDRESS, Root, boot, do


def relay(door: Path) -> None:
    """Every connection to port 80 is one to a socket of the file system."""
    listener = socket.create_server((ADDRESS, 80))

    def pump(one: socket.socket, other: socket.socket) -> None:
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of the two is gone: so is the other soon

    def accept() -> None:
        while True:
            inside, _ = listener.accept()
            outside = socket.socket(socket.AF_UNIX)
            outside.connect(str(door))
            for pair in ((inside, outside), (outside, inside)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def obey(root: Root, order: list[str]) -> Any:
    match order:
        case ["boot"]:
            return boot(root)
        case ["run", *words]:
            done = root.run(*words)
            return [done.returncode, done.stdout + done.stderr]
        case ["seen"]:
            return root.seen()
    raise ValueError(order)


def main(folder: Path, debs: Path, door: Path) -> None:
    do("ip", "link", "set", "lo", "up")
    do("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    relay(door)
    root = Root(folder, debs)
    root.prepare()
    for line in sys.stdin:
        print(json.dumps(obey(root, json.loads(line))), flush=True)


if __name__ == "__main__":
    assert os.getpid() == 1, "this wants namespaces of its own"
    main(*map(Path, sys.argv[1:]))
