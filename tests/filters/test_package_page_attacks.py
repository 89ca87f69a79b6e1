"""Whatever a browser pretends, sends or asks for, the page stays what it is, and asks in nobody else's name."""

from __future__ import annotations

import io
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.filters.page_menu import make, save
from tests.filters.page_side import ALICE, PAGE, RITA, PageSide


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_every_answer_says_what_a_browser_may_do_with_it(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    page = browser.get(f"/servers/{server}")
    static = re.findall(rf'"{PAGE}(/static/[^"]*)"', page.text)
    assert len(static) == 3
    answers = [browser.get(path) for path in static]
    assert {reply.headers["Cache-Control"] for reply in answers} == {"public, max-age=31536000, immutable"}
    private = [
        page, browser.get("/servers"), browser.get(f"/servers/{server}/status"), browser.get("/nothing"),
        browser.get("/project"), browser.get("/login"), side.browser().get("/login"), side.browser().get("/servers"),
        browser.ask("PUT", "/servers"), browser.post("/logout", {}), browser.get("/static/nothing.css"),
        side.browser().get(f"/servers/{server}/status"), save(browser, server, v_port="x"),
    ]  # fmt: skip
    assert {reply.headers["Cache-Control"] for reply in private} == {"no-store"}
    for reply in (*answers, *private):
        assert {name: reply.headers.get(name) for name in SAFE} == SAFE
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", reply.text)


# -- what a browser pretends

SMUGGLED = {
    "X-Roles": "admin",
    "X-User-Id": "root",
    "X-Project-Id": "bob-project",
    "X-Tenant-Id": "bob-project",
    "X-Identity-Status": "Confirmed",
    "X-Is-Admin-Project": "True",
    "X-Auth-Token": "another",
    "X-Service-Token": "another",
    "X-Service-Roles": "service",
    "X-OpenStack-Request-ID": f"req-{uuid.uuid4()}",
    "OpenStack-API-Version": "compute 2.1",
    "X-OpenStack-Nova-API-Version": "2.1",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "Forwarded": "for=203.0.113.9",
    "If-Match": '"1"',
    "If-None-Match": '"1"',
    "X-HTTP-Method-Override": "DELETE",
    "Accept-Language": "de",
    "Authorization": "Basic x",
}


def test_nothing_that_a_browser_says_of_itself_goes_past_the_door(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in(RITA)
    (token,) = [one for one, person in side.keystone.tokens.items() if person is RITA]
    side.authtoken.seen.clear()
    page = browser.get(f"/servers/{server}?_method=DELETE", headers=SMUGGLED)
    assert page.status_int == 200
    assert "cannot change them" in page.text, "roles are those of the token"
    assert len(side.authtoken.seen) >= 4
    for environ in side.authtoken.seen:
        said = {name for name in environ if name.startswith("HTTP_")}
        assert said - {"HTTP_IF_MATCH"} == {
            "HTTP_ACCEPT", "HTTP_OPENSTACK_API_VERSION", "HTTP_USER_AGENT", "HTTP_X_AUTH_TOKEN",
        }  # fmt: skip
        assert environ.get("HTTP_IF_MATCH") in (None, '"-"')
        assert (environ["HTTP_X_AUTH_TOKEN"], environ["SCRIPT_NAME"]) == (token, "/v2.1")
        assert environ["HTTP_OPENSTACK_API_VERSION"] == "compute 2.9"
        assert "_method" not in environ["QUERY_STRING"]
        assert not [
            name for name in environ if name.startswith(("glance_related.", "keystone.", "openstack.", "webob."))
        ]


def test_notes_of_filters_in_the_environ_go_no_further(side: PageSide) -> None:
    browser = side.logged_in()
    side.authtoken.seen.clear()
    notes = {"keystone.token_auth": object(), "openstack.global_request_id": "req-1", "glance_related.x": "y"}
    assert browser.get("/servers", environ=notes).status_int == 200
    assert not [environ for environ in side.authtoken.seen if set(notes) & set(environ)]


def test_where_to_go_after_the_login_is_a_page_of_ours(side: PageSide) -> None:
    wanted = [
        "https://evil.example", "//evil.example", "/\\evil.example", "/logout", "/static/x", "/servers/../../x",
        "servers",
        "/servers?x=//evil.example", "/servers\r\nSet-Cookie: x=y", "javascript:alert(1)", "/login", "",
    ]  # fmt: skip
    for following in wanted:
        reply = side.browser().log_in(ALICE, next=following)
        assert reply.headers["Location"] == f"{PAGE}/servers", following
    assert side.browser().log_in(ALICE, next="/project").headers["Location"] == f"{PAGE}/project"


# -- bodies


def _sent(side: PageSide, **more: Any) -> Any:
    server, browser = side.named("web-1"), side.logged_in()
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    body = "&".join(f"{name}={value}" for name, value in {**form, "v.flag": "false"}.items()).encode()
    reply = browser.ask("POST", f"/servers/{server}", **{"body": body, "content_type": _FORM, **more})
    assert "flag" not in side.menu.settings(server)["chosen"]["package_variables"]
    return reply


_FORM = "application/x-www-form-urlencoded"


class _Endless(io.BytesIO):
    """A body that does not end, of which it is known how much was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 < size <= 2**20, "nobody may ask for all of it"
        self.taken += size
        return b"a" * size


@pytest.mark.parametrize("media_type", ["multipart/form-data; boundary=x", "application/json", "text/plain", ""])
def test_what_is_no_plain_form_is_not_read_as_one(side: PageSide, media_type: str) -> None:
    assert _sent(side, content_type=media_type).status_int == 415


def test_a_form_that_is_too_long_is_refused(side: PageSide) -> None:
    reply = _sent(side, body=b"v.note=" + b"a" * (1024 * 1024))
    assert (reply.status_int, "larger than 1048576 bytes" in reply.text) == (413, True)


def test_a_form_without_an_end_is_given_up(side: PageSide) -> None:
    body = _Endless()
    chunked = {
        "wsgi.input": body,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "",
    }
    browser = side.logged_in()
    assert browser.ask("POST", "/logout", environ=chunked, content_type=_FORM).status_int == 413
    assert body.taken < 80 * 2**20


_UNREADABLE = [
    b"&".join(b"v.x%d=" % number for number in range(50_001)),
    b"v.note=%ff",
    b"v.note=%c3%28",
    b"v.note=\xff",
]


@pytest.mark.parametrize("body", _UNREADABLE, ids=["too many", "no UTF-8", "half of UTF-8", "not spelt"])
def test_a_form_that_nobody_can_read_is_refused(side: PageSide, body: bytes) -> None:
    assert _sent(side, body=body).status_int in (403, 415)


def test_a_form_that_is_cut_short_changes_nothing(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    for base in ("web", "web=1 <b>=1", "web=zz", "../x=1"):
        reply = browser.post(f"/servers/{server}", {**form, "base": base, "v.flag": "false"})
        assert (reply.status_int, "no form of this page" in reply.text) == (400, True)
    without = {name: value for name, value in form.items() if name != "base"}
    assert browser.post(f"/servers/{server}", {**without, "v.flag": "false"}).headers["Location"].endswith("nothing")


# -- paths

TRICKS = [
    "//servers", "/servers//", "/servers/", "/servers/..", "/servers/../servers", "/servers/{id}/", "/servers/{id}/..",
    "/servers/{id}\n", "/servers/{id}/packages", "/servers/{ID}", "/servers/{id}%2Fcopy", "/servers/{id};x",
    "/servers/detail",
    "/static/", "/static/../door.py", "/static/..%2Fdoor.py", "/static/page.css", "/static//etc/passwd", "/project/..",
    "/project/projects", "/project/a b", "/project/web/", "/project/a%2F..", "/v2.1/servers", "/.", "/\x00", "/ü",
]  # fmt: skip


def test_a_path_that_is_none_of_ours_leads_nowhere(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    side.authtoken.seen.clear()
    for path in TRICKS:
        spelt = path.replace("{id}", server).replace("{ID}", server.upper())
        reply = browser.get("/x", environ={"PATH_INFO": spelt.encode().decode("latin-1")})
        assert reply.status_int == 404, path
    assert side.authtoken.seen == [], "nobody was asked"
