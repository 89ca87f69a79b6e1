"""What the program inside a guest writes and runs, and what it keeps to itself."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import pytest

from tests.unit.guest.machine import Machine, settings

# -- variables and hooks


def test_variables_are_written_for_root_only_in_one_step(machine: Machine) -> None:
    machine.apply(settings({}, {"port": 80, "on": True, "names": ["a", "b c"], "motto": "it's $HOME\n"}), check=False)
    for name in ("variables.json", "variables.sh"):
        assert stat.S_IMODE(machine.etc(name).stat().st_mode) == 0o600
    assert json.loads(machine.etc("variables.json").read_text()) == {
        "port": 80, "on": True, "names": ["a", "b c"], "motto": "it's $HOME\n",
    }  # fmt: skip
    text = '. "$1"; printf "%s|%s|%s|%s" "$port" "$on" "$names" "$motto"'
    said = subprocess.run(["sh", "-c", text, "sh", machine.etc("variables.sh")], capture_output=True, check=True)
    assert said.stdout == b"80|true|a\nb c|it's $HOME\n"
    assert sorted(path.name for path in machine.etc("").iterdir()) == ["variables.json", "variables.sh"]


def test_hooks_are_run_in_order_with_both_files_and_nothing_else(machine: Machine) -> None:
    machine.hook("20-b", '#!/bin/sh\n. "$GLANCE_RELATED_VARIABLES_SH"; echo "b $port" >>"$RECORDER/hooks"\n')
    machine.hook("10-a", '#!/bin/sh\necho "a $GLANCE_RELATED_GENERATION" >>"$RECORDER/hooks"\n')
    machine.hook("30-c", '#!/bin/sh\ncat "$GLANCE_RELATED_VARIABLES" >>"$RECORDER/hooks"\n')
    for name in ("40.sh", "50-d~", ".60", "70 e"):
        machine.hook(name, '#!/bin/sh\necho wrong name >>"$RECORDER/hooks"\n')
    machine.hook("80-f", "#!/bin/sh\necho not executable\n", 0o644)
    (machine.etc("packages.d") / "90-g").mkdir()
    machine.apply(settings({}, {"port": 80}, generation=7), check=False)
    assert (machine.recorder / "hooks").read_text() == 'a 7\nb 80\n{\n "port": 80\n}\n'


def test_a_hook_that_others_may_change_is_not_run(machine: Machine) -> None:
    text = '#!/bin/sh\necho "$0" >>"$RECORDER/hooks"\n'
    machine.hook("10-world", text, 0o757)
    machine.hook("20-group", text, 0o775)
    elsewhere = machine.folder / "elsewhere"
    elsewhere.write_text(text)
    elsewhere.chmod(0o755)
    (machine.etc("packages.d") / "30-link").symlink_to(elsewhere)
    if os.geteuid() == 0:
        os.chown(machine.hook("40-stranger", text), 1234, -1)
    machine.apply(settings({}), check=False)
    assert not (machine.recorder / "hooks").exists()
    machine.hook("50-good", text)
    machine.etc("packages.d").chmod(0o777)
    machine.apply(settings({}, generation=2), check=False)
    assert not (machine.recorder / "hooks").exists()
    machine.etc("packages.d").chmod(0o755)
    machine.apply(settings({}, generation=3), check=False)
    assert (machine.recorder / "hooks").read_text().endswith("50-good\n")


def test_a_hook_that_fails_is_told_but_not_what_it_said(machine: Machine) -> None:
    machine.hook("10-bad", "#!/bin/sh\necho open sesame; exit 3\n")
    machine.hook("20-good", '#!/bin/sh\n: >"$RECORDER/good"\n')
    done = machine.apply(settings({}), check=False)
    assert machine.state()["last"]["message"] == "hook 10-bad: exit code 3"
    assert (machine.recorder / "good").exists()
    assert "sesame" not in done.stderr + done.stdout + json.dumps(machine.state())


def test_no_value_is_in_the_log_or_in_the_state(machine: Machine) -> None:
    done = machine.apply(settings({"web": "apache2"}, {"token": "open sesame"}), check=False)
    assert "sesame" not in done.stdout + done.stderr + json.dumps(machine.state()) + machine.run("status").stdout
    assert stat.S_IMODE((machine.root / "var/lib/glance-related/state.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"generation": 1, "packages": {}, "variables": None},
        {"generation": 1, "packages": [{"name": "x"}], "variables": {}},
        {"generation": 1, "packages": ["x"], "variables": {}},
        {"generation": 1, "packages": [], "variables": [1]},
    ],
)
def test_what_it_does_not_understand_it_leaves_alone_and_says_so(machine: Machine, part: object) -> None:
    machine.apply(settings({"web": "apache2"}), check=False)
    done = machine.apply({"version": 2, "have": "x", "parts": {"package_menu": part}}, check=False)
    assert done.returncode == 1
    assert machine.there() == {"apache2"}
    assert "not what this program knows" in machine.state()["last"]["message"]


def test_of_what_nothing_is_said_all_stays_as_it_is(machine: Machine) -> None:
    machine.apply(settings({"web": "apache2"}), check=False)
    machine.calls()
    machine.apply({"version": 1, "have": "2", "parts": {"file_injection": {}}}, check=False)
    assert machine.there() == {"apache2"}
    assert machine.calls() == []
