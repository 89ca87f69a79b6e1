"""The page over the real filter: what it shows, and what it says where things are not as they should be."""

from __future__ import annotations

import gzip
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from glance_related.package_menu.page.door import composite_factory
from glance_related.settings.options import ConfigError
from tests.filters.menu_side import MANAGER, lose_database
from tests.filters.page_menu import make, placeholder, whose
from tests.filters.page_side import ALICE, Browser, PageSide, document_of
from tests.filters.page_side import make as make_bare


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


# -- seeing


def test_servers_of_the_project_are_listed_searched_and_paged(side: PageSide) -> None:
    ids = [side.named(f"server-{number:02}") for number in range(60)]
    browser = side.logged_in()
    first = browser.get("/servers")
    assert all(f"/servers/{one}" in first.text for one in ids[10:])
    assert f"/servers/{ids[9]}" not in first.text
    (more,) = re.findall(r'href="/package-menu-ui(/servers\?[^"]*)" rel="next"', first.text)
    second = browser.get(unescape(more))
    assert all(f"/servers/{one}" in second.text for one in ids[:10])
    assert f"/servers/{ids[10]}" not in second.text
    found = browser.get("/servers?q=server-07")
    assert f"/servers/{ids[7]}" in found.text
    assert f"/servers/{ids[8]}" not in found.text
    assert "No server of this project" in browser.get("/servers?q=.*").text, "a search is no regular expression"
    direct = browser.get(f"/servers?q={ids[3].upper()}")
    assert direct.headers["Location"] == f"/package-menu-ui/servers/{ids[3]}"


def test_a_server_is_shown_with_whose_word_each_thing_is(side: PageSide) -> None:
    server = side.named("web-1", packages=["web"], package_variables={"kind": "b", "word": "hidden"})
    side.menu.ask("PUT", "/package-menu/projects/alice-project/port", {"state": "default", "default": 81}, who=MANAGER)
    page = side.logged_in().get(f"/servers/{server}")
    assert (page.status_int, "<h1>web-1</h1>" in page.text) == (200, True)
    told = {name: whose(page, name) for name in ("web", "logs", "tls", "port", "kind", "word", "share", "cert")}
    assert told == {
        "web": "on, this server's own",
        "logs": "on, the cloud's default",
        "tls": "available",
        "port": "the project's default",
        "kind": "this server's own",
        "word": "set, this server's own",
        "share": "the cloud's default",
        "cert": "counts when tls is on",
    }
    told = {name: placeholder(page, name) for name in ("port", "share", "names", "note", "word")}
    assert told == {
        "port": "81 (the project's)",
        "share": "0.5 (the cloud's)",
        "names": "x, y (the cloud's)",
        "note": "one two (the cloud's)",
        "word": "is set; type to replace it",
    }
    assert '<option value="b" selected>b</option>' in page.text
    assert "hidden" not in page.text.replace('type="hidden"', "")


def test_each_type_has_its_own_field(side: PageSide) -> None:
    page = side.logged_in().get(f"/servers/{side.named('web-1')}").text
    assert re.search(r'<input type="number" id="f\.port"[^>]* step="1" min="1" max="65535"', page)
    assert re.search(r'<input type="number" id="f\.share"[^>]* step="any"', page)
    assert re.search(r'<input type="password" id="f\.word"[^>]* autocomplete="new-password"', page)
    assert re.search(r'<textarea id="f\.note"', page)
    assert re.search(r'<textarea id="f\.names"', page)
    assert re.search(r'<select id="f\.flag".*?<option value="">true \(the cloud&#39;s\)</option>', page, re.S)
    assert re.search(r'<select id="f\.kind".*?<option value="">no value</option>', page, re.S)
    assert re.search(r'<input type="checkbox" id="f\.web" name="p\.web"', page)


def test_a_bundle_says_what_came_with_it(side: PageSide) -> None:
    page = side.logged_in().get(f"/servers/{side.named('web-1', packages=['both'])}")
    assert [whose(page, name) for name in ("both", "tls", "cert")] == [
        "on, this server's own",
        "on, with both",
        "from both",
    ]
    assert placeholder(page, "cert") == "c (from both)"


def test_the_menu_is_searched_without_a_script(side: PageSide) -> None:
    server, browser = side.named("web-1", packages=["tls"], package_variables={"cert": "c"}), side.logged_in()

    def shown(query: str) -> list[str]:
        return re.findall(r'id="f\.(\w+)"', browser.get(f"/servers/{server}?{query}").text)

    assert shown("q=web+SERVER") == ["web"]
    assert shown("category=http") == ["web"]
    assert sorted(shown("show=own")) == ["cert", "tls"]
    assert {"logs", "tls", "cert", "flag"} <= set(shown("show=on"))
    assert "web" not in shown("show=on")
    nothing = browser.get(f"/servers/{server}?q=nothing+of+that+kind").text
    assert "Nothing on the menu is what you look for." in nothing


