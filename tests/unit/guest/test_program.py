"""The program inside a guest, as it is sent: packages, by a manager that only writes down, on the oldest Python too."""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from glance_related.guest.script import MODULES, program, script
from tests.unit.guest.machine import MANAGERS, Machine, settings

PROGRAM = Path(__file__).parents[3] / "glance_related" / "guest" / "program"

# -- as it is sent


def test_it_is_one_file_of_the_oldest_python_that_guests_have() -> None:
    tree = ast.parse(program(), feature_version=(3, 6))
    imports = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert "glance_related" not in imports
    assert imports <= set(sys.stdlib_module_names)


def test_no_name_of_one_module_is_anothers() -> None:
    assert set(MODULES) == {path.stem for path in PROGRAM.glob("*.py")} - {"__init__"}
    named: Counter[str] = Counter()
    for module in MODULES:
        for node in ast.parse((PROGRAM / f"{module}.py").read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                named[node.name] += 1
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named.update({target.id for target in targets if isinstance(target, ast.Name)})
    assert max(named.values()) == 1


def test_the_same_settings_are_the_same_script() -> None:
    assert script(b"{}") == script(b"{}")
    assert script(b"{}") != script(None)


# -- packages


@pytest.mark.parametrize("manager", MANAGERS)
def test_packages_are_installed_and_removed_with_the_systems_own_manager(tmp_path: Path, manager: str) -> None:
    machine = Machine(tmp_path, manager=manager)
    (machine.recorder / "there" / "vim").touch()
    machine.apply(settings({"web": "apache2", "editor": "vim"}), check=False)
    assert machine.there() == {"apache2", "vim"}
    installs = [call for call in machine.calls() if "install" in call or " add " in call]
    assert [call.split()[-1] for call in installs] == ["apache2"]
    machine.apply(settings({}, generation=2), check=False)
    # what was there before stays, for it was not installed here
    assert machine.there() == {"vim"}
    assert machine.state()["owned"] == []


def test_nothing_is_asked_and_no_name_is_an_option(machine: Machine) -> None:
    machine.apply(settings({"web": "apache2"}), check=False)
    (install,) = [call for call in machine.calls() if " install " in call]
    assert install.startswith("apt-get -y -q ")
    assert install.endswith(" install -- apache2")
    assert (machine.recorder / "frontend").read_text() == "noninteractive\n"


BAD_NAMES = (
    "-o",
    "--force",
    "a b",
    "a;reboot",
    "$(reboot)",
    "`x`",
    "../x",
    "/etc/passwd",
    "a=1",
    "apache2-",
    "",
    "é",
    "a\n",
)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_what_is_no_name_of_a_package_reaches_no_package_manager(machine: Machine, name: str) -> None:
    done = machine.apply(settings({"bad": name, "web": "apache2"}), check=False)
    assert done.returncode == 1
    assert machine.there() == {"apache2"}
    assert machine.state()["last"]["ok"] is False
    assert "no name of a package" in machine.state()["last"]["message"]
    installed = [call.split(" -- ")[1] for call in machine.calls() if " install " in call]
    assert installed == ["apache2"]


def test_one_that_is_not_to_be_had_keeps_no_other_out(machine: Machine) -> None:
    (machine.recorder / "broken" / "nosuch").touch()
    done = machine.apply(settings({"web": "apache2", "odd": "nosuch", "log": "rsyslog"}), check=False)
    assert done.returncode == 1
    assert machine.there() == {"apache2", "rsyslog"}
    last = machine.state()["last"]
    assert (last["ok"], last["packages"]) == (False, {"web": "apache2", "log": "rsyslog"})
    assert last["message"] == "nosuch: E: Unable to locate package nosuch"
    assert machine.state()["owned"] == ["apache2", "rsyslog"]
    assert "have" not in machine.state()


def test_what_is_there_is_not_installed_again(machine: Machine) -> None:
    for generation in (1, 2):
        machine.apply(settings({"web": "apache2"}, generation=generation), check=False)
    assert len([call for call in machine.calls() if " install " in call]) == 1


@pytest.mark.parametrize(
    ("manager", "why"),
    [("apt-get", "the-shop would go with it"), ("dnf", "apache2 is needed by (installed) the-shop")],
)
def test_nothing_goes_along_with_what_is_removed(tmp_path: Path, manager: str, why: str) -> None:
    machine = Machine(tmp_path, manager=manager)
    machine.apply(settings({"web": "apache2"}), check=False)
    (machine.recorder / "needs" / "apache2").write_text("Remv the-shop [2.0]\n")
    machine.apply(settings({}, generation=2), check=False)
    assert machine.there() == {"apache2"}
    assert machine.state()["last"]["message"] == f"apache2: it stays: {why}"
    assert machine.state()["last"]["ok"] is True
    (machine.recorder / "needs" / "apache2").unlink()
    machine.apply(settings({}, generation=3), check=False)
    assert machine.there() == set()


#: How a package manager says that it cannot tell what is there; what it ends with, and what of that is told.
UNCLEAR = [
    ("apt-get", "", 124, "exit code 124"),
    ("apt-get", "dpkg-query: error: the database is locked\n", 2, "dpkg-query: error: the database is locked"),
    ("apt-get", "half-configured\n", 0, "half-configured"),
    ("apt-get", "", 0, "exit code 0"),
    ("dnf", "error: cannot open Packages database\npackage vim is not installed\n", 1,
     "error: cannot open Packages database"),
    ("dnf", "", 127, "exit code 127"),
    ("apk", "ERROR: Unable to read database: No such file or directory\n", 1,
     "ERROR: Unable to read database: No such file or directory"),
]  # fmt: skip


@pytest.mark.parametrize(("manager", "says", "code", "told"), UNCLEAR)
def test_where_nobody_can_tell_whether_it_is_there_it_is_neither_installed_nor_taken_for_its_own(
    tmp_path: Path, manager: str, says: str, code: int, told: str
) -> None:
    machine = Machine(tmp_path, manager=manager)
    (machine.recorder / "there" / "vim").touch()
    machine.unclear(says, code)
    machine.apply(settings({"editor": "vim"}), check=False)
    last = machine.state()["last"]
    assert (last["ok"], last["message"]) == (False, f"vim: whether it is there cannot be told ({told})")
    assert [call for call in machine.calls() if "install" in call or " add " in call] == []
    assert machine.state()["owned"] == []
    machine.unclear(None)
    machine.apply(settings({}, generation=2), check=False)
    assert machine.there() == {"vim"}, "it was the owner's own"


@pytest.mark.parametrize(("manager", "says", "code", "told"), [one for one in UNCLEAR if one[0] != "apk" and one[2]])
def test_where_nobody_can_tell_what_would_go_along_nothing_goes(
    tmp_path: Path, manager: str, says: str, code: int, told: str
) -> None:
    machine = Machine(tmp_path, manager=manager)
    machine.apply(settings({"web": "apache2"}), check=False)
    machine.unclear(says, code)
    machine.apply(settings({}, generation=2), check=False)
    assert machine.there() == {"apache2"}
    last = machine.state()["last"]
    assert (last["ok"], last["message"]) == (False, f"apache2: {told}")
    machine.unclear(None)
    machine.apply(settings({}, generation=2), check=False)
    assert machine.there() == set()


def test_where_another_is_at_the_packages_it_waits(machine: Machine) -> None:
    source = machine.file.read_text()
    machine.file.write_text(source.replace("(10, 30, 60, 0)", "(0.1, 0.1, 0.1, 0)"))
    assert machine.file.read_text() != source
    (machine.recorder / "locked").touch()
    machine.apply(settings({"web": "apache2"}), check=False)
    assert not (machine.recorder / "locked").exists()
    assert machine.there() == {"apache2"}
    assert len([call for call in machine.calls() if " install " in call]) == 2


def test_where_there_is_no_package_manager_that_is_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path, manager="none")
    machine.apply(settings({"web": "apache2"}, {"a": 1}), check=False)
    assert "no package manager" in machine.state()["last"]["message"]
    assert json.loads(machine.etc("variables.json").read_text()) == {"a": 1}


def test_who_is_killed_while_installing_knows_afterwards_what_is_his(machine: Machine) -> None:
    kill = '#!/bin/sh\ncase "$*" in *\' install \'*) : >"$RECORDER/there/apache2"; kill -9 $PPID;; esac\n'
    apt = machine.folder / "bin" / "apt-get"
    recorder = apt.read_text()
    apt.write_text(kill)
    assert machine.apply(settings({"web": "apache2"}), check=False).returncode == -9
    assert machine.state()["owned"] == ["apache2"]
    assert "have" not in machine.state()
    apt.write_text(recorder)
    machine.apply(settings({}, generation=2), check=False)
    assert machine.there() == set()
