"""The project's menu on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.filters.page_menu import make
from tests.filters.page_side import MALLORY, ROOT, PageSide


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


# -- the project's menu


def test_a_member_reads_the_projects_menu(side: PageSide) -> None:
    browser = side.logged_in()
    page = browser.get("/project").text
    assert "cannot change it: Policy does not allow package_menu:project_set" in page
    assert "Web server" in page
    assert "Change<span" not in page
    entry = browser.get("/project/web").text
    assert "<fieldset" in entry
    assert "disabled" in entry
    assert "Save</button>" not in entry


def test_a_manager_sets_the_projects_defaults(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in(MALLORY)
    assert 'href="/package-menu-ui/project/web"' in browser.get("/project").text
    form = browser.form(browser.get("/project/web"), "/project/web")
    reply = browser.post("/project/web", {**form, "state": "default"})
    assert reply.headers["Location"] == "/package-menu-ui/project?done=said"
    form = browser.form(browser.get("/project/port"), "/project/port")
    browser.post("/project/port", {**form, "state": "default", "v.port": "8088"})
    assert side.menu.settings(server)["package_variables"]["port"] == 8088
    page = browser.get("/project/port").text
    assert 'value="8088"' in page
    form = browser.form(browser.get("/project/port"), "/project/port")
    browser.post("/project/port", {**form, "do": "forget"})
    assert side.menu.settings(server)["package_variables"]["port"] == 80


def test_a_secret_of_the_project_stays_until_it_is_replaced_or_taken_away(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in(MALLORY)

    def sent(**typed: str) -> Any:
        form = browser.form(browser.get("/project/word"), "/project/word")
        return browser.post(
            "/project/word", {**form, "state": "default", **{f"{k[0]}.word": v for k, v in typed.items()}}
        )

    def has() -> Any:
        (entry,) = [one for one in side.menu.settings(server)["entries"] if one["name"] == "word"]
        return entry["has_value"], entry["origin"]

    sent(v="s3cret")
    assert has() == (True, "project")
    assert "s3cret" not in browser.get("/project/word").text
    assert sent().headers["Location"].endswith("?done=nothing")
    assert has() == (True, "project")
    sent(r="1")
    assert has()[0] is False


def test_what_a_manager_may_not_say_of_the_project_is_refused_with_what_he_typed(side: PageSide) -> None:
    browser = side.logged_in(MALLORY)
    form = browser.form(browser.get("/project/port"), "/project/port")
    reply = browser.post("/project/port", {**form, "state": "default", "v.port": "99999"})
    assert (reply.status_int, "it must be at most 65535" in reply.text, 'value="99999"' in reply.text) == (
        400,
        True,
        True,
    )
    reply = browser.post("/project/port", {**form, "state": "unavailable"})
    assert (reply.status_int, "only an administrator makes something available" in reply.text) == (403, True)


def test_two_managers_are_shown_both(side: PageSide) -> None:
    browser = side.logged_in(MALLORY)
    form = browser.form(browser.get("/project/port"), "/project/port")
    browser.post("/project/port", {**form, "state": "default", "v.port": "81"})
    reply = browser.post("/project/port", {**form, "state": "default", "v.port": "82"})
    assert reply.status_int == 409
    assert "default 81 (the project&#39;s)" in reply.text
    assert 'value="82"' in reply.text
    again = browser.form(reply, "/project/port")
    assert browser.post("/project/port", {**again, "state": "default"}).status_int == 303


def test_an_administrator_lifts_what_is_not_available(side: PageSide) -> None:
    side.menu.publish({"name": "spare", "kind": "package"})
    assert side.logged_in(MALLORY).get("/project/spare").status_int == 404
    browser = side.logged_in(ROOT)
    assert "spare" in browser.get("/project?state=unavailable").text
    form = browser.form(browser.get("/project/spare"), "/project/spare")
    assert browser.post("/project/spare", {**form, "state": "available"}).status_int == 303
    assert "spare" not in browser.get("/project?state=unavailable").text
