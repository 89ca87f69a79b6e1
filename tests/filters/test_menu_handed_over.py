"""What the driver file refuses of a menu, as whoever looks at the server is told it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.filters.menu_side import MenuSide, make


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    return make(tmp_path)


def put(side: MenuSide, server: str, **variables: Any) -> None:
    """Give a server these values, and no others."""
    reply = side.ask("PUT", f"/servers/{server}/packages", {"package_variables": variables})
    assert reply.status_int == 200, reply.text


def test_two_variables_that_are_one_to_the_receiver_do_not_take_each_others_place(side: MenuSide) -> None:
    one = {"kind": "variable", "type": "integer", "on_by_default": True, "realisations": {"file": {"*": "listen"}}}
    side.publish({"name": "http_port", **one}, {"name": "https_port", **one})
    server = side.booted(package_variables={"http_port": 80})
    side.deliver()
    assert side.delivered(server)["variables"]["listen"] == 80
    put(side, server, http_port=80, https_port=443)
    side.deliver()
    (told,) = side.settings(server)["deliveries"]
    assert (told["state"], told["is_current"], told["next_attempt_at"]) == ("failed", False, None)
    assert "https_port and another variable of the menu are both called listen here" in told["message"]
    assert side.delivered(server)["variables"]["listen"] == 80, "what it had it has"
    put(side, server, https_port=443)
    side.deliver()
    assert side.settings(server)["deliveries"][0]["state"] == "delivered"
    assert side.delivered(server)["variables"]["listen"] == 443


def test_since_when_a_server_is_to_have_what_it_has_not_yet_is_shown(side: MenuSide) -> None:
    side.publish({"name": "port", "kind": "variable", "type": "integer", "on_by_default": True})
    server = side.booted(package_variables={"port": 80})
    side.deliver()
    (before,) = side.settings(server)["deliveries"]
    time.sleep(1.1)  # times are told in seconds
    put(side, server, port=81)
    (after,) = side.settings(server)["deliveries"]
    assert after["wished_at"] > before["wished_at"] >= before["created_at"]
    side.deliver()
    assert side.settings(server)["deliveries"][0]["wished_at"] == after["wished_at"]
