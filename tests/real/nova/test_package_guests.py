"""What a server is to have reaches its guest by an unmodified Nova: vendor data, config drives, and what it asks later.

`test_package_cloud_init` has a guest that really boots with it.
"""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

import pytest

from cloud.images import IMAGE
from tests.filters.guest_side import SETTINGS, unpacked
from tests.real.nova.guests import VENDORDATA, Guests
from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud

APACHE = {"name": "apache", "package": "apache"}
MONITORING = {"name": "monitoring", "package": "monitoring"}
CHOSEN: dict[str, Any] = {"packages": ["apache"], "package_variables": {"apache_port": 8080, "token": "hush"}}


@pytest.fixture
def guests(nova_cloud: NovaCloud) -> Guests:
    return Guests(nova_cloud)


def test_a_first_boot_is_given_what_was_chosen_by_network_and_by_drive(
    menu: Menu, guests: Guests, nova_cloud: NovaCloud
) -> None:
    server = nova_cloud.boot("alice", config_drive=True, **CHOSEN)
    brought = guests.vendordata(server)
    assert (brought["packages"], brought["variables"]) == (
        [APACHE, MONITORING], {"apache_port": 8080, "token": "hush"},
    )  # fmt: skip
    assert guests.on_drive(server) == brought
    assert menu.delivery("alice", server, "guest")["state"] == "read"
    nova_cloud.delete_server("alice", server)


def test_asked_six_times_it_says_the_same_and_after_a_rebuild_what_is_chosen_then(
    menu: Menu, guests: Guests, nova_cloud: NovaCloud
) -> None:
    server = nova_cloud.boot("alice", **CHOSEN)
    six = [guests.ask(guests.headers(server), VENDORDATA).body for _ in range(6)]
    assert len(set(six)) == 1
    menu.need("alice", "PUT", f"/servers/{server}/packages/apache_port", {"value": 8081})
    assert nova_cloud.action("alice", server, {"rebuild": {"imageRef": nova_cloud.images_by_name[IMAGE]}}).status == 202
    nova_cloud.wait_for_server("alice", server, "ACTIVE")

    def asked_anew() -> bool:
        # for a while Nova keeps what it has answered a guest
        return bool(guests.vendordata(server)["variables"]["apache_port"] == 8081)

    menu.until(asked_anew, "Nova asks again what a rebuilt server is to have")
    nova_cloud.delete_server("alice", server)


def test_a_drive_that_is_made_before_anyone_knows_the_server_has_its_settings(
    menu: Menu, guests: Guests, nova_cloud: NovaCloud
) -> None:
    """Nova names none of the servers of this request, and no worker looks for them."""
    nova_cloud.dismiss_worker()
    before = {one["id"] for one in menu.need("alice", "GET", "/servers")["servers"]}
    about = {"name": "unnamed", "imageRef": nova_cloud.images_by_name[IMAGE], "flavorRef": nova_cloud.flavor(),
             "networks": "none", "config_drive": True, "min_count": 2, "return_reservation_id": True}  # fmt: skip
    menu.need("alice", "POST", "/servers", {"server": {**about, **CHOSEN}})

    def made() -> list[str]:
        there = [one for one in menu.need("alice", "GET", "/servers/detail")["servers"] if one["id"] not in before]
        return [one["id"] for one in there] if [one["status"] for one in there] == ["ACTIVE"] * 2 else []

    servers = menu.until(made, "both are there")
    for server in servers:
        assert guests.on_drive(server)["variables"] == {"apache_port": 8080, "token": "hush"}
        assert guests.vendordata(server)["packages"] == [APACHE, MONITORING]
    for server in servers:
        nova_cloud.delete_server("alice", server)


def test_a_guest_asks_for_a_change_and_says_what_became_of_it(
    menu: Menu, guests: Guests, nova_cloud: NovaCloud
) -> None:
    server = nova_cloud.boot("alice", **CHOSEN)
    first = guests.settings(server).json()
    assert first["parts"]["package_menu"]["packages"] == [APACHE, MONITORING]
    assert guests.settings(server, query=f"?have={first['have']}").json()["is_unchanged"] is True
    menu.need("alice", "PUT", f"/servers/{server}/packages/apache", {"on": False})
    assert menu.delivery("alice", server, "guest")["state"] == "offered"
    now = guests.settings(server, query=f"?have={first['have']}").json()["parts"]["package_menu"]
    assert now["packages"] == [MONITORING]
    assert menu.delivery("alice", server, "guest")["state"] == "read"
    failed = {"part": "package_menu", "generation": now["generation"], "ok": False, "packages": {},
              "message": "E: Unable to locate package monitoring"}  # fmt: skip
    assert guests.report(server, failed).status == 200
    told = menu.delivery("alice", server, "guest")
    assert (told["state"], told["message"]) == ("failed", "E: Unable to locate package monitoring")
    confirmed = {**failed, "ok": True, "packages": {"monitoring": "monitoring"}, "message": ""}
    assert guests.report(server, confirmed).status == 200
    told = menu.delivery("alice", server, "guest")
    assert (told["state"], told["is_current"], told["message"]) == ("confirmed", True, "")
    nova_cloud.delete_server("alice", server)


