"""``openstack`` as people type it into a shell."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from tests.real.clients.people import environment_of
from tests.real.nova.guests import Guests
from tests.real.nova.nova_cloud import NovaCloud

#: How often a guest asks for its settings, in seconds.
_INTERVAL = 0.2
_PATIENCE = 120


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed with ``-f json``."""
        return json.loads(self.out)

    @property
    def lines(self) -> set[str]:
        """What it complained of."""
        return set(self.err.splitlines())


class Loaded:
    """The command, loaded once (see `tests.real.nova.openstack_loaded`); `stop` ends it."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "openstack")
        program = Path(__file__).with_name("openstack_loaded.py")
        self._process = subprocess.Popen([sys.executable, program, self._socket], cwd=folder)
        end = time.monotonic() + _PATIENCE
        while not Path(self._socket).exists():
            assert self._process.poll() is None, "openstackclient cannot be loaded"
            assert time.monotonic() < end, "openstackclient is not loaded"
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def run(self, words: Sequence[str], environment: Mapping[str, str], folder: Path, stdin: str) -> Told:
        """A fork of it that is this command."""
        with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as loaded:
            files = {word: Path(name) / word for word in ("stdin", "stdout", "stderr")}
            for word, file in files.items():
                file.write_text(stdin if word == "stdin" else "")
            asked = {"words": list(words), "environment": dict(environment), "folder": str(folder)}
            loaded.settimeout(_PATIENCE)
            loaded.connect(self._socket)
            loaded.sendall(json.dumps(asked | {word: str(file) for word, file in files.items()}).encode() + b"\n")
            code = loaded.recv(16)
            assert code, f"openstack {' '.join(words)} has not ended, but died: {files['stderr'].read_text()}"
            return Told(int(code), files["stdout"].read_text(), files["stderr"].read_text())


class Shell:
    """See the module.

    :param folder: in which people are
    :param secrets: what no command may print
    """

    def __init__(self, cloud: NovaCloud, loaded: Loaded, folder: Path, *secrets: str) -> None:
        self.cloud = cloud
        self.folder = folder
        self.secrets = secrets
        self._loaded = loaded

    def run(self, who: str, *words: str, stdin: str = "", as_script: bool = False) -> Told:
        """One command, whatever comes of it.

        :param who: a user, in the project of his name, or ``user@project``
        :param as_script: started as it is installed, and not from what is loaded already
        """
        user, _, project = who.partition("@")
        mine = {"OS_USERNAME": user, "OS_PASSWORD": self.cloud.keystone.passwords[user]}
        environment = environment_of(self.cloud, self.cloud.glance, project or user) | mine
        if as_script:
            argv = [self.cloud.venv / "bin" / "openstack", *words]
            done = subprocess.run(
                argv, env=environment, cwd=self.folder, input=stdin, capture_output=True, text=True, check=False,
                timeout=_PATIENCE,
            )  # fmt: skip
            told = Told(done.returncode, done.stdout, done.stderr)
        else:
            told = self._loaded.run(words, environment, self.folder, stdin)
        for secret in self.secrets:
            assert secret not in told.out + told.err, f"openstack {' '.join(words)} prints a secret: {told}"
        return told

    def need(self, who: str, *words: str, **more: Any) -> Told:
        """One command that must succeed."""
        told = self.run(who, *words, **more)
        assert told.code == 0, f"openstack {' '.join(words)}: {told}"
        return told

    def listed(self, who: str, *words: str, **more: Any) -> Any:
        """What a command lists or shows, which must succeed without a word besides."""
        told = self.need(who, *words, "-f", "json", **more)
        assert told.err == "", f"openstack {' '.join(words)}: {told}"
        return told.json

    def refused(self, who: str, *words: str) -> Told:
        """One command that must be refused; it prints nothing then, and says why."""
        told = self.run(who, *words)
        assert (told.code, told.out) == (1, ""), f"openstack {' '.join(words)}: {told}"
        return told


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """What commands say that have nothing to do with each other, in their order."""
    with ThreadPoolExecutor(2) as beside:
        return [one.result() for one in [beside.submit(job) for job in jobs]]


@contextmanager
def running_guest(guests: Guests, server_id: str) -> Iterator[list[int]]:
    """A guest's program asks again and again, does what it is told, and says so; the generations that it has had."""
    is_over, had = Event(), [0]

    def work() -> None:
        while not is_over.wait(_INTERVAL):
            answer = guests.settings(server_id)
            part = answer.json()["parts"].get("package_menu") if answer.status == 200 else None
            if part is not None and part["generation"] > had[-1]:
                packages = {one["name"]: one["package"] for one in part["packages"]}
                about = {"part": "package_menu", "generation": part["generation"], "packages": packages}
                reported = guests.report(server_id, {**about, "ok": True, "message": ""})
                assert reported.status == 200, reported
                had.append(part["generation"])

    with ThreadPoolExecutor(1) as beside:
        working = beside.submit(work)
        try:
            yield had
        finally:
            is_over.set()
        working.result()
