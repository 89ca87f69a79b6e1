"""The program inside a guest with real dnf, zypper and rpm: what it never does to packages that are not its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.guest.machine import ALONE, Machine, settings
from tests.unit.guest.rpm_root import PROGRAMS, RpmRoot

pytestmark = [
    pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason=f"not all of {', '.join(PROGRAMS)} are here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="dnf and zypper run as root alone"),
]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, manager="none")


@pytest.fixture(params=["dnf", "zypper"])
def root(machine: Machine, request: pytest.FixtureRequest) -> RpmRoot:
    return RpmRoot(machine.folder, machine.folder / "bin", request.param)


def test_what_is_chosen_comes_and_goes_again_and_what_the_owner_has_stays(machine: Machine, root: RpmRoot) -> None:
    for name in ("editor", "web", "log"):
        root.publish(name)
    root.install("editor")
    chosen = {"editor": "editor", "web": "web", "log": "log"}
    for _ in range(2):
        machine.apply(settings(chosen), check=False)
        assert root.there() == {"editor", "web", "log"}
        last = machine.state()["last"]
        assert (last["ok"], last["packages"], last["message"]) == (True, chosen, "")
    assert sorted(machine.state()["owned"]) == ["log", "web"]
    machine.apply(settings({"web": "web"}, generation=2), check=False)
    assert root.there() == {"editor", "web"}
    machine.apply(settings({}, generation=3), check=False)
    assert root.there() == {"editor"}
    assert machine.state()["owned"] == []


def test_one_that_is_not_to_be_had_keeps_no_other_out(machine: Machine, root: RpmRoot) -> None:
    for name in ("web", "log"):
        root.publish(name)
    machine.apply(settings({"web": "web", "odd": "nosuch", "log": "log"}), check=False)
    assert root.there() == {"web", "log"}
    last = machine.state()["last"]
    assert (last["ok"], last["packages"]) == (False, {"web": "web", "log": "log"})
    assert last["message"] in {
        "nosuch: Error: Unable to find a match: nosuch",
        "nosuch: No provider of 'nosuch' found.",
    }
    assert sorted(machine.state()["owned"]) == ["log", "web"]


def test_what_the_owner_has_installed_stays_and_what_cannot_be_beside_it_is_told(
    machine: Machine, root: RpmRoot
) -> None:
    root.publish("his-mta", *ALONE)
    root.publish("postfix", *ALONE)
    root.publish("editor")
    root.install("his-mta")
    machine.apply(settings({"mail": "postfix", "editor": "editor"}), check=False)
    assert root.there() == {"his-mta", "editor"}
    last = machine.state()["last"]
    assert (last["ok"], last["packages"]) == (False, {"editor": "editor"})
    assert last["message"].startswith("postfix: Problem: ")
    assert "his-mta-1.0-1.noarch conflicts with mta provided by postfix-1.0-1.noarch" in last["message"]
    assert machine.state()["owned"] == ["editor"]


def test_of_two_that_cannot_be_together_the_one_takes_the_others_place_where_both_are_of_the_menu(
    machine: Machine, root: RpmRoot
) -> None:
    for name in ("exim", "postfix"):
        root.publish(name, *ALONE)
    machine.apply(settings({"mail": "exim"}), check=False)
    machine.apply(settings({"mail": "postfix"}, generation=2), check=False)
    assert root.there() == {"postfix"}
    assert machine.state()["owned"] == ["postfix"]


def test_what_another_package_of_the_owners_needs_is_not_removed(machine: Machine, root: RpmRoot) -> None:
    root.publish("exim")
    machine.apply(settings({"mail": "exim"}), check=False)
    root.publish("his-shop", "Requires: exim")
    root.install("his-shop")
    machine.apply(settings({}, generation=2), check=False)
    assert root.there() == {"exim", "his-shop"}
    assert machine.state()["last"]["message"] == "exim: it stays: exim is needed by (installed) his-shop-1.0-1.noarch"


def test_what_needs_one_another_goes_together(machine: Machine, root: RpmRoot) -> None:
    root.publish("library")
    root.publish("shop", "Requires: library")
    machine.apply(settings({"library": "library", "shop": "shop"}), check=False)
    machine.apply(settings({}, generation=2), check=False)
    assert root.there() == set()
    assert machine.state()["last"]["message"] == ""


def test_what_came_along_with_what_is_removed_stays(machine: Machine, root: RpmRoot) -> None:
    """The owner may have begun to use it."""
    root.publish("library")
    root.publish("shop", "Requires: library")
    machine.apply(settings({"shop": "shop"}), check=False)
    assert root.there() == {"library", "shop"}
    machine.apply(settings({}, generation=2), check=False)
    assert root.there() == {"library"}
