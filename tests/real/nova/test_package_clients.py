"""The package menu as people have it: ``openstack`` from a shell, openstacksdk, and curl, against the real cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud.compute import FLAVOR
from cloud.images import IMAGE
from tests.real.clients.people import curl, sdk
from tests.real.nova.guests import Guests
from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.nova.shells import Loaded, Shell, running_guest, together

EXAMPLE = Path(__file__).parents[3] / "etc" / "package-menu.yaml"
ENTRIES = {entry["name"]: entry for entry in yaml.safe_load(EXAMPLE.read_text())["entries"]}
#: What the manual of the commands boots with.
TINY = ("--flavor", FLAVOR, "--image", IMAGE, "--no-network", "--wait")

PASSWORD, OTHER, TOKEN = "correct horse battery", "staple, correct", "hush, hush"


@pytest.fixture
def empty_menu(nova_cloud: NovaCloud) -> Iterator[Menu]:
    made = Menu(nova_cloud)
    yield made
    made.clear()


@pytest.fixture
def menu(empty_menu: Menu) -> Iterator[Menu]:
    """The example file is on the menu, and alice's project may have some of it; her new servers go in the end."""
    empty_menu.publish(*ENTRIES.values())
    empty_menu.offer("alice", "apache", "postgresql", "motd")
    before = _servers(empty_menu)
    yield empty_menu
    for server in _servers(empty_menu) - before:
        empty_menu.cloud.delete_server("alice", server)


def _servers(menu: Menu) -> set[str]:
    """Alice's."""
    return {one["id"] for one in menu.need("alice", "GET", "/servers")["servers"]}


def _generation(menu: Menu, server: str) -> int:
    """Of what a server has: any change makes it higher."""
    return int(menu.settings("alice", server)["generation"])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    made = Loaded(tmp_path_factory.mktemp("loaded"))
    yield made
    made.stop()


@pytest.fixture
def openstack(nova_cloud: NovaCloud, loaded: Loaded, tmp_path: Path) -> Shell:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "other").write_text(f"{OTHER}\n")
    return Shell(nova_cloud, loaded, tmp_path, PASSWORD, OTHER, TOKEN)


@pytest.fixture
def server(menu: Menu, nova_cloud: NovaCloud) -> str:
    """A server of alice's, ``web-1``."""
    return nova_cloud.boot("alice", "web-1")


# -- administrators


def test_a_file_is_tried_put_on_the_menu_and_written_out_again(empty_menu: Menu, openstack: Shell) -> None:
    admin = partial(openstack.listed, "admin", "package", "menu", "import")
    tried = admin("--dry-run", str(EXAMPLE))
    assert {row["Name"] for row in tried} == set(ENTRIES)
    assert {row["Change"] for row in tried} == {"created"}
    assert empty_menu.need("admin", "GET", "/package-menu")["package_menu"] == []
    assert admin(str(EXAMPLE), as_script=True) == tried
    assert admin(str(EXAMPLE)) == []
    openstack.need("admin", "package", "menu", "export", "menu.yaml")
    written = openstack.folder / "menu.yaml"
    entries = yaml.safe_load(written.read_text())["entries"]
    assert {entry["name"]: entry for entry in entries} == ENTRIES
    written.write_text(written.read_text().replace("default: 80\n", "default: 81\n"))
    difference = {"Name": "apache_port", "Change": "changed", "Field": "default", "Before": 80, "After": 81}
    assert admin("--dry-run", "menu.yaml") == [difference]
    assert empty_menu.need("admin", "GET", "/package-menu/apache_port")["entry"]["default"] == 80


