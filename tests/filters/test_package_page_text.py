"""Text on the page stays text, whoever has put it where; and no page has a secret in it."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from glance_related.deliveries.delivery import Refused
from tests.filters.conftest import ADMIN
from tests.filters.menu_side import IMAGE, MANAGER
from tests.filters.page_menu import make, save
from tests.filters.page_side import MALLORY, PAGE, PageSide, Person
from tests.filters.page_side import make as make_bare


@pytest.fixture
def side(tmp_path: Path) -> PageSide:
    return make(tmp_path)


HOSTILE = {
    "element": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onfocus="alert(1)" autofocus x="',
    "quotes": "' onmouseover='alert(1)' `x`",
    "textarea": "</textarea></select></option></title></style><svg onload=alert(1)>",
    "template": "{{ 7000001 * 7 }}{% include 'base.html' %}${7000001*7}",
    "comment": "--><!-- <b> ]]> &lt;b&gt; &#60;b&#62;",
}


class _Structure(HTMLParser):
    """Which elements a page has, with which attributes; not what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def structure(page: str) -> _Structure:
    parser = _Structure()
    parser.feed(page)
    return parser


class _Refusing:
    """A receiver that has something to say."""

    is_pulled = False

    def __init__(self, text: str) -> None:
        self.text = text

    def configure_packages(self, *_: Any) -> Any:
        raise Refused(self.text)


def _pages(tmp_path: Path, text: str) -> dict[str, str]:
    """Every page of a cloud in which this stands wherever somebody may put something."""
    line = " ".join(text.split())
    side = make_bare(tmp_path)
    person = Person(f"eve{line}", "p", "alice", "manager,member,reader")
    side.keystone.people[(person.name, "Default", "alice", "Default")] = person
    titled: dict[str, Any] = {"title": line, "description": text, "category": line, "on_by_default": True}
    side.menu.publish(
        {"name": "pack", "kind": "package", **titled},
        {"name": "line", "kind": "variable", "type": "string", "default": line, **titled},
        {"name": "area", "kind": "variable", "type": "text", "default": text, **titled},
        {"name": "list", "kind": "variable", "type": "list", "default": [line], "enum": [line, "x"], **titled},
        {"name": "pick", "kind": "variable", "type": "choice", "enum": [line, "other"], **titled},
        {"name": "port", "kind": "variable", "type": "integer", **titled},
    )
    values = {"line": f"{line}2", "area": f"{text}2", "pick": line, "list": [line, "x"]}
    server = side.named(f"web{line}", packages={"pack": False}, package_variables=values)
    other = side.named(f"other{line}")
    side.menu.books.drivers["file"] = _Refusing(text)  # type: ignore[index]
    side.menu.deliver()
    browser = side.logged_in(person)
    pages = {
        path: browser.get(path).text
        for path in (
            "/servers", f"/servers/{server}", f"/servers/{server}/history", f"/servers/{other}/copy", "/project",
            "/project/area", "/project/list", "/project/pick",
        )
    }  # fmt: skip
    for path in ("/servers", f"/servers/{server}", "/project", f"/servers/{other}/copy"):
        query = {"q": text, "category": text, "show": text, "state": text, "done": text, "marker": ""}
        pages[f"{path}?"] = browser.get(f"{path}?{urlencode(query)}").text
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    typed = {**form, "v.port": text, "v.line": text, "v.pick": text, "v.area": text}
    pages["refused"] = browser.post(f"/servers/{server}", typed).text
    save(browser, server, v_line="changed", p_pack="1")
    pages["parted"] = browser.post(f"/servers/{server}", {**form, "v.line": f"{line}3", "v.area": "x"}).text
    entry = browser.form(browser.get("/project/area"), "/project/area")
    browser.post("/project/area", {**entry, "state": "default", "v.area": f"{text}4"})
    pages["project parted"] = browser.post("/project/area", {**entry, "state": "available", "v.area": text}).text
    login = side.browser()
    form = login.form(login.get(f"/login?{urlencode({'next': text})}"), "/login")
    pages["login"] = login.post(
        "/login", {**form, **dict.fromkeys(("user", "project", "user_domain", "next"), text)}
    ).text
    pages["nothing"] = browser.get("/" + "".join(letter for letter in line if letter.isalnum())).text
    assert '<li class="failed"><b>file</b>' in pages[f"/servers/{server}"]
    return {name.replace(server, "S").replace(other, "O"): page for name, page in pages.items()}


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return _pages(tmp_path_factory.mktemp("harmless"), "harmless words")


@pytest.mark.parametrize("kind", HOSTILE)
def test_text_stays_text_wherever_somebody_puts_it(tmp_path: Path, harmless: dict[str, str], kind: str) -> None:
    hostile = _pages(tmp_path, HOSTILE[kind])
    assert hostile.keys() == harmless.keys()
    for name, page in hostile.items():
        made, meant = structure(page), structure(harmless[name])
        assert made.found == meant.found, f"on {name} the text became a part of the page"
        assert name == "nothing" or " ".join(HOSTILE[kind].split()) in " ".join(unescape(page).split()), name
        assert all(link.startswith((f"{PAGE}/", "#f.", "#main")) for link in made.links), name
        assert "49000007" not in page, name


def test_the_comparison_of_structures_sees_what_it_is_to_see() -> None:
    assert structure("<p>a</p>").found == structure("<p>&lt;b&gt;</p>").found
    assert structure("<p>a</p>").found != structure("<p><b></p>").found
    assert structure('<a title="x">').found != structure('<a title="" onfocus="">').found


def test_names_that_could_be_more_than_names_are_on_no_menu(side: PageSide) -> None:
    for name in ('x"onfocus=1', "<b>", "a b", "x'y", "../x", "x\n"):
        reply = side.menu.ask("POST", "/package-menu", {"entry": {"name": name, "kind": "package"}}, who=ADMIN)
        assert reply.status_int == 400


def test_no_page_has_a_secret_in_it(side: PageSide) -> None:
    hidden = ["s3cret-of-the-server", "s3cret-of-the-project"]
    server = side.named("web-1", packages=["web"], package_variables={"word": hidden[0]})
    told = {"state": "default", "default": hidden[1]}
    assert side.menu.ask("PUT", "/package-menu/projects/alice-project/word", told, who=MANAGER).status_int == 200
    side.menu.ask("POST", "/servers", {"server": {"name": "web-2", "imageRef": IMAGE}})
    browser = side.logged_in(MALLORY)
    (token,) = side.keystone.tokens
    hidden += [token, MALLORY.password, *browser.cookies.values()]
    paths = ["/servers", "/project", "/project/word"]
    paths += [f"/servers/{server}{part}" for part in ("", "/history", "/copy", "/status", "?q=word", "?show=own")]
    pages = [browser.get(path).text for path in paths]
    pages.append(save(browser, server, v_word="typed-s3cret", v_port="no").text)
    form = browser.form(browser.get(f"/servers/{server}"), f"/servers/{server}")
    save(browser, server, v_flag="false")
    pages.append(browser.post(f"/servers/{server}", {**form, "v.flag": "true", "v.word": "typed-s3cret"}).text)
    assert pages[-1].count("Type the secret again") == 1
    for page in pages:
        assert [one for one in (*hidden, "typed-s3cret") if one in page] == []
