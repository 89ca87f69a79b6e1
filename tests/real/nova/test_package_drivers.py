"""Servers of an unmodified Nova in a real Puppet and a real directory at once: a manifest and an entry for each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.real.nova.driven import ENTRIES, Driven, classes_of, resource, web_puppet
from tests.real.nova.nova_cloud import NovaCloud
from tests.servers import PASSWORD, MissingProgram
from tests.servers.puppet import LoadedPuppet, Puppet, catalog_of
from tests.servers.slapd import WORKER, Slapd

#: In ASCII, as the directory wants it, and with whatever Puppet's language and LDAP's spelling could trip over.
VALUES = {
    "port": 8080, "hosts": ["a,b", "c=d"], "role": "it's a=b \\ ${port} \" #{1} $(id)", "password": "hush \\ 'x'",
    "debug": True, "ratio": -1.5,
}  # fmt: skip

#: Of what Puppet has no class, and a text where its class wants a number; a directory has any.
GHOST = {"name": "ghost", "kind": "package", "realisations": {"puppet": {"*": "no::such"}}, "on_by_default": False}
WORKERS = {"name": "workers", "kind": "variable", "type": "string", "packages": ["web"], "on_by_default": True}


class Both(Driven):
    """Both drivers, and their receivers."""

    def __init__(self, cloud: NovaCloud, puppet: Puppet, slapd: Slapd) -> None:
        self.puppet, self.slapd, self.base = puppet, slapd, slapd.new_base()
        compiles = puppet.command("catalog", "compile", "{certname}")
        super().__init__(
            cloud, "driven", f"""\
[package_menu]
package_management_driver = puppet, ldap
look_around_seconds = 2
[package_menu_puppet]
manifests = {puppet.servers}
compile = {compiles}
[package_menu_ldap]
url = {slapd.url}
base_dn = {self.base}
bind_dn = {WORKER}
password = {PASSWORD}
""",
        )  # fmt: skip

    def manifest(self, server_id: str) -> Path:
        return self.puppet.servers / f"{server_id}.pp"

    def entry(self, server_id: str) -> dict[str, list[str]] | None:
        return self.slapd.entries(self.base).get(f"cn={server_id},{self.base}")

    def variables(self, server_id: str) -> dict[str, str]:
        """What an entry has as ``puppetVar``, in Puppet's way of reading it."""
        entry = self.entry(server_id)
        assert entry is not None, f"there is no entry of server {server_id}"
        return dict(one.split("=", 1) for one in entry["puppetVar"])

    def applied(self, who: str, server_id: str) -> dict[str, Any]:
        """What each driver's receiver has by now, as the API shows it, once both are through with it."""
        shown = self.has_come(who, server_id, puppet="delivered", ldap="delivered")
        assert all(one["is_current"] for one in shown.values())
        return {name: one["applied"] for name, one in shown.items()}


