"""`Server`: a process of our own, with its log, which can be stopped, killed, frozen and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


class Server:
    """A server in a folder; see the package.

    :param root: the folder, which must be empty or not there; a temporary one where None, removed at the end
    :param user: the system user that runs it where the tests run as root
    """

    def __init__(self, root: Path | None, user: str) -> None:
        self._temporary = root is None
        self.root = root or Path(tempfile.mkdtemp(prefix="glance-related-"))
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self.root.mkdir(exist_ok=True, parents=True)
        self._own(self.root)

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._temporary:
            shutil.rmtree(self.root, ignore_errors=True)

    # -- what a kind of server says of itself

    def prepare(self) -> None:
        """Make the data folder, once."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """The server, in the foreground."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it is ready for work."""
        raise NotImplementedError

    #: The signal that makes it end in order, without waiting for its clients.
    stop_signal = signal.SIGTERM

    # -- what can be done to it

    @property
    def log(self) -> Path:
        """What the server has said."""
        return self.root / "log"

    @property
    def pid(self) -> int:
        """The main process."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started, and neither stopped nor killed since."""
        return self._process is not None

    def start(self) -> None:
        """Start it on its port and data, and wait until it answers."""
        self._process = self._popen(self.command())
        wait_until(self._up, f"{type(self).__name__} does not answer; its log is {self.log}")

    def _up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{type(self).__name__} has ended with {self._process.returncode}:\n{tail}")
        return self.answers()

    def stop(self) -> None:
        """End it in order."""
        if self._process is None:
            return
        self.thaw()
        with suppress(ProcessLookupError):
            os.kill(self.pid, self.stop_signal)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a power failure would, with its children."""
        assert self._process is not None
        for pid in reversed(self._tree()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """Hold it, children and all: connections stay open, the kernel still accepts new ones, nothing answers."""

        def held() -> bool:
            tree = self._tree()  # again each time: a child may have been born meanwhile
            for pid in tree:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            return all(_is_held(pid) for pid in tree)

        # The signal is only sent when kill() returns: a thread on another core may still answer.
        wait_until(held, f"{type(self).__name__} does not stop where it is")

    def thaw(self) -> None:
        """Let it go on."""
        for pid in reversed(self._tree()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    # -- for the kinds of servers

    def run(self, *command: str) -> str:
        """Run a program of the server's to its end, as the server's user; what it printed."""
        done = subprocess.run(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **self._as_user()
        )
        output = done.stdout.decode(errors="replace")
        if done.returncode:
            raise RuntimeError(f"{command[0]} has failed with {done.returncode}:\n{output[-2000:]}")
        return output

    def _popen(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            # a session of its own: Ctrl-C reaches the tests, and they stop it in order
            return subprocess.Popen(
                command,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_user(),
            )

    def _as_user(self) -> dict[str, str | int | list[int]]:
        if os.getuid() != 0:
            return {}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _own(self, path: Path) -> None:
        if os.getuid() == 0:
            entry = pwd.getpwnam(self._user)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def _tree(self) -> list[int]:
        # PostgreSQL's children are session leaders, so its process group is not all of it
        if self._process is None:
            return []
        tree = [self._process.pid]
        for pid in tree:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    tree.extend(int(child) for child in task.read_text().split())
        return tree


def _is_held(pid: int) -> bool:
    """Whether every thread of a process is stopped, or ended."""
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            states.append(stat.read_text().rpartition(") ")[2][0])
    return all(state in "TtZX" for state in states)


def wait_until(happens: Callable[[], bool], otherwise: str, seconds: float = _START_SECONDS) -> None:
    """Wait for something.

    :raises TimeoutError: with the sentence ``otherwise``
    """
    end = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.05)
