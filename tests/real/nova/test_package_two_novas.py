"""Two Novas with one package menu: what servers have is kept apart by their installations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from cloud.nova_programs import Api

APACHE = {"packages": ["apache"], "package_variables": {"apache_port": 8080}}


@pytest.fixture
def menu(menu: Menu, nova_cloud: NovaCloud) -> Menu:
    """Published and offered through the first Nova."""
    assert nova_cloud.worker.pid is not None
    return menu


def document_of(menu: Menu, server: str, installation: str, **expected: Any) -> Any:
    """What the driver has of a server under that installation, once its variables are these."""

    def arrived() -> Any:
        document = menu.document(server, installation)
        return document if document is not None and document["variables"] == expected else None

    return menu.until(arrived, f"{expected} is handed over, but {menu.document(server, installation)}")


def test_both_have_one_menu_and_each_delivers_under_its_own_installation(menu: Menu, nova_cloud: NovaCloud) -> None:
    first, second = nova_cloud.nova, nova_cloud.nova2
    path = f"/package-menu/projects/{nova_cloud.project('alice')}"
    shown = menu.need("alice", "GET", path, on=second)
    assert shown == menu.need("alice", "GET", path, on=first)
    assert {one["name"] for one in shown["project_packages"]} >= {"apache", "apache_port"}
    here, there = nova_cloud.boot("alice", **APACHE), nova_cloud.boot("alice", on=second, **APACHE)
    menu.need("alice", "PUT", f"/servers/{there}/packages/apache_port", {"value": 8081}, on=second)
    # said at the one, for servers of both
    menu.need("admin", "PUT", f"{path}/ratio", {"state": "default", "default": 0.5}, on=second)
    for server, own, other, port in (
        (here, nova_cloud.installation, nova_cloud.installation2, 8080),
        (there, nova_cloud.installation2, nova_cloud.installation, 8081),
    ):
        document = document_of(menu, server, own, apache_port=port, ratio=0.5)
        assert document["instance"]["nova_installation_uuid"] == own
        assert menu.document(server, other) is None
    for server, own, other in ((here, first, second), (there, second, first)):
        assert menu.ask("alice", "GET", f"/servers/{server}/packages", on=own).status == 200
        for who in ("alice", "admin"):
            assert menu.ask(who, "GET", f"/servers/{server}/packages", on=other).status == 404
            assert menu.ask(who, "PUT", f"/servers/{server}/packages", APACHE, on=other).status == 404
    _reconciled_much_later(nova_cloud, here, there)
    nova_cloud.delete_server("alice", there, on=second)
    menu.until(lambda: menu.document(there, nova_cloud.installation2) is None, "the driver has forgotten it")
    assert menu.document(here) is not None
    nova_cloud.delete_server("alice", here)


def _reconciled_much_later(cloud: NovaCloud, *servers: str) -> None:
    """Whether they are gone each Nova is asked of its own: the other one does not know them."""
    for server in servers:
        table = "glance_related_package_instances"
        cloud.suite_rows(f"update {table} set created_at = '2001-01-01' where instance_id = %s", server)
    done = cloud.suite.manage("reconcile", "-f", "json")
    assert done.returncode == 0, done.stderr
    kept = {row["instance_id"] for row in cloud.suite_rows("select * from glance_related_package_instances")}
    assert set(servers) <= kept


@pytest.fixture
def disguised(nova_cloud: NovaCloud) -> Iterator[Api]:
    """A nova-api of the second Nova, with the first one's installation in its filter."""
    made = nova_cloud.nova2.extra_api(
        "nova2-menu-in-disguise", free_port(), filters="package_menu",
        suite_conf=nova_cloud.compute.sites[0].suite.conf,
    )  # fmt: skip
    made.start()
    yield made
    made.stop()


def test_a_servers_id_alone_leads_to_nothing_of_what_it_has_in_its_nova(
    menu: Menu, nova_cloud: NovaCloud, disguised: Api
) -> None:
    """A server of the same id in another Nova is another one."""
    second = nova_cloud.nova2
    server = nova_cloud.boot("alice", on=second, **APACHE)
    path = f"/servers/{server}/packages"
    other = menu.need("alice", "GET", path, on=disguised)["server_packages"]
    assert (other["packages"], other["chosen"]) == (["monitoring"], {"packages": {}, "package_variables": {}})
    assert menu.need("alice", "GET", f"{path}/history", on=disguised)["history"] == []
    menu.need("alice", "PUT", f"{path}/motd", {"value": "another"}, on=disguised)
    document_of(menu, server, nova_cloud.installation, motd="another")
    document_of(menu, server, nova_cloud.installation2, apache_port=8080)
    own = menu.need("alice", "GET", path, on=second)["server_packages"]
    assert own["package_variables"] == {"apache_port": 8080}
    assert len(menu.need("alice", "GET", f"{path}/history", on=second)["history"]) == 1
    # what the second Nova's own filter has not seen go, a worker has asked that Nova for
    nova_cloud.delete_server("alice", server, on=disguised)
    for installation in (nova_cloud.installation, nova_cloud.installation2):
        menu.until(lambda one=installation: menu.document(server, one) is None, "the driver has forgotten it")
