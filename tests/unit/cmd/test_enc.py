"""``glance-related-enc``: what it asks, what it prints, and what it does where nobody answers."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from glance_related.cmd import enc
from glance_related.package_menu.drivers.enc import FRESH, NOT_REACHED
from tests.servers.strange import SilentServer
from tests.unit.cmd.enc_api import NODE, Api, Puppets


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.stop()


@pytest.fixture
def puppet(tmp_path: Path, api: Api, capsys: pytest.CaptureFixture[str]) -> Puppets:
    return Puppets(tmp_path, api.url, capsys)


def away(puppet: Puppets) -> None:
    """From now on nobody listens where Keystone was."""
    puppet.write(auth_url="http://127.0.0.1:1/v3", application_credential_id="the-id")


# -- asking


def test_it_prints_what_a_server_is_to_have(puppet: Puppets, api: Api) -> None:
    done = puppet.run()
    assert (done.code, done.node, done.err) == (0, NODE, "")
    assert api.paths() == ["/v2.1/package-menu/nodes/web-1"]


def test_it_asks_with_the_application_credential_alone(puppet: Puppets, api: Api) -> None:
    puppet.run()
    (asked,) = api.posted
    assert asked["auth"]["identity"]["methods"] == ["application_credential"]
    assert asked["auth"]["identity"]["application_credential"]["id"] == "the-id"
    assert "scope" not in asked["auth"]  # it has one of its own


def test_it_asks_the_region_and_interface_that_are_named(puppet: Puppets, api: Api) -> None:
    (compute,) = [one for one in api.catalog if one["type"] == "compute"]
    other = {**api._endpoint("public", f"{api.url}/v2.1"), "region": "Two", "region_id": "Two"}
    compute["endpoints"] = [api._endpoint("internal", "http://127.0.0.1:1"), other]
    puppet.write(region_name="Two", interfaces="internal, public")
    assert puppet.run().node == NODE
    puppet.write(region_name="Three")
    assert "no compute endpoint" in puppet.run().err


def test_names_are_asked_for_in_small_letters_as_puppet_has_them(puppet: Puppets, api: Api) -> None:
    assert puppet.run("WEB-1").node == NODE


@pytest.mark.parametrize(
    "name", ["../web-1", "a/b", "/etc/passwd", "..", ".", "", "a b", "a\nb", "a%2fb", "ä", "a" * 256]
)
def test_a_name_that_leads_elsewhere_is_none(puppet: Puppets, api: Api, name: str) -> None:
    done = puppet.run(name)
    assert (done.code, done.out) == (1, "")
    assert "is no name of a node" in done.err
    assert (api.asked, puppet.kept) == ([], [])


def test_a_certificate_name_as_long_as_they_come_is_asked_for_and_kept(puppet: Puppets, api: Api) -> None:
    name = "a" * 255
    api.nodes[name] = ("1", NODE)
    assert puppet.run(name).node == NODE
    away_again = puppet.run(name)
    assert away_again.node == NODE
    assert api.tags == [None, '"1"']


# -- keeping


def test_what_has_not_changed_is_not_sent_again(puppet: Puppets, api: Api) -> None:
    puppet.run()
    done = puppet.run()
    assert (done.code, done.node, done.err) == (0, NODE, "")
    assert api.tags == [None, '"1-a"']
    api.nodes["web-1"] = ("2-b", {"classes": {}, "parameters": {}})
    assert puppet.run().node == {"classes": {}, "parameters": {}}
    assert puppet.run().node == {"classes": {}, "parameters": {}}
    assert api.tags[2:] == ['"1-a"', '"2-b"']


def test_only_its_owner_reads_what_is_kept(puppet: Puppets) -> None:
    before = os.umask(0)
    try:
        puppet.run()
    finally:
        os.umask(before)
    assert puppet.kept == ["web-1.json"]
    assert stat.S_IMODE((puppet.cache / "web-1.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(puppet.cache.stat().st_mode) == 0o700


def test_the_last_good_answer_is_printed_where_nobody_answers_and_its_age_is_said(puppet: Puppets, api: Api) -> None:
    puppet.run()
    path = puppet.cache / "web-1.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "at": time.time() - 2 * 3600 - 5}))
    api.stop()
    done = puppet.run()
    assert (done.code, done.node) == (0, NODE)
    assert "cannot be reached" in done.err
    assert "2 hours ago" in done.err
    assert json.loads(path.read_text())["at"] == pytest.approx(time.time() - 2 * 3600, abs=60)


def test_an_answer_that_is_confirmed_is_young_again(puppet: Puppets, api: Api) -> None:
    puppet.run()
    path = puppet.cache / "web-1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "at": 1.0}))
    puppet.run()
    assert api.tags == [None, '"1-a"']
    assert json.loads(path.read_text())["at"] == pytest.approx(time.time(), abs=60)


def test_where_nothing_is_kept_and_nobody_answers_it_says_so_by_its_code(puppet: Puppets) -> None:
    away(puppet)
    done = puppet.run()
    assert (done.code, done.out) == (NOT_REACHED, "")
    assert "cannot be reached" in done.err


def test_nothing_old_is_printed_to_those_who_want_to_know_what_is_now(
    puppet: Puppets, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FRESH, "1")
    assert puppet.run().node == NODE
    api.stop()
    assert puppet.run().code == NOT_REACHED


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (503, {"serviceUnavailable": {"message": "x"}}),
        (500, b"oops"),
        (429, b""),
        (404, b"<html>no such page</html>"),
        (200, b"<html>log in</html>"),
        (200, {"servers": []}),
        (200, {"classes": ["web"], "parameters": {}}),
        (200, {"classes": {"web": 1}, "parameters": {}}),
        (200, {"classes": {}, "parameters": {}, "environment": 1}),
        (302, b""),
        (304, b""),
    ],
)
def test_an_answer_that_is_none_of_ours_is_no_word_on_the_server(
    puppet: Puppets, api: Api, status: int, document: object
) -> None:
    api.node_answers(status, document)
    assert puppet.run().code == NOT_REACHED
    assert puppet.kept == []
    api.replies.clear()
    assert puppet.run().node == NODE
    api.node_answers(status, document)
    done = puppet.run()
    assert (done.code, done.node) == (0, NODE)
    assert status == 304 or "ago" in done.err


def test_a_server_that_is_gone_is_told_and_forgotten(puppet: Puppets, api: Api) -> None:
    puppet.run()
    del api.nodes["web-1"]
    done = puppet.run()
    assert (done.code, done.out, puppet.kept) == (1, "", [])
    assert "No server of yours is known by the name web-1." in done.err
    api.stop()
    assert puppet.run().code == NOT_REACHED


@pytest.mark.parametrize(("status", "code"), [(400, "package_menu.refused"), (409, "package_menu.ambiguous")])
def test_what_the_api_refuses_is_said_in_its_words(puppet: Puppets, api: Api, status: int, code: str) -> None:
    puppet.run()
    api.node_answers(status, {"badRequest": {"message": "Several are called so."}}, **{"X-Glance-Related-Code": code})
    done = puppet.run()
    assert (done.code, done.out) == (1, "")
    assert "Several are called so." in done.err


def test_a_credential_that_keystone_refuses_is_an_operators_matter(puppet: Puppets, api: Api) -> None:
    puppet.run()
    api.replies["/v3/auth/tokens"] = (401, {}, {"error": {"code": 401, "message": "no"}})
    done = puppet.run()
    assert (done.code, done.out) == (1, "")
    assert "Keystone refuses the application credential" in done.err
    api.replies.clear()
    api.node_answers(403, {"forbidden": {"message": "the access rules say no"}})
    assert "the access rules say no" in puppet.run().err


def test_a_credential_that_nova_does_not_take_is_told_with_what_it_needs(puppet: Puppets, api: Api) -> None:
    """What checks tokens in front of Nova says no more than that it wants one."""
    puppet.run()
    api.node_answers(401, {"error": {"code": 401, "message": "The request you have made requires authentication."}})
    done = puppet.run()
    assert (done.code, done.out) == (1, "")
    assert "its access rules must let it GET /v2.1/package-menu/nodes/web-1," in done.err
    assert "service_type = compute" in done.err


# -- what others may do to what is kept


def test_what_was_told_another_credential_is_not_told_this_one(puppet: Puppets, api: Api) -> None:
    puppet.run()
    puppet.write(application_credential_id="another")
    assert puppet.run().node == NODE
    assert api.tags == [None, None]
    puppet.write(application_credential_id="a-third")
    api.stop()
    assert puppet.run().code == NOT_REACHED


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"certname": "web-1"}', "null", "\ufeff{}"])
def test_what_is_kept_and_cannot_be_read_is_nothing(puppet: Puppets, api: Api, text: str) -> None:
    puppet.run()
    (puppet.cache / "web-1.json").write_text(text)
    assert puppet.run().node == NODE
    assert api.tags == [None, None]


def test_what_another_user_has_put_there_is_not_believed(puppet: Puppets, api: Api, tmp_path: Path) -> None:
    puppet.run()
    path = puppet.cache / "web-1.json"
    moved = tmp_path / "moved.json"
    path.rename(moved)
    path.symlink_to(moved)
    puppet.run()
    assert api.tags == [None, None]
    assert not path.is_symlink()
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
        puppet.run()
        assert api.tags == [None, None, None]


def test_an_answer_that_cannot_be_kept_is_printed_all_the_same(puppet: Puppets) -> None:
    puppet.cache.write_text("a file")
    done = puppet.run()
    assert (done.code, done.node) == (0, NODE)
    assert "cannot be kept" in done.err


# -- waiting


def test_a_keystone_that_hangs_is_waited_for_in_bounds(puppet: Puppets) -> None:
    puppet.run()
    kept = puppet.cache / "web-1.json"
    with SilentServer() as silent:
        puppet.write(auth_url=f"http://127.0.0.1:{silent.port}/v3", timeout_seconds="0.3")
        began = time.monotonic()
        assert puppet.run().code == NOT_REACHED  # another Keystone's answers are not this one's
        assert time.monotonic() - began < 10
    assert kept.exists()


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_for_ever(puppet: Puppets) -> None:
    with Dribbling() as slow:
        puppet.write(auth_url=f"http://127.0.0.1:{slow.port}/v3", timeout_seconds="0.5")
        began = time.monotonic()
        done = puppet.run()
        assert time.monotonic() - began < 10
    assert done.code == NOT_REACHED
    assert "in time" in done.err


class Dribbling(SilentServer):
    """Sends a header without an end, a byte at a time."""

    def talk(self, connection: socket.socket) -> None:
        threading.Thread(target=self._dribble, args=(connection,), daemon=True).start()

    @staticmethod
    def _dribble(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"HTTP/1.1 201 Created\r\nX-Long: ")
            while True:
                connection.sendall(b"x")
                time.sleep(0.1)


# -- its configuration


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"auth_url": ""}, "auth_url is not set"),
        ({"application_credential_secret": ""}, "application_credential_secret is not set"),
        ({"auth_ur": "x"}, "no option auth_ur; did you mean auth_url?"),
        ({"timeout_seconds": "soon"}, "timeout_seconds must be a number"),
        ({"timeout_seconds": "0"}, "timeout_seconds must be a number"),
        ({"timeout_seconds": "nan"}, "timeout_seconds must be a number"),
        ({"ca_file": "/nowhere"}, "no file /nowhere"),
    ],
)
def test_a_wrong_configuration_is_told_in_one_sentence(
    puppet: Puppets, api: Api, options: dict[str, str], said: str
) -> None:
    puppet.write(**options)
    done = puppet.run()
    assert (done.code, done.out, api.asked) == (1, "", [])
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("text", ["auth_url = x", "[other]\nx = 1", "[enc]\n[more]\n", "[enc\n", "[enc]\nnonsense\n"])
def test_a_file_that_is_no_configuration_is_told(puppet: Puppets, text: str) -> None:
    puppet.conf.write_text(text)
    done = puppet.run()
    assert done.code == 1
    assert "[enc]" in done.err


def test_a_configuration_that_is_not_there_is_told(puppet: Puppets) -> None:
    puppet.conf.unlink()
    assert "cannot be read" in puppet.run().err


def test_a_secret_with_a_percent_sign_is_taken_as_it_is(puppet: Puppets, api: Api) -> None:
    puppet.write(application_credential_secret="a%(b)s # ; c")
    assert puppet.run().code == 0
    credential = api.posted[0]["auth"]["identity"]["application_credential"]
    assert credential["secret"] == "a%(b)s # ; c"


def test_its_manual_names_every_option(puppet: Puppets) -> None:
    from glance_related.cmd.enc import conf

    for name in (*conf._NEEDED, *conf._DEFAULTS):
        assert name in str(enc.__doc__)
