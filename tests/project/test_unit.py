"""etc/glance-related-worker.service: systemd takes it, it may do little on its host, and gives the worker its time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glance_related.cmd import worker
from glance_related.deliveries import worker as deliveries
from tests.project.source import PROJECT, lines_of

UNIT = PROJECT / "etc" / "glance-related-worker.service"
#: What `systemd-analyze security` may think of it at most, of 10.
EXPOSED = 2.0


def words_of(option: str) -> list[str]:
    return re.findall(rf"(?m)^{option}=(.*)$", UNIT.read_text())


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as it would be on this machine: there is no user glance, and the program is elsewhere."""
    here = tmp_path / UNIT.name
    program = Path(sys.executable).parent / "glance-related-worker"
    text = UNIT.read_text().replace("User=glance\n", "User=daemon\n").replace(words_of("ExecStart")[0], str(program))
    assert text.count(str(program)) == 1
    here.write_text(text)
    return here


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_it_runs_the_worker_as_long_as_the_host_runs() -> None:
    (command,) = words_of("ExecStart")
    program, *words = command.split()
    assert Path(program).name in {
        line.partition(" = ")[0] for line in lines_of("options.entry_points", "console_scripts")
    }
    assert not worker.parser().parse_args(words).once
    assert (words_of("Restart"), words_of("WantedBy")) == (["always"], ["multi-user.target"])


def test_it_waits_for_what_the_worker_has_begun() -> None:
    (seconds,) = words_of("TimeoutStopSec")
    assert float(seconds) > 2 * deliveries._LAST_WAIT
    assert f"for {deliveries._LAST_WAIT:g} seconds at most" in UNIT.read_text()


def test_its_user_is_whom_the_timer_runs_as() -> None:
    timers = re.findall(r"(?m)^User=(\w+)$", (PROJECT / "README.md").read_text())
    assert set(timers) == set(words_of("User"))


def test_systemd_knows_every_word_of_it(unit: Path) -> None:
    done = analyze("verify", unit)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("PrivateTmp=", "PrivateTemp="))
    assert "PrivateTemp" in analyze("verify", unit).stderr


def test_it_may_do_little_on_its_host(unit: Path) -> None:
    def exposed() -> float:
        done = analyze("security", "--offline=true", unit)
        (found,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        return float(found)

    assert exposed() <= EXPOSED
    unit.write_text(re.sub(r"(?m)^(NoNewPrivileges|CapabilityBoundingSet|Protect\w+)=.*\n", "", unit.read_text()))
    assert exposed() > EXPOSED
