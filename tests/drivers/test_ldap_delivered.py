"""The driver ldap behind a worker: what the customer sees while the directory refuses, is away, and is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.filters.conftest import ADMIN
from tests.filters.menu_side import MenuSide, make
from tests.servers import PASSWORD, MissingProgram
from tests.servers.server import wait_until
from tests.servers.slapd import WORKER, Slapd
from tests.servers.strange import ChattyServer

pytestmark = pytest.mark.real

WEB = {"name": "web", "kind": "package", "on_by_default": True}
ROLE = {"name": "role", "kind": "variable", "type": "string", "default": "front", "on_by_default": True}
KEY = {"name": "key", "kind": "variable", "type": "secret", "on_by_default": True}


@pytest.fixture
def slapd() -> Iterator[Slapd]:
    """A directory of one's own: it is stopped, and refuses values that hold ``forbidden``."""
    rules = ["overlay constraint", "constraint_attribute puppetVar regex ^(([^f]|f[^o])*f?)$"]
    try:
        made = Slapd(None, *rules)
    except MissingProgram as missing:
        pytest.skip(str(missing))
    with made:
        yield made


@pytest.fixture
def side(slapd: Slapd, tmp_path: Path) -> MenuSide:
    options = {"url": slapd.url, "base_dn": slapd.new_base(), "bind_dn": WORKER, "password": PASSWORD}
    lines = "".join(f"{name} = {value}\n" for name, value in {**options, "timeout_seconds": 1}.items())
    made = make(tmp_path, f"[package_menu]\npackage_management_driver = ldap\n[package_menu_ldap]\n{lines}")
    made.publish(WEB, ROLE, KEY)
    return made


@contextmanager
def away(slapd: Slapd, how: str) -> Iterator[None]:
    """It is not running, it hangs, or what answers in its place is no directory."""
    if how == "frozen":
        slapd.freeze()
        try:
            yield
        finally:
            slapd.thaw()
        return
    slapd.stop()
    try:
        with ChattyServer(b"HTTP/1.1 400 Bad Request\r\n\r\n", port=slapd.port) if how != "stopped" else nullcontext():
            yield
    finally:
        slapd.start()


def has(slapd: Slapd, side: MenuSide, server_id: str) -> dict[str, list[str]] | None:
    base = side.suite.settings.package_menu.of_drivers["ldap"]["base_dn"]
    return slapd.entries(base).get(f"cn={server_id},{base}")


def delivery(side: MenuSide, server_id: str) -> Any:
    (found,) = side.settings(server_id)["deliveries"]
    return found


def put(side: MenuSide, server_id: str, name: str, value: Any) -> None:
    assert side.ask("PUT", f"/servers/{server_id}/packages/{name}", {"value": value}).status_int == 200


def test_what_was_set_is_in_the_directory_until_the_server_goes(side: MenuSide, slapd: Slapd) -> None:
    server_id = side.booted()
    put(side, server_id, "role", "a=b")
    side.deliver()
    entry = has(slapd, side, server_id)
    assert entry is not None
    assert entry["puppetClass"] == ["web"]
    assert {"role=a=b", "instanceproject=alice-project"} <= set(entry["puppetVar"])
    assert delivery(side, server_id)["applied"] == {"packages": ["web"], "variables": {"role": "a=b"}}
    side.ask("DELETE", f"/servers/{server_id}")
    side.deliver()
    assert has(slapd, side, server_id) is None


def test_the_directorys_own_words_reach_the_customer_and_nobody_else_waits(side: MenuSide, slapd: Slapd) -> None:
    refused, other = side.booted(), side.booted()
    side.deliver()
    before = has(slapd, side, refused)
    put(side, refused, "role", "forbidden")
    put(side, refused, "key", "s3cret-word")
    put(side, other, "role", "back")
    side.deliver()
    found = delivery(side, refused)
    assert found["state"] == "failed"
    assert "constraintViolation" in found["message"]
    assert "s3cret-word" not in str(found)
    assert PASSWORD not in str(found)
    assert has(slapd, side, refused) == before
    assert delivery(side, other)["state"] == "delivered"
    put(side, refused, "role", "grün")
    side.deliver()
    assert "role: its value has characters that are not ASCII" in delivery(side, refused)["message"]
    put(side, refused, "role", "fine")
    side.deliver()
    assert delivery(side, refused)["state"] == "delivered"


@pytest.mark.parametrize("how", ["stopped", "frozen", "another server"])
def test_what_is_set_while_the_directory_is_away_arrives_when_it_is_back(
    side: MenuSide, slapd: Slapd, how: str
) -> None:
    servers = [side.booted() for _ in range(3)]
    side.deliver()
    for server_id in servers:
        put(side, server_id, "role", "back")
    with away(slapd, how):
        side.deliver()
        seen = [delivery(side, server_id) for server_id in servers]
        assert {one["state"] for one in seen} == {"pending"}
        assert any("cannot be used" in one["message"] for one in seen)
        assert PASSWORD not in str(seen)

    def has_come() -> bool:
        side.deliver()
        return all(delivery(side, server_id)["state"] == "delivered" for server_id in servers)

    wait_until(has_come, "it does not come")
    for server_id in servers:
        assert "role=back" in (has(slapd, side, server_id) or {})["puppetVar"]


def test_a_menu_that_a_directory_cannot_have_is_told_at_every_server(side: MenuSide) -> None:
    servers = [side.booted() for _ in range(3)]
    side.publish({"name": "Role", "kind": "variable", "type": "string", "default": "x", "on_by_default": True})
    side.deliver()
    for server_id in servers:
        assert "Role cannot be a variable" in delivery(side, server_id)["message"]
    side.ask("DELETE", "/package-menu/Role?force=true", who=ADMIN)
    side.deliver()
    assert {delivery(side, server_id)["state"] for server_id in servers} == {"delivered"}
