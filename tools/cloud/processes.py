"""Servers as processes: each with its own log and pid file, stopped by pid and never by name."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cloud import Trouble, web

HOST = "127.0.0.1"


def clean_environment(venv: Path, home: Path, **more: str) -> dict[str, str]:
    """What a server sees of our environment: nothing that somebody's shell has set for something else."""
    kept = {name: os.environ[name] for name in ("TMPDIR", "TZ") if name in os.environ}
    home.mkdir(parents=True, exist_ok=True)
    return {
        **kept,
        "PATH": f"{venv}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONWARNINGS": "ignore",
        **more,
    }


def port_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        # As the servers do: connections that are only waiting out their end do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def need_port(port: int, what: str, remedy: str) -> None:
    """One sentence instead of a server's stack trace."""
    if not port_free(port):
        raise Trouble(f"port {port} on {HOST}, meant for {what}, is busy: {remedy}")


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
) -> int:
    """Run to the end, all output in `log`; what interrupts us ends it too. Returns the exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        out.write(("$ " + " ".join(map(str, argv)) + "\n").encode())
        out.flush()
        child = subprocess.Popen(
            list(map(str, argv)), env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
        try:
            return child.wait()
        finally:
            _kill_group(child.pid, signal.SIGKILL)


def need(argv: Sequence[str | Path], what: str, *, env: Mapping[str, str], log: Path) -> None:
    """Run to the end; a failure becomes one sentence that names the log."""
    code = run(argv, env=env, log=log, cwd=Path(env["HOME"]))
    if code != 0:
        raise Trouble(f"{what} failed (exit code {code}): {last_line(log)} (all of it: {log})")


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "no log"
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing in its log")


class Service:
    """One server: its command, its log, its pid file."""

    def __init__(self, name: str, run_dir: Path, log: Path) -> None:
        self.name = name
        self.log = log
        self.pidfile = run_dir / f"{name}.pid"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the running server (its master, where there is one), else None."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        return self._recorded()

    @property
    def exit_code(self) -> int | None:
        """How the server that we started ended; None while it runs."""
        return self._child.poll() if self._child else None

    def spawn(self, argv: Sequence[str | Path], env: Mapping[str, str]) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches us and not it: we stop it in order."""
        if self.pid is not None:
            raise Trouble(f"{self.name} is already running (pid {self.pid})")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.pidfile.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                [*_ending_with_us(), *map(str, argv)], env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                # Servers import from where they stand: let that be an empty place, whatever ours is.
                cwd=env["HOME"], start_new_session=True,
            )  # fmt: skip
        self.pidfile.write_text(f"{self._child.pid} {_started_at(self._child.pid)}\n")

    def ask_to_stop(self) -> None:
        """Ask it to end, and wait for nothing; stop() is still to follow."""
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def stop(self, seconds: float = 15) -> None:
        """Ask it to end, and where it does not, end it with all its workers."""
        pid = self.pid
        if pid is not None:
            self.ask_to_stop()
            if not self._wait_gone(pid, seconds):
                _kill_group(pid, signal.SIGKILL)
                self._wait_gone(pid, 5)
            _kill_group(pid, signal.SIGKILL)
        self._forget()

    def kill9(self) -> None:
        """kill -9 for the master and all its workers, as a power failure would."""
        pid = self.pid
        if pid is not None:
            _kill_group(pid, signal.SIGKILL)
            self._wait_gone(pid, 5)
        self._forget()

    def worker_pids(self) -> list[int]:
        """The pids of the processes that serve requests: the master's children, oldest first."""
        master = self.pid
        if master is None:
            return []
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = _stat(int(entry.name))
                # Field 4 is the parent, 3 the state: a killed worker that is not yet reaped is none.
                if fields and int(fields[1]) == master and fields[0] != "Z":
                    found.append(int(entry.name))
        return sorted(found)

    def wait_http(self, url: str, seconds: float = 60) -> None:
        """Until it answers anything below 500; one sentence if it dies or stays silent."""
        wait_http(url, self.name, seconds, alive=lambda: self.pid is not None, log=self.log)

    def wait_port(self, port: int, seconds: float = 60) -> None:
        """Until it takes connections there; one sentence if it dies or stays silent."""
        wait_port(port, self.name, seconds, alive=lambda: self.pid is not None, log=self.log)

    def _wait_gone(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._child is not None and self._child.pid == pid:
                if self._child.poll() is not None:
                    return True
            elif _stat(pid) is None:
                return True
            time.sleep(0.02)
        return False

    def _recorded(self) -> int | None:
        """The pid that an earlier run wrote down, if that very process (same start time) still lives."""
        try:
            pid, started = self.pidfile.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _started_at(int(pid)) == started else None

    def _forget(self) -> None:
        self._child = None
        self.pidfile.unlink(missing_ok=True)


def stop_together(services: Iterable[Service]) -> None:
    """Stop several: all are asked at once, for each takes seconds to say goodbye."""
    several = list(services)
    for service in several:
        service.ask_to_stop()
    for service in several:
        service.stop()


def wait_http(
    url: str,
    name: str,
    seconds: float = 60,
    *,
    alive: Callable[[], bool] = lambda: True,
    log: Path | None = None,
) -> None:
    """Until `url` answers anything below 500."""
    seen = "no answer"
    where = f" (log: {log})" if log else ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive():
            why = last_line(log) if log else "no log"
            raise Trouble(f"{name} stopped while starting: {why}{where}")
        try:
            reply = web.request("GET", url, timeout=5)
            if reply.status < 500:
                return
            seen = f"status {reply.status}"
        except OSError:
            pass
        time.sleep(0.05)
    raise Trouble(f"{name} does not answer at {url} after {seconds:.0f} s ({seen}){where}")


def wait_port(
    port: int,
    name: str,
    seconds: float = 60,
    *,
    alive: Callable[[], bool] = lambda: True,
    log: Path | None = None,
) -> None:
    """Until somebody takes connections there."""
    where = f" (log: {log})" if log else ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive():
            why = last_line(log) if log else "no log"
            raise Trouble(f"{name} stopped while starting: {why}{where}")
        try:
            socket.create_connection((HOST, port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Trouble(f"{name} takes no connections on port {port} after {seconds:.0f} s{where}")


def _ending_with_us() -> list[str]:
    """Words before a command that end it when we are killed without a chance to stop it.

    The kernel watches the thread that starts a process, so only the main thread may ask for it.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or threading.current_thread() is not threading.main_thread():
        return []
    return [setpriv, "--pdeathsig", "TERM"]


def _kill_group(pid: int, signum: int) -> None:
    """A signal to everyone in the session that this pid leads; nobody left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from its third field on (the second, the name, may hold spaces)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None


def _started_at(pid: int) -> str | None:
    """When that process started, in clock ticks since boot: with it a pid names one process for good."""
    fields = _stat(pid)
    return fields[19] if fields and fields[0] != "Z" else None
