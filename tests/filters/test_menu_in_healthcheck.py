"""What the menu's filters have done, and what of it is on its way, is seen in the healthcheck's detail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import webob.exc
import webtest
from oslo_middleware import Healthcheck

from tests.filters.guest_side import GuestSide, make
from tests.filters.menu_side import lose_database


@pytest.fixture
def side(tmp_path: Path) -> GuestSide:
    made = make(tmp_path)
    made.menu.publish({"name": "web", "kind": "package"}, {"name": "logs", "kind": "package", "on_by_default": True})
    made.menu.offer("web")
    return made


def figures(side: GuestSide) -> dict[str, int]:
    """Those that are not 0, and do not grow by themselves."""
    conf = {
        "backends": "glance_related",
        "detailed": "true",
        "glance_related_config_file": side.menu.suite.settings.config_file,
    }
    app = webtest.TestApp(Healthcheck.app_factory({}, **conf))
    reply = app.get("/healthcheck", headers={"Accept": "application/json"}, status="*")
    (one,) = reply.json["reasons"]
    counted = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", one["details"]) if number != "0"}
    counted.pop("oldest_seconds", None)
    return counted


def test_it_counts_what_is_launched_asked_for_and_reported(side: GuestSide) -> None:
    assert figures(side) == {}
    server = side.menu.booted(packages=["web"])
    side.menu.booted()
    assert figures(side) == {"launched": 1, "waiting": 2}
    side.booted(server)
    side.booted(server)
    side.pull(server)
    generation = side.menu.settings(server)["generation"]
    reply = side.report(server, {
        "part": "package_menu", "generation": generation, "ok": False, "packages": {}, "message": "no such package",
    })  # fmt: skip
    assert reply.status_int == 200
    assert figures(side) == {
        "launched": 1, "vendordata": 2, "settings": 1, "reports": 1, "waiting": 2, "failed_deliveries": 1,
    }  # fmt: skip
    side.menu.deliver()
    assert "waiting" not in figures(side)


def test_a_boot_of_which_it_is_not_known_yet_what_it_made_is_open(side: GuestSide) -> None:
    side.menu.booted(packages=["web"])
    assert "open_boots" not in figures(side)
    side.menu.nova.refuses = webob.exc.HTTPGatewayTimeout()
    side.menu.boot(packages=["web"])
    assert figures(side)["open_boots"] == 1


def test_first_boots_that_got_nothing_of_ours_are_counted_and_told_while_the_database_is_down(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    lose_database(side.menu)
    assert side.ask(side.about(server)).status_int == 503
    assert figures(side) == {"launched": 1, "vendordata": 1, "vendordata_failed": 1, "refused": 1}
