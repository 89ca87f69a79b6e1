"""What is typed on the page is what the server has then; where the API refuses, the page says so."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from tests.filters.conftest import ADMIN
from tests.filters.page_menu import chosen, make, save
from tests.filters.page_side import BOB, RITA, PageSide


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


# -- changing


def test_what_is_typed_is_what_the_server_has_then(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    reply = save(
        browser, server, p_web="1", p_logs=None, v_port="8080", v_flag="false", v_kind="a", v_share="0.25",
        v_names="one\r\ntwo\r\n", v_note="first\r\n\r\nthird", v_word="s3cret",
    )  # fmt: skip
    assert (reply.status_int, reply.headers["Location"]) == (303, f"/package-menu-ui/servers/{server}?done=saved")
    assert chosen(side, server) == {
        "packages": {"web": True, "logs": False},
        "package_variables": {
            "port": 8080, "flag": False, "kind": "a", "share": 0.25, "names": ["one", "two"],
            "note": "first\n\nthird", "word": None,
        },
    }  # fmt: skip
    page = browser.get(reply.headers["Location"].removeprefix("/package-menu-ui"))
    assert "Saved. What was changed is on its way." in page.text
    side.menu.deliver()
    assert side.menu.delivered(server)["variables"]["word"] == "s3cret"


def test_what_is_not_touched_stays_whatever_it_is(side: PageSide) -> None:
    values = {"port": 8080, "word": "s3cret", "share": 1e-7, "names": ["a", ""], "note": "\nstarts with a line"}
    server, browser = (
        side.named("web-1", packages={"web": True, "logs": False}, package_variables=values),
        side.logged_in(),
    )
    before = chosen(side, server)
    assert save(browser, server).headers["Location"].endswith("?done=nothing")
    assert save(browser, server, v_flag="false").headers["Location"].endswith("?done=saved")
    after = chosen(side, server)
    assert after["package_variables"].pop("flag") is False
    assert after == before
    side.menu.deliver()
    assert side.menu.delivered(server)["variables"]["word"] == "s3cret"


def test_a_search_changes_nothing_of_what_it_does_not_show(side: PageSide) -> None:
    server = side.named("web-1", packages=["web"], package_variables={"port": 8080, "word": "s3cret", "kind": "b"})
    reply = save(side.logged_in(), server, "?q=flag", v_flag="false")
    assert reply.headers["Location"].endswith("?done=saved&q=flag")
    assert chosen(side, server) == {
        "packages": {"web": True},
        "package_variables": {"port": 8080, "word": None, "kind": "b", "flag": False},
    }


def test_a_field_that_is_emptied_gives_back_what_the_project_has(side: PageSide) -> None:
    server, browser = (
        side.named("web-1", packages=["web"], package_variables={"port": 8080, "kind": "a"}),
        side.logged_in(),
    )
    save(browser, server, p_web=None, v_port="", v_kind="")
    assert chosen(side, server) == {"packages": {}, "package_variables": {}}


def test_what_is_reset_is_the_projects_again(side: PageSide) -> None:
    values = {"port": 8080, "word": "s3cret"}
    server, browser = (
        side.named("web-1", packages={"web": True, "logs": False}, package_variables=values),
        side.logged_in(),
    )
    page = browser.get(f"/servers/{server}").text
    back = re.findall(r'name="r\.(\w+)" value="1"> Reset<span class="h"> [^<]*</span> to ([^<]*)<', page)
    assert dict(back) == {"web": "off", "logs": "on", "port": "80 (the cloud&#39;s)", "word": "no value"}
    save(browser, server, r_web="1", r_port="1", r_word="1", v_port="9999")
    assert chosen(side, server) == {"packages": {"logs": False}, "package_variables": {}}


def test_empty_is_not_nothing_where_it_is_meant(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    save(browser, server, e_note="1", e_names="1")
    assert chosen(side, server)["package_variables"] == {"note": "", "names": []}
    page = browser.get(f"/servers/{server}").text
    assert re.search(r'name="e\.note" value="1" checked', page)
    assert save(browser, server).headers["Location"].endswith("?done=nothing")
    save(browser, server, e_note=None, v_names="x")
    assert chosen(side, server)["package_variables"] == {"names": ["x"]}


def test_everything_is_reset_only_by_somebody_who_means_it(side: PageSide) -> None:
    server, browser = side.named("web-1", packages=["web"], package_variables={"port": 8080}), side.logged_in()
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}/reset")
    refused = browser.post(f"/servers/{server}/reset", form)
    assert (refused.status_int, "Say that you mean it" in refused.text) == (400, True)
    assert chosen(side, server)["packages"] == {"web": True}
    reply = browser.post(f"/servers/{server}/reset", {**form, "sure": "1"})
    assert reply.headers["Location"].endswith("?done=reset")
    assert chosen(side, server) == {"packages": {}, "package_variables": {}}
    assert "Start over" not in browser.get(f"/servers/{server}").text, "there is nothing left to give up"
    stale = browser.post(f"/servers/{server}/reset", {**form, "sure": "1"})
    assert (stale.status_int, "meanwhile" in stale.text) == (409, True)


def test_another_servers_settings_are_copied_secrets_too(side: PageSide) -> None:
    source = side.named("web-1", packages=["web"], package_variables={"port": 8080, "word": "s3cret"})
    target, browser = side.named("web-2"), side.logged_in()
    page = browser.get(f"/servers/{target}/copy")
    assert f'value="{source}"' in page.text
    assert f'value="{target}"' not in page.text
    form = browser.form(page, f"/servers/{target}/copy")
    unsaid = browser.post(f"/servers/{target}/copy", form)
    assert (unsaid.status_int, "Choose the server to copy from." in unsaid.text) == (400, True)
    reply = browser.post(f"/servers/{target}/copy", {**form, "from": source})
    assert reply.headers["Location"] == f"/package-menu-ui/servers/{target}?done=copied"
    assert chosen(side, target) == chosen(side, source)
    side.menu.deliver()
    assert side.menu.delivered(target)["variables"]["word"] == "s3cret"
    stale = browser.post(f"/servers/{target}/copy", {**form, "from": source})
    assert (stale.status_int, "meanwhile" in stale.text) == (409, True)


def test_the_history_tells_who_changed_what_and_no_secret(side: PageSide) -> None:
    server, browser = side.named("web-1", packages=["web"]), side.logged_in()
    save(browser, server, v_port="8080", v_word="s3cret", p_web=None)
    page = browser.get(f"/servers/{server}/history").text
    assert page.count("by <code>alice</code>") == 2
    assert '<dt><code>port</code></dt><dd>8080 <span class="soft">(before: as the project has it)</span></dd>' in page
    assert "<dd>*** " in page
    assert "s3cret" not in page


# -- where the API refuses


def test_faults_stand_at_their_fields_and_what_was_typed_is_kept(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    reply = save(browser, server, p_web="1", p_tls="1", v_port="70000", v_share="much", v_note="kept", v_word="s3cret")
    page = unescape(reply.text)
    assert reply.status_int == 400
    assert re.search(
        r'id="f\.port"[^>]*value="70000"[^>]*aria-describedby="d\.port w\.port x\.port" aria-invalid="true"', page
    )
    assert '<p class="x" id="x.port">it must be at most 65535</p>' in page
    assert '<a href="#f.port">port</a>: it must be at most 65535' in page
    assert '<p class="x" id="x.share">it must be a number</p>' in page
    assert re.search(r'id="f\.web"[^>]* checked', page)
    assert "\nkept</textarea>" in page
    assert "s3cret" not in page, "a secret is typed again"
    assert chosen(side, server) == {"packages": {}, "package_variables": {}}, "nothing was changed"
    form = browser.form(reply, f"/servers/{server}") | {"v.port": "7000", "v.share": "", "v.cert": "c"}
    assert browser.post(f"/servers/{server}", form).headers["Location"].endswith("?done=saved")
    assert chosen(side, server)["package_variables"] == {"port": 7000, "note": "kept", "cert": "c"}


def test_what_must_have_a_value_says_so_at_its_field(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    page = save(browser, server, p_tls="1").text
    assert '<p class="x" id="x.cert">package tls needs a value for it</p>' in page


def test_whoever_may_not_change_a_server_sees_why_and_no_button(side: PageSide) -> None:
    server = side.named("web-1", packages=["web"])
    form = side.logged_in().form(side.logged_in().get(f"/servers/{server}"), f"/servers/{server}")
    rita = side.logged_in(RITA)
    page = rita.get(f"/servers/{server}")
    assert "cannot change them: Policy does not allow package_menu:server_set" in page.text
    assert "<fieldset disabled>" in page.text
    assert not [one for one in ("Save</button>", "Reset<span", "Start over") if one in page.text]
    proof = {"proof": rita.form(page, "/logout")["proof"]}
    reply = rita.post(f"/servers/{server}", {**form, **proof, "v.flag": "false"})
    assert (reply.status_int, "Policy does not allow" in reply.text) == (403, True)
    assert "flag" not in chosen(side, server)["package_variables"]
    assert "cannot change the settings of this server" in rita.get(f"/servers/{server}/copy").text


def test_a_locked_server_says_that_it_is_locked(side: PageSide) -> None:
    server = side.named("web-1")
    side.menu.nova.servers[server].is_locked = True
    page = side.logged_in().get(f"/servers/{server}").text
    assert "active, locked" in page
    assert "cannot change them: The server is locked" in page


def test_another_customers_server_is_not_there(side: PageSide) -> None:
    server, bob = side.named("web-1", package_variables={"kind": "b"}), side.logged_in(BOB)
    assert server not in bob.get("/servers").text
    for path in ("", "/copy", "/history", "/status"):
        reply = bob.get(f"/servers/{server}{path}")
        assert reply.status_int == 404
        assert "web-1" not in reply.text


def test_a_choice_that_is_not_offered_any_more_is_told_kept_and_forgotten_when_asked(side: PageSide) -> None:
    server = side.named("web-1", packages=["web"], package_variables={"port": 8080})
    side.menu.ask("PUT", "/package-menu/projects/alice-project/web", {"state": "unavailable"}, who=ADMIN)
    browser = side.logged_in()
    page = browser.get(f"/servers/{server}").text
    assert "Not in order" in page
    assert re.search(r'name="r\.web" value="1" form="menu"> Forget', page)
    save(browser, server, v_flag="false")
    assert chosen(side, server)["packages"] == {"web": True}
    save(browser, server, r_web="1")
    assert chosen(side, server)["packages"] == {}


# -- two who change the same thing


def test_two_tabs_that_change_the_same_thing_are_shown_both_and_one_chooses(side: PageSide) -> None:
    server, browser = side.named("web-1", packages=["web"], package_variables={"port": 8080}), side.logged_in()
    first = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    second = dict(first)
    assert browser.post(f"/servers/{server}", {**first, "v.port": "8081", "v.kind": "a"}).status_int == 303
    both = browser.post(f"/servers/{server}", {**second, "v.port": "8082", "v.flag": "false", "v.word": "s3cret"})
    assert both.status_int == 409
    assert "<b>Yours:</b> 8082" in both.text
    assert "<b>As it is now:</b> 8081 <em>(changed meanwhile)</em>" in both.text
    assert "<b>Yours:</b> false" in both.text
    assert "What others have changed, and you have not" in both.text
    assert "s3cret" not in both.text
    assert chosen(side, server)["package_variables"] == {"port": 8081, "kind": "a"}, "nothing was overwritten"
    form = browser.form(both, f"/servers/{server}")
    picked = {**form, "k.port": "now", "k.flag": "mine", "k.word": "mine", "v.word": "again"}
    assert browser.post(f"/servers/{server}", picked).status_int == 303
    assert chosen(side, server)["package_variables"] == {"port": 8081, "kind": "a", "flag": False, "word": None}


def test_who_insists_has_his_way(side: PageSide) -> None:
    server, browser = side.named("web-1", packages=["web"]), side.logged_in()
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    save(browser, server, v_port="8081", p_logs=None)
    both = browser.post(f"/servers/{server}", {**form, "v.port": "8082", "p.web": ""})
    again = browser.form(both, f"/servers/{server}")
    reply = browser.post(f"/servers/{server}", {**again, "k.port": "mine", "k.web": "mine"})
    assert reply.status_int == 303
    assert chosen(side, server) == {"packages": {"logs": False}, "package_variables": {"port": 8082}}


def test_a_change_of_something_else_is_no_conflict(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    part = browser.form(browser.get(f"/servers/{server}?q=flag"), f"/servers/{server}")
    save(browser, server, v_kind="b")
    assert browser.post(f"/servers/{server}?q=flag", {**part, "v.flag": "false"}).status_int == 303
    assert chosen(side, server)["package_variables"] == {"kind": "b", "flag": False}


def test_an_entry_that_left_the_menu_meanwhile_is_told(side: PageSide) -> None:
    server, browser = side.named("web-1"), side.logged_in()
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    side.menu.ask("DELETE", "/package-menu/web?force=true", who=ADMIN)
    reply = browser.post(f"/servers/{server}", {**form, "p.web": "1", "v.flag": "false"})
    assert (reply.status_int, "not on the menu any more" in reply.text) == (409, True)
