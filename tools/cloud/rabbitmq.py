"""A real RabbitMQ of our own: Debian's program, a private data folder, ports of the loopback only."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from cloud import Trouble
from cloud.processes import HOST, Service, clean_environment
from cloud.secret import Passwords, write_private

USER = "stack"
_PROGRAMS = "/usr/lib/rabbitmq/lib"


class RabbitMQ:
    """start(), wait(), url(vhost), stop().

    Beside the broker runs epmd, Erlang's own directory of nodes: with a private one nothing here meets
    another RabbitMQ of this machine.
    """

    def __init__(
        self, root: Path, port: int, dist_port: int, epmd_port: int, passwords: Passwords, vhosts: Sequence[str] = ()
    ) -> None:
        self.root = root.absolute()
        self.port = port
        self.dist_port = dist_port
        self.epmd_port = epmd_port
        self.vhosts = list(vhosts)
        self.etc = self.root / "etc" / "rabbitmq"
        self.data = self.root / "data" / "rabbitmq"
        self._password = passwords["rabbitmq"]
        run, logs = self.root / "run", self.root / "log"
        self.epmd = Service("epmd", run, logs / "epmd.out")
        self.service = Service("rabbitmq", run, logs / "rabbitmq.out")

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def url(self, vhost: str) -> str:
        """What oslo.messaging is told as transport_url."""
        return f"rabbit://{USER}:{self._password}@{HOST}:{self.port}/{vhost}"

    def start(self, wait: bool = True) -> None:
        self._write_config()
        self.epmd.spawn(["epmd", "-address", HOST, "-port", str(self.epmd_port)], self._environment())
        # The broker would start one of its own, for good, where this one is slow.
        self.epmd.wait_port(self.epmd_port, 10)
        # Debian's command in PATH changes to user rabbitmq, who may not read here. -noinput: no shell.
        self.service.spawn([_program(), "-noinput"], self._environment())
        if wait:
            self.wait()

    def wait(self) -> None:
        """Its port is opened when all else is done."""
        self.service.wait_port(self.port, 180)

    def stop(self) -> None:
        self.service.stop(30)
        self.epmd.stop()

    def kill9(self) -> None:
        """At once, without a goodbye; start() may follow."""
        self.service.kill9()
        self.epmd.kill9()

    def _write_config(self) -> None:
        """Users and virtual hosts come with the start: no rabbitmqctl, which takes seconds each time."""
        self.data.mkdir(parents=True, exist_ok=True)
        permissions = {"user": USER, "configure": ".*", "write": ".*", "read": ".*"}
        definitions = {
            "users": [{"name": USER, "password": self._password, "tags": ""}],
            "vhosts": [{"name": vhost} for vhost in self.vhosts],
            "permissions": [{"vhost": vhost, **permissions} for vhost in self.vhosts],
        }
        write_private(self.etc / "definitions.json", json.dumps(definitions, indent=1))
        (self.etc / "rabbitmq.conf").write_text(
            f"""\
listeners.tcp.1 = {HOST}:{self.port}
load_definitions = {self.etc}/definitions.json
log.console = true
log.file = false
"""
        )
        (self.etc / "enabled_plugins").write_text("[].\n")

    def _environment(self) -> dict[str, str]:
        home = self.data / "home"
        return clean_environment(
            self.root / "venv", home,
            RABBITMQ_NODENAME="rabbit@localhost", RABBITMQ_NODE_IP_ADDRESS=HOST,
            RABBITMQ_NODE_PORT=str(self.port), RABBITMQ_DIST_PORT=str(self.dist_port),
            RABBITMQ_CONFIG_FILE=f"{self.etc}/rabbitmq", RABBITMQ_CONF_ENV_FILE="/dev/null",
            RABBITMQ_ENABLED_PLUGINS_FILE=f"{self.etc}/enabled_plugins",
            RABBITMQ_MNESIA_BASE=f"{self.data}/mnesia", RABBITMQ_LOG_BASE=f"{self.root}/log",
            RABBITMQ_PID_FILE=f"{self.data}/pid",
            # The program takes the place of its script, so that our pid is its pid.
            RABBITMQ_ALLOW_INPUT="1",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            ERL_EPMD_ADDRESS=HOST, ERL_EPMD_PORT=str(self.epmd_port),
        )  # fmt: skip


def _program() -> str:
    found = sorted(Path(_PROGRAMS).glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not found:
        raise Trouble(f"there is no RabbitMQ below {_PROGRAMS}: install the package rabbitmq-server")
    return os.fspath(found[-1])
