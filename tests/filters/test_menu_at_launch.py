"""Servers that are made with settings: nothing is lost, whatever dies in between, and no boot is refused for us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import webob.exc
import webtest

from glance_related.db.database import DatabaseDown
from glance_related.package_menu.servers import PACKAGES
from tests.filters.acting_nova import OWN_ID
from tests.filters.conftest import ADMIN, MEMBER, NOVA
from tests.filters.menu_side import BOB, IMAGE, PORT, READER, MenuSide, lose_database, make

WEB = {"name": "web", "kind": "package"}
LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
PLAIN = {"server": {"name": "one", "imageRef": IMAGE}}


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.nova.is_discreet = True
    made.publish(WEB, LOGS, PORT)
    made.offer("web")
    return made


def waiting(side: MenuSide) -> int:
    return len(side.riders.open_of(PACKAGES, NOVA, ["alice-project", "bob-project"]))


@pytest.mark.parametrize("path", ["/servers", "/os-volumes_boot", "/alice-project/servers"])
@pytest.mark.parametrize("packages", [["web"], {"web": True}])
def test_a_server_is_made_with_settings_of_which_nova_hears_nothing(side: MenuSide, path: str, packages: Any) -> None:
    about = {**PLAIN["server"], "packages": packages, "package_variables": {"port": 8080}}
    reply = side.ask("POST", path, {"server": about})
    assert reply.status_int == 202
    assert side.nova.posted[-1][1] == PLAIN
    server = reply.json["server"]["id"]
    shown = side.ask("GET", f"/servers/{server}").json["server"]
    assert (shown["packages"], shown["package_variables"]) == (["logs", "web"], {"port": 8080})
    side.deliver()
    assert side.delivered(server)["variables"] == {"port": 8080}
    assert waiting(side) == 0


def test_a_project_has_its_defaults_without_a_word(side: MenuSide) -> None:
    server = side.booted()
    side.deliver()
    assert side.delivered(server)["packages"] == {"logs": "logs"}
    assert side.nova.posted[-1][1] == PLAIN


def test_what_is_known_of_a_server_goes_to_whom_its_settings_go(side: MenuSide) -> None:
    side.nova.ask_glance = lambda image_id, _: (200, "", {"id": image_id, "os_distro": "Debian"})
    side.publish(
        {"name": "db", "kind": "package", "realisations": {"file": {"debian": "postgresql-15", "*": "postgresql"}}}
    )
    side.offer("db")
    server = side.booted(name="Web-1", packages=["db"])
    side.deliver()
    document = side.delivered(server)
    assert document["packages"]["db"] == "postgresql-15"
    about = document["instance"]
    assert (about["name"], about["hostname"], about["os_distro"]) == ("Web-1", "web-1", "debian")


def test_everything_that_is_wrong_is_told_and_no_server_is_made(side: MenuSide) -> None:
    reply = side.boot(packages=["nothing", "web"], package_variables={"port": "x", "logs": 1})
    assert reply.status_int == 400
    problems = reply.json["badRequest"]["glance_related_problems"]
    assert {one["name"] for one in problems} == {"nothing", "port", "logs"}
    assert (side.nova.servers, side.nova.posted, waiting(side)) == ({}, [], 0)


@pytest.mark.parametrize(
    "document",
    [
        {**PLAIN, "packages": ["web"]},
        {**PLAIN, "package_variables": {}},
        {**PLAIN, "os:scheduler_hints": {"packages": ["web"]}},
        {"server": {**PLAIN["server"], "OS-SCH-HNT:scheduler_hints": {"package_variables": {}}}},
    ],
)
def test_settings_that_stand_where_nobody_would_read_them_are_refused(side: MenuSide, document: Any) -> None:
    reply = side.ask("POST", "/servers", document)
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (400, "package_menu.elsewhere")
    assert side.nova.posted == []


@pytest.mark.parametrize(
    "body",
    [b'{"server": {"packages": ["web"], "packages": []}}', b'{"server": {"packages": [NaN]}}', b"\xff{packages}"],
)
def test_a_body_that_two_would_read_differently_is_refused(side: MenuSide, body: bytes) -> None:
    reply = side.ask("POST", "/servers", body=body, content_type="application/json")
    assert (reply.status_int, side.nova.posted) == (400, [])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/vnd.openstack.compute+json"])
def test_the_route_decides_that_a_body_is_read_not_its_type(side: MenuSide, content_type: str) -> None:
    body = json.dumps({"server": {**PLAIN["server"], "packages": ["web"]}}).encode()
    assert side.ask("POST", "/servers", body=body, content_type=content_type).status_int == 202
    assert side.nova.posted[-1][1] == PLAIN


def test_names_may_be_escaped(side: MenuSide) -> None:
    body = (
        json.dumps({"server": {**PLAIN["server"], "packages": ["web"]}}).replace("packages", "pac\\u006bages").encode()
    )
    reply = side.ask("POST", "/servers", body=body, content_type="application/json")
    assert reply.status_int == 202
    assert side.settings(reply.json["server"]["id"])["packages"] == ["logs", "web"]


def test_who_may_not_change_settings_boots_without_them_only(side: MenuSide) -> None:
    reply = side.boot(who=READER, packages=["web"])
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (403, "glance_related.forbidden")
    assert side.nova.posted == []
    assert side.boot(who=READER).status_int == 202, "whether Nova makes it is Nova's to say"


def test_what_nova_refuses_leaves_nothing(side: MenuSide) -> None:
    side.nova.refuses = webob.exc.HTTPForbidden("Quota exceeded")
    reply = side.boot(packages=["web"])
    assert reply.status_int == 403
    assert (waiting(side), side.riders.count(), side.books.deliveries.some()) == (0, 0, [])


def unsent(side: MenuSide, **about: Any) -> Any:
    """The answer to a boot, which the client has, and of which the server does not know yet that it is sent."""
    body = json.dumps({"server": {**PLAIN["server"], **about}}).encode()
    headers = {"X-Identity-Status": "Confirmed", **MEMBER}
    request = webtest.TestRequest.blank("/servers", method="POST", headers=headers, body=body)
    request.content_type = "application/json"
    request.environ |= {"keystone.token_auth": object(), OWN_ID: "req-of-a-boot"}
    return side.app.app(request.environ, lambda *_: lambda _: None)


@pytest.mark.parametrize("about", [{"packages": ["web"]}, {}])
def test_no_client_waits_for_what_is_kept_of_a_server(side: MenuSide, about: Any) -> None:
    chunks = unsent(side, **about)
    server = json.loads(b"".join(chunks))["server"]["id"]
    assert (side.kept(server), side.books.deliveries.some()) == (None, [])
    chunks.close()
    assert side.kept(server) is not None
    assert waiting(side) == 0


def test_whoever_looks_before_it_is_kept_sees_it_all_the_same(side: MenuSide) -> None:
    chunks = unsent(side, packages=["web"])
    server = json.loads(b"".join(chunks))["server"]["id"]
    assert side.settings(server)["packages"] == ["logs", "web"]
    seen = side.kept(server)
    chunks.close()
    assert seen is not None
    assert side.kept(server) == seen


def test_whoever_looks_while_it_is_being_kept_sees_it_too(side: MenuSide, monkeypatch: Any) -> None:
    """It is kept after he has found nothing kept, and closed before he asks for what is open."""
    chunks = unsent(side, packages=["web"])
    server = json.loads(b"".join(chunks))["server"]["id"]
    tracing = side.app.app.launch._servers._tracing
    plain = tracing.open_of
    monkeypatch.setattr(tracing, "open_of", lambda projects: (chunks.close(), plain(projects))[1])
    shown = side.ask("GET", f"/servers/{server}").json["server"]
    assert shown["packages"] == ["logs", "web"]


# -- several servers


def test_all_servers_of_a_boot_have_its_settings_at_the_first_look(side: MenuSide) -> None:
    first = side.booted(min_count=3, packages=["web"], package_variables={"port": 81})
    others = [server for server in side.nova.servers if server != first]
    assert side.kept(first) is not None
    assert side.kept(others[0]) is None
    assert waiting(side) == 1
    for server in others:
        assert side.settings(server)["package_variables"] == {"port": 81}
    assert waiting(side) == 0
    side.deliver()
    assert [side.delivered(server)["variables"] for server in side.nova.servers] == [{"port": 81}] * 3


def test_a_boot_that_names_a_reservation_only_is_found_at_the_first_look(side: MenuSide) -> None:
    reply = side.boot(return_reservation_id=True, packages=["web"])
    assert "server" not in reply.json
    (server,) = side.nova.servers
    assert side.ask("GET", f"/servers/{server}").json["server"]["packages"] == ["logs", "web"]


def test_an_answer_that_was_lost_is_found_at_the_first_look(side: MenuSide) -> None:
    side.nova.refuses, side.nova.acts_all_the_same = webob.exc.HTTPInternalServerError("lost"), True
    assert side.boot(packages=["web"]).status_int == 500
    (server,) = side.nova.servers
    assert (side.kept(server), waiting(side)) == (None, 1)
    assert side.settings(server)["packages"] == ["logs", "web"]
    assert waiting(side) == 0


def test_a_bind_that_was_lost_is_found_at_the_first_look(side: MenuSide, monkeypatch: Any) -> None:
    def failing(*_: Any) -> None:
        raise DatabaseDown("gone")

    with monkeypatch.context() as patched:
        patched.setattr(side.books.instances, "add", failing)
        server = side.booted(packages=["web"])
    assert (side.kept(server), waiting(side)) == (None, 1)
    assert side.ask("GET", f"/servers/{server}").json["server"]["packages"] == ["logs", "web"]
    side.deliver()
    assert side.delivered(server)["packages"] == {"logs": "logs", "web": "web"}


def test_whoever_looks_first_sees_to_it_that_nothing_is_handed_over_under_another_systems_name(
    side: MenuSide, monkeypatch: Any
) -> None:
    """His microversion may show less of the server than drivers are told."""
    side.publish(WEB | {"realisations": {"file": {"debian": "apache2", "*": "httpd"}}})
    side.nova.ask_glance = lambda image_id, _: (200, "", {"id": image_id, "os_distro": "debian"})
    with monkeypatch.context() as patched:
        patched.setattr(side.books.instances, "add", lambda *_: (_ for _ in ()).throw(DatabaseDown("gone")))
        server = side.booted(packages=["web"])
    assert side.kept(server) is None
    shown = side.ask("GET", f"/servers/{server}").json["server"]
    assert "properties" not in shown["image"]
    side.deliver()
    assert side.delivered(server)["packages"]["web"] == "apache2"


def test_a_server_of_another_boot_gets_nothing_of_it(side: MenuSide) -> None:
    side.nova.refuses, side.nova.acts_all_the_same = webob.exc.HTTPInternalServerError("lost"), True
    side.boot(packages=["web"])
    (lost,) = side.nova.servers
    side.nova.refuses = None
    other, bobs = side.booted(), side.booted(who=BOB)
    assert side.settings(other)["packages"] == ["logs"]
    assert side.settings(bobs, who=BOB)["packages"] == ["logs"]
    assert side.settings(lost)["packages"] == ["logs", "web"]


def test_a_server_that_was_seen_before_it_was_known_what_made_it_keeps_what_it_was_given_since(side: MenuSide) -> None:
    side.nova.refuses, side.nova.acts_all_the_same = webob.exc.HTTPInternalServerError("lost"), True
    own = "req-00000000-0000-4000-8000-000000000009"
    side.ask(
        "POST",
        "/servers",
        {"server": {**PLAIN["server"], "packages": {"web": True, "logs": False}}},
        environ={OWN_ID: own},
    )
    (server,) = side.nova.servers
    actions, side.nova.servers[server].actions = side.nova.servers[server].actions, []
    assert side.ask("PUT", f"/servers/{server}/packages/logs", {"on": False}).status_int == 200
    side.nova.servers[server].actions = actions
    side.books.instances.describe(side.kept(server).ref, os_distro="")  # type: ignore[union-attr]
    side.nova.servers[server].properties = {"os_distro": "debian"}
    assert side.settings(server)["packages"] == ["web"]
    kept = side.kept(server)
    assert kept is not None
    assert (kept.request_id, kept.os_distro) == (own, "debian")


# -- shown, rebuilt, deleted


def test_a_server_without_anything_is_shown_as_nova_shows_it(tmp_path: Path) -> None:
    side = make(tmp_path)
    server = side.booted()
    assert "packages" not in side.ask("GET", f"/servers/{server}").json["server"]
    side.publish(WEB)
    assert "packages" not in side.ask("GET", f"/servers/{server}").json["server"]
    assert side.kept(server) is None


def test_actions_go_on_as_they_are(side: MenuSide) -> None:
    server = side.booted()
    for document in ({"rebuild": {"imageRef": IMAGE}}, {"shelve": None}):
        reply = side.ask("POST", f"/servers/{server}/action", document)
        assert reply.status_int == 202
        assert side.nova.posted[-1][1] == document


@pytest.mark.parametrize("seen_by", ["delete", "look"])
def test_a_server_that_is_gone_takes_its_settings_with_it(side: MenuSide, seen_by: str) -> None:
    server = side.booted(packages=["web"])
    side.deliver()
    assert side.delivered(server) is not None
    if seen_by == "delete":
        assert side.ask("DELETE", f"/servers/{server}").status_int == 204
    else:
        del side.nova.servers[server]
        assert side.ask("GET", f"/servers/{server}").status_int == 404
    assert side.kept(server) is None
    side.deliver()
    assert side.delivered(server) is None


def test_who_does_not_see_a_server_takes_nothing_from_it(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    assert side.ask("GET", f"/servers/{server}", who=BOB).status_int == 404
    assert side.kept(server) is not None


def test_a_server_made_anew_is_handed_what_its_packages_are_called_there(side: MenuSide) -> None:
    side.publish({**WEB, "realisations": {"file": {"fedora": "httpd", "*": "apache2"}}})
    server = side.booted(packages=["web"])
    side.deliver()
    assert side.delivered(server)["packages"]["web"] == "apache2"
    side.nova.servers[server].properties = {"os_distro": "fedora"}
    side.nova.ask_glance = lambda *_: (200, "", {"id": IMAGE, "os_distro": "fedora"})
    assert side.ask("POST", f"/servers/{server}/action", {"rebuild": {"imageRef": IMAGE}}).status_int == 202
    side.deliver()
    assert side.delivered(server)["packages"]["web"] == "httpd"


def test_of_several_plain_servers_the_named_one_is_known_at_once(side: MenuSide) -> None:
    server = side.booted(min_count=2)
    assert side.kept(server) is not None
    (other,) = set(side.nova.servers) - {server}
    assert side.kept(other) is None


def test_whoever_looks_at_a_server_right_after_its_answer_sees_what_he_asked_for(side: MenuSide) -> None:
    """What is kept of it comes behind the answer, and Nova records nothing before it has a host."""
    launch = side.app.app.launch
    launch._bind = lambda *_: None
    server = side.booted(packages=["web"], package_variables={"port": 81})
    side.nova.servers[server].actions.clear()
    assert side.kept(server) is None
    assert side.settings(server)["package_variables"] == {"port": 81}
    assert side.kept(server) is not None


def spellings(server: str) -> tuple[str, ...]:
    """Of a path to a server that lives; Nova answers 404 to each."""
    return f"/zzz/servers/{server}", f"/servers/{server.replace('-', '')}"


def test_nobody_takes_a_servers_settings_by_another_spelling_of_its_path(side: MenuSide) -> None:
    server = side.booted(packages=["web"])
    for path in spellings(server):
        assert side.ask("GET", path, who=READER).status_int == 404
        assert side.ask("DELETE", path).status_int == 404
        assert side.settings(server)["chosen"]["packages"] == {"web": True}


# -- the database


def test_with_the_database_down_a_boot_without_settings_goes_on_and_one_with_is_refused(side: MenuSide) -> None:
    lose_database(side)
    assert side.boot().status_int == 202
    reply = side.boot(packages=["web"])
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "glance_related.database_down")
    assert len(side.nova.servers) == 1
    server = next(iter(side.nova.servers))
    assert side.ask("POST", f"/servers/{server}/action", {"rebuild": {"imageRef": IMAGE}}).status_int == 202
    assert side.ask("DELETE", f"/servers/{server}").status_int == 204


def test_what_is_none_of_ours_goes_to_nova_untouched(side: MenuSide) -> None:
    for method, path in (
        ("GET", "/servers/detail"),
        ("GET", "/flavors"),
        ("PUT", "/servers/x"),
        ("POST", "/package-men"),
    ):
        before = len(side.nova.posted)
        side.ask(method, path, {"packages": 1} if method != "GET" else None, who=ADMIN)
        assert len(side.nova.posted) == before


def test_an_administrator_boots_for_his_own_project(side: MenuSide) -> None:
    reply = side.boot(who=ADMIN, packages=["web"])
    assert reply.status_int == 400, "it is not on the menu of his project"
    side.offer("web", project="admin-project")
    assert side.boot(who=ADMIN, packages=["web"]).status_int == 202
    assert MEMBER["X-Project-Id"] == "alice-project"
