"""Who is logged in on the page: how he gets in, how long he stays, and that nobody gets in with what was his."""

from __future__ import annotations

import datetime
import logging
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from glance_related.db.models import page_sessions
from tests.filters.menu_side import lose_database
from tests.filters.page_menu import make, save
from tests.filters.page_side import ALICE, BOB, PAGE, Browser, PageSide
from tests.filters.page_side import make as make_bare

COOKIE = "__Secure-package-menu"


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


def rows(side: PageSide) -> list[Any]:
    query = sa.select(page_sessions)
    return list(side.menu.suite.database.read(lambda connection: connection.execute(query).all()))


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/servers").status_int == 200)


def told(reply: Any) -> str:
    """What the login form says is wrong."""
    return unescape(re.findall(r'role="alert" id="wrong">([^<]*)<', reply.text)[0])


# -- in


def test_whoever_is_not_logged_in_is_led_to_the_form_and_back(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.browser()
    sent = browser.get(f"/servers/{server}")
    assert sent.status_int == 303
    form = browser.get(sent.headers["Location"].removeprefix(PAGE))
    assert 'value="Default"' in form.text
    fields = browser.form(form, "/login") | {"user": "alice", "password": ALICE.password, "project": "alice"}
    reply = browser.post("/login", fields)
    assert reply.headers["Location"] == f"{PAGE}/servers/{server}"
    assert browser.get(f"/servers/{server}").status_int == 200
    assert browser.get("/login").headers["Location"] == f"{PAGE}/servers", "he is in already"


def test_the_cookie_is_for_this_page_alone_and_no_script_sees_it(side: PageSide) -> None:
    reply = side.browser().log_in(ALICE)
    (cookie,) = [one for one in reply.headers.getall("Set-Cookie") if one.startswith(f"{COOKIE}=")]
    value, *words = cookie.removeprefix(f"{COOKIE}=").split("; ")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", value), "256 bits"
    assert sorted(words) == ["HttpOnly", "Path=/package-menu-ui", "SameSite=Strict", "Secure"]


def test_without_tls_the_cookie_is_only_given_where_an_operator_says_so(tmp_path: Path) -> None:
    side = make_bare(tmp_path, "insecure_cookie = true\n")
    browser = side.browser("http")
    assert browser.log_in(ALICE).status_int == 303
    assert set(browser.cookies) == {"package-menu", "package-menu-device"}
    assert is_in(browser)


def test_behind_no_path_the_cookie_has_the_stronger_name(side: PageSide) -> None:
    reply = side.browser().get("/login", environ={"SCRIPT_NAME": ""})
    assert reply.headers["Set-Cookie"].startswith("__Host-package-menu-login=")
    assert "Path=/;" in reply.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "changed",
    [
        {"password": "wrong"},
        {"user": "nobody"},
        {"project": "bob"},
        {"user_domain": "other"},
        {"project_domain": "other"},
        {"password": ""},
        {"user": "x" * 300},
        {"password": "x" * 5000},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_why_somebody_is_not_let_in_is_not_told(side: PageSide, changed: dict[str, str]) -> None:
    browser = side.browser()
    reply = browser.log_in(ALICE, **changed)
    assert (reply.status_int, told(reply)) == (
        403, "Keystone has not let you in. Look at user, password, project and domains, and try again.",
    )  # fmt: skip
    assert rows(side) == []
    assert not is_in(browser)


def test_a_password_is_never_shown_again(side: PageSide) -> None:
    reply = side.browser().log_in(ALICE, password="wrong-but-long")
    assert 'value="alice"' in reply.text
    assert "wrong-but-long" not in reply.text


def test_a_keystone_that_does_not_answer_is_said_to(side: PageSide) -> None:
    side.keystone.is_up = False
    reply = side.browser().log_in(ALICE)
    assert (reply.status_int, told(reply)) == (503, "Keystone does not answer, or not now. Try again later.")


def test_of_whom_keystone_asks_more_than_a_password_he_is_told_that(side: PageSide) -> None:
    side.keystone.cautious.add("alice")
    browser = side.browser()
    reply = browser.log_in(ALICE)
    assert (reply.status_int, told(reply)[:51]) == (403, "Keystone asks for more than a password, as a one-ti")
    assert rows(side) == []
    assert browser.log_in(ALICE, password="wrong").status_int == 403
    assert told(browser.log_in(ALICE, password="wrong")).startswith("Keystone has not let you in.")


# -- staying


def test_the_database_has_neither_cookie_nor_token(side: PageSide) -> None:
    browser = side.logged_in()
    (row,) = rows(side)
    (token,) = side.keystone.tokens
    kept = f"{row.id_hash} {row.content}"
    assert browser.cookies[COOKIE] not in kept
    assert token not in kept
    assert "alice" not in kept


def test_what_is_kept_of_one_session_is_worth_nothing_in_the_place_of_another(side: PageSide) -> None:
    alice, bob = side.logged_in(), side.logged_in(BOB)
    contents = {row.id_hash: row.content for row in rows(side)}
    first, second = contents
    swap = sa.update(page_sessions).where(page_sessions.c.id_hash == first).values(content=contents[second])
    side.menu.suite.database.write(lambda connection: connection.execute(swap))
    assert sorted([is_in(alice), is_in(bob)]) == [False, True]


def test_a_session_ends_with_its_time(tmp_path: Path) -> None:
    side = make_bare(tmp_path, "session_seconds = 600\n")
    browser = side.logged_in()
    (row,) = rows(side)
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert 590 <= (row.expires_at - now).total_seconds() <= 600
    past = sa.update(page_sessions).values(expires_at=now - datetime.timedelta(seconds=1))
    side.menu.suite.database.write(lambda connection: connection.execute(past))
    assert not is_in(browser)
    side.logged_in(BOB)
    assert len(rows(side)) == 1, "what is over is forgotten at the next login"


def test_a_session_lasts_no_longer_than_its_token(tmp_path: Path) -> None:
    side = make_bare(tmp_path, lifetime=120)
    side.logged_in()
    (row,) = rows(side)
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert 110 <= (row.expires_at - now).total_seconds() <= 120


def test_a_token_that_keystone_has_ended_ends_the_session(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    stolen = browser.cookies[COOKIE]
    side.keystone.tokens.clear()
    reply = browser.get(f"/servers/{server}")
    assert reply.status_int == 401
    assert reply.headers["WWW-Authenticate"] == 'Keystone uri="http://keystone"'
    assert told(reply) == "Your session is over. Nothing was changed; log in again."
    assert browser.form(reply, "/login")["next"] == f"/servers/{server}"
    assert rows(side) == []
    assert COOKIE not in browser.cookies
    browser.cookies[COOKIE] = stolen
    assert browser.get(f"/servers/{server}").status_int == 303


def test_a_form_that_comes_after_the_end_changes_nothing_and_says_so(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}") | {"v.flag": "false"}
    side.keystone.tokens.clear()
    assert browser.post(f"/servers/{server}", form).status_int == 401
    reply = browser.post(f"/servers/{server}", form)
    assert (reply.status_int, told(reply)) == (403, "Your session is over. Nothing was changed; log in again.")
    assert "flag" not in side.menu.settings(server)["chosen"]["package_variables"]


def test_the_script_is_told_that_the_session_is_over(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    side.keystone.tokens.clear()
    assert browser.get(f"/servers/{server}/status").status_int == 401
    assert side.browser().get(f"/servers/{server}/status").status_int == 401


# -- out


def test_a_logout_ends_the_session_and_the_token(side: PageSide) -> None:
    browser = side.logged_in()
    stolen = browser.cookies[COOKIE]
    reply = browser.post("/logout", browser.form(browser.get("/servers"), "/logout"))
    assert reply.headers["Location"] == f"{PAGE}/login?done=out"
    assert "You are logged out." in browser.get("/login?done=out").text
    assert (rows(side), side.keystone.tokens, COOKIE in browser.cookies) == ([], {}, False)
    browser.cookies[COOKIE] = stolen
    assert not is_in(browser), "whoever has kept the cookie has nothing"


def test_every_login_is_a_session_of_its_own(side: PageSide) -> None:
    browser = side.browser()
    browser.cookies[COOKIE] = planted = "A" * 43
    assert browser.log_in(ALICE).status_int == 303
    assert browser.cookies[COOKIE] != planted
    thief = side.browser()
    thief.cookies[COOKIE] = planted
    assert not is_in(thief), "what was planted before is nobody's session"
    first = browser.cookies[COOKIE]
    browser.cookies.pop(COOKIE)
    browser.get("/login")
    browser.cookies[COOKIE] = first
    form = browser.form(side.browser().get("/login"), "/login")
    assert browser.post("/login", {**form, "user": "bob"}).status_int == 403, "another browser's form"
    assert is_in(browser)


def test_who_logs_in_anew_leaves_no_session_behind(side: PageSide) -> None:
    browser = side.logged_in()
    old = browser.cookies[COOKIE]
    fresh = side.browser()
    form = fresh.form(fresh.get("/login"), "/login")
    fresh.cookies[COOKIE] = old
    fresh.post("/login", {**form, "user": "bob", "password": BOB.password, "project": "bob"})
    assert len(rows(side)) == 1
    assert not is_in(browser)
    assert [one.name for one in side.keystone.tokens.values()] == ["bob"], "nor a token at Keystone"


def test_a_token_that_cannot_be_kept_is_given_back(side: PageSide) -> None:
    browser = side.browser()
    form = browser.form(browser.get("/login"), "/login")
    lose_database(side.menu)
    reply = browser.post("/login", {**form, "user": "alice", "password": ALICE.password, "project": "alice"})
    assert (reply.status_int, side.keystone.asked, side.keystone.tokens) == (503, 1, {})


def test_two_cookies_of_the_name_are_none(side: PageSide) -> None:
    alice, bob = side.logged_in(), side.logged_in(BOB)
    both = f"{COOKIE}={bob.cookies[COOKIE]}; {COOKIE}={alice.cookies[COOKIE]}"
    assert alice.get("/servers", headers={"Cookie": both}).status_int == 303


def test_a_cookie_that_we_have_not_given_is_nobodys(side: PageSide) -> None:
    side.logged_in()
    for value in ("", "x", "A" * 43, "A" * 44, "../../x", "é" * 43, "A" * 43 + "\x00"):
        cookie = f"{COOKIE}={value}".encode().decode("latin-1")
        assert side.browser().get("/servers", environ={"HTTP_COOKIE": cookie}).status_int == 303, value


def test_no_log_has_a_password_a_token_a_cookie_or_a_secret(side: PageSide, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = side.named("web-1")
    side.browser().log_in(ALICE, password="a-wrong-password")
    browser = side.logged_in()
    save(browser, server, v_word="s3cret-of-hers", v_port="none")
    (token,) = side.keystone.tokens
    hidden = [ALICE.password, "a-wrong-password", token, browser.cookies[COOKIE], "s3cret-of-hers"]
    assert [one for one in hidden if one in caplog.text] == []
    assert "user alice has logged in from 192.0.2.7" in caplog.text
    assert "a login of 'alice' from 192.0.2.7 was refused" in caplog.text
