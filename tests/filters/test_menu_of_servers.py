"""What one server has: shown to whoever sees it, changed by whoever may, and handed over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from glance_related.db.database import DatabaseDown
from tests.filters.conftest import ADMIN, MEMBER
from tests.filters.menu_side import BOB, MANAGER, READER, MenuSide, lose_database, make

WEB = {"name": "web", "kind": "package", "title": "Web server", "category": "http"}
LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
PORT = {
    "name": "port", "kind": "variable", "type": "integer", "default": 80, "min": 1, "max": 65535, "packages": ["web"],
    "on_by_default": True,
}  # fmt: skip
WORD = {"name": "word", "kind": "variable", "type": "secret", "on_by_default": True}
CERT = {
    "name": "cert",
    "kind": "variable",
    "type": "text",
    "required": True,
    "packages": ["tls"],
    "on_by_default": True,
}
TLS = {"name": "tls", "kind": "package"}
BOTH = {
    "name": "both",
    "kind": "bundle",
    "contents": {"packages": ["web", "tls"], "variables": {"port": 443, "cert": "c"}},
}


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.nova.is_discreet = True
    made.publish(WEB, LOGS, PORT, WORD, TLS, CERT, BOTH)
    made.offer("web", "tls", "both")
    return made


def put(side: MenuSide, server: str, document: Any, name: str = "", **extra: Any) -> Any:
    return side.ask("PUT", f"/servers/{server}/packages{name and '/' + name}", document, **extra)


def entries(shown: Any) -> dict[str, Any]:
    return {entry["name"]: entry for entry in shown["entries"]}


def test_a_server_is_shown_with_whose_word_each_thing_is(side: MenuSide) -> None:
    server = side.booted(packages=["both"])
    shown = side.settings(server)
    assert shown["packages"] == ["logs", "tls", "web"]
    assert shown["package_variables"] == {"cert": "c", "port": 443}
    told = {name: (one["origin"], one["through"]) for name, one in entries(shown).items()}
    assert told["logs"] == ("global", None)
    assert told["web"] == ("instance", "both")
    assert told["port"] == ("instance", "both")
    assert entries(shown)["both"]["chosen"] is True
    assert entries(shown)["web"]["chosen"] is None


@pytest.mark.parametrize("who", [READER, MEMBER, MANAGER, ADMIN], ids=["reader", "member", "manager", "admin"])
def test_whoever_sees_the_server_sees_its_settings(side: MenuSide, who: Any) -> None:
    assert side.settings(side.booted(), who=who)["packages"] == ["logs"]


@pytest.mark.parametrize(
    ("method", "behind"), [("GET", ""), ("PUT", ""), ("PUT", "/web"), ("DELETE", "/web"), ("GET", "/history")]
)
def test_to_whom_nova_does_not_show_it_the_server_is_not_there(side: MenuSide, method: str, behind: str) -> None:
    server = side.booted(packages=["web"])
    document = {"on": False} if behind == "/web" else {}
    reply = side.ask(method, f"/servers/{server}/packages{behind}", document if method == "PUT" else None, who=BOB)
    assert reply.status_int == 404
    assert "X-Glance-Related-Code" not in reply.headers, "it is Nova's own answer"
    assert side.settings(server)["packages"] == ["logs", "web"]


def test_who_only_reads_changes_nothing(side: MenuSide) -> None:
    server = side.booted()
    for reply in (
        put(side, server, {"packages": ["web"]}, who=READER),
        put(side, server, {"on": True}, "web", who=READER),
        side.ask("DELETE", f"/servers/{server}/packages/web", who=READER),
    ):
        assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "glance_related.forbidden")
    assert side.settings(server)["packages"] == ["logs"]


def test_a_locked_server_is_an_administrators(side: MenuSide) -> None:
    server = side.booted()
    side.nova.servers[server].is_locked = True
    reply = put(side, server, {"on": True}, "web")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "package_menu.locked")
    assert put(side, server, {"on": True}, "web", who=ADMIN).status_int == 200
    assert side.settings(server)["packages"] == ["logs", "web"]


def test_one_thing_after_the_other_is_changed_and_handed_over(side: MenuSide) -> None:
    server = side.booted()
    for name, document in (
        ("web", {"on": True}),
        ("port", {"value": 8080}),
        ("word", {"value": "hush"}),
        ("logs", {"on": False}),
    ):
        assert put(side, server, document, name).status_int == 200
    side.deliver()
    assert side.delivered(server)["packages"] == {"web": "web"}
    assert side.delivered(server)["variables"] == {"port": 8080, "word": "hush"}
    for name in ("web", "port", "word", "logs"):
        assert side.ask("DELETE", f"/servers/{server}/packages/{name}").status_int == 200
    side.deliver()
    assert (side.delivered(server)["packages"], side.delivered(server)["variables"]) == ({"logs": "logs"}, {})
    kept = side.kept(server)
    assert kept is not None
    assert kept.choices == {}


def test_all_of_it_is_replaced_at_once(side: MenuSide) -> None:
    server = side.booted(packages=["web"], package_variables={"port": 81})
    reply = put(side, server, {"packages": {"tls": True, "logs": False}, "package_variables": {"cert": "pem"}})
    assert reply.status_int == 200
    assert reply.json["server_packages"]["packages"] == ["tls"]
    side.deliver()
    assert side.delivered(server)["variables"] == {"cert": "pem"}
    assert put(side, server, {}).json["server_packages"]["packages"] == ["logs"]


def test_the_same_again_changes_nothing(side: MenuSide) -> None:
    server = side.booted()
    first = put(side, server, {"packages": ["web"], "package_variables": {"port": 81}})
    again = put(side, server, {"packages": ["web"], "package_variables": {"port": 81}})
    assert first.headers["ETag"] == again.headers["ETag"]
    assert len(side.ask("GET", f"/servers/{server}/packages/history").json["history"]) == 1


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_changed(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    wrong = {
        "packages": {"nothing": True, "port": True, "tls": True},
        "package_variables": {"logs": "x", "port": 0, "word": ""},
    }
    wrong["packages"].pop("port")
    reply = put(side, server, wrong)
    assert reply.status_int == 400
    found = {(one["name"], one["code"]) for one in reply.json["badRequest"]["glance_related_problems"]}
    assert found == {
        ("nothing", "package_menu.unknown"),
        ("logs", "package_menu.no_variable"),
        ("port", "package_menu.bad_value"),
        ("word", "package_menu.bad_value"),
    }
    assert side.settings(server)["packages"] == ["logs", "web"]


def test_of_very_many_mistakes_the_first_thousand_are_told_one_by_one(side: MenuSide) -> None:
    reply = put(side, side.booted(), {"packages": {f"p{number}": True for number in range(5000)}})
    fault = reply.json["badRequest"]
    assert (reply.status_int, len(fault["glance_related_problems"])) == (400, 1000)
    assert "and 4980 more" in fault["message"]


def test_a_package_whose_variable_must_have_a_value_is_not_turned_on_without(side: MenuSide) -> None:
    server = side.booted()
    reply = put(side, server, {"on": True}, "tls")
    assert [one["code"] for one in reply.json["badRequest"]["glance_related_problems"]] == ["package_menu.required"]
    assert put(side, server, {"packages": ["tls"], "package_variables": {"cert": "pem"}}).status_int == 200


@pytest.mark.parametrize(
    "document",
    [
        {"packages": "web"}, {"packages": [1]}, {"packages": {"web": 1}}, {"packages": {"web": None}},
        {"package_variables": ["port"]}, {"package_variables": "port"},
    ],
)  # fmt: skip
def test_what_is_not_written_as_settings_is_refused(side: MenuSide, document: Any) -> None:
    reply = put(side, side.booted(), document)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.not_settings")


@pytest.mark.parametrize("document", [{}, {"on": 1}, {"on": True, "value": 1}, {"value": None}, {"state": "on"}])
def test_what_is_no_choice_is_refused(side: MenuSide, document: Any) -> None:
    reply = put(side, side.booted(), document, "web")
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.refused")


def test_two_who_edit_one_server_do_not_overwrite_each_other(side: MenuSide) -> None:
    server = side.booted()
    tag = side.ask("GET", f"/servers/{server}/packages").headers["ETag"]
    assert put(side, server, {"on": True}, "web", headers={"If-Match": tag}).status_int == 200
    late = put(side, server, {"packages": {"logs": False}}, headers={"If-Match": tag})
    assert (late.status_int, late.headers["X-Glance-Related-Code"]) == (412, "package_menu.stale")
    assert side.settings(server)["packages"] == ["logs", "web"]


def test_many_who_change_one_server_at_once_all_get_their_will(side: MenuSide) -> None:
    server = side.booted()
    side.publish(*({"name": f"p{number}", "kind": "package", "on_by_default": True} for number in range(6)))
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda number: put(side, server, {"on": False}, f"p{number}"), range(6)))
    assert [reply.status_int for reply in replies] == [200] * 6
    assert side.settings(server)["packages"] == ["logs"]


# -- secrets


def test_a_secret_is_handed_over_and_shown_to_nobody(side: MenuSide, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    server = side.booted(package_variables={"word": "hush-hush"})
    replies = [
        side.ask("GET", f"/servers/{server}"),
        side.ask("GET", f"/servers/{server}/packages"),
        side.ask("GET", f"/servers/{server}/packages/history"),
        put(side, server, {"value": "other-hush"}, "word"),
        put(side, server, {"value": "bad\x00hush"}, "word"),
    ]
    side.deliver()
    replies.append(side.ask("GET", f"/servers/{server}/packages"))
    assert side.delivered(server)["variables"]["word"] == "other-hush"
    assert all("hush" not in reply.text for reply in replies)
    assert entries(replies[-1].json["server_packages"])["word"]["has_value"] is True
    database = Path(side.suite.database.engine.url.database or "").read_bytes()
    assert b"hush" not in database
    assert "hush" not in caplog.text


def test_a_secret_that_is_sent_back_as_it_is_shown_stays(side: MenuSide) -> None:
    server = side.booted(package_variables={"word": "hush"})
    shown = side.settings(server)
    reply = put(side, server, {"packages": shown["packages"], "package_variables": shown["package_variables"]})
    assert reply.status_int == 200
    side.deliver()
    assert side.delivered(server)["variables"]["word"] == "hush"
    put(side, server, {"packages": [], "package_variables": {}})
    side.deliver()
    assert "word" not in side.delivered(server)["variables"]


# -- copies, states, history


def test_another_servers_settings_are_copied_with_its_secrets(side: MenuSide) -> None:
    source = side.booted(packages=["web"], package_variables={"port": 81, "word": "hush"})
    target = side.booted(packages=["tls"], package_variables={"cert": "pem"})
    assert put(side, target, {"copy_from": source}).status_int == 200
    side.deliver()
    assert side.delivered(target)["packages"] == {"logs": "logs", "web": "web"}
    assert side.delivered(target)["variables"] == {"port": 81, "word": "hush"}


def test_what_one_does_not_see_or_may_not_change_is_not_copied(side: MenuSide) -> None:
    side.offer("web", project="bob-project")
    bobs = side.booted(who=BOB, packages=["web"], package_variables={"word": "bobs-secret"})
    mine = side.booted()
    for other in (bobs, "../servers", "0a1b2c3d-1111-4222-8333-444455556666", 5, None):
        reply = put(side, mine, {"copy_from": other})
        assert reply.status_int in (400, 404)
        assert "bobs" not in reply.text
    assert put(side, mine, {"copy_from": bobs, "packages": []}).status_int == 400
    assert side.settings(mine)["packages"] == ["logs"]


def test_an_administrator_says_of_one_server_what_its_project_does_not(side: MenuSide) -> None:
    side.publish({"name": "rare", "kind": "package"})
    server, other = side.booted(), side.booted()
    assert put(side, server, {"on": True}, "rare").status_int == 400
    assert put(side, server, {"state": "available"}, "rare").status_int == 403
    assert put(side, server, {"state": "available"}, "rare", who=ADMIN).status_int == 200
    assert put(side, server, {"on": True}, "rare").status_int == 200
    assert put(side, other, {"on": True}, "rare").status_int == 400
    assert "rare" in side.settings(server)["packages"]
    assert put(side, server, {"packages": ["web"]}).status_int == 200
    assert entries(side.settings(server))["rare"]["state"] == "available", "a customer does not take it away"
    assert put(side, server, {"state": "default"}, "rare", who=ADMIN).json["server_packages"]["packages"] == [
        "logs", "rare", "web",
    ]  # fmt: skip
    assert put(side, server, {"state": "unavailable"}, "web", who=ADMIN).status_int == 200
    assert "web" not in side.settings(server)["packages"]
    assert put(side, server, {"state": None}, "web", who=ADMIN).status_int == 200
    assert "web" in side.settings(server)["packages"]
    assert side.ask("DELETE", f"/servers/{server}/packages/rare").status_int == 403
    assert side.ask("DELETE", f"/servers/{server}/packages/rare", who=ADMIN).status_int == 200
    assert "rare" not in entries(side.settings(server))


def test_history_says_who_changed_what_the_last_first_in_pages(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    put(side, server, {"value": 81}, "port", who=MANAGER)
    put(side, server, {"value": "hush"}, "word", who=ADMIN)
    seen, path = [], f"/servers/{server}/packages/history?limit=2"
    while path:
        reply = side.ask("GET", path)
        seen += reply.json["history"]
        path = reply.json.get("history_links", [{}])[0].get("href")
    assert [(one["user_id"], one["changes"]) for one in seen] == [
        ("admin", [{"name": "word", "before": None, "after": {"value": "***"}}]),
        ("mallory", [{"name": "port", "before": None, "after": {"value": 81}}]),
        ("alice", [{"name": "web", "before": None, "after": {"on": True}}]),
    ]
    assert [one["generation"] for one in seen] == [3, 2, 1]


def test_the_list_of_a_servers_settings_is_filtered_and_paged(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    every = {"both", "cert", "logs", "port", "tls", "web", "word"}
    assert set(entries(side.settings(server))) == every

    def ask(query: str) -> list[str]:
        reply = side.ask("GET", f"/servers/{server}/packages?{query}")
        return [entry["name"] for entry in reply.json["server_packages"]["entries"]]

    assert ask("on=true") == ["logs", "port", "web"]
    assert ask("kind=variable&on=1") == ["port"]
    assert ask("category=http") == ["web"]
    assert ask("limit=2") == ["both", "cert"]
    assert ask("limit=2&marker=cert") == ["logs", "port"]


# -- deliveries


def test_how_far_it_has_come_is_told(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    (waiting,) = side.settings(server)["deliveries"]
    assert (waiting["state"], waiting["is_current"], waiting["applied"]) == ("pending", False, None)
    side.deliver()
    (arrived,) = side.settings(server)["deliveries"]
    assert (arrived["state"], arrived["is_current"]) == ("delivered", True)
    assert arrived["applied"] == {"packages": ["logs", "web"], "variables": {"port": 80}}
    put(side, server, {"on": False}, "web")
    (stale,) = side.settings(server)["deliveries"]
    assert (stale["state"], stale["is_current"]) == ("pending", False)
    assert stale["applied"]["packages"] == ["logs", "web"]
    assert stale["desired_generation"] == stale["applied_generation"] + 1


def test_what_a_driver_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    side = make(tmp_path, "[package_menu_file]\nformat = chef-json\n")
    side.publish({"name": "run_list", "kind": "variable", "type": "string", "on_by_default": True})
    server = side.booted(package_variables={"run_list": "x"})
    side.deliver()
    (delivery,) = side.settings(server)["deliveries"]
    assert delivery["state"] == "failed"
    assert "means something else to Chef" in delivery["message"]


# -- bounds and failures


def test_a_server_has_no_more_of_its_own_than_it_may(tmp_path: Path) -> None:
    side = make(tmp_path, "[package_menu]\nmax_settings_bytes = 2000\n")
    side.publish({"name": "motd", "kind": "variable", "type": "text", "on_by_default": True})
    reply = side.boot(package_variables={"motd": "x" * 3000})
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.too_large")
    assert side.nova.posted == []
    server = side.booted(package_variables={"motd": "x" * 1000})
    assert put(side, server, {"value": "y" * 3000}, "motd").status_int == 400


@pytest.mark.parametrize("server", ["nothing", "..", "%2e%2e", "0a1b2c3d-1111-4222-8333-444455556666", "a" * 300])
def test_what_is_no_server_is_none(side: MenuSide, server: str) -> None:
    assert side.ask("GET", f"/servers/{server}/packages").status_int == 404
    assert put(side, server, {"packages": []}).status_int == 404


def test_a_server_in_upper_case_is_the_same(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    assert side.settings(server.upper())["packages"] == ["logs", "web"]


def test_with_the_database_down_settings_say_so_and_the_server_is_shown_without(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    lose_database(side)
    assert side.ask("GET", f"/servers/{server}/packages").status_int == 503
    assert put(side, server, {"on": False}, "web").status_int == 503
    assert side.ask("DELETE", f"/servers/{server}/packages/web").status_int == 503
    shown = side.ask("GET", f"/servers/{server}")
    assert shown.status_int == 200
    assert "packages" not in shown.json["server"]


def test_a_database_that_is_lost_in_the_middle_changes_nothing(side: MenuSide, monkeypatch: Any) -> None:
    server = side.booted(packages=["web"])
    before = side.kept(server)

    def failing(*_: Any) -> None:
        raise DatabaseDown("gone")

    monkeypatch.setattr(side.books.instances, "change", failing)
    assert put(side, server, {"on": False}, "web").status_int == 503
    assert side.kept(server) == before
