"""tools/serve and tools/demo as a person on a fresh machine meets them."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from tests.real.serving import TOOLS, Serve, exported, processes_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    one = Serve(tmp_path_factory.mktemp("serve"))
    one.start()
    yield one
    one.stop(signal.SIGTERM)


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
