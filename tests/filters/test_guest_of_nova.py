"""Who a guest is, an unmodified Nova says: its own handler of metadata, with forged headers of every kind."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import pytest


@pytest.fixture(scope="module")
def answers() -> Any:
    """What `tests.filters.guest_of_nova` found out."""
    if importlib.util.find_spec("nova") is None:
        pytest.skip("the package nova is not installed")
    argv = [sys.executable, "-W", "ignore", "-m", "tests.filters.guest_of_nova"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_guest_that_nova_knows_has_its_own(answers: Any) -> None:
    part = answers["settings"]["parts"]["package_menu"]
    assert [one["name"] for one in part["packages"]] == ["logs", "web"]


def test_novas_own_vendordata_holds_the_same_in_every_version(answers: Any) -> None:
    assert answers["vendordata"] == [answers["settings"]] * 3
    assert answers["is the same"]


def test_what_it_reports_is_noted_for_it_and_for_nobody_else(answers: Any) -> None:
    assert (answers["reported"], answers["state"], answers["others state"]) == (200, "confirmed", "offered")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("no headers", 400),
        ("no signature", 400),
        ("no project", 400),
        ("a made-up signature", 403),
        ("another's signature", 403),
        ("in capitals", 403),
        ("another project", 404),
        ("two ids", 403),
        ("another's id, own signature", 403),
        ("a load balancer's headers", 400),
    ],
)
def test_who_forges_headers_gets_novas_own_refusal_and_nothing_of_ours(answers: Any, how: str, status: int) -> None:
    assert answers["forged"][how] == [status, True, False]
