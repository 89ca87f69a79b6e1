"""Who may ask what a server's first boot shall do, and for what the suite tells of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.filters.conftest import ADMIN, MEMBER
from tests.filters.guest_side import SERVICE, GuestSide, make
from tests.filters.menu_side import BOB, READER

WEB = {"name": "web", "kind": "package"}
LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
UNKNOWN = "99999999-0000-4000-8000-000000000000"


@pytest.fixture
def side(tmp_path: Path) -> GuestSide:
    made = make(tmp_path)
    made.menu.publish(WEB, LOGS)
    made.menu.offer("web")
    return made


# -- who may ask


@pytest.mark.parametrize("who", [MEMBER, READER, BOB, {**MEMBER, "X-Roles": "manager,member,reader"}])
def test_no_customer_may_ask_not_even_of_his_own_server(side: GuestSide, who: dict[str, str]) -> None:
    server = side.menu.booted(packages=["web"])
    reply = side.ask(side.about(server), who=who)
    assert reply.status_int == 403
    assert reply.headers["X-Glance-Related-Code"] == "glance_related.forbidden"
    assert "program" not in reply.text
    assert side.delivery(server)["state"] == "offered"


def test_a_service_token_beside_a_customers_own_makes_no_service_of_him(side: GuestSide) -> None:
    who = {
        **MEMBER,
        "X-Service-Token": "t",
        "X-Service-Identity-Status": "Confirmed",
        "X-Service-User-Id": "nova",
        "X-Service-Roles": "service,admin",
    }
    assert side.ask(side.about(UNKNOWN), who=who).status_int == 403


@pytest.mark.parametrize("who", [SERVICE, ADMIN])
def test_services_and_administrators_may(side: GuestSide, who: dict[str, str]) -> None:
    assert side.ask(side.about(side.menu.booted()), who=who).status_int == 200


def test_who_is_not_known_is_no_service(side: GuestSide) -> None:
    assert side.ask(side.about(UNKNOWN), who={**SERVICE, "X-Identity-Status": "Invalid"}).status_int == 403


def test_before_it_is_known_who_asks_nobody_is_answered(side: GuestSide) -> None:
    reply = side.app.post("/vendordata", b"{}", headers={"X-Roles": "admin"}, status="*")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (500, "glance_related.misplaced")


# -- what is asked


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"instance-id": "../etc"}, "UUID"),
        ({"instance-id": None}, "UUID"),
        ({"instance-id": 7}, "text"),
        ({"project-id": ""}, "project-id"),
        ({"project-id": "x" * 256}, "project-id"),
        ({"project-id": "a\nb"}, "project-id"),
        ({"hostname": "x" * 256}, "hostname"),
        ({"hostname": ["x"]}, "hostname"),
        ({"metadata": "x"}, "metadata"),
        ({"user-data": {}}, "user-data"),
        ({"boot-roles": 1}, "boot-roles"),
    ],
)
def test_what_nova_would_not_ask_is_refused(side: GuestSide, change: dict[str, Any], says: str) -> None:
    reply = side.ask(side.about(UNKNOWN) | change)
    assert reply.status_int == 400
    assert says in reply.json["badRequest"]["message"]
    assert reply.json["badRequest"]["glance_related_code"] == "guest.bad_question"
    assert side.menu.kept(UNKNOWN) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"instance-id": "x", "instance-id": "y"}', b'"text"', b"\xff"])
def test_what_is_no_question_is_refused(side: GuestSide, body: bytes) -> None:
    assert side.ask(body).status_int == 400


def test_a_question_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    side = make(tmp_path, "[guest]\nmax_body_bytes = 65536\n")
    assert side.ask(side.about(UNKNOWN, **{"user-data": "x" * 70000})).status_int == 413
    assert side.ask(side.about(UNKNOWN, **{"user-data": "x" * 60000})).status_int == 200


def test_what_a_newer_nova_adds_is_no_reason_to_refuse(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    assert side.booted(server, **{"image-properties": {"os_distro": "debian"}})


# -- about


def test_the_suite_tells_of_itself(side: GuestSide) -> None:
    reply = side.app.get(
        "/glance-related",
        headers={"X-Identity-Status": "Confirmed", **MEMBER},
        extra_environ={"keystone.token_auth": object()},
    )
    assert "package_menu" in reply.json["systems"]
    assert reply.json["limits"]["package_menu"]["max_entries"] == 5000
    assert reply.json["limits"]["guest"] == {"max_report_bytes": 1024}
    assert reply.json["version"]


def test_it_does_not_tell_strangers(side: GuestSide) -> None:
    reply = side.app.get(
        "/glance-related",
        headers={"X-Identity-Status": "Confirmed", "X-Roles": "stranger"},
        extra_environ={"keystone.token_auth": object()},
        status="*",
    )
    assert reply.status_int == 403


def test_all_other_requests_go_on_as_they_are(side: GuestSide) -> None:
    server = side.menu.booted()
    reply = side.app.get(
        f"/servers/{server}", headers={"X-Identity-Status": "Confirmed", **MEMBER},
        extra_environ={"keystone.token_auth": object()},
    )  # fmt: skip
    assert reply.json["server"]["packages"] == ["logs"]
