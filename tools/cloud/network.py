"""Stands where Neutron stands: a network service that has nothing, as much of it as Nova asks for.

Servers are made with `--nic none`; Nova asks all the same which ports and security groups they have.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cloud.processes import HOST, Service, clean_environment


class Network:
    """start(), wait(), stop()."""

    def __init__(self, root: Path, port: int) -> None:
        self.root = root.absolute()
        self.port = port
        self.service = Service("network", self.root / "run", self.root / "log" / "network.out")

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def start(self, wait: bool = True) -> None:
        program = Path(__file__).with_name("network_server.py")
        argv = [sys.executable, "-I", program, HOST, str(self.port)]
        self.service.spawn(argv, clean_environment(self.root / "venv", self.root / "home"))
        if wait:
            self.wait()

    def wait(self) -> None:
        self.service.wait_http(self.url)

    def stop(self) -> None:
        self.service.stop()
