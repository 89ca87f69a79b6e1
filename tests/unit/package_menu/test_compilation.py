"""The command that compiles catalogs: how it is run, and what is told of what it says."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from glance_related.deliveries.delivery import Refused, Unavailable
from glance_related.package_menu.drivers.compilation import Compilation
from glance_related.settings.options import ConfigError

OPTION = "[package_menu_puppet] compile"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A command that does what a test writes into it."""
    return tmp_path / "compile me"


def run(script: Path, text: str, *secrets: str, seconds: int = 10, behind: str = "") -> None:
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    Compilation(f"'{script}' {{certname}}{behind}", seconds, OPTION).run("web-1", secrets)


def refused(script: Path, text: str, *secrets: str) -> str:
    with pytest.raises(Refused) as caught:
        run(script, text, *secrets)
    return str(caught.value)


def test_a_catalog_that_compiles_is_no_complaint(script: Path, tmp_path: Path) -> None:
    run(script, f'echo "Warning: x" >&2; echo "Error: y"; printf "%s|" "$@" >"{tmp_path}/seen"')
    assert (tmp_path / "seen").read_text() == "web-1|"


def test_no_shell_reads_the_command(script: Path, tmp_path: Path) -> None:
    run(script, f'printf "%s|" "$@" >"{tmp_path}/seen"', behind=" --node={certname} ';' '$(id)' '*'")
    assert (tmp_path / "seen").read_text() == "web-1|--node=web-1|;|$(id)|*|"


def test_it_reads_nothing_and_is_told_that_nothing_old_is_wanted(script: Path, tmp_path: Path) -> None:
    run(script, f'cat >"{tmp_path}/read"; echo "$GLANCE_RELATED_FRESH" >"{tmp_path}/fresh"')
    assert (tmp_path / "read").read_text() == ""
    assert (tmp_path / "fresh").read_text() == "1\n"


# what `puppet catalog compile` of Puppet 7.23 writes
PUPPETS = r"""
printf '\033[1;31mError: Facter: Permission denied @ rb_sysopen\033[0m\n' >&2
printf '\033[1;31mError: Evaluation Error: Class[Web]: has no parameter named no on node web-1\033[0m\n' >&2
printf "\033[1;31mError: Could not call 'find' on 'catalog': Evaluation Error: no parameter named 'no'\033[0m\n" >&2
printf "\033[1;31mError: Try 'puppet help catalog compile' for usage\033[0m\n" >&2
exit 1
"""


def test_the_last_error_is_told_as_puppet_says_it(script: Path) -> None:
    assert refused(script, PUPPETS) == "Evaluation Error: no parameter named 'no'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo one >&2; echo two >&2; echo >&2; exit 1", "two"),
        ("echo out; exit 1", "out"),
        ("echo 'Error: out'; exit 1", "out"),
        ("echo err >&2; echo 'Error: out'; exit 1", "err"),
        (r"printf 'a\tb\033[31mc\033[0m\007d\n' >&2; exit 1", "a\tbc d"),
        (r"printf 'a\302\2332Jb\302\235c\302\200d\302\240e\n' >&2; exit 1", "ab c d\xa0e"),
        (r"printf 'gr\374n\n' >&2; exit 1", "gr�n"),
        ("echo 'Error: no x (file: /etc/puppet/x.pp, line: 4, column: 3) on node y' >&2; exit 1", "no x on node y"),
        ("exit 3", "ended with 3"),
        ("kill -9 $$", "ended with -9"),
    ],
)
def test_what_is_told_of_other_commands(script: Path, text: str, said: str) -> None:
    assert refused(script, text).endswith(said)


def test_a_long_complaint_is_cut_and_a_flood_is_read_to_its_end(script: Path) -> None:
    assert len(refused(script, "head -c 50000 /dev/zero | tr '\\0' x >&2; exit 1")) == 1000
    assert refused(script, "yes x | head -c 3000000; yes y | head -c 3000000 >&2; echo end >&2; exit 1") == "end"


def test_no_secret_is_told(script: Path) -> None:
    said = refused(script, "echo \"Error: expects an Integer, got 'hunter2-hunter2'\" >&2; exit 1", "hunter2-hunter2")
    assert said == "expects an Integer, got '***'"


def test_a_command_that_does_not_end_is_killed_with_all_that_it_has_started(script: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Refused, match="within 1 seconds"):
        run(script, f'trap "" TERM; sleep 60 & echo $! >"{tmp_path}/child"; sleep 60', seconds=1)
    assert time.monotonic() - began < 30
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 30
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_a_command_that_cannot_be_run_refuses_nobody(script: Path) -> None:
    compilation = Compilation(f"'{script}' {{certname}}", 10, OPTION)
    with pytest.raises(Unavailable, match=r"cannot be run"):
        compilation.run("web-1", [])
    (said,) = compilation.check()
    assert str(script) in said
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert compilation.check() == []


def test_a_classifier_that_reaches_nobody_refuses_nobody(script: Path) -> None:
    said = "Error: Failed to find web-1 via exec: Execution of '/usr/bin/glance-related-enc web-1' returned {}: "
    with pytest.raises(Unavailable, match="returned 75"):
        run(script, f'echo "{said.format(75)}" >&2; exit 1')
    with pytest.raises(Refused, match="returned 1:"):
        run(script, f'echo "{said.format(1)}" >&2; exit 1')


@pytest.mark.parametrize("command", ["", "puppet", "{certname}", "puppet 'catalog {certname}", "puppet {name}"])
def test_a_command_that_names_no_server_stops_the_start(command: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Compilation(command, 10, OPTION)
    assert str(caught.value).startswith(OPTION)
