"""GET /package-menu/nodes/{certname}: what a configuration system that comes for it is told of a server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import webob.exc
from cryptography.fernet import Fernet

from glance_related.instance_ref import InstanceRef
from tests.filters.conftest import ADMIN, MEMBER, NOVA
from tests.filters.menu_side import BOB, PORT, READER, MenuSide, lose_database, make

WEB = {"name": "web", "kind": "package", "on_by_default": True}
ROLE = {"name": "role", "kind": "variable", "type": "string", "default": "front", "on_by_default": True}
SECRET = {"name": "password", "kind": "variable", "type": "secret", "default": "hunter2-hunter2", "on_by_default": True}
SERVICE = {**MEMBER, "X-User-Id": "puppet", "X-Roles": "service,reader"}


def puppets(tmp_path: Path, options: str = "", drivers: str = "puppet") -> MenuSide:
    side = make(
        tmp_path,
        f"[package_menu]\npackage_management_driver = {drivers}\n[package_menu_puppet]\n{options}",
    )
    side.publish(WEB, PORT, ROLE, SECRET)
    return side


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    return puppets(tmp_path)


@pytest.fixture
def named(tmp_path: Path) -> MenuSide:
    """Where Puppet knows servers by their hostname and project."""
    return puppets(tmp_path, "certname = {hostname}.{project_id}.example.org\n")


@pytest.fixture
def loosely_named(tmp_path: Path) -> MenuSide:
    return puppets(tmp_path, "certname = {hostname}\n")


def node(side: MenuSide, certname: str, **extra: Any) -> Any:
    return side.ask("GET", f"/package-menu/nodes/{certname}", **extra)


def called(side: MenuSide, hostname: str, who: dict[str, str] = MEMBER) -> str:
    """A server with a hostname."""
    reply = side.boot(who=who)
    assert reply.status_int == 202, reply.text
    server_id = str(reply.json["server"]["id"])
    side.books.instances.describe(InstanceRef(NOVA, server_id), hostname=hostname)
    return server_id


def delivery(side: MenuSide, server_id: str) -> Any:
    (found,) = side.settings(server_id)["deliveries"]
    return found


def code_of(reply: Any) -> tuple[int, str]:
    return reply.status_int, reply.headers["X-Glance-Related-Code"]


# -- what is told

TOLD = {"classes": {"web": {"port": 80}}, "parameters": {"role": "front"}}


def test_a_server_is_told_by_its_id(side: MenuSide) -> None:
    server_id = side.booted()
    reply = node(side, server_id, who=READER)
    assert (reply.status_int, reply.json) == (200, TOLD)
    side.ask("PUT", f"/servers/{server_id}/packages/port", {"value": 8080})
    assert node(side, server_id.upper(), who=READER).json["classes"] == {"web": {"port": 8080}}


def test_a_server_is_told_by_the_name_that_the_operator_gives_it(named: MenuSide) -> None:
    server_id = called(named, "web-1")
    other = called(named, "web-2")
    named.ask("PUT", f"/servers/{other}/packages/role", {"value": "back"})
    assert node(named, "web-1.alice-project.example.org", who=READER).json == TOLD
    assert node(named, "web-2.alice-project.example.org", who=READER).json["parameters"] == {"role": "back"}
    for unknown in ("web-3.alice-project.example.org", "web-1", server_id, "web-1.alice-project.example.com"):
        assert code_of(node(named, unknown)) == (404, "package_menu.no_node")


def test_a_hostname_may_have_dots_in_it(named: MenuSide) -> None:
    called(named, "web.internal")
    assert node(named, "web.internal.alice-project.example.org").status_int == 200
    assert node(named, "web.alice-project.example.org").status_int == 404


@pytest.mark.parametrize(
    "certname", ["..", "%2e%2e", "a%2fb", "x'%20or%20'1'='1", "%25", "%c3%bc", "a" * 300, "a%0ab", "*"]
)
def test_a_name_that_is_no_name_is_nobodys(side: MenuSide, certname: str) -> None:
    side.booted()
    assert node(side, certname, who=ADMIN).status_int == 404


def test_the_environment_is_told_where_there_is_one(tmp_path: Path) -> None:
    side = puppets(tmp_path, "environment = testenv\n")
    assert node(side, side.booted()).json["environment"] == "testenv"


def test_a_server_that_is_gone_is_nobodys(side: MenuSide) -> None:
    server_id = side.booted()
    assert node(side, server_id).status_int == 200
    side.ask("DELETE", f"/servers/{server_id}")
    assert code_of(node(side, server_id)) == (404, "package_menu.no_node")


def test_where_puppet_has_manifests_nobody_comes(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    side = puppets(tmp_path, f"manifests = {folder}\n")
    server_id = side.booted()
    assert code_of(node(side, server_id, who=ADMIN)) == (404, "package_menu.no_node")


# -- who is told


def test_another_projects_server_is_not_there(side: MenuSide) -> None:
    server_id = side.booted()
    reply = node(side, server_id, who=BOB)
    assert code_of(reply) == (404, "package_menu.no_node")
    assert "alice" not in reply.text
    assert reply.text == node(side, server_id, who={**BOB, "X-User-Id": "x"}).text
    nobody = node(side, "0a1b2c3d-0000-4000-8000-000000000000", who=BOB)
    assert nobody.json["itemNotFound"]["message"].split()[:8] == reply.json["itemNotFound"]["message"].split()[:8]


def test_who_has_no_role_of_ours_is_told_nothing(side: MenuSide) -> None:
    server_id = side.booted()
    assert code_of(node(side, server_id, who={**MEMBER, "X-Roles": "other"})) == (404, "package_menu.no_node")


def test_nova_decides_who_sees_a_server(side: MenuSide) -> None:
    server_id = side.booted()
    del side.nova.servers[server_id]
    assert code_of(node(side, server_id, who=ADMIN)) == (404, "package_menu.no_node")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_nova_that_fails_has_not_said_that_there_is_no_such_server(
    side: MenuSide, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Puppet goes on with what it was told last, and is told nothing of it only where Nova has said so."""
    server_id = side.booted()

    def fails(*_: Any) -> None:
        raise webob.exc.status_map[status]("not now")

    monkeypatch.setattr(side.nova, "_seen", fails)
    reply = node(side, server_id)
    assert (reply.status_int, "not now" in reply.text) == (status, True)
    assert "X-Glance-Related-Code" not in reply.headers
    monkeypatch.undo()
    assert node(side, server_id).status_int == 200


