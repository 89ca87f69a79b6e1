"""Passwords are not guessed quickly on the page, however spelt, and nobody is kept out by one who guesses his."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from re import findall
from typing import Any

import pytest
from oslo_middleware.http_proxy_to_wsgi import HTTPProxyToWSGI

from glance_related.package_menu.page.door import composite_factory
from glance_related.package_menu.page.throttle import FREE, FREE_OF_ADDRESS, Attempts
from glance_related.settings.options import ConfigError
from tests.filters.page_menu import make
from tests.filters.page_side import ALICE, BOB, Browser, KeystoneApp, PageSide
from tests.filters.serving import serving

DEVICE = "__Secure-package-menu-device"
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.1"


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    made = make(tmp_path)
    still(made.door)
    return made


def still(door: Any) -> Any:
    """Time stands still for those who have to wait."""
    door._login._attempts = Attempts(lambda: 1000.0)
    return door


def tried(browser: Browser, address: str = HERE, *, headers: dict[str, str] | None = None, **changed: str) -> Any:
    """Somebody tries to log in as alice, from an address."""
    form = browser.form(browser.get("/login"), "/login")
    typed = {"user": ALICE.name, "password": ALICE.password, "project": ALICE.project, **changed}
    return browser.post("/login", {**form, **typed}, environ={"REMOTE_ADDR": address}, headers=headers or {})


def guessed(browser: Browser, times: int, address: str = HERE, **changed: str) -> list[int]:
    """How somebody's guesses are answered."""
    return [tried(browser, address, password=f"guess {number}", **changed).status_int for number in range(times)]


def out(browser: Browser) -> Browser:
    """He logs out."""
    browser.post("/logout", browser.form(browser.get("/servers"), "/logout"))
    return browser


# -- how often


def test_passwords_are_not_guessed_quickly(side: PageSide) -> None:
    browser = side.browser()
    assert guessed(browser, FREE) == [403] * FREE
    asked = side.keystone.asked
    reply = tried(browser)
    said = unescape(findall(r'role="alert" id="wrong">([^<]*)<', reply.text)[0])
    assert (reply.status_int, said[:31]) == (429, "Too many attempts have failed. ")
    assert int(reply.headers["Retry-After"]) >= 1
    assert side.keystone.asked == asked, "Keystone is not asked meanwhile, not even with the right password"
    assert browser.log_in(BOB).status_int == 303, "nobody else waits"
    assert tried(side.browser(), ELSEWHERE).status_int == 303, "nor does he himself elsewhere"


#: What a database may take for alice: MariaDB does, and in some collations passes over what is not shown.
SPELLINGS = [
    "ALICE",
    "alice   ",
    " alice",
    "àlicé",
    "\uff41\uff4c\uff49\uff43\uff45",
    "ali\u0301ce",
    "al\u200bice",
    "alice\u00ad",
    "alice\x01",
    "Àlice ",
]


def test_whoever_is_the_same_to_a_database_is_the_same_to_us(side: PageSide) -> None:
    browser = side.browser()
    for user in (*SPELLINGS, *SPELLINGS):
        tried(browser, user=user, password="guess")
        tried(browser, user_domain=f"{user}s", password="guess")
        tried(browser, user_domain="défault ", password="guess")
    assert side.keystone.asked <= 3 * FREE
    assert tried(browser, user="alicia", password="guess").status_int == 403, "who has another name is another one"


def test_one_password_is_not_tried_on_everybody(side: PageSide) -> None:
    browser = side.browser()
    answers = [tried(browser, user=f"user-{number}", password="summer").status_int for number in range(70)]
    assert answers == [403] * FREE_OF_ADDRESS + [429] * 20
    assert tried(side.browser(), ELSEWHERE).status_int == 303


def test_many_who_log_in_from_one_address_do_not_wait(side: PageSide) -> None:
    for _ in range(FREE_OF_ADDRESS + 10):
        assert tried(side.browser()).status_int == 303


