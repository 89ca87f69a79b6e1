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


def test_what_a_customer_changes_while_the_menu_changes_is_handed_over_with_it(side: MenuSide) -> None:
    port = {"name": "port", "kind": "variable", "type": "integer", "on_by_default": True}
    side.publish({"name": "web", "kind": "package", "on_by_default": True}, {**port, "default": 80})
    server = side.booted()
    side.deliver()
    change = side.books.instances.change

    def held_up(*words: Any, **about: Any) -> Any:
        """It has been judged; before it is written the menu changes, and everybody has that."""
        side.books.instances.change = change  # type: ignore[method-assign]
        side.publish({**port, "default": 81})
        side.deliver()
        assert side.delivered(server)["variables"] == {"port": 81}
        return change(*words, **about)

    side.books.instances.change = held_up  # type: ignore[method-assign]
    assert side.ask("PUT", f"/servers/{server}/packages/web", {"on": False}).status_int == 200
    side.deliver()
    document, shown = side.delivered(server), side.settings(server)
    assert (document["packages"], document["variables"]) == ({}, {"port": 81})
    (told,) = shown["deliveries"]
    assert (told["state"], told["is_current"], told["applied_generation"]) == ("delivered", True, shown["generation"])