def test_secrets_are_told_to_those_who_hand_them_on_and_to_nobody_else(side: MenuSide) -> None:
    server_id = side.booted()
    for who in (READER, MEMBER):
        reply = node(side, server_id, who=who)
        assert "password" not in reply.json["parameters"]
        assert "hunter2" not in reply.text
    for who in (ADMIN, SERVICE):
        assert node(side, server_id, who=who).json["parameters"]["password"] == "hunter2-hunter2"


def test_a_host_without_the_keys_says_so(side: MenuSide, tmp_path: Path) -> None:
    server_id = side.booted()
    (tmp_path / "keys" / "1").write_bytes(Fernet.generate_key())
    assert code_of(node(side, server_id, who=ADMIN)) == (503, "package_menu.no_secrets")


def test_a_database_that_is_down_is_said_to_be(side: MenuSide) -> None:
    server_id = side.booted()
    lose_database(side)
    assert code_of(node(side, server_id)) == (503, "glance_related.database_down")


# -- one name, several servers


def test_two_servers_of_one_name_are_told_to_nobody(named: MenuSide) -> None:
    called(named, "web-1")
    called(named, "web-1")
    assert code_of(node(named, "web-1.alice-project.example.org")) == (409, "package_menu.ambiguous")


def test_only_servers_that_the_caller_sees_make_a_name_ambiguous(loosely_named: MenuSide) -> None:
    called(loosely_named, "web-1")
    called(loosely_named, "web-1", who=BOB)
    assert node(loosely_named, "web-1", who=READER).status_int == 200
    assert node(loosely_named, "web-1", who=BOB).status_int == 200
    assert code_of(node(loosely_named, "web-1", who=ADMIN)) == (409, "package_menu.ambiguous")


