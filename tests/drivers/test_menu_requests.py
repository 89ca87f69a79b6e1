"""The package menu asked for what no database can keep, or compare: whoever does so is told, on every database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from glance_related.package_menu.package_menu_filter import PackageMenuMiddleware
from tests.filters.conftest import ADMIN
from tests.filters.menu_side import MenuSide, make

#: As they stand in an address.
STRANGE = [
    "%00",
    "a%00b",
    "a" * 256,
    "a" * 5000,
    "%F0%9F%98%80",
    "%ff",
    "%ED%A0%80",
    "%0A",
    "%C3%A9",
    "%5C",
    "%27",
    "%",
]
#: As they stand in a document.
TEXTS = ["\0", "a\0b", "a" * 300, "a" * 20_000, "\U0001f600", "\ud800", "\n", "\x1b[2J", "\\", "'"]
WEB = {"name": "web", "kind": "package", "on_by_default": True}
PORT = {"name": "port", "kind": "variable", "type": "integer", "default": 80, "on_by_default": True}
NOTE = {"name": "note", "kind": "variable", "type": "text", "on_by_default": True}
LINES = {"name": "lines", "kind": "variable", "type": "list", "on_by_default": True}
NAMED = {"project_id": "a0", "name": "web", "of_project": "alice-project"}
DOCUMENTS = {
    "menu.create": {"entry": {"name": "new", "kind": "package"}},
    "menu.change": {"entry": {"title": "T"}},
    "project.set": {"state": "available"},
    "server.replace": {"packages": {"web": False}},
    "server.set": {"on": False},
}


@pytest.fixture
def side(tmp_path: Path, url: str) -> Any:
    made = make(tmp_path, connection=url)
    made.publish(WEB, PORT, NOTE, LINES)
    yield made
    made.suite.database.dispose()


def check(side: MenuSide, reply: Any, said: str) -> None:
    """Answered with anything but a failure of ours, and nothing is wrong with the database."""
    assert reply.status_int < 500, f"{said}: {reply.text}"
    assert not side.suite.database.is_down


def test_names_in_a_path_may_be_anything(side: MenuSide) -> None:
    server = side.booted()
    names = {**NAMED, "server_id": server, "certname": server}
    for route in PackageMenuMiddleware.routes:
        for word in re.findall(r"\{(\w+)\}", route.path) if route.is_own else ():
            for strange in STRANGE:
                path = route.path.format(**{**names, word: strange})
                reply = side.ask(route.method, path, DOCUMENTS.get(route.handler), who=ADMIN)
                check(side, reply, f"{route.method} {path}")
    projects = side.ask("GET", "/package-menu/projects", who=ADMIN).json["projects"]
    assert [one["project_id"] for one in projects if one["project_id"] != "alice-project"] == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/package-menu", ["marker", "q", "category", "kind", "enabled", "limit"]),
        ("/package-menu/projects", ["marker", "limit"]),
        ("/package-menu/projects/alice-project", ["marker", "q", "category", "state", "all"]),
        ("/package-menu/web/servers", ["marker", "project_id"]),
        ("/servers/{server}/packages", ["marker", "q", "on"]),
        ("/servers/{server}/packages/history", ["marker", "limit"]),
    ],
)
def test_words_of_a_query_may_be_anything(side: MenuSide, path: str, words: list[str]) -> None:
    server = side.booted()
    for word in words:
        for strange in [*STRANGE, "a:%00", "%00:a", f"a:{'b' * 300}"]:
            asked = f"{path.format(server=server)}?{word}={strange}"
            check(side, side.ask("GET", asked, who=ADMIN), asked)


@pytest.mark.parametrize("path", ["/package-menu/projects", "/package-menu/web/servers"])
def test_what_cannot_be_looked_for_is_a_bad_query(side: MenuSide, backend: str, path: str) -> None:
    reply = side.ask("GET", f"{path}?marker=%00", who=ADMIN)
    if backend == "postgresql":  # the others compare it, and find nothing
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.bad_query")
        assert reply.json["badRequest"]["message"].startswith(
            "The query is not what is asked for here: something in it"
        )
    else:
        assert reply.status_int == 200


def test_texts_of_a_document_may_be_anything(side: MenuSide) -> None:
    server = side.booted()
    for text in TEXTS:
        entry = {"name": "new", "kind": "variable", "type": "text"}
        asked = [
            *(("POST", "/package-menu", {"entry": {**entry, word: text}}) for word in entry),
            *(
                ("PATCH", "/package-menu/note", {"entry": {word: text}})
                for word in ("title", "description", "category", "default", "pattern")
            ),
            ("PATCH", "/package-menu/note", {"entry": {"packages": [text]}}),
            ("PATCH", "/package-menu/lines", {"entry": {"enum": [text]}}),
            ("PATCH", "/package-menu/note", {"entry": {"realisations": {"file": {"*": text}}}}),
            ("PATCH", "/package-menu/note", {"entry": {"realisations": {text: {"*": "x"}}}}),
            ("PATCH", "/package-menu/note", {"entry": {"realisations": {"file": {text: "x"}}}}),
            ("POST", "/package-menu", {"entry": {"name": "b", "kind": "bundle", "contents": {"packages": [text]}}}),
            ("POST", "/package-menu", {"entry": {"name": "b", "kind": "bundle", "contents": {"variables": {text: 1}}}}),
            ("POST", "/package-menu", {"entries": [{**entry, "name": text}]}),
            ("PUT", "/package-menu/projects/alice-project/note", {"state": "default", "default": text}),
            ("PUT", "/package-menu/projects/alice-project/note", {"state": text}),
            ("PUT", f"/servers/{server}/packages", {"packages": [text], "package_variables": {text: 1}}),
            ("PUT", f"/servers/{server}/packages", {"package_variables": {"note": text, "lines": [text]}}),
            ("PUT", f"/servers/{server}/packages", {"copy_from": text}),
            ("PUT", f"/servers/{server}/packages/note", {"value": text}),
            ("PUT", f"/servers/{server}/packages/lines", {"value": [text]}),
            ("PUT", f"/servers/{server}/packages/note", {"state": text}),
        ]
        for method, path, document in asked:
            check(side, side.ask(method, path, document, who=ADMIN), f"{method} {path} {document}"[:300])
        check(side, side.ask("GET", f"/servers/{server}/packages"), text)
        check(side, side.ask("GET", f"/servers/{server}/packages/history"), text)
        check(side, side.boot(packages=[text]), text)
        check(side, side.boot(package_variables={"note": text}), text)
