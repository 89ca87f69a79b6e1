"""The cloud's menu: published, changed, taken off, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.filters.conftest import ADMIN, MEMBER
from tests.filters.menu_side import BOB, MANAGER, MenuSide, lose_database, make

WEB = {"name": "web", "kind": "package", "title": "Web server", "category": "http"}
PORT = {"name": "port", "kind": "variable", "type": "integer", "default": 80, "packages": ["web"]}
WORD = {"name": "word", "kind": "variable", "type": "secret", "default": "hush-hush"}


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    return make(tmp_path)


def post(side: MenuSide, document: Any, **extra: Any) -> Any:
    return side.ask("POST", "/package-menu", document, who=extra.pop("who", ADMIN), **extra)


def names(reply: Any) -> list[str]:
    return [entry["name"] for entry in reply.json["package_menu"]]


@pytest.mark.parametrize("prefix", ["", "/alice-project"])
def test_an_entry_is_published_shown_changed_and_removed(side: MenuSide, prefix: str) -> None:
    made = side.ask("POST", f"{prefix}/package-menu", {"entry": WEB}, who=ADMIN)
    assert made.status_int == 201
    assert made.json["entry"] | WEB == made.json["entry"]
    shown = side.ask("GET", f"{prefix}/package-menu/web", who=ADMIN)
    assert (shown.json, shown.headers["ETag"]) == (made.json, made.headers["ETag"])
    changed = side.ask("PATCH", f"{prefix}/package-menu/web", {"entry": {"title": "Web", "category": None}}, who=ADMIN)
    assert changed.status_int == 200
    assert (changed.json["entry"]["title"], changed.json["entry"]["category"]) == ("Web", "")
    assert changed.headers["ETag"] != made.headers["ETag"]
    assert side.ask("DELETE", f"{prefix}/package-menu/web", who=ADMIN).status_int == 204
    gone = side.ask("GET", f"{prefix}/package-menu/web", who=ADMIN)
    assert (gone.status_int, gone.headers["X-Glance-Related-Code"]) == (404, "package_menu.no_entry")
    assert side.nova.posted == [], "Nova is asked nothing"


@pytest.mark.parametrize("who", [MEMBER, MANAGER, BOB], ids=["member", "manager", "another"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/package-menu"),
        ("POST", "/package-menu"),
        ("GET", "/package-menu/web"),
        ("PATCH", "/package-menu/web"),
        ("DELETE", "/package-menu/web"),
        ("GET", "/package-menu/web/servers"),
        ("GET", "/package-menu/projects"),
    ],
)
def test_who_is_no_administrator_neither_sees_nor_changes_the_clouds_menu(
    side: MenuSide, who: Any, method: str, path: str
) -> None:
    side.publish(WEB)
    reply = side.ask(method, path, {"entry": PORT} if method in ("POST", "PATCH") else None, who=who)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "glance_related.forbidden")
    assert "Web server" not in reply.text
    assert set(side.books.menu.of_project("").menu.menu.entries) == {"web"}


def test_everything_that_is_wrong_with_an_entry_is_told_at_once(side: MenuSide) -> None:
    reply = post(side, {"entry": {**PORT, "packages": ["nothing"], "min": 3, "max": 1, "pattern": "("}})
    assert reply.status_int == 400
    fault = reply.json["badRequest"]
    assert fault["glance_related_code"] == "package_menu.bad_entries"
    assert len(fault["glance_related_problems"]) >= 3
    assert {one["name"] for one in fault["glance_related_problems"]} == {"port"}
    assert side.books.menu.of_project("").menu.menu.entries == {}


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        1,
        {"entry": WEB, "more": 1},
        {"entry": WEB, "entries": []},
        {"entries": {}},
        {"entries": [], "dry_run": 1},
    ],
)
def test_what_is_no_entry_is_refused(side: MenuSide, document: Any) -> None:
    reply = post(side, document)
    assert (reply.status_int, reply.json["badRequest"]["glance_related_code"]) == (400, "package_menu.bad_body")


@pytest.mark.parametrize("document", [{"entry": None}, {"entry": 5}, {"entry": []}, {"entries": [None, 5, []]}])
def test_an_entry_that_is_no_object_is_told_to_be_none(side: MenuSide, document: Any) -> None:
    reply = post(side, document)
    assert (reply.status_int, reply.json["badRequest"]["glance_related_code"]) == (400, "package_menu.bad_entries")


def test_an_entry_of_a_name_that_is_there_is_not_published_again(side: MenuSide) -> None:
    side.publish(WEB)
    reply = post(side, {"entry": {**WEB, "title": "other"}})
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (409, "package_menu.exists")
    assert side.books.menu.of_project("").menu.menu.entries["web"].title == "Web server"


def test_two_who_edit_one_entry_do_not_overwrite_each_other(side: MenuSide) -> None:
    side.publish(WEB)
    tag = side.ask("GET", "/package-menu/web", who=ADMIN).headers["ETag"]
    assert side.ask("PATCH", "/package-menu/web", {"entry": {"title": "1"}}, who=ADMIN).status_int == 200
    for method, document in (("PATCH", {"entry": {"title": "2"}}), ("DELETE", None)):
        reply = side.ask(method, "/package-menu/web", document, who=ADMIN, headers={"If-Match": tag})
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (412, "package_menu.stale")
    shown = side.ask("GET", "/package-menu/web", who=ADMIN)
    assert shown.json["entry"]["title"] == "1"
    headers = {"If-Match": shown.headers["ETag"]}
    assert side.ask("DELETE", "/package-menu/web", who=ADMIN, headers=headers).status_int == 204


def test_who_has_the_menu_already_is_not_sent_it_again(side: MenuSide) -> None:
    side.publish(WEB)
    for path in ("/package-menu", "/package-menu/web"):
        tag = side.ask("GET", path, who=ADMIN).headers["ETag"]
        again = side.ask("GET", path, who=ADMIN, headers={"If-None-Match": tag})
        assert (again.status_int, again.body) == (304, b"")


def test_a_secret_is_never_shown(side: MenuSide) -> None:
    side.publish(WORD)
    replies = [
        side.ask("GET", "/package-menu", who=ADMIN),
        side.ask("GET", "/package-menu/word", who=ADMIN),
        side.ask("PATCH", "/package-menu/word", {"entry": {"title": "Word"}}, who=ADMIN),
        post(side, {"entries": [{**WORD, "default": "other-secret"}], "dry_run": True}),
        post(side, {"entries": [{**WORD, "default": "other-secret"}]}),
        side.ask(
            "PUT", "/package-menu/projects/alice-project/word", {"state": "default", "default": "mine"}, who=ADMIN
        ),
        side.ask("GET", "/package-menu/projects/alice-project", who=ADMIN),
    ]
    assert [reply.status_int for reply in replies] == [200] * len(replies)
    for secret in ("hush-hush", "other-secret", "mine"):
        assert all(secret not in reply.text for reply in replies)
    database = Path(side.suite.database.engine.url.database or "").read_bytes()
    assert not any(secret in database for secret in (b"hush-hush", b"other-secret", b"mine"))


def test_a_secret_that_is_not_spoken_of_stays(side: MenuSide) -> None:
    side.publish(WORD)
    before = side.books.menu.of_project("").menu.menu.entries["word"].default
    side.ask("PATCH", "/package-menu/word", {"entry": {"title": "Word"}}, who=ADMIN)
    assert side.books.menu.of_project("").menu.menu.entries["word"].default == before
    assert side.suite.keys.open(before.token) == "hush-hush"


def test_without_keys_no_secret_is_taken(tmp_path: Path) -> None:
    side = make(tmp_path, "[keys]\nfolder = \n")
    reply = post(side, {"entry": WORD})
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "package_menu.no_secrets")
    assert post(side, {"entry": {**WORD, "default": None}}).status_int == 201
    assert post(side, {"entry": WEB}).status_int == 201


def test_the_menu_is_listed_in_pages_and_filtered(side: MenuSide) -> None:
    side.publish(
        *({"name": f"p{number}", "kind": "package", "category": "x" if number % 2 else "y"} for number in range(7)),
        {**PORT, "packages": [], "title": "Where it listens"},
        {"name": "off", "kind": "package", "enabled": False},
    )
    seen, path = [], "/package-menu?limit=3&kind=package&enabled=true"
    while path:
        reply = side.ask("GET", path, who=ADMIN)
        assert len(names(reply)) <= 3
        seen += names(reply)
        links = reply.json.get("package_menu_links", [{}])
        path = links[0].get("href")
        assert path is None or ("kind=package" in path and "limit=3" in path)
    assert seen == [f"p{number}" for number in range(7)]
    assert names(side.ask("GET", "/package-menu?category=x", who=ADMIN)) == ["p1", "p3", "p5"]
    assert names(side.ask("GET", "/package-menu?q=LISTENS", who=ADMIN)) == ["port"]
    assert names(side.ask("GET", "/package-menu?enabled=no", who=ADMIN)) == ["off"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=-1", "colour=red", "kind=thing", "enabled=perhaps", "%ff=1"]
)
def test_a_query_that_is_none_is_refused(side: MenuSide, query: str) -> None:
    side.publish(WEB)
    reply = side.ask("GET", f"/package-menu?{query}", who=ADMIN)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.bad_query")


# -- a file


def test_a_file_is_tried_out_and_its_difference_told(side: MenuSide) -> None:
    side.publish(WEB, {**PORT, "default": 81})
    entries = [
        WEB,
        PORT,
        {"name": "new", "kind": "bundle", "contents": {"packages": ["web"], "variables": {"port": 8}}},
    ]
    for dry_run in (True, False):
        reply = post(side, {"entries": entries, "dry_run": dry_run})
        assert reply.status_int == 200
        assert reply.json == {
            "created": ["new"],
            "changed": [{"name": "port", "fields": {"default": [81, 80]}}],
            "unchanged": ["web"],
            "removed": [],
        }
    again = post(side, {"entries": entries})
    assert (again.json["created"], again.json["changed"]) == ([], [])
    assert again.headers["ETag"] == side.ask("GET", "/package-menu", who=ADMIN).headers["ETag"], "nothing was changed"


def test_a_file_with_mistakes_changes_nothing_and_all_of_them_are_told(side: MenuSide) -> None:
    entries = [
        WEB,
        {"name": "bad name", "kind": "package"},
        {**PORT, "default": "x"},
        WEB,
        {"name": "x", "kind": "thing"},
    ]
    reply = post(side, {"entries": entries})
    problems = reply.json["badRequest"]["glance_related_problems"]
    assert {one["name"] for one in problems} == {"bad name", "port", "web", "x"}
    assert side.books.menu.of_project("").menu.menu.entries == {}


def test_what_is_not_in_a_file_goes_where_that_is_asked_for(side: MenuSide) -> None:
    side.publish(WEB, PORT)
    reply = post(side, {"entries": [{**PORT, "packages": []}], "remove_others": True})
    assert reply.json["removed"] == ["web"]
    assert names(side.ask("GET", "/package-menu", who=ADMIN)) == ["port"]


def test_no_more_entries_are_taken_than_there_is_room_for(tmp_path: Path) -> None:
    side = make(tmp_path, "[package_menu]\nmax_entries = 2\n")
    side.publish(WEB, PORT)
    for document in ({"entry": WORD}, {"entries": [WORD]}):
        reply = post(side, document)
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.too_many")
    assert post(side, {"entries": [PORT, WEB]}).status_int == 200


def test_a_file_that_is_too_long_is_not_looked_through(tmp_path: Path) -> None:
    side = make(tmp_path, "[package_menu]\nmax_entries = 2\n")
    reply = post(side, {"entries": [{"name": "no name", "kind": "thing"}] * 3})
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.too_many")
    assert "room for 2 entries" in reply.json["badRequest"]["message"]


def test_a_full_menu_is_replaced_by_a_file_that_has_room(tmp_path: Path) -> None:
    side = make(tmp_path, "[package_menu]\nmax_entries = 2\n")
    side.publish(WEB, PORT)
    others = [{"name": "one", "kind": "package"}, {"name": "two", "kind": "package"}]
    assert post(side, {"entries": others}).headers["X-Glance-Related-Code"] == "package_menu.too_many"
    reply = post(side, {"entries": others, "remove_others": True})
    assert (reply.status_int, reply.json["removed"]) == (200, ["port", "web"])
    assert names(side.ask("GET", "/package-menu", who=ADMIN)) == ["one", "two"]


# -- in use


def test_what_is_in_use_goes_only_where_that_is_insisted_on(side: MenuSide) -> None:
    side.publish(WEB, PORT)
    side.offer("web")
    server = side.booted(packages=["web"])
    reply = side.ask("DELETE", "/package-menu/web", who=ADMIN)
    assert reply.status_int == 409
    message = reply.json["conflictingRequest"]["message"]
    assert "in use by entry port, 1 project, 1 server; with ?force=true" in message
    assert side.ask("DELETE", "/package-menu/web?force=maybe", who=ADMIN).status_int == 400
    assert side.ask("DELETE", "/package-menu/web?force=true", who=ADMIN).status_int == 204
    side.deliver()
    assert side.delivered(server)["packages"] == {}
    assert side.settings(server)["packages"] == []


def test_what_several_use_is_told_as_several(side: MenuSide) -> None:
    side.publish(WEB, PORT, {**PORT, "name": "port2"})
    side.offer("web")
    side.offer("web", project="bob-project")
    side.booted(packages=["web"])
    side.booted(packages=["web"], who=BOB)
    message = side.ask("DELETE", "/package-menu/web", who=ADMIN).json["conflictingRequest"]["message"]
    assert "in use by entries port, port2, 2 projects, 2 servers; with" in message


def test_a_new_entry_of_an_old_name_is_nobodys(side: MenuSide) -> None:
    side.publish(WEB)
    side.offer("web")
    server = side.booted(packages=["web"])
    side.ask("DELETE", "/package-menu/web?force=true", who=ADMIN)
    side.publish(WEB)
    assert side.settings(server)["packages"] == []
    side.offer("web")
    assert side.settings(server)["packages"] == []
    assert side.ask("GET", "/package-menu/projects/bob-project", who=BOB).json["project_packages"] == []


def test_who_has_an_entry_is_told_in_pages(side: MenuSide) -> None:
    side.publish({**WEB, "on_by_default": True}, {**PORT, "on_by_default": True})
    mine = [side.booted(packages=["web"]) for _ in range(3)]
    without = side.booted(packages={"web": False})
    bobs = side.booted(who=BOB, package_variables={"port": 81})
    seen, path = [], "/package-menu/web/servers?limit=2"
    while path:
        reply = side.ask("GET", path, who=ADMIN)
        seen += reply.json["servers"]
        path = reply.json.get("servers_links", [{}])[0].get("href")
    assert {one["id"] for one in seen} == {*mine, bobs}
    assert {one["origin"] for one in seen} == {"global"}
    of_bob = side.ask("GET", "/package-menu/port/servers?project_id=bob-project", who=ADMIN).json["servers"]
    assert [(one["id"], one["origin"]) for one in of_bob] == [(bobs, "instance")]
    assert without not in {one["id"] for one in seen}


def test_with_the_database_down_the_menu_says_so(side: MenuSide) -> None:
    side.publish(WEB)
    lose_database(side)
    for method, path, document in (
        ("GET", "/package-menu", None),
        ("GET", "/package-menu/web", None),
        ("POST", "/package-menu", {"entry": PORT}),
        ("POST", "/package-menu", {"entries": [PORT]}),
        ("PATCH", "/package-menu/web", {"entry": {"title": "x"}}),
        ("DELETE", "/package-menu/web", None),
        ("GET", "/package-menu/web/servers", None),
        ("GET", "/package-menu/projects", None),
    ):
        reply = side.ask(method, path, document, who=ADMIN)
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "glance_related.database_down")