def test_an_entry_is_made_shown_changed_and_taken_off_the_menu(
    menu: Menu, openstack: Shell, server: str, nova_cloud: NovaCloud
) -> None:
    admin = partial(openstack.need, "admin", "package", "menu")
    words = ("--title", "A proxy", "--category", "net", "--realisation", "file:*=squid")
    made = admin("create", "proxy", "--kind", "package", *words, "-f", "json").json
    assert (made["title"], made["realisations"], made["enabled"]) == ("A proxy", {"file:*": "squid"}, True)
    secret = ("--kind", "variable", "--type", "secret", "--package", "proxy", "--on-by-default")
    assert "default" not in admin("create", "proxy_token", *secret, "--default", "-", "-f", "json", stdin=TOKEN).json
    admin("set", "proxy", "--no-category", "--description", "For all that goes out.", "--realisation", "puppet:*=")
    menu.offer("alice", "proxy")
    menu.need("alice", "PUT", f"/servers/{server}/packages/proxy", {"on": True})
    document = menu.delivered(server, packages={"proxy": "squid"})
    assert document["variables"]["proxy_token"] == TOKEN
    shown, listed, refused = together(
        partial(admin, "show", "proxy", "-f", "json"),
        partial(admin, "list", "--search", "proxy", "-f", "json"),
        partial(openstack.refused, "admin", "package", "menu", "delete", "proxy"),
    )
    assert {word: shown.json[word] for word in ("title", "category", "description")} == {
        "title": "A proxy", "category": "", "description": "For all that goes out.",
    }  # fmt: skip
    assert shown.json["realisations"] == {"file:*": "squid", "puppet:*": None}
    assert [(row["Name"], row["Kind"], row["Default"]) for row in listed.json] == [
        ("proxy", "package", None), ("proxy_token", "variable", None),
    ]  # fmt: skip
    users = "by entry proxy_token, 1 project, 1 server"
    assert refused.err == f"proxy: Entry proxy is in use {users}; with --force it is removed all the same.\n"
    admin("delete", "--force", "proxy", "proxy_token")
    assert not {"proxy", "proxy_token"} & {
        one["name"] for one in menu.need("admin", "GET", "/package-menu")["package_menu"]
    }
    assert TOKEN not in str(menu.delivered(server, packages={}))


# -- a project's manager


def test_a_projects_manager_chooses_among_what_the_administrator_lets_it_have(
    menu: Menu, openstack: Shell, nova_cloud: NovaCloud
) -> None:
    nova_cloud.accounts.user("mary", "alice", ("manager",))
    mary, alices, bobs = "mary@alice", nova_cloud.project("alice"), nova_cloud.project("bob")
    openstack.need("admin", "project", "package", "set", "--state", "available", "alice", "nginx")
    setting = ("project", "package", "set", "alice", "--state")
    openstack.need(mary, *setting, "default", "--default", "8080", "apache_port")
    openstack.need(mary, *setting, "default", "nginx")
    lifting, wrong, not_hers, not_his, foreign = together(
        partial(openstack.refused, mary, *setting, "unavailable", "nginx"),
        partial(openstack.refused, mary, *setting, "default", "--default", "0", "apache_port", "nothing", "apache"),
        partial(openstack.refused, mary, "project", "package", "list", bobs),
        partial(openstack.refused, "alice", *setting, "default", "apache"),
        partial(openstack.refused, "bob", "project", "package", "list", alices),
    )
    only = "only an administrator makes something available, or unavailable"
    assert lifting.lines == {f"nginx: Entry nginx is default to this project; {only}."}
    assert wrong.lines == {
        "apache_port: it must be at least 1",
        "nothing: There is no entry nothing on the menu.",
        "apache: only a variable whose state is default has a default",
    }
    assert "package_menu:project_set" in not_his.err
    for told, whose in ((not_hers, bobs), (foreign, alices)):
        assert told.lines == {f"There is no menu of project {whose} for you."}
    listed = {row["Name"]: row for row in openstack.listed("alice", "project", "package", "list", "alice")}
    columns = ("State", "State Origin", "Default", "Default Origin")
    shown = {name: [listed[name][column] for column in columns] for name in ("nginx", "apache", "apache_port")}
    assert shown == {
        "nginx": ["default", "project", True, "project"],
        "apache": ["available", "project", False, "project"],
        "apache_port": ["default", "project", 8080, "project"],
    }
    assert not {"web_with_database"} & set(listed), "of what it cannot have it is told nothing"
    server = nova_cloud.boot("alice")
    menu.delivered(server, packages={"nginx": "nginx"})
    openstack.need(mary, "project", "package", "unset", "alice", "apache_port")
    openstack.need("admin", "project", "package", "set", "--state", "unavailable", "alice", "nginx")
    menu.delivered(server, packages={})


# -- customers


def test_alice_boots_with_packages_and_changes_them_while_the_server_runs(
    menu: Menu, openstack: Shell, nova_cloud: NovaCloud
) -> None:
    alice = partial(openstack.need, "alice", "server", "package")
    words = ("--package", "apache", "--package-variable", "apache_port=8080")
    secret = ("--package", "postgresql", "--package-variable", "postgresql_password=@password")
    made = openstack.listed("alice", "server", "boot", *TINY, *words, *secret, "web-1", as_script=True)
    assert made["packages"] == ["apache", "postgresql"]
    assert (made["package_variables"]["apache_port"], made["package_variables"]["postgresql_password"]) == (8080, None)
    server = made["id"]
    with running_guest(Guests(nova_cloud), server) as had:
        told = alice("status", "--wait", "web-1", "-f", "json")
        drivers = [(row["Driver"], row["State"], row["Applied"] == row["Desired"]) for row in told.json]
        assert drivers == [("file", "delivered", True), ("guest", "confirmed", True)]
        assert told.err.strip().splitlines()[-1].startswith("Progress: file delivered, guest confirmed")
        assert menu.document(server)["variables"]["postgresql_password"] == PASSWORD
        _changed(openstack, menu, server, had)
        _replaced_by_a_file(openstack, menu, server, had)
    _copied(openstack, menu, server)
    alice("remove", "--wait", "--driver", "file", "web-1", "postgresql")
    assert menu.document(server)["packages"] == {}
    assert OTHER not in str(menu.document(server))


