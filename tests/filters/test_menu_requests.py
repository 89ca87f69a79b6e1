"""In which ways a request to the menu may be sent: by its own method, with its body in one piece or in chunks."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from glance_related.package_menu.package_menu_filter import PackageMenuMiddleware
from tests.filters.conftest import ADMIN
from tests.filters.menu_side import MenuSide, make

PORT = {"name": "port", "kind": "variable", "type": "integer", "default": 80, "on_by_default": True}
#: What is Nova's too: there its own router says which method counts.
NOVAS = ("/servers", "/servers/{server_id}", "/servers/{server_id}/action")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.publish(PORT)
    return made


@pytest.fixture
def server(side: MenuSide) -> str:
    return side.booted()


def spelt(path: str, server: str) -> str:
    names = {"project_id": "a0", "server_id": server, "name": "port", "of_project": "alice-project", "certname": server}
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)


def menu_of(side: MenuSide) -> Any:
    return side.ask("GET", "/package-menu", who=ADMIN).json["package_menu"]


def test_what_nova_does_not_know_is_our_own() -> None:
    for route in PackageMenuMiddleware.routes:
        short = route.path.removeprefix("/{project_id}").replace("/os-volumes_boot", "/servers", 1)
        assert route.is_own is (short not in NOVAS), route


@pytest.mark.parametrize("other", METHODS)
def test_no_request_is_another_than_it_is_sent_as(side: MenuSide, server: str, other: str) -> None:
    """An access rule of an application credential goes by the method that is sent."""
    before = side.settings(server), menu_of(side)
    for path in {spelt(route.path, server) for route in PackageMenuMiddleware.routes if route.is_own}:
        for method in METHODS:
            document = {"value": 81} if method != "GET" else None
            for query in (f"_method={other}", f"force=true&_method={other.lower()}"):
                if method != other:
                    reply = side.ask(method, f"{path}?{query}", document, who=ADMIN)
                    said = (reply.status_int, reply.headers["X-Glance-Related-Code"])
                    assert said == (405, "glance_related.method_in_query"), f"{method} {path}?{query}: {reply.text}"
                    assert reply.json["badMethod"]["code"] == 405
    assert (side.settings(server), menu_of(side)) == before


CHANGES = [
    ("POST", "/package-menu", {"entry": {"name": "new", "kind": "package"}}, 201),
    ("POST", "/package-menu", {"entries": [{"name": "new", "kind": "package"}]}, 200),
    ("PATCH", "/package-menu/port", {"entry": {"title": "Port"}}, 200),
    ("PUT", "/package-menu/projects/alice-project/port", {"state": "default", "default": 81}, 200),
    ("PUT", "/servers/{server_id}/packages", {"package_variables": {"port": 82}}, 200),
    ("PUT", "/servers/{server_id}/packages/port", {"value": 83}, 200),
]
#: A body without a length, as servers hand it on: one that says where it ends, and one that only says what it is.
CHUNKED = [
    {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
    {"HTTP_TRANSFER_ENCODING": "chunked"},
    {"wsgi.input_terminated": True},
]


def in_chunks(side: MenuSide, method: str, path: str, body: bytes, environ: dict[str, Any]) -> Any:
    side.app.lint = False  # it knows no body without a length
    environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": ""}
    return side.ask(method, path, who=ADMIN, environ=environ)


@pytest.mark.parametrize("environ", CHUNKED, ids=["both", "encoding", "terminated"])
@pytest.mark.parametrize(("method", "path", "document", "status"), CHANGES)
def test_a_body_in_chunks_is_read_whole(
    side: MenuSide, server: str, method: str, path: str, document: Any, status: int, environ: dict[str, Any]
) -> None:
    reply = in_chunks(side, method, spelt(path, server), json.dumps(document).encode(), environ)
    assert reply.status_int == status, reply.text
    changed = {
        "new" in {entry["name"] for entry in menu_of(side)},
        "Port" in {entry["title"] for entry in menu_of(side)},
        side.settings(server)["package_variables"]["port"] in (81, 82, 83),
    }
    assert True in changed


@pytest.mark.parametrize(("method", "path", "document", "status"), CHANGES)
def test_a_body_in_chunks_has_the_same_limit(
    side: MenuSide, server: str, method: str, path: str, document: Any, status: int
) -> None:
    body = json.dumps({**document, "more": "x" * 2**20}).encode()
    before = side.settings(server), menu_of(side)
    reply = in_chunks(side, method, spelt(path, server), body, CHUNKED[0])
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (413, "body.too_large")
    assert (side.settings(server), menu_of(side)) == before


@pytest.mark.parametrize("body", [b'{"entry": {"name": "new", "kind": "package"}}', b"{", b"\xff", b"[" * 5000])
def test_a_body_of_a_request_that_has_none_is_not_looked_at(side: MenuSide, server: str, body: bytes) -> None:
    side.app.lint = False
    for path in {spelt(route.path, server) for route in PackageMenuMiddleware.routes if route.method == "GET"}:
        plain = side.ask("GET", path, who=ADMIN)
        for more in ({"CONTENT_LENGTH": str(len(body))}, {"CONTENT_LENGTH": "", **CHUNKED[0]}):
            reply = side.ask("GET", path, who=ADMIN, environ={**more, "wsgi.input": io.BytesIO(body)})
            assert (reply.status_int, reply.text) == (plain.status_int, plain.text), path
    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    assert side.ask("DELETE", f"/servers/{server}/packages/port", environ=environ).status_int == 200
    assert [entry["name"] for entry in menu_of(side)] == ["port"]