def test_who_logs_in_with_a_name_of_his_own_does_not_guess_on_for_nothing(side: PageSide) -> None:
    for number in range(FREE_OF_ADDRESS - 5):
        tried(side.browser(), user=f"user-{number}", password="summer")
    assert tried(side.browser(), user="bob", password=BOB.password, project="bob").status_int == 303
    others = [tried(side.browser(), user=f"other-{number}", password="summer").status_int for number in range(8)]
    assert others == [403] * 5 + [429] * 3


@pytest.mark.parametrize(
    "typed",
    [{"password": ""}, {"password": "x" * 5000}, {"project": ""}, {"project_domain": "x" * 256}],
    ids=lambda typed: next(iter(typed)),
)
def test_what_nobody_can_have_typed_counts_for_nobody(side: PageSide, typed: dict[str, str]) -> None:
    browser = side.browser()
    assert {tried(browser, **typed).status_int for _ in range(FREE_OF_ADDRESS + 5)} == {403}
    assert tried(browser).status_int == 303


def test_an_address_of_version_6_is_one_of_many_that_somebody_has(side: PageSide) -> None:
    for number in range(FREE):
        tried(side.browser(), f"2001:db8:1:2::{number}", password="guess")
    assert tried(side.browser(), "2001:db8:1:2:ffff::1").status_int == 429
    assert tried(side.browser(), "2001:db8:1:3::1").status_int == 303


# -- a browser that is known


def test_nobody_is_kept_out_of_a_browser_in_which_he_has_logged_in_before(side: PageSide) -> None:
    known = out(side.logged_in())
    assert 429 in guessed(side.browser(), FREE + 3)
    for number in range(FREE_OF_ADDRESS + 5):
        tried(side.browser(), user=f"user-{number}", password="summer")
    assert tried(side.browser()).status_int == 429, "another browser waits"
    assert tried(known).status_int == 303


def test_in_a_known_browser_passwords_are_not_guessed_quickly_either(side: PageSide) -> None:
    known, stolen = out(side.logged_in()), side.browser()
    stolen.cookies[DEVICE] = known.cookies[DEVICE]
    assert guessed(stolen, FREE) == [403] * FREE
    assert tried(stolen).status_int == 429
    assert tried(side.browser()).status_int == 303, "and that is no other browser's failure"


def test_a_browser_is_known_for_the_one_who_has_logged_in_there(side: PageSide) -> None:
    old, known, bobs = side.browser(), side.browser(), out(side.logged_in(BOB))
    old.cookies[DEVICE] = _of_alice(side, days=366)
    known.cookies[DEVICE] = _of_alice(side, days=364)
    guessed(side.browser(), FREE)
    assert tried(bobs).status_int == 429
    assert tried(old).status_int == 429, "for a year"
    assert tried(known).status_int == 303


def _of_alice(side: PageSide, days: int) -> str:
    """What a browser has in which alice has logged in so many days ago."""
    keys, browser = side.menu.suite.keys, out(side.logged_in())
    about = json.loads(keys.open(browser.cookies[DEVICE]))
    at = datetime.datetime.fromisoformat(about["at"]) - datetime.timedelta(days=days)
    return keys.seal(json.dumps({**about, "at": at.isoformat()}))


@pytest.mark.parametrize("made", ["", "x", "A" * 43, "gAAAAA==", "x" * 5000, "sealed", "list", "number", "nothing"])
def test_what_we_have_not_given_a_browser_makes_it_known_to_nobody(side: PageSide, made: str) -> None:
    keys = side.menu.suite.keys
    sealed = {"sealed": "hush", "list": "[]", "number": '{"at": 7}', "nothing": "{}"}
    guessed(side.browser(), FREE)
    browser = side.browser()
    browser.cookies[DEVICE] = keys.seal(sealed[made]) if made in sealed else made
    assert tried(browser).status_int == 429


def test_what_makes_a_browser_known_says_nothing_and_is_for_this_page_alone(side: PageSide) -> None:
    reply = tried(side.browser())
    (cookie,) = [one for one in reply.headers.getall("Set-Cookie") if one.startswith(f"{DEVICE}=")]
    value, *words = cookie.removeprefix(f"{DEVICE}=").split("; ")
    assert sorted(words) == ["HttpOnly", "Max-Age=31536000", "Path=/package-menu-ui", "SameSite=Strict", "Secure"]
    assert "alice" not in value
    browser = side.browser()
    browser.cookies[DEVICE] = value
    assert browser.get("/servers").status_int == 303, "it lets nobody in"


