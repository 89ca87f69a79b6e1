"""What is handed over of a menu, and what whoever looks at the server is told of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from glance_related.db.models import utcnow
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.servers import forget
from tests.filters.conftest import NOVA
from tests.filters.menu_side import MenuSide, make

PORT = {"name": "port", "kind": "variable", "type": "integer", "default": 80, "on_by_default": True}


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


def test_what_a_receiver_is_said_to_have_is_what_it_was_told(side: MenuSide) -> None:
    side.publish(
        {
            "name": "web", "kind": "package", "on_by_default": True, "realisations": {"file": {"debian": "apache2"}},
        },
        {**PORT, "packages": ["web"]},
        {"name": "user", "kind": "variable", "type": "string", "default": "www", "on_by_default": True},
        {"name": "word", "kind": "variable", "type": "secret", "default": "hush", "on_by_default": True},
    )  # fmt: skip
    server = side.booted()
    side.deliver()
    assert (side.delivered(server)["packages"], side.delivered(server)["variables"]) == (
        {},
        {"user": "www", "word": "hush"},
    )
    shown = side.settings(server)
    assert shown["packages"] == ["web"]
    assert shown["deliveries"][0]["applied"] == {"packages": [], "variables": {"user": "www", "word": None}}


def test_a_server_that_comes_back_has_nothing_before_it_is_handed_over(side: MenuSide) -> None:
    side.publish(PORT)
    server = side.booted()
    for value in (81, 82, 83):
        put(side, server, port=value)
    side.deliver()
    forget(side.books, InstanceRef(NOVA, server), "alice-project", 9)
    side.deliver()
    assert side.delivered(server) is None
    kept = Kept(InstanceRef(NOVA, server), "alice-project", "one", "one", "", utcnow())
    side.books.instances.add(kept, side.wishes(kept))
    (told,) = side.settings(server)["deliveries"]
    assert (told["state"], told["is_current"], told["applied"], told["applied_generation"]) == (
        "pending",
        False,
        None,
        None,
    )
    side.deliver()
    (told,) = side.settings(server)["deliveries"]
    assert (told["is_current"], told["applied"]["variables"]) == (True, {"port": 80})


def test_a_server_that_is_deleted_while_a_change_is_on_its_way_stays_deleted(side: MenuSide) -> None:
    side.publish(PORT)
    server, other = side.booted(), side.booted()
    side.deliver()
    side.publish({**PORT, "default": 81})
    of_projects = side.books.menu.of_projects

    def meanwhile(ids: Any) -> Any:
        side.books.menu.of_projects = of_projects  # type: ignore[method-assign]
        forget(side.books, InstanceRef(NOVA, server), "alice-project", 9)
        return of_projects(ids)

    side.books.menu.of_projects = meanwhile  # type: ignore[method-assign]
    side.deliver()
    assert side.delivered(server) is None
    assert side.delivered(other)["variables"] == {"port": 81}
    (row,) = side.deliveries.of(InstanceRef(NOVA, server))
    assert (row.action, row.state) == ("remove", "delivered")
    time.sleep(0.01)
    assert side.deliveries.purge(0) == 1


def test_a_wish_for_a_server_that_is_not_there_is_forgotten_in_the_end(side: MenuSide) -> None:
    side.publish(PORT)
    gone = Kept(InstanceRef(NOVA, "gone"), "alice-project", "one", "one", "", utcnow())
    side.deliveries.add(side.wishes(gone))
    side.deliver()
    (row,) = side.deliveries.of(gone.ref)
    assert (side.delivered("gone"), row.action, row.state, row.applied) == (None, "remove", "delivered", None)
