"""What projects make of the cloud's menu, who may say it, and which servers it reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.filters.conftest import ADMIN, MEMBER
from tests.filters.menu_side import BOB, MANAGER, READER, MenuSide, lose_database, make

WEB = {"name": "web", "kind": "package", "title": "Web server"}
HIDDEN = {"name": "hidden", "kind": "package", "title": "Somebody's own"}
PORT = {
    "name": "port",
    "kind": "variable",
    "type": "integer",
    "default": 80,
    "packages": ["web", "hidden"],
    "on_by_default": True,
}
MENU = "/package-menu/projects/alice-project"


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.publish(WEB, HIDDEN, PORT)
    return made


def put(side: MenuSide, name: str, document: Any, who: Any = MANAGER, **extra: Any) -> Any:
    return side.ask("PUT", f"{MENU}/{name}", document, who=who, **extra)


def listed(side: MenuSide, who: Any, query: str = "") -> dict[str, Any]:
    reply = side.ask("GET", MENU + query, who=who)
    assert reply.status_int == 200, reply.text
    return {entry["name"]: entry for entry in reply.json["project_packages"]}


def state(side: MenuSide, name: str) -> str:
    as_of = side.books.menu.of_project("alice-project")
    return as_of.menu.state(as_of.menu.menu.entries[name])[0]


@pytest.mark.parametrize("who", [MEMBER, READER, MANAGER], ids=["member", "reader", "manager"])
def test_a_project_sees_what_it_may_have_and_nothing_else(side: MenuSide, who: Any) -> None:
    side.offer("web")
    reply = side.ask("GET", MENU, who=who)
    shown = {entry["name"]: entry for entry in reply.json["project_packages"]}
    assert set(shown) == {"web", "port"}
    assert (shown["web"]["state"], shown["web"]["state_origin"]) == ("available", "project")
    assert (shown["port"]["default"], shown["port"]["default_origin"]) == (80, "global")
    assert "hidden" not in reply.text
    assert set(listed(side, who, "?all=true")) == {"web", "port"}


def test_an_administrator_sees_all_of_it_or_what_the_project_sees(side: MenuSide) -> None:
    assert set(listed(side, ADMIN)) == {"web", "hidden", "port"}
    assert listed(side, ADMIN)["hidden"]["state"] == "unavailable"
    assert set(listed(side, ADMIN, "?all=false")) == {"port"}
    assert set(listed(side, ADMIN, "?state=unavailable&kind=package")) == {"web", "hidden"}


def test_a_projects_menu_comes_in_pages(side: MenuSide) -> None:
    side.offer("web")
    seen, path = [], MENU + "?limit=1&state=available"
    side.publish(*({"name": f"more-{number}", "kind": "package"} for number in range(3)))
    side.offer("more-0", "more-1")
    while path:
        reply = side.ask("GET", path, who=MEMBER)
        seen += [entry["name"] for entry in reply.json["project_packages"]]
        path = next((link["href"] for link in reply.json.get("project_packages_links", [])), "")
    assert seen == ["more-0", "more-1", "web"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_projects_menu_is_not_there(side: MenuSide, method: str) -> None:
    side.offer("web")
    path = MENU if method == "GET" else f"{MENU}/web"
    reply = side.ask(method, path, {"state": "default"} if method == "PUT" else None, who=BOB)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (404, "package_menu.not_shown")
    assert "Web server" not in reply.text
    assert state(side, "web") == "available"


@pytest.mark.parametrize("project", ["%F0%9F%98%80", "a" * 256, "a%00b", "a.b", "a%20b", "%0A"])
def test_what_can_be_no_project_has_no_menu(side: MenuSide, project: str) -> None:
    for method, behind, document in (
        ("GET", "", None),
        ("PUT", "/port", {"state": "available"}),
        ("DELETE", "/port", None),
    ):
        reply = side.ask(method, f"/package-menu/projects/{project}{behind}", document, who=ADMIN)
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (404, "package_menu.not_shown")
    assert side.ask("GET", "/package-menu/projects", who=ADMIN).json["projects"] == []


@pytest.mark.parametrize("who", [MEMBER, READER], ids=["member", "reader"])
def test_who_is_no_manager_says_nothing_for_his_project(side: MenuSide, who: Any) -> None:
    side.offer("web")
    assert put(side, "web", {"state": "default"}, who).status_int == 403
    assert side.ask("DELETE", f"{MENU}/web", who=who).status_int == 403
    assert state(side, "web") == "available"


def test_a_manager_chooses_among_what_is_available(side: MenuSide) -> None:
    side.offer("web")
    made = put(side, "web", {"state": "default"})
    assert (made.status_int, made.json["project_package"]["state"], made.json["project_package"]["on"]) == (
        200,
        "default",
        True,
    )
    assert put(side, "port", {"state": "default", "default": 8080}).json["project_package"]["default"] == 8080
    assert put(side, "web", {"state": "available"}).status_int == 200
    assert listed(side, MEMBER)["port"]["default_origin"] == "project"


def test_a_manager_neither_lifts_nor_imposes_and_learns_of_nothing(side: MenuSide) -> None:
    side.offer("web")
    for name in ("hidden", "nothing"):
        reply = put(side, name, {"state": "available"})
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (404, "package_menu.no_entry")
        assert reply.json["itemNotFound"]["message"] == f"There is no entry {name} on the menu."
    for reply in (put(side, "web", {"state": "unavailable"}), side.ask("DELETE", f"{MENU}/web", who=MANAGER)):
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "package_menu.no_right_to_state")
    assert (state(side, "web"), state(side, "hidden")) == ("available", "unavailable")


FLAVOUR = {"name": "flavour", "kind": "variable", "type": "choice", "enum": ["acme-prod", "acme-test"]}
CODE = {"name": "code", "kind": "variable", "type": "string", "pattern": "acme-[0-9]{4}", "required": True}
STACK = {"name": "stack", "kind": "bundle", "contents": {"packages": ["hidden"], "variables": {"code": "acme-0000"}}}
ASKED = [
    ("PUT", MENU, {"state": "default", "default": "x"}),
    ("PUT", MENU, {"state": "default", "default": ["x"]}),
    ("PUT", MENU, {"state": "default", "default": "acme-prod"}),
    ("PUT", MENU, {"state": "available", "default": 1}),
    ("PUT", MENU, {"state": "available"}),
    ("PUT", MENU, {"state": "unavailable"}),
    ("PUT", MENU, {"state": "nonsense"}),
    ("PUT", MENU, {"state": "default", "value": 1}),
    ("PUT", MENU, {}),
    ("PUT", MENU, []),
    ("DELETE", MENU, None),
    ("GET", "/package-menu", None),
    ("PATCH", "/package-menu", {"entry": {"title": "x"}}),
    ("DELETE", "/package-menu", None),
]
OF_SERVERS = [
    ("PUT", {"on": True}),
    ("PUT", {"on": False}),
    ("PUT", {"value": "x"}),
    ("PUT", {"value": "acme-0001"}),
    ("PUT", {"state": "available"}),
    ("PUT", {"on": True, "value": 1}),
    ("DELETE", None),
]


@pytest.mark.parametrize("name", ["hidden", "flavour", "code", "stack", "gone"])
@pytest.mark.parametrize("tag", [None, '"0.0"'], ids=["", "If-Match"])
def test_whatever_is_said_of_what_a_project_has_not_it_is_not_there(side: MenuSide, name: str, tag: str | None) -> None:
    side.publish(FLAVOUR, CODE, STACK, {"name": "gone", "kind": "package", "enabled": False, "on_by_default": True})
    server = side.booted()
    asked = [*ASKED, *((method, f"/servers/{server}/packages", document) for method, document in OF_SERVERS)]
    for method, path, document in asked:
        headers = {"If-Match": tag} if tag else {}
        there, nowhere = (
            side.ask(method, f"{path}/{one}", document, who=MANAGER, headers=headers) for one in (name, "nothing")
        )
        said = f"{method} {path} {document}: {there.text}"
        assert (there.status_int, there.text) == (nowhere.status_int, nowhere.text.replace("nothing", name)), said
    assert state(side, name) == "unavailable"
    reply = put(side, name, {"state": "nonsense"}, ADMIN)
    assert reply.status_int == 400, "an administrator is told what is wrong with it"


def test_a_manager_is_told_what_is_wrong_with_what_his_project_has(side: MenuSide) -> None:
    side.publish(FLAVOUR)
    side.offer("flavour")
    reply = put(side, "flavour", {"state": "default", "default": "x"})
    assert (reply.status_int, "acme-prod" in reply.text) == (400, True)


def test_an_administrator_lifts_and_takes_away(side: MenuSide) -> None:
    assert put(side, "hidden", {"state": "available"}, ADMIN).status_int == 200
    assert put(side, "hidden", {"state": "unavailable"}, ADMIN).status_int == 200
    assert put(side, "port", {"state": "unavailable"}, ADMIN).status_int == 200
    assert side.ask("DELETE", f"{MENU}/port", who=ADMIN).status_int == 204
    assert (state(side, "hidden"), state(side, "port")) == ("unavailable", "default")
    assert [one["project_id"] for one in side.ask("GET", "/package-menu/projects", who=ADMIN).json["projects"]] == [
        "alice-project"
    ]


@pytest.mark.parametrize(
    ("name", "document", "code"),
    [
        ("web", {"state": "on"}, "bad_state"),
        ("web", {}, "bad_state"),
        ("web", {"state": ["default"]}, "bad_state"),
        ("web", {"state": "default", "default": 1}, "no_variable"),
        ("port", {"state": "default", "default": "eighty"}, "bad_value"),
        ("port", {"state": "available", "default": 81}, "no_variable"),
    ],
)
def test_what_cannot_be_said_is_refused(side: MenuSide, name: str, document: Any, code: str) -> None:
    side.offer("web")
    before = side.books.menu.of_project("alice-project").menu.states
    reply = put(side, name, document, ADMIN)
    assert reply.status_int == 400
    assert [one["code"] for one in reply.json["badRequest"]["glance_related_problems"]] == [f"package_menu.{code}"]
    assert side.books.menu.of_project("alice-project").menu.states == before


@pytest.mark.parametrize("document", [[], "default", {"state": "default", "value": 1}])
def test_a_body_that_is_none_is_refused(side: MenuSide, document: Any) -> None:
    reply = put(side, "port", document, ADMIN)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.bad_body")


def test_saying_the_same_again_changes_nothing(side: MenuSide) -> None:
    side.offer("web")
    first = put(side, "port", {"state": "default", "default": 8080})
    again = put(side, "port", {"state": "default", "default": 8080})
    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])


def test_two_who_edit_one_menu_do_not_overwrite_each_other(side: MenuSide) -> None:
    side.offer("web")
    tag = side.ask("GET", MENU, who=MANAGER).headers["ETag"]
    assert put(side, "port", {"state": "default", "default": 1}, headers={"If-Match": tag}).status_int == 200
    late = put(side, "port", {"state": "default", "default": 2}, headers={"If-Match": tag})
    assert (late.status_int, late.headers["X-Glance-Related-Code"]) == (412, "package_menu.stale")
    assert listed(side, MANAGER)["port"]["default"] == 1
    tag = side.ask("GET", MENU, who=MANAGER).headers["ETag"]
    assert side.ask("GET", MENU, who=MANAGER, headers={"If-None-Match": tag}).status_int == 304


def test_a_changed_default_reaches_the_servers_that_did_not_deviate(side: MenuSide) -> None:
    side.offer("web", state="default")
    plain, own = side.booted(), side.booted(package_variables={"port": 8080})
    without = side.booted(packages={"web": False})
    side.deliver()
    assert side.delivered(plain)["variables"] == {"port": 80}
    put(side, "port", {"state": "default", "default": 81})
    side.deliver()
    assert side.delivered(plain)["variables"] == {"port": 81}
    assert side.delivered(own)["variables"] == {"port": 8080}
    assert (side.delivered(without)["packages"], side.delivered(without)["variables"]) == ({}, {})
    put(side, "web", {"state": "available"})
    side.deliver()
    assert side.delivered(plain)["packages"] == {}
    (delivery,) = side.settings(plain)["deliveries"]
    assert delivery["is_current"]
    assert side.delivered(side.booted(who=BOB)) is None


def test_a_changed_default_reaches_the_servers_that_turned_its_package_on_themselves(side: MenuSide) -> None:
    side.publish({"name": "stack", "kind": "bundle", "contents": {"packages": ["hidden"], "variables": {}}})
    side.offer("web", "stack")
    own, through = side.booted(packages=["web"]), side.booted(packages=["stack"])
    side.deliver()
    assert (side.delivered(own)["variables"], side.delivered(through)["packages"]) == ({"port": 80}, {})
    put(side, "port", {"state": "default", "default": 8080})
    side.offer("hidden")
    side.deliver()
    assert side.delivered(own)["variables"] == side.settings(own)["package_variables"] == {"port": 8080}
    assert (list(side.delivered(through)["packages"]), side.settings(through)["packages"]) == (["hidden"], ["hidden"])
    assert all(side.settings(one)["deliveries"][0]["is_current"] for one in (own, through))


def test_a_server_that_chose_what_its_project_has_has_what_its_project_will_have(side: MenuSide) -> None:
    side.offer("web", state="default")
    server = side.booted(packages=["web"], package_variables={"port": 80})
    kept = side.kept(server)
    assert kept is not None
    assert kept.choices == {}
    put(side, "port", {"state": "default", "default": 81})
    assert side.settings(server)["package_variables"] == {"port": 81}


def test_what_is_taken_away_has_no_effect_and_is_told(side: MenuSide) -> None:
    side.offer("web")
    server = side.booted(packages=["web"], package_variables={"port": 81})
    put(side, "web", {"state": "unavailable"}, ADMIN)
    shown = side.settings(server)
    assert (shown["packages"], shown["package_variables"]) == ([], {})
    assert [(one["name"], one["code"]) for one in shown["problems"]] == [("web", "package_menu.unavailable")]
    side.deliver()
    assert side.delivered(server)["packages"] == {}
    side.offer("web")
    assert side.settings(server)["packages"] == ["web"], "a choice that was made is kept"


def test_with_the_database_down_a_projects_menu_says_so(side: MenuSide) -> None:
    lose_database(side)
    replies = [
        side.ask("GET", MENU),
        put(side, "port", {"state": "default"}),
        side.ask("DELETE", f"{MENU}/port", who=ADMIN),
    ]
    assert [reply.status_int for reply in replies] == [503] * 3