def test_a_page_without_a_search_is_packed_and_one_with_a_search_is_not(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    plain = browser.raw("GET", f"/servers/{server}", "br, gzip;q=0")
    packed = browser.raw("GET", f"/servers/{server}?done=saved", "br, gzip")
    assert plain.content_encoding is None
    assert packed.content_encoding == "gzip"
    assert {plain.headers["Vary"], packed.headers["Vary"]} == {"Accept-Encoding"}
    assert len(packed.body) < len(plain.body) / 2
    assert b"<h1>web-1</h1>" in gzip.decompress(packed.body)
    for query in ("q=w", "category=http", "show=own"):
        assert browser.raw("GET", f"/servers/{server}?{query}").content_encoding is None
    form = browser.form(plain, f"/servers/{server}") | {"v.port": "no"}
    refused = browser.raw("POST", f"/servers/{server}", fields=form)
    assert (refused.status_int, refused.content_encoding) == (400, None)


# -- how far it has come


def test_the_script_is_told_how_far_a_change_has_come(side: PageSide) -> None:
    server, browser = side.named("web-1", packages=["web"]), side.logged_in()
    before = browser.get(f"/servers/{server}/status")
    assert before.headers["Content-Type"].startswith("application/json")
    (one,) = document_of(before)["deliveries"]
    assert (one["driver"], one["state"], one["words"], one["is_moving"]) == (
        "file", "pending", "waiting to be handed over", True,
    )  # fmt: skip
    side.menu.deliver()
    (one,) = document_of(browser.get(f"/servers/{server}/status"))["deliveries"]
    assert (one["state"], one["words"], one["is_moving"]) == ("delivered", "delivered", False)
    page = browser.get(f"/servers/{server}").text
    assert '<li class="delivered"><b>file</b>: <span>delivered</span>' in page


# -- when things are not as they should be


def test_a_database_that_is_down_is_said_to_be(side: PageSide) -> None:
    browser = side.logged_in(ALICE)
    lose_database(side.menu)
    reply = browser.get("/servers")
    assert (reply.status_int, "database of the package menu does not answer" in reply.text) == (503, True)


def test_without_keys_the_page_says_who_must_make_some(tmp_path: Path) -> None:
    side = make_bare(tmp_path, f"[keys]\nfolder = {tmp_path}/none\n")
    for reply in (side.browser().get("/login"), side.browser().get("/login")):
        assert (reply.status_int, "an operator" in reply.text.lower()) == (503, True)
        assert "glance-related-manage keys setup" in reply.text


def test_the_door_answers_what_it_does_not_know(side: PageSide) -> None:
    browser = side.logged_in()
    assert browser.get("/nothing").status_int == 404
    reply = browser.ask("PUT", "/servers")
    assert (reply.status_int, reply.headers["Allow"]) == (405, "GET, HEAD")
    head = browser.ask("HEAD", "/servers")
    assert (head.status_int, head.body) == (200, b"")
    assert browser.get("/").headers["Location"] == "/package-menu-ui/servers"


# -- starting


class _Loader:
    """PasteDeploy's, as far as a composite needs it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.asked: list[str] = []

    def get_app(self, name: str, global_conf: Any) -> Any:
        self.asked.append(name)
        return self._app

    def get_filter(self, name: str, global_conf: Any) -> Any:
        raise LookupError(name)


def test_the_door_is_made_by_paste_before_the_pipeline_that_it_is_told(side: PageSide) -> None:
    loader = _Loader(side.authtoken)
    file = side.menu.suite.settings.config_file
    door = composite_factory(loader, {}, api="openstack_compute_api_v21", config_file=file)
    assert loader.asked == ["openstack_compute_api_v21"]
    reply = Browser(door).get("/login")
    assert (reply.status_int, "region RegionOne" in reply.text) == (200, True)


def test_a_door_that_cannot_work_stops_the_start_with_one_sentence(side: PageSide, tmp_path: Path) -> None:
    loader, file = _Loader(side.authtoken), Path(side.menu.suite.settings.config_file)
    with pytest.raises(ConfigError, match="add api = openstack_compute_api_v21"):
        composite_factory(loader, {}, config_file=str(file))
    other = tmp_path / "other.conf"
    other.write_text(file.read_text().replace("auth_url = http://keystone/v3\n", ""))
    with pytest.raises(ConfigError, match=r"\[package_menu_ui\] auth_url is not set"):
        composite_factory(loader, {}, api="x", config_file=str(other))
    assert loader.asked == []