# -- behind a proxy


class _Paste:
    """PasteDeploy's loader, for a file like Nova's."""

    def __init__(self, app: Any, **filters: Any) -> None:
        self._app = app
        self._filters = filters

    def get_app(self, name: str, global_conf: Any) -> Any:
        return self._app

    def get_filter(self, name: str, global_conf: Any) -> Any:
        if name not in self._filters:
            raise LookupError(name)
        return self._filters[name]


@pytest.fixture
def conf(side: PageSide, tmp_path: Path) -> Iterator[str]:
    """The suite's configuration, with the Keystone of the side behind its ``auth_url``."""
    with serving(KeystoneApp(side.keystone)) as url:
        file = tmp_path / "with-keystone.conf"
        text = Path(side.menu.suite.settings.config_file).read_text()
        file.write_text(text.replace("http://keystone/v3", url))
        yield str(file)


@pytest.fixture
def reading(tmp_path: Path) -> Any:
    """Nova's filter, where its operator says that proxies are believed."""
    file = tmp_path / "nova.conf"
    file.write_text("[oslo_middleware]\nenable_proxy_headers_parsing = true\n")
    return HTTPProxyToWSGI.factory({}, oslo_config_project="nova", oslo_config_file=str(file))


PROXY = "10.0.0.1"


def forwarded(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "cloud.example"}


def test_behind_a_proxy_everybody_is_counted_by_his_own_address(side: PageSide, conf: str, reading: Any) -> None:
    loader = _Paste(side.authtoken, http_proxy_to_wsgi=reading)
    door = composite_factory(loader, {}, api="openstack_compute_api_v21", config_file=conf)
    still(door.application)
    mallory = Browser(door)
    for _ in range(FREE + 3):
        reply = tried(mallory, PROXY, headers=forwarded("203.0.113.66"), password="guess")
    assert reply.status_int == 429
    assert tried(mallory, PROXY, headers=forwarded("1.2.3.4, 203.0.113.66")).status_int == 429, "he makes some up"
    assert tried(Browser(door), PROXY, headers=forwarded("198.51.100.9")).status_int == 303
    told = [one and one.partition(";")[0] for one in side.keystone.addresses]
    assert told == ["for=203.0.113.66"] * FREE + ["for=198.51.100.9"], "and Keystone's records have it"


def test_where_proxies_are_not_believed_their_words_are_nothing(side: PageSide, conf: str) -> None:
    unread = HTTPProxyToWSGI.factory({}, oslo_config_project="nova", oslo_config_file=conf)
    door = composite_factory(_Paste(side.authtoken, http_proxy_to_wsgi=unread), {}, api="x", config_file=conf)
    still(door.application)
    for number in range(FREE):
        tried(Browser(door), PROXY, headers=forwarded(f"203.0.113.{number}"), password="guess")
    assert tried(Browser(door), PROXY, headers=forwarded("203.0.113.66")).status_int == 429


def test_the_filter_may_have_another_name_and_may_be_left_out(side: PageSide, conf: str, reading: Any) -> None:
    about = {"api": "x", "config_file": conf}
    for loader, more in (
        (_Paste(side.authtoken, proxies=reading), {"proxy_filter": "proxies"}),
        (_Paste(side.authtoken, http_proxy_to_wsgi=reading), {"proxy_filter": ""}),
        (_Paste(side.authtoken), {}),
    ):
        door = composite_factory(loader, {}, **about, **more)
        tried(Browser(door), PROXY, headers=forwarded("203.0.113.66"), password="guess")
    told = [one and one.partition(";")[0] for one in side.keystone.addresses]
    assert told == ["for=203.0.113.66", f"for={PROXY}", f"for={PROXY}"]
    with pytest.raises(ConfigError, match="proxy_filter = proxies, of which there is no section"):
        composite_factory(_Paste(side.authtoken), {}, **about, proxy_filter="proxies")
