"""The program inside a guest with Debian's own apt and dpkg: what it never does to packages that are not its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.guest.debian_root import DebianRoot
from tests.unit.guest.machine import ALONE, Machine, settings

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt here")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, manager="none")


@pytest.fixture
def debian(machine: Machine) -> DebianRoot:
    made = DebianRoot(machine.folder, machine.folder / "bin")
    for name in ("exim", "postfix"):
        made.publish(name, *ALONE)
    return made


def test_what_the_owner_has_installed_stays_and_what_cannot_be_beside_it_is_told(
    machine: Machine, debian: DebianRoot
) -> None:
    debian.publish("his-mta", *ALONE)
    debian.publish("his-shop", "Depends: his-mta")
    debian.publish("editor")
    debian.install("his-shop")
    machine.apply(settings({"mail": "postfix", "editor": "editor"}), check=False)
    assert debian.there() == dict.fromkeys(["his-mta", "his-shop", "editor"], "installed")
    last = machine.state()["last"]
    assert (last["ok"], last["packages"]) == (False, {"editor": "editor"})
    assert last["message"] == "postfix: it would remove his-mta, his-shop"
    assert machine.state()["owned"] == ["editor"], "what could not be installed is nobody's"


def test_of_two_that_cannot_be_together_the_one_takes_the_others_place_where_both_are_of_the_menu(
    machine: Machine, debian: DebianRoot
) -> None:
    machine.apply(settings({"mail": "exim"}), check=False)
    assert debian.there() == {"exim": "installed"}
    machine.apply(settings({"mail": "postfix"}, generation=2), check=False)
    assert debian.there() == {"postfix": "installed"}
    last = machine.state()["last"]
    assert (last["ok"], last["packages"], last["message"]) == (True, {"mail": "postfix"}, "")
    assert machine.state()["owned"] == ["postfix"]


def test_of_two_that_cannot_be_together_and_are_both_chosen_the_first_stays(
    machine: Machine, debian: DebianRoot
) -> None:
    chosen = {"mail": "exim", "post": "postfix"}
    for generation in (1, 2):
        machine.apply(settings(chosen, generation=generation), check=False)
        assert debian.there() == {"exim": "installed"}
        assert machine.state()["last"]["message"] == "postfix: it would remove exim"


def test_what_another_package_of_the_owners_needs_is_not_removed(machine: Machine, debian: DebianRoot) -> None:
    machine.apply(settings({"mail": "exim"}), check=False)
    debian.publish("his-shop", "Depends: exim")
    debian.install("his-shop")
    machine.apply(settings({}, generation=2), check=False)
    assert debian.there() == dict.fromkeys(["exim", "his-shop"], "installed")
    assert machine.state()["last"]["message"] == "exim: it stays: his-shop would go with it"


def test_what_the_owner_has_by_halves_is_not_touched(machine: Machine, debian: DebianRoot) -> None:
    debian.publish("his-own", postinst="exit 1")
    with pytest.raises(AssertionError):
        debian.install("his-own")
    machine.apply(settings({"his": "his-own", "mail": "exim"}), check=False)
    assert machine.state()["last"]["message"] == "his-own: whether it is there cannot be told (half-configured)"
    assert machine.state()["owned"] == ["exim"]
    machine.apply(settings({}, generation=2), check=False)
    assert debian.there() == {"his-own": "half-configured"}


def test_what_was_installed_by_halves_here_is_its_own_and_is_mended_or_removed(
    machine: Machine, debian: DebianRoot
) -> None:
    broken = machine.folder / "broken"
    broken.touch()
    debian.publish("shaky", postinst=f"[ ! -e {broken} ]")
    machine.apply(settings({"shaky": "shaky"}), check=False)
    assert (debian.there(), machine.state()["owned"]) == ({"shaky": "half-configured"}, ["shaky"])
    assert machine.state()["last"]["ok"] is False
    broken.unlink()
    machine.apply(settings({"shaky": "shaky"}), check=False)
    assert (debian.there(), machine.state()["last"]["ok"]) == ({"shaky": "installed"}, True)
    machine.apply(settings({}, generation=2), check=False)
    assert debian.there() == {}