def test_so_many_others_of_a_name_do_not_hide_ones_own(loosely_named: MenuSide) -> None:
    kept = loosely_named.kept(called(loosely_named, "web-1", who=BOB))
    assert kept is not None
    for number in range(110):
        ref = InstanceRef(NOVA, f"{number:03}")
        other = replace(kept, ref=ref, project_id=f"{'az'[number % 2]}-project", choices={})
        assert loosely_named.books.instances.add(other, [])
    called(loosely_named, "web-1")
    assert node(loosely_named, "web-1", who=READER).json == TOLD


# -- what has not changed


def test_what_the_client_has_is_not_sent_again(side: MenuSide) -> None:
    server_id = side.booted()
    first = node(side, server_id)
    tag = {"If-None-Match": first.headers["ETag"]}
    again = node(side, server_id, headers=tag)
    assert (again.status_int, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    side.ask("PUT", f"/servers/{server_id}/packages/port", {"value": 8080})
    changed = node(side, server_id, headers=tag)
    assert (changed.status_int, changed.json["classes"]) == (200, {"web": {"port": 8080}})
    side.publish({**ROLE, "default": "other"})
    assert node(side, server_id, headers={"If-None-Match": changed.headers["ETag"]}).status_int == 200


def test_what_one_is_told_is_not_what_another_has(side: MenuSide) -> None:
    """Secrets, and what the operator says, are in no settings' generation."""
    server_id = side.booted()
    tag = {"If-None-Match": node(side, server_id, who=READER).headers["ETag"]}
    assert node(side, server_id, who=READER, headers=tag).status_int == 304
    assert node(side, server_id, who=SERVICE, headers=tag).json["parameters"]["password"] == "hunter2-hunter2"
    side.books.drivers["puppet"]._environment = "testenv"  # type: ignore[attr-defined]
    assert node(side, server_id, who=READER, headers=tag).json["environment"] == "testenv"


# -- how far it has come


def test_puppet_has_read_what_it_was_told(side: MenuSide) -> None:
    server_id = side.booted()
    assert delivery(side, server_id)["state"] == "offered"
    node(side, server_id, who=SERVICE)
    read = delivery(side, server_id)
    assert (read["state"], read["driver"]) == ("read", "puppet")
    assert read["read_at"] is not None
    side.ask("PUT", f"/servers/{server_id}/packages/port", {"value": 8080})
    assert delivery(side, server_id)["state"] == "offered"
    tag = node(side, server_id, who=SERVICE).headers["ETag"]
    assert delivery(side, server_id)["state"] == "read"
    assert node(side, server_id, who=SERVICE, headers={"If-None-Match": tag}).status_int == 304
    assert delivery(side, server_id)["state"] == "read"


@pytest.mark.parametrize("who", [BOB, READER], ids=["nothing", "no secrets"])
def test_who_is_not_told_all_of_it_has_read_nothing(side: MenuSide, who: dict[str, str]) -> None:
    server_id = side.booted()
    node(side, server_id, who=who)
    assert delivery(side, server_id)["state"] == "offered"


def test_what_puppet_cannot_be_told_is_told_the_customer(side: MenuSide) -> None:
    server_id = side.booted()
    side.publish({"name": "http-port", "kind": "variable", "type": "integer", "default": 1, "on_by_default": True})
    assert code_of(node(side, server_id, who=READER)) == (400, "package_menu.refused")
    assert delivery(side, server_id)["state"] == "offered", "it was somebody who had a look"
    reply = node(side, server_id, who=SERVICE)
    assert code_of(reply) == (400, "package_menu.refused")
    assert "http-port cannot be a variable of Puppet's" in reply.json["badRequest"]["message"]
    failed = delivery(side, server_id)
    assert failed["state"] == "failed"
    assert "http-port cannot be a variable of Puppet's" in failed["message"]
    side.publish({"name": "http-port", "kind": "variable", "realisations": {"puppet": {"*": "http_port"}}})
    assert node(side, server_id, who=SERVICE).json["parameters"]["http_port"] == 1
    assert delivery(side, server_id)["state"] == "read"


def test_what_is_compiled_is_told_but_is_a_workers_to_deliver(tmp_path: Path) -> None:
    side = puppets(tmp_path, "compile = true {certname}\n")
    server_id = side.booted()
    assert node(side, server_id, who=READER).json == TOLD
    assert delivery(side, server_id)["state"] == "pending"
    side.deliver()
    done = delivery(side, server_id)
    assert (done["state"], done["applied"]["packages"]) == ("delivered", ["web"])
