"""Guests report what became of their settings: what is taken, what is not, and what the customer then reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from glance_related.db.models import deliveries
from tests.filters.guest_side import REPORT, GuestSide, make
from tests.filters.menu_side import PORT
from tests.filters.test_guest_meta import LOGS, WEB, generation, report


@pytest.fixture
def side(tmp_path: Path) -> GuestSide:
    made = make(tmp_path)
    made.menu.publish(WEB, LOGS, PORT)
    made.menu.offer("web")
    return made


def test_what_a_guest_reports_is_shown_to_the_customer(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    side.pull(server)
    now = generation(side, server)
    reply = side.report(server, report(now, packages={"web": "apache2", "logs": "logs"}, message="fine"))
    assert (reply.status_int, reply.json) == (200, {})
    shown = side.delivery(server)
    assert (shown["state"], shown["is_current"], shown["message"]) == ("confirmed", True, "fine")
    assert shown["applied"] == {"packages": ["logs", "web"]}
    assert shown["applied_generation"] == now
    assert shown["confirmed_at"]


def test_the_same_report_again_changes_nothing(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    told = report(generation(side, server))
    side.report(server, told)
    first = side.delivery(server)
    assert side.report(server, told).status_int == 200
    again = side.delivery(server)
    same = ("state", "applied_generation", "applied", "message", "desired_generation")
    assert [first[name] for name in same] == [again[name] for name in same]


def test_what_failed_is_told_in_the_guests_words_and_mended_by_its_next_report(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    now = generation(side, server)
    side.report(server, report(now, ok=False, packages={}, message="apache2: E: Unable to locate package"))
    shown = side.delivery(server)
    assert (shown["state"], shown["message"]) == ("failed", "apache2: E: Unable to locate package")
    assert not shown["is_current"]
    side.pull(server)
    assert side.delivery(server)["state"] == "failed"
    side.report(server, report(now))
    assert (side.delivery(server)["state"], side.delivery(server)["message"]) == ("confirmed", "")


def test_a_late_report_undoes_no_later_one(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    old = generation(side, server)
    side.menu.ask("PUT", f"/servers/{server}/packages/port", {"value": 81})
    new = generation(side, server)
    side.report(server, report(new))
    assert side.report(server, report(old, packages={})).status_int == 200
    assert side.report(server, report(old, ok=False, message="too late")).status_int == 200
    shown = side.delivery(server)
    assert (shown["state"], shown["applied_generation"], shown["message"]) == ("confirmed", new, "")


def test_that_an_older_one_failed_is_no_word_about_what_is_offered_now(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    old = generation(side, server)
    side.pull(server)
    side.menu.ask("PUT", f"/servers/{server}/packages/port", {"value": 81})
    side.report(server, report(old, ok=False, message="too late"))
    assert side.delivery(server)["state"] == "offered"


def test_what_was_never_given_cannot_have_been_applied(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    reply = side.report(server, report(generation(side, server) + 1))
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (409, "guest.not_given")
    assert side.delivery(server)["state"] == "offered"


def test_what_became_of_another_servers_settings_is_not_taken(side: GuestSide) -> None:
    server, other = side.menu.booted(packages=["web"]), side.menu.booted(packages=["web"])
    mine, his = side.pull(server).json["server"], side.pull(other).json["server"]
    assert mine != his
    reply = side.report(server, report(generation(side, server), server=his))
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (409, "guest.not_given")
    assert side.delivery(server)["state"] == side.delivery(other)["state"] == "read"
    assert side.report(server, report(generation(side, server), server=mine)).status_int == 200
    assert (side.delivery(server)["state"], side.delivery(other)["state"]) == ("confirmed", "read")


def test_a_report_may_say_nothing_of_whose_settings_it_means(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    assert side.report(server, report(generation(side, server))).status_int == 200
    assert side.delivery(server)["state"] == "confirmed"


def test_a_server_that_was_there_before_the_driver_is_shown_too(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    _forget_deliveries(side)
    assert side.pull(server).status_int == 200
    assert side.delivery(server)["state"] == "read"
    _forget_deliveries(side)
    side.report(server, report(generation(side, server)))
    assert side.delivery(server)["state"] == "confirmed"


def _forget_deliveries(side: GuestSide) -> None:
    side.menu.suite.database.write(lambda connection: connection.execute(deliveries.delete()))


CUT = [
    pytest.param(lambda body: body[:-1], id="the last byte is missing"),
    pytest.param(lambda body: b"", id="all of it is missing"),
    pytest.param(lambda body: body + b" ", id="there is more"),
    pytest.param(lambda body: body.replace(b" true", b"false"), id="another of the same length"),
]


@pytest.mark.parametrize("cut", CUT)
def test_what_did_not_arrive_as_it_was_sent_is_refused(side: GuestSide, cut: Any) -> None:
    server = side.menu.booted(packages=["web"])
    whole = json.dumps(report(generation(side, server))).encode()
    query = f"length={len(whole)}&sha256={hashlib.sha256(whole).hexdigest()}"
    reply = side.report(server, body=cut(whole), query=query)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "guest.bad_report")
    assert side.delivery(server)["state"] == "offered"
    assert side.report(server, body=whole, query=query).status_int == 200


def test_a_length_that_is_not_its_own_is_refused(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    whole = json.dumps(report(generation(side, server))).encode()
    for length in ("", "0", str(len(whole) + 1), f"{len(whole)}.0", "x"):
        query = f"length={length}&sha256={hashlib.sha256(whole).hexdigest()}"
        assert side.report(server, body=whole, query=query).status_int == 400


def test_a_body_that_ends_before_its_length_is_refused(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    whole = json.dumps(report(generation(side, server))).encode()
    reply = side.meta.post(
        f"{REPORT}?length={len(whole)}&sha256={hashlib.sha256(whole).hexdigest()}", whole[:10],
        headers={**side.guest(server), "Content-Length": str(len(whole))}, status="*", expect_errors=True,
    )  # fmt: skip
    assert reply.status_int == 400


UNFIT = [
    b"",
    b"[]",
    b"{}",
    b"\xff",
    b'{"part": "package_menu", "part": "x"}',
    json.dumps(report(-1)).encode(),
    json.dumps(report(2**63)).encode(),
    json.dumps({**report(1), "generation": True}).encode(),
    json.dumps({**report(1), "generation": "1"}).encode(),
    json.dumps(report(1, ok="yes")).encode(),
    json.dumps(report(1, packages=["web"])).encode(),
    json.dumps(report(1, packages={"web": "a b"})).encode(),
    json.dumps(report(1, packages={"<script>": "x"})).encode(),
    json.dumps(report(1, packages={"web": {}})).encode(),
    json.dumps(report(1, message=None)).encode(),
    json.dumps(report(1, more=1)).encode(),
    json.dumps(report(1, server=7)).encode(),
    json.dumps(report(1, server=["3f9a6c01d2b8"])).encode(),
    json.dumps(report(1, message="x" * 1024)).encode(),
    b"[" * 1000,
]


@pytest.mark.parametrize("body", UNFIT)
def test_what_is_no_report_is_refused_as_neutrons_proxy_can_tell_it(side: GuestSide, body: bytes) -> None:
    server = side.menu.booted(packages=["web"])
    reply = side.report(server, body=body)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "guest.bad_report")
    assert side.delivery(server)["state"] == "offered"


def test_what_a_guest_says_moves_no_terminal_and_no_page(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    words = "a\x1b[2Jb\r\nc\x00d\u202ee\u2028f\ud800g<script>"
    side.report(server, report(generation(side, server), message=words))
    assert side.delivery(server)["message"] == "a [2Jb  c d e f g<script>"


def test_a_report_for_nobody_here_is_for_nobody(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    assert side.report(server, report(1, part="file_injection")).status_int == 404
    assert side.report(server, report(1, part="../package_menu")).status_int == 404