def _changed(openstack: Shell, menu: Menu, server: str, had: list[int]) -> None:
    """Values of other types, from elsewhere too; who did it is told."""
    words = ("apache_port=8081", "apache_modules=ssl, wsgi", "web_keepalive=no", "motd=-", "postgresql_password=@other")
    adding = ("--debug", "server", "package", "add", "--wait", "web-1")
    told = openstack.need("alice", *adding, *words, stdin="Two\nlines.\n")
    assert "guest confirmed" in told.err
    assert "PUT /servers/" in told.err
    variables = menu.document(server)["variables"]
    assert variables["postgresql_password"] == OTHER
    own = {"apache_port": 8081, "apache_modules": ["ssl", "wsgi"], "web_keepalive": False, "motd": "Two\nlines.\n"}
    assert {name: variables[name] for name in own} == own
    assert had[-1] == menu.settings("alice", server)["generation"], "it has waited for the guest, too"
    listed, history = together(
        partial(openstack.listed, "alice", "server", "package", "list", "web-1"),
        partial(openstack.listed, "alice", "server", "package", "history", "web-1"),
    )
    shown = {row["Name"]: (row["Value"], row["Origin"]) for row in listed}
    assert shown["apache"] == (True, "instance")
    assert shown["apache_port"] == (8081, "instance")
    assert shown["apache_log_level"] == ("warn", "global")
    assert shown["postgresql_password"] == ("***", "instance")
    assert {row["User ID"] for row in history} == {menu.cloud.accounts.users["alice"]}
    changes = [(row["Name"], row["Before"], row["After"]) for row in history]
    assert ("apache_port", 8080, 8081) in changes
    assert ("postgresql_password", None, "***") in changes
    assert ("postgresql_password", "***", "***") in changes
    assert len({row["Generation"] for row in history}) == 2


def _replaced_by_a_file(openstack: Shell, menu: Menu, server: str, had: list[int]) -> None:
    """What the server has of its own is printed, edited, tried and sent back; a secret in it stays what it is."""
    config = ("server", "package", "config", "web-1")
    printed = openstack.need("alice", *config).out
    own = yaml.safe_load(printed)
    assert own["package_variables"]["postgresql_password"] is None
    del own["packages"]["apache"], own["package_variables"]["apache_port"]
    own["package_variables"]["motd"] = "Anew."
    (openstack.folder / "edited.yaml").write_text(f"# by hand\n{yaml.safe_dump(own)}")
    tried = openstack.need("alice", *config, "--file", "edited.yaml", "--dry-run").out
    assert "apache: true -> as the project\n" in tried
    assert "apache_port: 8081 -> as the project\n" in tried
    assert "motd: Two\nlines.\n -> Anew.\n" in tried
    assert menu.document(server)["packages"]["apache"] == "apache"
    openstack.need("alice", *config, "--file", "edited.yaml", "--wait")
    document = menu.document(server)
    assert document["packages"] == {"postgresql": "postgresql"}
    assert (document["variables"]["postgresql_password"], document["variables"]["motd"]) == (OTHER, "Anew.")
    assert had[-1] == document["generation"]


