"""The package menu on an unmodified Nova: booted with, changed while it runs, taken away, and nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.images import IMAGE
from tests.real.nova.menu import ENTRIES, Menu
from tests.real.nova.nova_cloud import NovaCloud

APACHE = {"packages": ["apache"], "package_variables": {"apache_port": 8080}}


def body(cloud: NovaCloud, **more: Any) -> dict[str, Any]:
    """Of a boot."""
    about = {"name": "one", "imageRef": cloud.images_by_name[IMAGE], "flavorRef": cloud.flavor(), "networks": "none"}
    return {"server": {**about, **APACHE, **more}}


def servers(menu: Menu) -> set[str]:
    """Alice's."""
    return {one["id"] for one in menu.need("alice", "GET", "/servers")["servers"]}


def test_a_server_is_booted_with_settings_and_they_are_handed_over(menu: Menu, nova_cloud: NovaCloud) -> None:
    values = {
        "apache_port": 8080, "motd": "gr\u00fcn\n'\"\\ $(x) #{y} %s \U0001f600", "token": "hush", "flags": ["a,b", "c"],
        "ratio": -1.5, "debug": True,
    }  # fmt: skip
    server = nova_cloud.boot("alice", "web-1", packages=["apache"], package_variables=values)
    document = menu.delivered(server, variables=values)
    assert document["packages"] == {"apache": "httpd", "monitoring": "monitoring"}
    assert (document["instance"]["name"], document["instance"]["hostname"]) == ("web-1", "web-1")
    shown = nova_cloud.server("alice", server)
    assert shown["packages"] == ["apache", "monitoring"]
    assert shown["package_variables"] == {**values, "token": None}
    handed = menu.until(lambda: (found := menu.delivery("alice", server))["is_current"] and found, "it is current")
    assert handed["state"] == "delivered"
    assert menu.delivery("alice", server, "guest")["state"] == "offered"
    nova_cloud.delete_server("alice", server)


def test_the_operating_system_of_the_image_says_what_a_package_is(menu: Menu, nova_cloud: NovaCloud) -> None:
    image = nova_cloud.upload("alice", os_distro="debian")
    server = nova_cloud.boot("alice", image=image, **APACHE)
    assert menu.delivered(server)["packages"]["apache"] == "apache2"
    nova_cloud.delete_server("alice", server)


@pytest.mark.parametrize("path", ["/v2.1/servers", "/v2.1/{project}/servers", "/v2/servers", "/v2/{project}/servers"])
@pytest.mark.parametrize("microversion", [None, "2.1", "2.37", "2.90", "latest"])
def test_every_way_into_nova_takes_settings(menu: Menu, nova_cloud: NovaCloud, path: str, microversion: Any) -> None:
    document = body(nova_cloud)
    if microversion in (None, "2.1") or path.startswith("/v2/"):
        del document["server"]["networks"]
    path = path.format(project=nova_cloud.project("alice"))
    answer = nova_cloud.call(nova_cloud.nova, "alice", "POST", path, json=document, microversion=microversion)
    assert answer.status == 202, answer
    server = answer.json()["server"]["id"]
    assert menu.settings("alice", server)["packages"] == ["apache", "monitoring"]
    nova_cloud.delete_server("alice", server)


def test_a_chunked_boot_is_read_as_nova_reads_it(menu: Menu, nova_cloud: NovaCloud) -> None:
    answer = nova_cloud.compute_call("alice", "POST", "/servers", body(nova_cloud), chunked=True)
    assert answer.status == 202, answer
    server = answer.json()["server"]["id"]
    assert menu.settings("alice", server)["package_variables"]["apache_port"] == 8080
    nova_cloud.delete_server("alice", server)


@pytest.mark.parametrize("more", [{"min_count": 2}, {"return_reservation_id": True}], ids=["two", "reserved"])
def test_all_servers_of_a_boot_are_given_its_settings_though_nova_names_one_or_none(
    menu: Menu, nova_cloud: NovaCloud, more: Any
) -> None:
    before, _ = servers(menu), nova_cloud.worker
    menu.need("alice", "POST", "/servers", body(nova_cloud, **more))
    # nobody looks: a worker finds them in Nova's record
    made = menu.until(lambda: servers(menu) - before, "they are there")
    for server in made:
        menu.delivered(server, variables={"apache_port": 8080})
    for server in made:
        nova_cloud.delete_server("alice", server)


def test_a_project_has_its_defaults_without_a_word_and_others_have_theirs(menu: Menu, nova_cloud: NovaCloud) -> None:
    menu.offer("alice", "apache", state="default")
    alices, bobs = nova_cloud.boot("alice"), nova_cloud.boot("bob")
    menu.delivered(alices, packages={"apache": "httpd", "monitoring": "monitoring"}, variables={"apache_port": 80})
    menu.delivered(bobs, packages={"monitoring": "monitoring"}, variables={})
    path = f"/package-menu/projects/{nova_cloud.project('alice')}/apache_port"
    menu.need("admin", "PUT", path, {"state": "default", "default": 81})
    menu.delivered(alices, variables={"apache_port": 81})
    for who, server in (("alice", alices), ("bob", bobs)):
        nova_cloud.delete_server(who, server)


