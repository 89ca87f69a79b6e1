"""A guest boots with Debian's unmodified cloud-init, by an unmodified Nova's metadata, and has what is chosen for it.

All four stages of cloud-init run, in a root of their own; only the package manager does no more than write down what it
was told (`tests.real.guest.one_guest`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.project.source import PROJECT
from tests.real.guest.debian import packages

USERS = """\
#cloud-config
packages: [users-package]
write_files: [{path: /users-file, content: "the user's"}]
"""
FORMER = ["#!/bin/sh\necho of the former target >/formers-file\n", "#cloud-config\npackages: [formers-package]\n"]


@pytest.fixture(scope="module")
def boot(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """What becomes of a guest, as `tests.real.guest.one_guest.story` tells it."""
    debs = packages()

    def booted(**scenario: Any) -> Any:
        folder = tmp_path_factory.mktemp("guest")
        namespaces = ["unshare", "--mount", "--net", "--pid", "--uts", "--fork"]
        argv = [sys.executable, "-W", "ignore", "-m", "tests.real.guest.one_guest", folder, debs, json.dumps(scenario)]
        environment = os.environ | {"product_name": "OpenStack Nova"}
        done = subprocess.run(
            [*namespaces, *map(str, argv)], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(Path(folder / "result.json").read_text())

    return booted


@pytest.fixture(scope="module")
def plain(boot: Callable[..., Any]) -> Any:
    """A server whose user says nothing of his own."""
    return boot()


def test_the_first_boot_installs_packages_writes_variables_runs_hooks_and_reports(plain: Any) -> None:
    assert [code for code, _ in plain["stages"]] == [0, 0, 0, 0], plain["stages"]
    assert "status: done" in plain["status"], plain["status"]
    booted = plain["booted"]
    assert booted["packages"] == ["apache2", "rsyslog"]
    assert booted["variables"] == {"port": 80, "motto": "it's $(touch /pwned)"}
    assert booted["mode"] == "0o600"
    assert booted["hook"].endswith(": port 80, motto it's $(touch /pwned)\n")
    assert not booted["pwned"]
    assert booted["cron"].startswith("*/10 * * * * root ")  # as the cloud's interval of 600 seconds says
    first = plain["first"]
    assert (first["state"], first["is_current"], first["message"]) == ("confirmed", True, "")
    assert first["applied"] == {"packages": ["logs", "web"]}


def test_a_change_while_it_runs_is_fetched_by_the_guest(plain: Any) -> None:
    assert (plain["changed, not pulled"]["state"], plain["changed, not pulled"]["is_current"]) == ("offered", False)
    assert plain["pull"] == 0
    pulled = plain["pulled"]
    assert (pulled["variables"]["port"], pulled["calls"]) == (8081, [])
    assert "port 8081" in pulled["hook"]
    assert (plain["second"]["state"], plain["second"]["is_current"]) == ("confirmed", True)
    assert plain["second"]["applied_generation"] > plain["first"]["applied_generation"]


def test_what_is_turned_off_is_removed(plain: Any) -> None:
    assert plain["pull again"] == 0
    removed = plain["removed"]
    assert removed["packages"] == ["rsyslog"]
    assert removed["calls"][-1].endswith(" remove -- apache2")
    assert removed["variables"] == {"motto": "it's $(touch /pwned)"}
    assert plain["third"]["applied"] == {"packages": ["logs"]}
    assert plain["third"]["is_current"]


def test_asked_again_nothing_is_done(plain: Any) -> None:
    assert plain["pull in vain"] == 0
    assert plain["at last"] == {**plain["removed"], "calls": []}


def test_our_part_survives_beside_a_users_own_packages_and_a_former_targets_script(boot: Callable[..., Any]) -> None:
    told = boot(user_data=USERS, former=FORMER)
    assert [code for code, _ in told["stages"]] == [0, 0, 0, 0], told["stages"]
    booted = told["booted"]
    # the user's packages take the place of the former target's, as cloud-init has it, and ours are there too
    assert booted["packages"] == ["apache2", "rsyslog", "users-package"]
    assert (booted["user's file"], booted["former's file"]) == ("the user's", "of the former target\n")
    assert told["first"]["state"] == "confirmed"


def test_without_anything_of_the_users_the_former_targets_packages_are_there_too(boot: Callable[..., Any]) -> None:
    assert boot(former=FORMER)["booted"]["packages"] == ["apache2", "formers-package", "rsyslog"]


@pytest.mark.parametrize(
    "word", ["vendor_data2: {enabled: false}", "vendor_data: {enabled: false}", "vendor_data: {enabled: 'no'}"]
)
def test_the_owner_of_a_guest_may_say_no(boot: Callable[..., Any], word: str) -> None:
    told = boot(user_data=f"{USERS}{word}\n", former=FORMER)
    assert [code for code, _ in told["stages"]] == [0, 0, 0, 0], told["stages"]
    booted = told["booted"]
    assert (booted["packages"], booted["user's file"]) == (["users-package"], "the user's")
    assert (booted["program"], booted["variables"], booted["hook"]) == (False, None, None)
    # to cloud-init the one word is of static vendor data, the other of what is made for each server
    assert (booted["former's file"] is None) is word.startswith("vendor_data2")
    assert told["first"]["state"] == "read"


def test_what_cannot_be_had_is_told_and_the_boot_goes_on(boot: Callable[..., Any]) -> None:
    told = boot(broken=["apache2"])
    assert "status: done" in told["status"], told["status"]
    assert told["booted"]["packages"] == ["rsyslog"]
    assert told["first"]["state"] == "failed"
    assert told["first"]["message"] == "apache2: E: Unable to locate package apache2"
    assert told["booted"]["cron"]


def test_what_vendordata_did_not_bring_a_program_in_the_image_fetches(boot: Callable[..., Any]) -> None:
    told = boot(unheard=True)
    assert [code for code, _ in told["stages"]] == [0, 0, 0, 0], told["stages"]
    assert (told["booted"]["program"], told["first"]["state"]) == (False, "offered")
    assert told["install"] == 0
    assert told["installed"]["packages"] == ["apache2", "rsyslog"]
    assert told["installed"]["cron"]
    assert told["second"]["state"] == "confirmed"


def test_nothing_secret_or_chosen_is_in_the_guests_log(plain: Any) -> None:
    assert "pwned" not in plain["log"] + plain["state"]
    assert "generation" in plain["log"]