def _copied(openstack: Shell, menu: Menu, server: str) -> None:
    other = menu.cloud.boot("alice", "web-2")
    openstack.need("alice", "server", "package", "copy", "--wait", "--driver", "file", "web-1", "web-2")
    assert menu.document(other)["variables"] == menu.document(server)["variables"]


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_changed(
    menu: Menu, openstack: Shell, server: str, nova_cloud: NovaCloud
) -> None:
    before = _generation(menu, server), _servers(menu)
    wrong = [
        {"name": "apache", "kind": "package", "title": 7, "packages": ["nginx"]},
        {"name": "a b", "kind": "package"},
        {"name": "level", "kind": "variable", "type": "choice"},
    ]
    (openstack.folder / "wrong.json").write_text(json.dumps(wrong))
    (openstack.folder / "config.yaml").write_text("packages: [apache, nginx]\npackage_variables: {motd: [1]}\n")
    variables = ("--package-variable", "apache_port=0", "--package-variable", "web_keepalive=perhaps")
    booted, added, missing, replaced, imported, nowhere = together(
        partial(
            openstack.refused, "alice", "server", "boot", *TINY, "--package", "nothing", "--package", "apache",
            *variables, "refused",
        ),
        partial(openstack.refused, "alice", "server", "package", "add", "web-1", "apache", "apache_port=many", "x"),
        partial(openstack.refused, "alice", "server", "package", "add", "web-1", "postgresql"),
        partial(openstack.refused, "alice", "server", "package", "config", "--file", "config.yaml", "web-1"),
        partial(openstack.refused, "admin", "package", "menu", "import", "wrong.json"),
        partial(openstack.refused, "alice", "server", "package", "add", "no-such-server", "apache"),
    )  # fmt: skip
    assert booted.lines == {
        "No server was made: it cannot have these packages and variables.",
        "nothing: it is not on the menu of this project",
        "apache_port: it must be at least 1",
        "web_keepalive: it must be true or false",
    }
    assert added.lines == {"x: it is not on the menu of this project", "apache_port: it must be a whole number"}
    assert missing.lines == {"postgresql_password: package postgresql needs a value for it"}
    assert replaced.lines == {"nginx: it is not on the menu of this project", "motd: it must be a text"}
    assert {line.split(":")[0] for line in imported.lines} == {"apache", "a b", "level"}
    assert "no-such-server" in nowhere.err
    assert (_generation(menu, server), _servers(menu)) == before
    assert menu.open_boots() == 0
    published = {one["name"]: one for one in menu.need("admin", "GET", "/package-menu")["package_menu"]}
    assert set(published) == set(ENTRIES)
    assert published["apache"]["title"] == ENTRIES["apache"]["title"]


def test_bob_sees_nothing_of_alices_menu_and_servers(menu: Menu, openstack: Shell, server: str) -> None:
    menu.need("alice", "PUT", f"/servers/{server}/packages", {"packages": ["apache"], "package_variables": {}})
    listed, *refused, menu_told = together(
        partial(openstack.listed, "bob", "project", "package", "list", "bob"),
        partial(openstack.refused, "bob", "server", "package", "list", server),
        partial(openstack.refused, "bob", "server", "package", "add", server, "apache"),
        partial(openstack.refused, "bob", "server", "package", "history", "web-1"),
        partial(openstack.refused, "bob", "package", "menu", "list"),
    )
    on_by_default = {name for name, entry in ENTRIES.items() if entry.get("on_by_default")}
    assert {row["Name"] for row in listed} <= on_by_default
    for told in refused:
        assert told.lines <= {f"No Server found for {one}" for one in (server, "web-1")}, told
    assert "package_menu:list" in menu_told.err
    assert menu.settings("alice", server)["packages"] == ["apache"]


# -- programs


def test_openstacksdk_and_curl_do_it_as_the_manual_says(
    menu: Menu, server: str, nova_cloud: NovaCloud, tmp_path: Path
) -> None:
    connection = sdk(nova_cloud, nova_cloud.glance, "alice")
    connection.compute.put(f"/servers/{server}/packages/apache", json={"on": True})
    changed = connection.compute.put(f"/servers/{server}/packages/apache_port", json={"value": 8081})
    assert changed.status_code == 200
    menu.delivered(server, packages={"apache": "apache"})

    def deliveries() -> Any:
        shown = connection.compute.get(f"/servers/{server}/packages").json()["server_packages"]
        return {one["driver"]: (one["state"], one["is_current"]) for one in shown["deliveries"]}

    menu.until(lambda: deliveries()["file"] == ("delivered", True), "openstacksdk is shown that it has arrived")
    shown = json.loads(curl(nova_cloud, nova_cloud.nova.api, "alice", f"/v2.1/servers/{server}/packages?on=true"))
    assert shown["server_packages"]["package_variables"]["apache_port"] == 8081
    body = ("-X", "PUT", "--header", "Content-Type: application/json", "--data", '{"value": 8082}')
    told = json.loads(
        curl(nova_cloud, nova_cloud.nova.api, "alice", f"/v2.1/servers/{server}/packages/apache_port", *body)
    )
    assert told["server_packages"]["chosen"]["package_variables"] == {"apache_port": 8082}
    assert menu.delivered(server)["variables"]["apache_port"] in (8081, 8082)