@pytest.fixture(scope="module")
def _both(nova_cloud: NovaCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    root = tmp_path_factory.mktemp("driven")
    with ExitStack() as ended:
        try:
            loaded, slapd = ended.enter_context(LoadedPuppet(root)), ended.enter_context(Slapd())
        except MissingProgram as missing:
            pytest.skip(str(missing))
        puppet = ended.enter_context(web_puppet(root / "puppet", loaded))
        made = Both(nova_cloud, puppet, slapd)
        ended.callback(made.stop)
        made.start()
        yield made


@pytest.fixture
def both(_both: Both) -> Iterator[Both]:
    _both.publish(*ENTRIES, GHOST)
    _both.offer("alice", "web", "ghost")
    yield _both
    _both.clear()


def test_what_a_server_is_booted_with_is_compiled_by_puppet_and_stands_in_the_directory(
    both: Both, nova_cloud: NovaCloud
) -> None:
    server = both.boot("alice", "Web-1", packages=["web"], package_variables=VALUES)
    shown = {"packages": ["web"], "variables": {**VALUES, "password": None}}
    assert both.applied("alice", server) == {"puppet": shown, "ldap": shown}

    puppet = both.puppet
    words: list[tuple[str | Path, ...]] = [
        ("parser", "validate", both.manifest(server)),
        ("catalog", "compile", server),
        ("apply", "--noop", "--certname", server, puppet.manifests),
    ]
    with ThreadPoolExecutor() as at_once:
        validated, compiled, applied = at_once.map(lambda one: puppet.run_installed(*one), words)
    assert (validated.returncode, validated.stdout) == (0, ""), validated.stderr
    message = f"8080 a,b,c=d {VALUES['role']}"
    assert applied.returncode == 0, applied.stderr
    assert "Notify[web]/message: current_value 'absent', should be " in applied.stdout
    catalog = catalog_of(compiled)
    parameters = {**{name: VALUES[name] for name in ("port", "hosts", "password")}, "workers": 1}
    assert (classes_of(catalog), resource(catalog, "Class", "Web")) == ({"Web"}, parameters)
    assert resource(catalog, "Notify", "web") == {"message": message}
    variables = puppet.compiled(server)["node"]
    assert {name: variables[name] for name in ("role", "debug", "ratio")} == {
        "role": VALUES["role"], "debug": True, "ratio": -1.5,
    }  # fmt: skip

    entry = both.entry(server)
    assert entry is not None
    assert (entry["puppetClass"], entry["cn"]) == (["apache::ssl"], [server])
    assert both.variables(server) == {
        "port": "8080", "hosts": '["a,b", "c=d"]', "role": VALUES["role"], "password": VALUES["password"],
        "debug": "true", "ratio": "-1.5", "instanceid": server, "instancenova": nova_cloud.installation,
        "instanceproject": nova_cloud.project("alice"), "instancename": "web-1",
    }  # fmt: skip
    nova_cloud.delete_server("alice", server, on=both.api)


def test_what_is_changed_while_a_server_runs_arrives_in_both(both: Both, nova_cloud: NovaCloud) -> None:
    server = both.boot("alice")
    plain = {"packages": [], "variables": {"role": "front"}}
    assert both.applied("alice", server) == {"puppet": plain, "ldap": plain}
    assert both.puppet.compiled(server)["classes"] == {}

    both.need("alice", "PUT", f"/servers/{server}/packages", {"packages": ["web"], "package_variables": {"port": 8081}})
    assert both.applied("alice", server)["puppet"]["variables"] == {"role": "front", "port": 8081}
    assert both.puppet.compiled(server)["classes"]["web"]["port"] == 8081
    entry = both.entry(server)
    assert entry is not None
    assert entry["puppetClass"] == ["apache::ssl"]
    assert both.variables(server)["port"] == "8081"

    # the project's default, to a server that has not deviated from it
    path = f"/package-menu/projects/{nova_cloud.project('alice')}/role"
    both.need("admin", "PUT", path, {"state": "default", "default": "back"})
    both.until(lambda: both.variables(server)["role"] == "back", "the project's default is in the directory")
    both.applied("alice", server)
    assert both.puppet.compiled(server)["node"]["role"] == "back"

    both.need("alice", "PUT", f"/servers/{server}/packages", {"packages": {"web": False}, "package_variables": {}})
    both.applied("alice", server)
    assert both.puppet.compiled(server)["classes"] == {}
    assert "puppetClass" not in (both.entry(server) or {})
    nova_cloud.delete_server("alice", server, on=both.api)


def test_what_puppet_complains_of_is_read_by_the_customer_in_its_own_words(both: Both, nova_cloud: NovaCloud) -> None:
    both.publish(WORKERS)
    server = both.boot("alice", packages=["web"], package_variables=VALUES)
    both.applied("alice", server)

    both.need("alice", "PUT", f"/servers/{server}/packages/ghost", {"on": True})
    shown = both.has_come("alice", server, puppet="failed", ldap="delivered")
    assert "Could not find class ::no::such" in shown["puppet"]["message"]
    assert shown["puppet"]["is_current"] is False
    assert shown["puppet"]["applied"]["packages"] == ["web"], "what it has by now is told beside what it is to have"
    entry = both.entry(server)
    assert entry is not None
    assert sorted(entry["puppetClass"]) == ["apache::ssl", "ghost"]

    both.need(
        "alice", "PUT", f"/servers/{server}/packages", {"packages": ["web"], "package_variables": {"workers": "x"}}
    )
    shown = both.has_come("alice", server, puppet="failed", ldap="delivered")
    assert "Class[Web]: parameter 'workers' expects an Integer value, got String" in shown["puppet"]["message"]
    assert both.variables(server)["workers"] == "x"
    for secret in (str(both.puppet.root), "hush"):
        assert secret not in str(both.settings("alice", server))
    assert both.ask("bob", "GET", f"/servers/{server}/packages").status == 404

    both.need("alice", "DELETE", f"/servers/{server}/packages/workers")
    both.applied("alice", server)
    nova_cloud.delete_server("alice", server, on=both.api)


def test_what_the_directory_cannot_have_is_said_to_the_customer_and_puppet_gets_it(
    both: Both, nova_cloud: NovaCloud
) -> None:
    server = both.boot("alice", packages=["web"])
    both.applied("alice", server)
    before = both.entry(server)
    both.set("alice", server, role="gr\u00fcn \U0001f422")
    shown = both.has_come("alice", server, puppet="delivered", ldap="failed")
    assert "role: its value has characters that are not ASCII" in shown["ldap"]["message"]
    assert shown["ldap"]["applied"]["variables"]["role"] == "front"
    assert both.entry(server) == before
    assert shown["puppet"]["applied"]["variables"]["role"] == "gr\u00fcn \U0001f422"
    assert both.puppet.compiled(server)["node"]["role"] == "gr\u00fcn \U0001f422"
    both.set("alice", server, role="green")
    both.applied("alice", server)
    assert both.variables(server)["role"] == "green"
    nova_cloud.delete_server("alice", server, on=both.api)


def test_a_server_that_is_deleted_is_no_node_and_no_entry_any_more(both: Both, nova_cloud: NovaCloud) -> None:
    """One through this API, one past it, while a third stays."""
    through, past, stays = [both.boot("alice", packages=["web"], wait=False) for _ in range(3)]
    for server in (through, past, stays):
        nova_cloud.wait_for_server("alice", server, "ACTIVE")
        both.applied("alice", server)
        assert both.manifest(server).exists()
    nova_cloud.delete_server("alice", through, on=both.api)
    nova_cloud.delete_server("alice", past, on=nova_cloud.stock_nova)
    for server in (through, past):
        both.until(lambda gone=server: not both.manifest(gone).exists(), "its manifest is gone")
        both.until(lambda gone=server: both.entry(gone) is None, "its entry is gone")
        assert both.ask("admin", "GET", f"/servers/{server}/packages").status == 404
        assert both.puppet.compiled(server)["classes"] == {}
    assert both.manifest(stays).exists()
    assert both.entry(stays) is not None
    assert list(both.puppet.servers.rglob(f"*{past}*")) == []
    nova_cloud.delete_server("alice", stays, on=both.api)
