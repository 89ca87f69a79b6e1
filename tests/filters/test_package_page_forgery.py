"""A form is taken only from a page of this very site, and of this very session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.filters.menu_side import MANAGER
from tests.filters.page_menu import make
from tests.filters.page_side import BOB, MALLORY, RITA, PageSide


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


ELSEWHERE: dict[str, dict[str, str]] = {
    "no origin at all": {"Origin": ""},
    "another site": {"Origin": "https://evil.example"},
    "another port": {"Origin": "https://cloud.example:8443"},
    "a name that begins alike": {"Origin": "https://cloud.example.evil.example"},
    "a user in front": {"Origin": "https://cloud.example@evil.example"},
    "no origin, from a frame": {"Origin": "null"},
    "no origin, by the referrer": {"Origin": "", "Referer": "https://evil.example/cloud.example"},
    "what the browser says of another site": {"Sec-Fetch-Site": "cross-site"},
    "what the browser says of a sister": {"Sec-Fetch-Site": "same-site"},
    "what the browser says of nobody": {"Sec-Fetch-Site": "none"},
    "no address at all": {"Origin": "https://["},
}


def _changes(side: PageSide) -> dict[str, Callable[[], Any]]:
    """Everything that a form can change."""
    return {
        "settings": lambda: [side.menu.settings(server)["chosen"] for server in side.menu.nova.servers],
        "sessions": lambda: len(side.keystone.tokens),
        "project": lambda: side.menu.ask("GET", "/package-menu/projects/alice-project", who=MANAGER).json,
    }


def _forms(side: PageSide, browser: Any, server: str, other: str) -> dict[str, dict[str, str]]:
    page = browser.get(f"/servers/{server}")
    return {
        f"/servers/{server}": {**browser.form(page, f"/servers/{server}"), "v.flag": "false"},
        f"/servers/{server}/reset": {**browser.form(page, f"/servers/{server}/reset"), "sure": "1"},
        f"/servers/{server}/copy": {
            **browser.form(browser.get(f"/servers/{server}/copy"), f"/servers/{server}/copy"), "from": other,
        },
        "/project/web": {**browser.form(browser.get("/project/web"), "/project/web"), "state": "default"},
        "/logout": browser.form(page, "/logout"),
    }  # fmt: skip


def _world(side: PageSide) -> tuple[Any, dict[str, dict[str, str]]]:
    server = side.named("web-1", packages=["web"])
    other = side.named("web-2", package_variables={"kind": "b"})
    browser = side.logged_in(MALLORY)
    return browser, _forms(side, browser, server, other)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_form_from_elsewhere_changes_nothing(side: PageSide, where: str) -> None:
    browser, forms = _world(side)
    before = {name: state() for name, state in _changes(side).items()}
    for path, form in forms.items():
        reply = browser.post(path, form, headers=ELSEWHERE[where])
        assert (reply.status_int, "not sent from a page of this site" in reply.text) == (403, True), path
    assert {name: state() for name, state in _changes(side).items()} == before


def test_nobody_is_logged_in_from_elsewhere(side: PageSide) -> None:
    browser = side.browser()
    form = browser.form(browser.get("/login"), "/login")
    typed = {**form, "user": "bob", "password": BOB.password, "project": "bob"}
    assert browser.post("/login", typed, headers={"Sec-Fetch-Site": "cross-site"}).status_int == 403
    other = side.browser()
    assert other.post("/login", typed).status_int == 403, "another browser's form"
    other.get("/login")
    assert other.post("/login", typed).status_int == 403, "another browser's form, with a cookie"
    assert side.keystone.asked == 0


def test_a_form_without_the_sessions_proof_changes_nothing(side: PageSide) -> None:
    browser, forms = _world(side)
    stranger = side.logged_in(RITA)
    theirs = stranger.form(stranger.get("/servers"), "/logout")["proof"]
    before = {name: state() for name, state in _changes(side).items()}
    for path, form in forms.items():
        mine = form["proof"]
        for proof in ("", "x", theirs, mine[:-4] + "AAA=", "A" * 88, "é" * 88, mine + "AAAA"):
            reply = browser.post(path, {**form, "proof": proof})
            assert (reply.status_int, "not one of your session" in reply.text) == (403, True), (path, proof)
    assert {name: state() for name, state in _changes(side).items()} == before


def test_the_same_forms_change_something_where_they_are_ours(side: PageSide) -> None:
    """Else the tests above would prove nothing."""
    browser, forms = _world(side)
    for path, form in forms.items():
        if "tag" in form:  # the form before has made it another state
            form |= {"tag": browser.form(browser.get(path.removesuffix("/reset")), path)["tag"]}
        before = {name: state() for name, state in _changes(side).items()}
        assert browser.post(path, form).status_int == 303, path
        assert {name: state() for name, state in _changes(side).items()} != before, path


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {}])
def test_a_browser_that_says_that_it_is_here_is_believed(side: PageSide, headers: dict[str, str]) -> None:
    browser, forms = _world(side)
    path, form = next(iter(forms.items()))
    assert browser.post(path, form, headers=headers).status_int == 303


def test_a_referrer_does_where_there_is_no_origin(side: PageSide) -> None:
    browser, forms = _world(side)
    path, form = next(iter(forms.items()))
    assert browser.post(path, form, headers={"Origin": "", "Referer": "https://cloud.example/x"}).status_int == 303
