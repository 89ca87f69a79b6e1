"""What a target of the operator's said before our answer took its place is said still, whatever becomes of it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glance_related.hosts.former_vendordata import ANSWER_MAX, FormerTarget
from glance_related.settings.options import ConfigError
from tests.filters import guest_side
from tests.filters.former_target import FormerTargetServer, answer, drip, drip_headers, running
from tests.filters.guest_side import SERVICE, GuestSide
from tests.filters.menu_side import lose_database
from tests.servers.certificates import make_certificate

LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
UNKNOWN = "99999999-0000-4000-8000-000000000000"
SECONDS = 1.0


@pytest.fixture
def target() -> Iterator[FormerTargetServer]:
    with running() as server:
        yield server


@pytest.fixture
def side(tmp_path: Path, target: FormerTargetServer) -> GuestSide:
    made = guest_side.make(
        tmp_path, f"[guest]\nformer_vendordata_url = {target.url}\nformer_vendordata_seconds = {SECONDS}\n"
    )
    made.menu.publish(LOGS)
    return made


def test_its_parts_follow_ours(side: GuestSide, target: FormerTargetServer) -> None:
    server = side.menu.booted()
    target.answers = lambda handler: answer(handler, ["#cloud-config\npackages: [a]\n", "#!/bin/sh\ntrue\n"])
    ours, *former = side.ask(side.about(server)).json
    assert ours.startswith("#!/bin/sh\n# This server's packages")
    assert former == ["#cloud-config\npackages: [a]\n", "#!/bin/sh\ntrue\n"]
    target.answers = lambda handler: answer(handler, "#cloud-config\n")
    assert side.ask(side.about(server)).json == [ours, "#cloud-config\n"]


def test_it_is_asked_what_nova_asks_with_novas_token_and_no_more_is_told(
    side: GuestSide, target: FormerTargetServer
) -> None:
    question = side.about(UNKNOWN, **{"user-data": "I2Nsb3VkLWNvbmZpZw=="})
    side.ask(question)
    ((headers, body),) = target.asked
    assert body == question
    assert headers["X-Auth-Token"] == SERVICE["X-Auth-Token"]
    assert not {name for name in headers if name.startswith(("X-User", "X-Project", "X-Roles"))}


def test_a_guest_that_is_to_have_nothing_of_ours_has_its_parts_alone(
    tmp_path: Path, target: FormerTargetServer
) -> None:
    side = guest_side.make(tmp_path, f"[guest]\nformer_vendordata_url = {target.url}\n")
    assert side.ask(side.about(UNKNOWN)).json == ["#cloud-config\n"]


def test_without_our_database_its_parts_are_handed_out_all_the_same(
    side: GuestSide, target: FormerTargetServer
) -> None:
    lose_database(side.menu)
    reply = side.ask(side.about(UNKNOWN))
    assert (reply.status_int, reply.json) == (200, ["#cloud-config\n"])
    target.answers = lambda handler: answer(handler, [])
    assert side.ask(side.about(UNKNOWN)).status_int == 503


def test_a_customer_does_not_reach_it(side: GuestSide, target: FormerTargetServer) -> None:
    assert side.ask(side.about(UNKNOWN), who=guest_side.MEMBER).status_int == 403
    assert target.asked == []


FAILURES: dict[str, Callable[[Any], None]] = {
    "an error": lambda handler: answer(handler, "#!/bin/sh\n", 500),
    "a redirection": lambda handler: answer(handler, "#!/bin/sh\n", 302),
    "no JSON": lambda handler: answer(handler, None, raw=b"#cloud-config\n"),
    "no UTF-8": lambda handler: answer(handler, None, raw=b'"\xff"'),
    "an object": lambda handler: answer(handler, {"cloud-init": "#cloud-config\n"}),
    "numbers": lambda handler: answer(handler, ["#cloud-config\n", 7]),
    "silence": lambda handler: time.sleep(60),
    "byte by byte": drip,
    "header by header": drip_headers,
    "what has no end": lambda handler: endless(handler),
    "too much": lambda handler: answer(handler, None, raw=b'"' + b"x" * ANSWER_MAX + b'"'),
    "cut off": lambda handler: handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"#cl'),
    "garbage": lambda handler: handler.wfile.write(b"\x00\x01garbage\r\n\r\n"),
}


def endless(handler: Any) -> None:
    """What has come when its time is over is a document, and yet not all of it."""
    handler.wfile.write(b'HTTP/1.0 200 OK\r\n\r\n["#cloud-config\\n"]')
    time.sleep(60)


@pytest.mark.parametrize("how", FAILURES)
def test_where_it_fails_its_parts_are_left_out_and_ours_come_in_time(
    side: GuestSide, target: FormerTargetServer, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    target.answers = FAILURES[how]
    began = time.monotonic()
    reply = side.ask(side.about(side.menu.booted()))
    assert len(reply.json) == 1
    assert time.monotonic() - began < SECONDS * 10
    assert "former vendordata target" in caplog.text


def test_where_it_is_not_there_ours_come(tmp_path: Path) -> None:
    side = guest_side.make(tmp_path, "[guest]\nformer_vendordata_url = http://127.0.0.1:1/\n")
    side.menu.publish(LOGS)
    assert len(side.ask(side.about(side.menu.booted())).json) == 1


def silent() -> socket.socket:
    """A port that nobody answers at, not even by hanging up."""
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    port.listen()
    return port


def full(port: socket.socket) -> list[socket.socket]:
    """Nobody is let in any more there."""
    callers = []
    for _ in range(200):
        caller = socket.socket()
        caller.setblocking(False)
        caller.connect_ex(port.getsockname())
        callers.append(caller)
    return callers


def test_all_of_its_addresses_have_one_time_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent() as port:
        callers = full(port)
        one = (socket.AF_INET, socket.SOCK_STREAM, 6, "", port.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [one] * 60)
        began = time.monotonic()
        assert FormerTarget("http://former/", 0.5, None).parts(b"{}", "") == []
        assert 0.4 < time.monotonic() - began < 10
        for caller in callers:
            caller.close()


def test_who_takes_for_ever_to_say_who_he_is_is_not_waited_for() -> None:
    with silent() as port:

        def drip_handshake() -> None:
            with port.accept()[0] as caller, contextlib.suppress(OSError):
                # the beginning of a message of TLS of 16 KiB
                for byte in b"\x16\x03\x03\x40\x00" + bytes(300):
                    caller.sendall(bytes([byte]))
                    time.sleep(0.1)

        thread = threading.Thread(target=drip_handshake)
        thread.start()
        began = time.monotonic()
        assert FormerTarget(f"https://127.0.0.1:{port.getsockname()[1]}/", 0.5, None).parts(b"{}", "") == []
        assert time.monotonic() - began < 10
        thread.join()


def test_by_tls_it_has_no_more_time(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with running(certificate) as target:
        for how in (drip, drip_headers):
            target.answers = how
            began = time.monotonic()
            assert FormerTarget(target.url, SECONDS, str(certificate[0])).parts(b"{}", "t") == []
            assert time.monotonic() - began < SECONDS * 10


def test_a_second_address_answers_where_the_first_does_not(
    target: FormerTargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = socket.getaddrinfo
    refused = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **more: [refused, *known(*words, **more)])
    assert FormerTarget(target.url, 5.0, None).parts(b"{}", "t") == ["#cloud-config\n"]


def test_it_may_have_a_certificate_of_its_own(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with running(certificate) as target:
        assert FormerTarget(target.url, 5.0, str(certificate[0])).parts(b"{}", "t") == ["#cloud-config\n"]
        assert FormerTarget(target.url, 5.0, None).parts(b"{}", "t") == []
        assert len(target.asked) == 1


def test_a_file_of_certificates_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="former_vendordata_ca_file"):
        FormerTarget("https://127.0.0.1/", 5.0, str(tmp_path / "none.pem"))


def test_what_is_no_url_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="former_vendordata_url must begin with http"):
        guest_side.make(tmp_path, "[guest]\nformer_vendordata_url = ftp://former/\n")
