"""A guest of an unmodified Nova, booted by Debian's unmodified cloud-init: packages at its first boot, and ever after.

Everything between the customer's request and the guest's package manager is real; only the latter does no more than
write down what it was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.nova.booting_guest import BootingGuest
from tests.real.nova.guests import Guests
from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud

ENTRIES = [
    {"name": "web", "kind": "package", "realisations": {"guest": {"debian": "apache2", "*": "httpd"}}},
    {"name": "logs", "kind": "package", "on_by_default": True, "realisations": {"guest": {"*": "rsyslog"}}},
    {"name": "port", "kind": "variable", "type": "integer", "default": 80, "packages": ["web"], "on_by_default": True},
    {"name": "motto", "kind": "variable", "type": "text", "default": "it's $(touch /pwned)", "on_by_default": True},
]


@pytest.fixture
def menu(nova_cloud: NovaCloud) -> Iterator[Menu]:
    made = Menu(nova_cloud)
    made.publish(*ENTRIES)
    made.offer("alice", "web")
    yield made
    made.clear()


def test_a_guest_has_what_was_chosen_and_follows_every_change(
    menu: Menu, nova_cloud: NovaCloud, tmp_path: Path
) -> None:
    image = nova_cloud.upload("alice", os_distro="debian")
    server = nova_cloud.boot("alice", image=image, packages=["web"], package_variables={"port": 8080})
    with BootingGuest(tmp_path, Guests(nova_cloud), server) as guest:
        guest.boot()
        booted = guest.seen()
        assert booted["packages"] == ["apache2", "rsyslog"]
        assert booted["variables"] == {"port": 8080, "motto": "it's $(touch /pwned)"}
        assert booted["hook"].endswith(": port 8080, motto it's $(touch /pwned)\n")
        assert not booted["pwned"]
        told = menu.delivery("alice", server, "guest")
        assert (told["state"], told["is_current"], told["message"]) == ("confirmed", True, "")
        assert told["applied"] == {"packages": ["logs", "web"]}

        menu.need("alice", "PUT", f"/servers/{server}/packages/port", {"value": 8081})
        menu.need("alice", "PUT", f"/servers/{server}/packages/logs", {"on": False})
        assert menu.delivery("alice", server, "guest")["is_current"] is False
        code, said = guest.run("glance-related-guest", "pull")
        assert code == 0, said
        changed = guest.seen()
        assert (changed["packages"], changed["variables"]["port"]) == (["apache2"], 8081)
        assert changed["calls"][-1].endswith(" remove -- rsyslog")
        told = menu.delivery("alice", server, "guest")
        assert (told["state"], told["is_current"], told["applied"]) == ("confirmed", True, {"packages": ["web"]})
    nova_cloud.delete_server("alice", server)
