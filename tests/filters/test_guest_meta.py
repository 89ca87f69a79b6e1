"""Guests ask Nova's metadata service for what is theirs, and report what became of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from glance_related.guest.problems import META_PROBLEMS
from glance_related.problem import DATABASE_DOWN, INTERNAL
from tests.filters.conftest import ADMIN
from tests.filters.guest_side import REPORT, SETTINGS, GuestSide, make, signed
from tests.filters.menu_side import BOB, PORT, lose_database

WEB = {"name": "web", "kind": "package", "realisations": {"guest": {"*": "apache2"}}}
LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
#: What Neutron's proxy lets through.
PASSABLE = {200, 400, 403, 404, 409, 500, 503}


@pytest.fixture
def side(tmp_path: Path) -> GuestSide:
    made = make(tmp_path)
    made.menu.publish(WEB, LOGS, PORT)
    made.menu.offer("web")
    return made


def report(generation: int, **more: Any) -> dict[str, Any]:
    return {
        "part": "package_menu", "generation": generation, "ok": True,
        "packages": {"web": "apache2"}, "message": "", **more,
    }  # fmt: skip


def generation(side: GuestSide, server: str) -> int:
    return int(side.menu.settings(server)["generation"])


def test_a_guest_is_told_what_its_server_is_to_have(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"], package_variables={"port": 8080})
    reply = side.pull(server)
    assert reply.status_int == 200
    now = generation(side, server)
    word = hashlib.sha256(server.encode()).hexdigest()[:12]
    assert reply.json == {
        "version": 1,
        "server": word,
        "have": f"{word}-{now}",
        "interval_seconds": 600,
        "parts": {
            "package_menu": {
                "generation": now,
                "packages": [{"name": "logs", "package": "logs"}, {"name": "web", "package": "apache2"}],
                "variables": {"port": 8080},
            }
        },
    }
    assert side.delivery(server)["state"] == "read"


def test_it_is_the_same_that_the_first_boot_brought(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    assert side.pull(server).json == side.booted(server)


def test_who_has_it_already_is_told_only_that(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    booted = side.booted(server)
    have = booted["have"]
    assert side.pull(server, have).json == {
        "version": 1, "server": booted["server"], "have": have, "interval_seconds": 600, "is_unchanged": True,
    }  # fmt: skip
    changed = side.menu.ask("PUT", f"/servers/{server}/packages/port", {"value": 81})
    assert changed.status_int == 200
    news = side.pull(server, have).json
    assert news["parts"]["package_menu"]["variables"] == {"port": 81}
    assert news["have"] != have
    side.menu.publish({**LOGS, "on_by_default": False})
    assert side.pull(server, news["have"]).json["parts"]["package_menu"]["packages"] == [
        {"name": "web", "package": "apache2"}
    ]


@pytest.mark.parametrize("have", ["", "x", "0", "' or 1=1", "9" * 1000])
def test_what_a_guest_claims_to_have_is_only_compared(side: GuestSide, have: str) -> None:
    assert "parts" in side.pull(side.menu.booted(), have).json


def test_what_one_guest_has_is_never_what_another_is_to_have(side: GuestSide) -> None:
    one, other = side.menu.booted(packages=["web"]), side.menu.booted(package_variables={"port": 81})
    assert generation(side, one) == generation(side, other)
    have = side.pull(one).json["have"]
    assert side.pull(other, have).json["parts"]["package_menu"]["packages"] == [{"name": "logs", "package": "logs"}]


def test_no_word_is_made_of_what_is_chosen(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"], package_variables={"port": 8080})
    before = side.pull(server).json
    side.menu.ask("PUT", f"/servers/{server}/packages/port", {"value": 81})
    after = side.pull(server).json
    assert after["server"] == before["server"]
    assert [one["have"].removeprefix(one["server"]) for one in (before, after)] == [
        f"-{one['parts']['package_menu']['generation']}" for one in (before, after)
    ]


# -- who asks


def test_who_nova_does_not_know_is_told_what_nova_tells_him(side: GuestSide) -> None:
    mine, other = side.menu.booted(packages=["web"]), side.menu.booted()
    forged = {
        "no headers": ({}, 400),
        "no signature": ({"X-Instance-ID": mine, "X-Tenant-ID": "alice-project"}, 400),
        "a made-up signature": (side.guest(mine) | {"X-Instance-ID-Signature": "0" * 64}, 403),
        "another's signature": (side.guest(mine) | {"X-Instance-ID-Signature": signed(other)}, 403),
        "in capitals": (side.guest(mine) | {"X-Instance-ID-Signature": signed(mine).upper()}, 403),
        "another project": (side.guest(mine, "bob-project"), 404),
        "a server that is not there": (side.guest("99999999-0000-4000-8000-000000000000"), 404),
    }
    told = json.dumps(report(1)).encode()
    query = f"length={len(told)}&sha256={hashlib.sha256(told).hexdigest()}"
    for how, (headers, status) in forged.items():
        for reply in (
            side.meta.get(SETTINGS, headers=headers, status="*"),
            side.meta.post(f"{REPORT}?{query}", told, headers=headers, content_type="application/json", status="*"),
        ):
            assert reply.status_int == status, how
            assert "X-Glance-Related-Code" not in reply.headers, how
            assert "apache2" not in reply.text, how
    assert side.delivery(mine)["state"] == "offered"


def test_a_guest_reports_for_itself_only(side: GuestSide) -> None:
    mine, other = side.menu.booted(packages=["web"]), side.menu.booted(packages=["web"])
    told = report(generation(side, mine))
    side.meta.post(
        f"{REPORT}?length={len(json.dumps(told))}&sha256={hashlib.sha256(json.dumps(told).encode()).hexdigest()}"
        f"&instance_id={other}",
        json.dumps(told).encode(), headers=side.guest(mine), content_type="application/json",
    )  # fmt: skip
    assert (side.delivery(mine)["state"], side.delivery(other)["state"]) == ("confirmed", "offered")


def test_each_guest_has_its_own(side: GuestSide) -> None:
    side.menu.offer("web", project="bob-project")
    mine = side.menu.booted(packages=["web"], package_variables={"port": 1})
    his = side.menu.booted(who=BOB)
    assert side.pull(mine).json["parts"]["package_menu"]["variables"] == {"port": 1}
    reply = side.meta.get(SETTINGS, headers=side.guest(his, "bob-project"))
    assert reply.json["parts"]["package_menu"]["variables"] == {}


def test_the_question_who_it_is_has_the_guests_headers_and_nothing_else_of_it(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    side.report(server, report(generation(side, server)))
    assert side.metadata.calls == ["GET /openstack/latest/meta_data.json"]
    assert side.metadata.bodies == [b""]


# -- nothing, and not now


def test_where_nobody_has_anything_there_is_nothing(tmp_path: Path) -> None:
    side = make(tmp_path)
    server = side.menu.booted()
    reply = side.pull(server)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (404, "guest.nothing")
    assert side.report(server, report(0)).status_int == 404
    assert side.menu.kept(server) is None


def test_a_server_of_which_nobody_has_heard_has_what_its_project_has(side: GuestSide) -> None:
    server = side.menu.booted()
    side.menu.books.instances.remove(side.menu.kept(server).ref, [])  # type: ignore[union-attr]
    assert side.pull(server).json["parts"]["package_menu"]["packages"] == [{"name": "logs", "package": "logs"}]
    assert side.menu.kept(server)


def test_what_is_taken_off_the_menu_is_taken_from_the_guest(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    have = side.pull(server).json["have"]
    for name in ("web", "logs", "port"):
        assert side.menu.ask("DELETE", f"/package-menu/{name}?force=true", who=ADMIN).status_int == 204
    after = side.pull(server, have).json["parts"]["package_menu"]
    assert (after["packages"], after["variables"]) == ([], {})


def test_two_variables_that_are_one_to_the_guest_are_refused_and_told(side: GuestSide) -> None:
    one = {"kind": "variable", "type": "string", "on_by_default": True, "realisations": {"guest": {"*": "same"}}}
    side.menu.publish({"name": "a", "default": "1", **one}, {"name": "b", "default": "2", **one})
    server = side.menu.booted()
    reply = side.pull(server)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "guest.not_now")
    shown = side.delivery(server)
    assert shown["state"] == "failed"
    assert "same" in shown["message"]


def test_without_a_database_the_guest_is_to_ask_later(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    lose_database(side.menu)
    for reply in (side.pull(server), side.report(server, report(1))):
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "glance_related.database_down")
    assert side.meta.get("/openstack/latest/meta_data.json", headers=side.guest(server)).json["uuid"] == server


# -- everything else


@pytest.mark.parametrize(
    "path",
    [
        "/", "/openstack", "/openstack/latest/meta_data.json", "/latest/meta-data/", "/openstack/glance-related",
        "/openstack/glance-related/", "/openstack/glance-related/v1/settings/", "/openstack/glance-related/v2/settings",
        "//openstack/glance-related/v1/settings", "/OPENSTACK/glance-related/v1/settings",
    ],
)  # fmt: skip
def test_all_else_goes_on_as_it_is(side: GuestSide, path: str) -> None:
    server = side.menu.booted()
    side.meta.get(path, headers=side.guest(server), status="*")
    assert side.metadata.calls == [f"GET {path}"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", SETTINGS), ("GET", REPORT), ("PUT", REPORT), ("DELETE", SETTINGS)]
)
def test_no_other_method_is_ours(side: GuestSide, method: str, path: str) -> None:
    server = side.menu.booted()
    side.meta.request(path, method=method, headers=side.guest(server), status="*")
    assert side.metadata.calls == [f"{method} {path}"]
    assert side.delivery(server)["state"] == "offered"


def test_no_answer_has_a_status_that_neutrons_proxy_swallows() -> None:
    assert {kind.status for kind in (*META_PROBLEMS, DATABASE_DOWN, INTERNAL)} <= PASSABLE
