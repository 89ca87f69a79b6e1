"""The program inside a guest runs others: how long it waits for them, and how much of what they say it reads."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from glance_related.guest.program.tools import last_words, run
from tests.unit.guest.machine import Machine, settings


@pytest.fixture
def left(machine: Machine) -> Iterator[Path]:
    """A file in which a hook writes down what it has left behind."""
    file = machine.recorder / "left"
    yield file
    with suppress(OSError, ValueError):
        os.kill(int(file.read_text()), signal.SIGKILL)


def is_running(file: Path) -> bool:
    try:
        state = Path(f"/proc/{int(file.read_text())}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def hurried(machine: Machine) -> None:
    """A hook has one second, and half of one to end."""
    source = machine.file.read_text()
    source = source.replace("HOOK, TURN = 900, 600", "HOOK, TURN = 1, 600").replace("_ENDING = 10", "_ENDING = 0.5")
    assert "HOOK, TURN = 1," in source
    assert "_ENDING = 0.5" in source
    machine.file.write_text(source)


def test_who_leaves_a_service_behind_has_done_his_work(machine: Machine, left: Path) -> None:
    machine.hook("10-start", '#!/bin/sh\nsleep 60 &\necho $! >"$RECORDER/left"\n')
    began = time.monotonic()
    machine.apply(settings({"web": "apache2"}), check=False)
    assert time.monotonic() - began < 30
    last = machine.state()["last"]
    assert (last["ok"], last["message"]) == (True, "")
    assert is_running(left)


def test_a_package_that_starts_a_service_is_installed(machine: Machine, left: Path) -> None:
    apt = machine.folder / "bin" / "apt-get"
    start = '#!/bin/sh\ncase "$*" in *" install "*) sleep 60 & echo $! >"$RECORDER/left" ;; esac\n'
    apt.write_text(apt.read_text().replace("#!/bin/sh\n", start, 1))
    began = time.monotonic()
    machine.apply(settings({"web": "apache2"}), check=False)
    assert time.monotonic() - began < 30
    assert machine.there() == {"apache2"}
    assert machine.state()["last"]["ok"] is True
    assert is_running(left)


def test_who_takes_too_long_is_ended_with_all_that_he_has_started(machine: Machine, left: Path) -> None:
    hurried(machine)
    machine.hook("10-slow", '#!/bin/sh\nsleep 60 &\necho $! >"$RECORDER/left"\nwait\n')
    machine.hook("20-next", '#!/bin/sh\n: >"$RECORDER/next"\n')
    machine.apply(settings({}), check=False)
    assert machine.state()["last"]["message"] == "hook 10-slow: exit code 124"
    assert (machine.recorder / "next").exists()
    assert not is_running(left)


def test_who_does_not_end_when_he_is_asked_is_made_to(machine: Machine, left: Path) -> None:
    hurried(machine)
    machine.hook("10-deaf", "#!/bin/sh\ntrap '' TERM\necho $$ >\"$RECORDER/left\"\nwhile :; do sleep 1; done\n")
    machine.apply(settings({}), check=False)
    assert machine.state()["last"]["message"] == "hook 10-deaf: exit code 124"
    assert not is_running(left)


def test_of_what_somebody_says_the_end_is_read() -> None:
    code, said = run(["sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo 'E: no room'; exit 3"], 60)
    assert (code, len(said)) == (3, 64 * 1024)
    assert last_words(said) == "E: no room"
    assert run(["sh", "-c", "echo one; echo two >&2"], 60) == (0, "one\ntwo\n")


def test_who_cannot_be_run_is_told() -> None:
    assert run(["/no/such/program"], 60) == (127, "No such file or directory")