def test_what_cannot_be_is_refused_whole_and_no_server_is_made(menu: Menu, nova_cloud: NovaCloud) -> None:
    before = servers(menu)
    wrong = {"packages": ["apache", "nothing"], "package_variables": {"apache_port": 0, "debug": "yes"}}
    answer = nova_cloud.compute_call("alice", "POST", "/servers", body(nova_cloud, **wrong))
    assert answer.status == 400
    faults = answer.json()["badRequest"]["glance_related_problems"]
    assert {one["name"] for one in faults} == {"nothing", "apache_port", "debug"}
    refused = nova_cloud.compute_call("alice", "POST", "/servers", body(nova_cloud, flavorRef="nothing"))
    assert refused.status in (400, 404)
    assert servers(menu) == before
    assert menu.open_boots() == 0


def test_settings_are_changed_while_the_server_runs_by_whoever_may(menu: Menu, nova_cloud: NovaCloud) -> None:
    server = nova_cloud.boot("alice")
    path = f"/servers/{server}/packages"
    assert menu.ask("bob", "PUT", f"{path}/apache", {"on": True}).status == 404
    menu.need("alice", "PUT", f"{path}/apache", {"on": True})
    menu.need("alice", "PUT", f"{path}/token", {"value": "hush"})
    menu.delivered(server, variables={"apache_port": 80, "token": "hush"})
    nova_cloud.action("alice", server, {"lock": None})
    assert menu.ask("alice", "PUT", f"{path}/apache_port", {"value": 81}).status == 403
    menu.need("admin", "PUT", f"{path}/apache_port", {"value": 82})
    nova_cloud.action("alice", server, {"unlock": None})
    menu.need("alice", "PUT", path, {"packages": {"monitoring": False}, "package_variables": {}})
    menu.delivered(server, packages={}, variables={})
    history = menu.need("alice", "GET", f"{path}/history")["history"]
    users = nova_cloud.accounts.users
    assert [one["user_id"] for one in history] == [users["alice"], users["admin"], users["alice"], users["alice"]]
    assert "hush" not in str(history)
    nova_cloud.delete_server("alice", server)


def test_what_nova_does_to_a_server_keeps_its_settings(menu: Menu, nova_cloud: NovaCloud) -> None:
    server = nova_cloud.boot("alice", **APACHE)
    for body, status in (
        ({"reboot": {"type": "HARD"}}, "ACTIVE"),
        ({"rebuild": {"imageRef": nova_cloud.images_by_name[IMAGE]}}, "ACTIVE"),
        ({"shelve": None}, "SHELVED_OFFLOADED"),
        ({"unshelve": None}, "ACTIVE"),
    ):
        nova_cloud.action("alice", server, body)
        nova_cloud.wait_for_server("alice", server, status)
        assert menu.settings("alice", server)["package_variables"]["apache_port"] == 8080
    nova_cloud.delete_server("alice", server)


@pytest.mark.parametrize("past", [False, True], ids=["through us", "past us"])
def test_a_server_that_is_deleted_takes_everything_with_it(menu: Menu, nova_cloud: NovaCloud, past: bool) -> None:
    server = nova_cloud.boot("alice", **APACHE)
    menu.delivered(server)
    nova_cloud.delete_server("alice", server, on=nova_cloud.stock_nova if past else None)
    menu.until(lambda: menu.document(server) is None, "the driver has forgotten it")
    assert menu.ask("admin", "GET", f"/servers/{server}/packages").status == 404


def test_a_server_that_was_made_past_us_has_its_projects_defaults(menu: Menu, nova_cloud: NovaCloud) -> None:
    _ = nova_cloud.worker
    server = nova_cloud.boot("alice", on=nova_cloud.stock_nova)
    menu.delivered(server, packages={"monitoring": "monitoring"})
    assert menu.settings("alice", server)["packages"] == ["monitoring"]
    nova_cloud.delete_server("alice", server)


def test_a_server_older_than_the_menu_is_adopted_by_reconcile(nova_cloud: NovaCloud) -> None:
    menu = Menu(nova_cloud)
    nova_cloud.dismiss_worker()
    server = nova_cloud.boot("alice")
    menu.publish()
    try:
        done = nova_cloud.suite.manage("reconcile", "-f", "json")
        assert done.returncode == 0, done.stderr
        menu.delivered(server, packages={"monitoring": "monitoring"})
    finally:
        menu.clear()
        nova_cloud.delete_server("alice", server)


def test_the_menu_of_the_tests_is_what_it_says(menu: Menu) -> None:
    published = menu.need("admin", "GET", "/package-menu")["package_menu"]
    assert {one["name"] for one in published} == {one["name"] for one in ENTRIES}
