"""tools/serve as a test starts it: on a fresh machine, as far as its environment goes, and on ports of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from cloud import ports
from tests.servers.ports import free_ports

TOOLS = Path(__file__).resolve().parents[2] / "tools"

# The environment of a fresh machine, and what a machine may need to reach a package index at all.
_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
            "SSL_CERT_DIR", "PIP_CERT", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CACHE_DIR")  # fmt: skip


def _end_with_us() -> None:
    """In the child: a pytest that is killed must not leave a cloud behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Serve:
    """One tools/serve, with what it has printed."""

    def __init__(self, folder: Path, *words: str) -> None:
        """`words` are more of its options."""
        self.var = folder / "var"
        self.base = free_ports(ports.COUNT)[0] - 1
        self.words = words
        self.environment = {name: os.environ[name] for name in _NETWORK if name in os.environ}
        self.environment |= {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.environ.get("HOME", str(folder))}
        self.folder = folder
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Until `ready` is printed."""
        self.lines.clear()
        self.process = subprocess.Popen(
            self.command(), cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_end_with_us,
        )  # fmt: skip
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        while not ready.wait(0.1):
            assert self.process.poll() is None, self.said()
        assert "ready" in self.lines, self.said()

    def command(self) -> list[str]:
        return [sys.executable, str(TOOLS / "serve"), "--port-base", str(self.base), "--var", "var", *self.words]

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Another command from the same place."""
        return subprocess.run(
            argv, cwd=self.folder, env=self.environment, text=True, capture_output=True, check=False, timeout=300
        )

    def stop(self, signum: int = signal.SIGINT) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(120)

    def said(self) -> str:
        return "\n".join(self.lines)

    def _read(self, ready: threading.Event) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line == "ready\n":
                ready.set()
        ready.set()


def exported(serve: Serve, name: str) -> dict[str, str]:
    """What a shell that has read this rc file would hand to a program."""
    done = serve.run("/bin/sh", "-c", f". var/rc-{name} && env")
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def processes_of(var: Path) -> list[str]:
    """Every process that stands in that folder or holds a file of it open (servers rename themselves)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            places = [entry / "cwd", *(entry / "fd").iterdir()]
            if any(str(place.readlink()).startswith(f"{var}/") for place in places):
                found.append(f"{entry.name} {(entry / 'cmdline').read_bytes()!r}")
    return found
