"""A MariaDB Galera cluster of three nodes.

A full copy of a node takes five seconds, catching up a fraction of one. So the first node is
bootstrapped and stopped once, which leaves the mark of its position in InnoDB, and the others begin
as copies of it: they have nothing left to fetch.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pymysql

from tests.servers import HOST, library, program
from tests.servers.mariadb import MariaDB
from tests.servers.ports import free_ports
from tests.servers.server import wait_until

_PROVIDER = "/usr/lib/galera/libgalera_smm.so"
# A dead node is given up after two seconds, not five, so that tests are short.
_PROVIDER_OPTIONS = (
    "gcache.size=32M;gmcast.peer_timeout=PT1S;evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;"
    "evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S;pc.recovery=false"
)


class Node(MariaDB):
    """One node of a `Galera`."""

    def __init__(self, root: Path, number: int, ports: Sequence[Sequence[int]]) -> None:
        library(_PROVIDER, "galera-4")
        program("rsync", "rsync")
        super().__init__(root)
        group, incremental, full = ports[number]
        members = ",".join(f"{HOST}:{node[0]}" for node in ports)
        self._settings = {
            "binlog-format": "ROW",
            "default-storage-engine": "InnoDB",
            "innodb-autoinc-lock-mode": "2",
            "wsrep-on": "ON",
            "wsrep-provider": _PROVIDER,
            "wsrep-cluster-name": "glance-related",
            "wsrep-node-name": f"node{number}",
            "wsrep-cluster-address": f"gcomm://{members}",
            "wsrep-node-address": f"{HOST}:{group}",
            "wsrep-sst-method": "rsync",
            "wsrep-sst-receive-address": f"{HOST}:{full}",
            "wsrep-provider-options": f"gmcast.listen_addr=tcp://{HOST}:{group};"
            f"ist.recv_addr={HOST}:{incremental};{_PROVIDER_OPTIONS}",
        }
        self._bootstrap = False

    def bootstrap(self) -> None:
        """Start it as the first node of a new cluster."""
        self._bootstrap = True
        try:
            self.start()
        finally:
            self._bootstrap = False

    def command(self) -> Sequence[str]:
        extra = ["--wsrep-new-cluster"] if self._bootstrap else self._position()
        return [*super().command(), *extra]

    def start(self) -> None:
        """Start it, and wait until it has all that the others have."""
        super().start() if self._bootstrap else super(MariaDB, self).start()  # users come with the data

    def answers(self) -> bool:
        return self.status("local_state_comment") == "Synced" and self.status("ready") == "ON"

    def status(self, name: str) -> str:
        """One of the ``wsrep_`` variables, or nothing where the node does not answer."""
        try:
            rows = self.sql(f"show global status like 'wsrep_{name}'")
        except pymysql.err.MySQLError:
            return ""
        return str(rows[0][1]) if rows else ""

    def _position(self) -> list[str]:
        # after a kill the node does not know its position, and would fetch everything: InnoDB knows it
        state = self.data / "grastate.dat"
        if not re.search(r"seqno: *-1$", state.read_text(), re.MULTILINE):
            return []
        arguments = [one for one in super().command() if not one.startswith(("--port", "--bind", "--wsrep-cluster-a"))]
        error_log = self.root / "recovery.err"
        self.run(
            *arguments, "--skip-networking", "--wsrep-cluster-address=gcomm://", "--wsrep-recover",
            f"--log-error={error_log}",
        )  # fmt: skip
        found = re.findall(r"Recovered position: *(\S+)", error_log.read_text())
        return [f"--wsrep-start-position={found[-1]}"] if found else []


class Galera:
    """Three nodes that hold the same data; see `tests.servers`."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="glance-related-galera-"))
        self.root.chmod(0o711)
        numbers = free_ports(9)
        ports = [numbers[0:3], numbers[3:6], numbers[6:9]]
        try:
            self.nodes = [Node(self.root / f"node{number}", number, ports) for number in range(3)]
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            if node.is_running:
                node.kill()  # to leave in order takes each of them seconds, for data that nobody wants
        shutil.rmtree(self.root, ignore_errors=True)

    def _begin(self) -> None:
        first, *others = self.nodes
        first.prepare()
        first.bootstrap()
        first.stop()
        for node in others:
            first.run("cp", "-a", str(first.data), str(node.data))
            state = node.data / "grastate.dat"
            state.write_text(state.read_text().replace("safe_to_bootstrap: 1", "safe_to_bootstrap: 0"))
        first.bootstrap()
        for node in others:
            node.start()

    def new_database(self) -> list[str]:
        """The URLs of a new, empty database on each of the nodes."""
        name = self.nodes[0].new_database().rpartition("/")[2]
        for node in self.nodes[1:]:
            wait_until(lambda node=node: bool(node.sql(f"show databases like '{name}'")), f"{name} is not everywhere")
        return [node.url(name) for node in self.nodes]

    def wait_for_size(self, size: int) -> None:
        """Wait until the nodes that run agree that they are so many."""
        running = [node for node in self.nodes if node.is_running]
        wait_until(
            lambda: all(node.status("cluster_size") == str(size) and node.answers() for node in running),
            f"the cluster does not come to {size} nodes",
        )

    def restore(self) -> None:
        """Bring back every node that does not run, and the cluster to three."""
        for node in self.nodes:
            if not node.is_running:
                node.start()
        self.wait_for_size(3)
