"""tools/serve and tools/demo as a person on a fresh machine meets them."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

TOOLS = Path(__file__).resolve().parents[2] / "tools"

# The environment of a fresh machine, and what a machine may need to reach a package index at all.
_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
            "SSL_CERT_DIR", "PIP_CERT", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CACHE_DIR")  # fmt: skip


def free_port_base() -> int:
    """A number N with N+1 and N+2 free, below the ports that clients get."""
    # Anywhere, not the first: it is used only seconds later, and another run may look at the same time.
    for base in random.sample(range(23000, 31000, 10), 800):
        with contextlib.ExitStack() as stack:
            try:
                for port in (base + 1, base + 2):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return base
    raise AssertionError("no free ports")


def _end_with_us() -> None:
    """In the child: a pytest that is killed must not leave a cloud behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Serve:
    """One tools/serve, with what it has printed."""

    def __init__(self, folder: Path, base: int) -> None:
        self.var = folder / "var"
        self.base = base
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
        return [sys.executable, str(TOOLS / "serve"), "--port-base", str(self.base), "--var", "var"]

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Another command from the same place."""
        return subprocess.run(
            argv, cwd=self.folder, env=self.environment, text=True, capture_output=True, check=False, timeout=300
        )

    def stop(self, signum: int = signal.SIGINT) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(60)

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


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    one = Serve(tmp_path_factory.mktemp("serve"), free_port_base())
    one.start()
    yield one
    one.stop(signal.SIGTERM)


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


def test_says_what_it_does_and_nothing_foreign(serve: Serve) -> None:
    shown = serve.said()
    assert serve.lines.count("ready") == 1
    assert re.search(r"^\[ *\d+\.\d s\] starting Keystone on port \d+ and Glance on port \d+", shown, re.M)
    for noise in ("Warning", "ERROR", "Traceback", "notice", "INFO"):
        assert noise not in shown


def test_ready_says_where_all_is(serve: Serve) -> None:
    about = json.loads((serve.var / "ready").read_text())
    assert about["keystone"] == f"http://127.0.0.1:{serve.base + 1}/v3"
    assert about["glance"] == f"http://127.0.0.1:{serve.base + 2}"
    with urllib.request.urlopen(about["glance"] + "/healthcheck") as reply:
        assert reply.status == 200


@pytest.mark.parametrize("name", ["alice", "bob", "admin", "nova", "scheduler"])
def test_rc_files_make_a_shell_somebody(serve: Serve, name: str) -> None:
    path = serve.var / f"rc-{name}"
    assert path.stat().st_mode & 0o077 == 0, "it holds a password"
    assert all(line.startswith("export ") for line in path.read_text().splitlines())
    environment = exported(serve, name)
    assert environment["OS_USERNAME"] == name
    assert environment["OS_AUTH_URL"] == f"http://127.0.0.1:{serve.base + 1}/v3"
    installation = json.loads((serve.var / "ready").read_text())["nova_installation_uuid"]
    wanted = installation if name in ("nova", "scheduler") else None
    assert environment.get("NOVA_INSTALLATION_UUID") == wanted


def test_both_service_users_belong_to_the_registered_installation(serve: Serve) -> None:
    done = serve.run("var/bin/glance-related-manage", "installation", "list", "-f", "json")
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(done.stdout)
    assert one["uuid"] == exported(serve, "nova")["NOVA_INSTALLATION_UUID"]
    assert len(one["service_users"]) == 1
    assert len(one["trusted_programs"]) == 1


def test_what_it_says_to_type_next_works_when_typed(serve: Serve) -> None:
    """The commands as they are printed, in a shell; their answers as they are printed, but for the new image."""
    block = serve.said().split("What to type next", 1)[1].split("The clients do it too", 1)[0]
    # Commands stand two columns in; the answers, four columns in, end each of the three paragraphs.
    paragraphs = [paragraph for paragraph in block.split("\n\n")[1:] if paragraph.strip()]
    assert len(paragraphs) == 3
    commands, answers = [], []
    for paragraph in paragraphs:
        command = paragraph[: paragraph.rindex("\n" + _answer(paragraph))]
        commands.append(command)
        answers.append(_answer(paragraph))
    done = serve.run("/bin/sh", "-c", "\necho; echo ====\n".join(commands))
    assert done.returncode == 0, done.stderr
    typed = [part.strip().splitlines() for part in done.stdout.split("====")]
    unique = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
    for answer, output in zip(answers, typed, strict=True):
        told = [unique.sub("ID", line.strip()) for line in answer.splitlines()]
        # Typed again, there is one image more of that server: the list repeats what it told.
        assert told == [unique.sub("ID", line) for line in output][: len(told)]


def _answer(paragraph: str) -> str:
    """The last lines of a paragraph that begin with a quote or a brace: what the command printed."""
    lines = paragraph.rstrip().splitlines()
    first = len(lines)
    while re.match(r'    ("\w+": ?"[^"]*"$|\{"images")', lines[first - 1]):
        first -= 1
    return "\n".join(lines[first:])


def test_the_openstack_client_is_at_hand_and_quiet(serve: Serve) -> None:
    script = ". var/rc-alice && var/bin/openstack image list -f json"
    done = serve.run("/bin/sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert isinstance(json.loads(done.stdout), list)


def test_the_demo_goes_as_told(serve: Serve) -> None:
    done = serve.run(sys.executable, str(TOOLS / "demo"), "instance_aware", "--var", "var")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "surprise" not in done.stdout


def test_the_demo_without_a_cloud_is_one_sentence(serve: Serve) -> None:
    done = serve.run(sys.executable, str(TOOLS / "demo"), "instance_aware", "--var", "elsewhere")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no tools/serve is running in elsewhere" in done.stderr


def test_a_busy_port_is_one_sentence(serve: Serve) -> None:
    done = serve.run(sys.executable, str(TOOLS / "serve"), "--port-base", str(serve.base), "--var", "other")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"port {serve.base + 1} on 127.0.0.1, meant for Keystone, is busy" in done.stderr


def test_two_in_one_folder_is_one_sentence(serve: Serve) -> None:
    done = serve.run(*serve.command())
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "another tools/serve runs in" in done.stderr
    assert (serve.var / "ready").exists(), "the first one is still there"


# From here on the tests stop and start the cloud; they stand last, and each leaves it running.


def test_ctrl_c_leaves_nothing_behind_and_a_second_start_keeps_everything(serve: Serve) -> None:
    before = {path.name: path.read_text() for path in serve.var.glob("rc-*")}
    assert len(processes_of(serve.var)) >= 5, "tools/serve, and a master and a worker of each service"
    assert serve.stop(signal.SIGINT) == 0
    assert not (serve.var / "ready").exists()
    assert processes_of(serve.var) == []
    serve.start()
    assert (serve.var / "ready").exists()
    assert {path.name: path.read_text() for path in serve.var.glob("rc-*")} == before
    # (The suite itself is installed anew where somebody has edited it meanwhile.)
    assert "making an environment" not in serve.said()
    assert "preparing Keystone" not in serve.said()


def test_a_service_that_dies_is_noticed_and_said(serve: Serve) -> None:
    pid = int((serve.var / "run" / "glance.pid").read_text().split()[0])
    os.killpg(pid, signal.SIGKILL)
    assert serve.process is not None
    assert serve.process.wait(60) == 1
    time.sleep(0.2)  # for the thread that reads its last line
    assert "tools/serve: glance has stopped by itself (exit code -9)" in serve.said()
    assert not (serve.var / "ready").exists()
    assert processes_of(serve.var) == []
    serve.start()


def test_a_killed_one_takes_everything_with_it(serve: Serve) -> None:
    assert serve.stop(signal.SIGKILL) == -signal.SIGKILL
    deadline = time.monotonic() + 30
    while processes_of(serve.var) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(serve.var) == []
    serve.start()


def test_what_a_killed_one_left_is_stopped_first(serve: Serve) -> None:
    """A server that does not listen to signals stays; here one that is halted."""
    pid = int((serve.var / "run" / "keystone.pid").read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    assert serve.stop(signal.SIGKILL) == -signal.SIGKILL
    serve.start()
    assert "stopping keystone, left by an earlier run" in serve.said()
    assert serve.stop(signal.SIGTERM) == 0
    assert processes_of(serve.var) == []
    serve.start()
