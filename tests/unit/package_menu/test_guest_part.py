"""What becomes known of a server of which its guest's question told little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from glance_related.package_menu.look_around import reconcile_packages
from glance_related.settings.options import ConfigError
from glance_related.suite import open_suite
from tests.filters.guest_side import GuestSide, make
from tests.unit.package_menu.test_look_around import HOUR, Novas

WEB = {
    "name": "web",
    "kind": "package",
    "on_by_default": True,
    "realisations": {"guest": {"debian": "apache2", "*": "httpd"}},
}


@pytest.fixture
def side(tmp_path: Path) -> GuestSide:
    made = make(tmp_path)
    made.menu.publish(WEB)
    return made


def package(settings: Any) -> str:
    (one,) = settings["parts"]["package_menu"]["packages"]
    return str(one["package"])


def test_what_nova_shows_later_of_a_server_makes_its_settings_anew(side: GuestSide) -> None:
    novas = Novas()
    server = novas.add("req-1")
    assert package(side.booted(server)) == "httpd"
    before = side.menu.kept(server)
    reconcile_packages(side.menu.books, novas, HOUR, dry_run=True)
    assert side.menu.kept(server) == before
    reconcile_packages(side.menu.books, novas, HOUR)
    after = side.menu.kept(server)
    assert after
    assert before
    assert (after.os_distro, after.name, after.generation) == ("debian", "one", before.generation + 1)
    assert package(side.booted(server)) == "apache2"
    side.menu.deliver()
    assert side.menu.delivered(server)["instance"]["os_distro"] == "debian"
    reconcile_packages(side.menu.books, novas, HOUR)
    assert side.menu.kept(server) == after


def test_a_server_is_followed_that_was_renamed_or_made_anew_with_another_operating_system(side: GuestSide) -> None:
    novas = Novas()
    server = novas.add("req-1")
    reconcile_packages(side.menu.books, novas, HOUR)
    before = side.menu.kept(server)
    novas.servers[server] |= {"name": "two", "image": {"properties": {"os_distro": "ubuntu"}}}
    reconcile_packages(side.menu.books, novas, HOUR)
    after = side.menu.kept(server)
    assert before
    assert after
    assert after == replace(before, name="two", os_distro="ubuntu", generation=before.generation + 1)
    novas.servers[server] |= {"name": "two", "image": "", "OS-EXT-SRV-ATTR:hostname": None}
    reconcile_packages(side.menu.books, novas, HOUR)
    assert side.menu.kept(server) == after, "what Nova does not show is not known to be otherwise"


def test_guests_that_would_ask_again_and_again_stop_the_start(tmp_path: Path) -> None:
    config = tmp_path / "glance-related.conf"
    config.write_text("[database]\nconnection = sqlite://\n[package_menu_guest]\ninterval_seconds = 5\n")
    with pytest.raises(ConfigError, match="interval_seconds"):
        open_suite(str(config))