def test_nobody_gets_what_is_anothers_by_whatever_he_says_of_himself(
    menu: Menu, guests: Guests, nova_cloud: NovaCloud
) -> None:
    server, other = nova_cloud.boot("alice", **CHOSEN), nova_cloud.boot("bob")
    good, bobs = guests.headers(server), guests.headers(other, "bob")
    forged = [
        {},
        {name: value for name, value in good.items() if name != "X-Instance-ID-Signature"},
        good | {"X-Instance-ID-Signature": "0" * 64},
        good | {"X-Instance-ID-Signature": bobs["X-Instance-ID-Signature"]},
        bobs | {"X-Instance-ID": server},
        bobs | {"X-Instance-ID": f"{other},{server}"},
        good | {"X-Tenant-ID": nova_cloud.project("bob")},
        {"X-Forwarded-For": "10.0.0.3"},
    ]
    for headers in forged:
        answer = guests.ask(headers, SETTINGS)
        assert answer.status in (400, 403, 404), headers
        assert "hush" not in answer.text
        assert "8080" not in answer.text
    word = guests.settings(server).json()["server"]
    lie = {"part": "package_menu", "server": word, "generation": 1, "ok": True, "packages": {}, "message": ""}
    assert guests.report(other, lie, "bob").status == 409, "by the word of the server whose disk it had"
    mine = guests.settings(other, "bob").json()["parts"]["package_menu"]
    assert (mine["packages"], mine["variables"]) == ([MONITORING], {})
    for who, one in (("alice", server), ("bob", other)):
        nova_cloud.delete_server(who, one)


def test_only_novas_own_user_asks_for_a_first_boot(menu: Menu, nova_cloud: NovaCloud) -> None:
    server = nova_cloud.boot("alice", **CHOSEN)
    question = {"project-id": nova_cloud.project("alice"), "instance-id": server, "image-id": None, "user-data": None,
                "hostname": "one", "metadata": {}, "boot-roles": "member"}  # fmt: skip
    for who, status in ((None, 401), ("alice", 403), ("bob", 403), ("admin", 200), ("nova", 200)):
        answer = nova_cloud.call(nova_cloud.nova, who, "POST", "/v2.1/vendordata", json=question)
        assert answer.status == status, (who, answer)
        told = [unpacked(one) for one in answer.json()] if status == 200 else answer.text
        assert ("hush" in str(told)) is (status == 200)
    elsewhere = {**question, "project-id": nova_cloud.project("bob")}
    answer = nova_cloud.call(nova_cloud.nova, "nova", "POST", "/v2.1/vendordata", json=elsewhere)
    assert "hush" not in json.dumps([unpacked(one).get("settings") for one in answer.json()] if answer.body else [])
    nova_cloud.delete_server("alice", server)


def test_without_a_menu_a_guest_gets_nothing_of_ours(guests: Guests, nova_cloud: NovaCloud) -> None:
    server = nova_cloud.boot("alice", config_drive=True)
    assert guests.vendordata(server) is None
    assert guests.on_drive(server) is None
    assert guests.settings(server).status == 404
    stock = guests.ask(guests.headers(server), "/openstack/latest/meta_data.json")
    assert (stock.status, stock.json()["uuid"]) == (200, server)
    nova_cloud.delete_server("alice", server)


def test_what_a_guest_is_told_of_itself_lasts_as_long_as_it_does(
    menu: Menu, guests: Guests, nova_cloud: NovaCloud
) -> None:
    server = nova_cloud.boot("alice", **CHOSEN)
    assert guests.settings(server).status == 200
    began = datetime.datetime.now(datetime.UTC)
    nova_cloud.delete_server("alice", server)

    def silent() -> bool:
        return guests.settings(server).status == 404

    menu.until(silent, f"a deleted server is answered nothing, since {began}")


def test_a_secret_is_in_no_log_in_no_answer_and_in_no_table(menu: Menu, guests: Guests, nova_cloud: NovaCloud) -> None:
    secret = f"never-seen-{uuid.uuid4().hex}"
    server = nova_cloud.boot("alice", config_drive=True, package_variables={"token": secret})
    assert guests.vendordata(server)["variables"]["token"] == secret
    assert guests.settings(server).status == 200
    path = f"/servers/{server}/packages"
    menu.need("alice", "PUT", f"{path}/token", {"value": f"{secret}-2"})
    menu.delivered(server, variables={"token": f"{secret}-2"})
    refused = menu.ask("alice", "PUT", path, {"package_variables": {"token": f"{secret}\n", "apache_port": secret}})
    assert refused.status == 400
    answers = [refused, *(menu.ask("alice", "GET", one) for one in (f"/servers/{server}", path, f"{path}/history"))]
    # what is wrong with a value that is no secret says which it is
    assert [secret in answer.text.replace(f"'{secret}'", "") for answer in answers] == [False] * 4
    told = [file for file in (nova_cloud.root / "log").iterdir() if secret in file.read_text(errors="replace")]
    assert told == []
    tables = [row["name"] for row in nova_cloud.suite_rows("select table_name as name from information_schema.tables "
                                                           "where table_schema = database()")]  # fmt: skip
    assert len(tables) > 10
    assert [one for one in tables if secret in str(nova_cloud.suite_rows(f"select * from {one}"))] == []
    for rows in (nova_cloud.nova_rows, nova_cloud.api_rows):
        names = [row["name"] for row in rows("select table_name as name from information_schema.tables "
                                             "where table_schema = database()")]  # fmt: skip
        assert [one for one in names if secret in str(rows(f"select * from `{one}`"))] == []
    nova_cloud.delete_server("alice", server)
