"""The driver puppet with the real Puppet: what it compiles of what was set, and what it complains of.

Most commands are forks of a process that has loaded Puppet; where it counts how a command is started, it is the
installed one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glance_related.deliveries.delivery import Refused
from glance_related.package_menu.drivers.driver import Package, Variable
from glance_related.package_menu.drivers.puppet import PuppetDriver
from glance_related.testing.package_driver_suite import WEB as WEB_PACKAGE
from glance_related.testing.package_driver_suite import server, variable
from glance_related.testing.package_values import VALUES
from tests.drivers.puppet_side import FilteredApi, PuppetSide, make_puppet_side
from tests.drivers.test_package_drivers import puppet_settings
from tests.filters.conftest import ADMIN
from tests.filters.menu_side import PORT
from tests.servers import MissingProgram
from tests.servers.puppet import LoadedPuppet, Puppet, catalog_of, classes
from tests.servers.server import wait_until

pytestmark = pytest.mark.real

WEB = {"name": "web", "kind": "package", "on_by_default": True}
HOSTS = {"name": "hosts", "kind": "variable", "type": "list", "packages": ["web"], "on_by_default": True}
ROLE = {"name": "role", "kind": "variable", "type": "string", "default": "front", "on_by_default": True}
PASSWORD = {"name": "password", "kind": "variable", "type": "secret", "packages": ["web"], "on_by_default": True}


@pytest.fixture
def api() -> Iterator[FilteredApi]:
    made = FilteredApi()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedPuppet]:
    """A Puppet that is loaded once for all tests of this module."""
    try:
        made = LoadedPuppet(tmp_path_factory.mktemp("loaded"))
    except MissingProgram as missing:
        pytest.skip(str(missing))
    with made:
        yield made


@pytest.fixture
def make(tmp_path: Path, api: FilteredApi, loaded: LoadedPuppet) -> Callable[[str], PuppetSide]:
    """A Puppet that asks us, with some options of the driver."""

    def made(options: str) -> PuppetSide:
        side = make_puppet_side(tmp_path, api, loaded, options)
        side.menu.publish(WEB, PORT, HOSTS, ROLE, PASSWORD)
        return side

    return made


def resource(catalog: Any, kind: str, title: str) -> dict[str, Any]:
    """The parameters of a resource."""
    (found,) = [one for one in catalog["resources"] if (one["type"], one["title"]) == (kind, title)]
    return dict(found.get("parameters", {}))


# -- what it says through a worker, in both forms

FORMS = {"asked": "compile = PUPPET", "manifests": "manifests = SERVERS\ncompile = PUPPET"}


@pytest.fixture(params=FORMS)
def side(request: pytest.FixtureRequest, make: Callable[[str], PuppetSide]) -> PuppetSide:
    made = make(FORMS[request.param])
    if request.param == "manifests":
        # nobody has to be asked
        conf = made.puppet.conf
        conf.write_text("\n".join(line for line in conf.read_text().splitlines() if "node" not in line) + "\n")
    return made


def test_what_was_set_is_compiled_and_delivered(side: PuppetSide) -> None:
    server_id = side.booted()
    side.set(server_id, hosts=["a", "b"], role="it's a \\ ${role}\" #{1}")
    side.menu.deliver()
    assert side.delivery(server_id) == ("delivered", "")
    catalog = side.puppet.catalog(server_id)
    assert resource(catalog, "Class", "Web") == {"port": 80, "hosts": ["a", "b"]}
    assert resource(catalog, "Notify", "web") == {"message": "80 a,b"}


def test_puppets_complaints_reach_the_customer(side: PuppetSide) -> None:
    """The errors of a class, of a parameter's name and of its type, each mended and then broken otherwise."""
    server_id = side.booted()
    menu = side.menu
    menu.publish({"name": "nosuchclass", "kind": "package", "on_by_default": True})
    menu.deliver()
    state, message = side.delivery(server_id)
    assert state == "failed"
    assert "ould not find" in message
    assert "nosuchclass" in message
    assert str(side.puppet.root) not in message
    menu.ask("DELETE", "/package-menu/nosuchclass?force=true", who=ADMIN)
    text = {"kind": "variable", "type": "string", "default": "x", "packages": ["web"], "on_by_default": True}
    menu.publish({"name": "nosuch", **text})
    menu.deliver()
    assert "Class[Web]: has no parameter named 'nosuch'" in side.delivery(server_id)[1]
    menu.ask("DELETE", "/package-menu/nosuch?force=true", who=ADMIN)
    menu.publish({"name": "text", **text, "realisations": {"puppet": {"*": "hosts"}}})
    menu.deliver()
    assert "parameter 'hosts' expects an Array value, got String" in side.delivery(server_id)[1]
    menu.ask("DELETE", "/package-menu/text?force=true", who=ADMIN)
    menu.deliver()
    assert side.delivery(server_id) == ("delivered", "")


def test_a_secret_that_puppet_complains_of_is_in_no_complaint(side: PuppetSide) -> None:
    side.puppet.module("web", "class web(Integer $port = 80, Enum['a'] $password = 'a') { fail(\"no: ${password}\") }")
    server_id = side.booted()
    secret = 'hunter2\'s \\ "secret"'
    side.set(server_id, password=secret)
    side.menu.deliver()
    state, message = side.delivery(server_id)
    assert state == "failed"
    assert "password" in message
    for at in range(len(secret) - 5):
        assert secret[at : at + 6] not in message


def test_a_server_that_is_gone_is_no_node_any_more(side: PuppetSide) -> None:
    server_id = side.booted()
    side.menu.deliver()
    side.menu.ask("DELETE", f"/servers/{server_id}")
    side.menu.deliver()
    assert list(side.puppet.servers.glob("*.pp")) == []
    done = side.puppet.run("catalog", "compile", server_id)
    assert "Class" not in done.stdout or "Web" not in done.stdout


# -- a manifest for each


@pytest.fixture
def driver(puppet: Puppet) -> PuppetDriver:
    return PuppetDriver(puppet_settings(manifests=str(puppet.servers)))


def test_values_of_every_type_arrive_unchanged_in_a_compiled_catalog(tmp_path: Path, loaded: LoadedPuppet) -> None:
    puppet = Puppet(tmp_path / "puppet", "/bin/echo {} #", loaded)  # any node is known, and has nothing
    driver = PuppetDriver(puppet_settings(manifests=str(puppet.servers)))
    values = {f"v{number}": value for number, value in enumerate(one for kind in VALUES.values() for one in kind)}
    one = server()
    variables = [variable(name, value, "web") for name, value in values.items()]
    driver.configure_packages(one, [WEB_PACKAGE], [*variables, variable("role", VALUES["braces"][4])])
    puppet.site(classes(["web"], sorted(values)) + "node default { }\n")
    (manifest,) = puppet.servers.glob("*.pp")
    name = one.ref.instance_id
    for run, locale in ((puppet.run, "C.UTF-8"), (puppet.run_installed, "C")):
        done = run("parser", "validate", manifest, LC_ALL=locale)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        catalog = catalog_of(run("catalog", "compile", name, LC_ALL=locale))
        assert resource(catalog, "Class", "Web") == values
        assert [one for one in catalog["resources"] if one["type"] == "Notify"] == []
    done = puppet.run("apply", "--noop", "--certname", name, puppet.manifests)
    assert done.returncode == 0, done.stderr


HOSTILE = [
    "web' } notify { 'x",
    "web\n",
    "web\\",
    "${x}",
    "#{x}",
    "<%= 1 %>",
    "$(id)",
    "web;",
    "web }",
    "../web",
    "%{x}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_anything_but_a_name(puppet: Puppet, driver: PuppetDriver, name: str) -> None:
    """Whoever publishes them; the menu itself lets none of these in."""
    one = server()
    with pytest.raises(Refused, match="cannot be a"):
        driver.configure_packages(one, [Package(name, name)], [])
    with pytest.raises(Refused, match="cannot be a"):
        driver.configure_packages(one, [], [Variable(name, name, 1)])
    hostile = PuppetDriver(puppet_settings(manifests=str(puppet.servers), certname="{hostname}"))
    with pytest.raises(Refused, match="no name that Puppet could know it by"):
        hostile.configure_packages(server(hostname=name), [], [])
    assert os.listdir(puppet.servers) == []


def test_one_servers_settings_end_nobody_elses_compilation(puppet: Puppet, nodes: Path, driver: PuppetDriver) -> None:
    """All manifests of a folder are compiled together."""
    odd, other = server(1), server(2)
    driver.configure_packages(odd, [Package("gone", "no::such::class")], [variable("role", "' } fail('x') node 'y' {")])
    driver.configure_packages(other, [], [variable("role", "fine")])
    puppet.site("node default { }\n")
    for one in (odd, other):
        (nodes / one.ref.instance_id).write_text("{}\n")
    assert puppet.compiled(other.ref.instance_id)["node"]["role"] == "fine"
    with pytest.raises(LookupError, match="no::such::class"):
        puppet.compiled(odd.ref.instance_id)


# -- Puppet asks


def test_puppet_asks_with_our_program_and_no_other(make: Callable[[str], PuppetSide]) -> None:
    side = make("certname = {hostname}.{project_id}.example.org")
    server_id = side.booted("web-1", package_variables={"hosts": ["grün", "🐢"], "role": "' } \n".strip()})
    side.set(server_id, port=8080, password="hunter2 \\ 'x'")
    name = "web-1.alice-project.example.org"
    found = side.puppet.run_installed("node", "find", name)
    assert found.returncode == 0, found.stderr
    catalog = catalog_of(side.puppet.run_installed("catalog", "compile", name, "--facts_terminus", "facter"))
    assert resource(catalog, "Class", "Web") == {"port": 8080, "hosts": ["grün", "🐢"], "password": "hunter2 \\ 'x'"}
    assert resource(catalog, "Notify", "role") == {"message": "' }"}
    applied = side.puppet.run("apply", "--noop", "--certname", name, side.puppet.manifests)
    assert applied.returncode == 0, applied.stderr
    assert "Notify[web]" in applied.stdout
    assert side.delivery(server_id)[0] == "read"
    unknown = side.puppet.run("node", "find", "web-2.alice-project.example.org")
    assert unknown.returncode == 1
    assert "returned 1" in unknown.stderr


def test_puppet_goes_on_with_what_it_was_told_last_while_nobody_answers(
    make: Callable[[str], PuppetSide], api: FilteredApi
) -> None:
    side = make("")
    server_id = side.booted()
    assert resource(side.puppet.catalog(server_id), "Class", "Web")["port"] == 80
    side.set(server_id, port=8080)
    side.enc(timeout_seconds="1", interfaces="nowhere")
    api.replies["/v3/auth/tokens"] = (503, {}, b"")
    assert resource(side.puppet.catalog(server_id), "Class", "Web")["port"] == 80
    fresh = side.puppet.run("catalog", "compile", server_id, GLANCE_RELATED_FRESH="1")
    assert fresh.returncode == 1
    assert "returned 75" in fresh.stderr
    api.replies.clear()
    side.enc()
    assert resource(side.puppet.catalog(server_id), "Class", "Web")["port"] == 8080


def test_the_environment_is_the_operators(make: Callable[[str], PuppetSide]) -> None:
    side = make("environment = testenv")
    server_id = side.booted()
    testenv = side.puppet.root / "environments" / "testenv" / "manifests" / "site.pp"
    testenv.write_text("class web($port, $hosts = []) { }\n")
    assert side.puppet.catalog(server_id)["environment"] == "testenv"


def test_while_the_api_cannot_be_reached_nothing_counts_as_refused(
    make: Callable[[str], PuppetSide], api: FilteredApi
) -> None:
    """What is compiled must be what was set, and not what was told last."""
    side = make("compile = PUPPET")
    server_id = side.booted()
    side.menu.deliver()
    assert side.delivery(server_id) == ("delivered", "")
    side.set(server_id, port=8080)
    api.replies["/v3/auth/tokens"] = (503, {}, b"")
    worker = side.worker()
    while not side.delivery(server_id)[1]:
        worker.step()
    state, message = side.delivery(server_id)
    assert state == "pending"
    assert "returned 75" in message
    api.replies.clear()
    wait_until(
        lambda: bool(side.menu.deliver()) or side.delivery(server_id) == ("delivered", ""), "it is not delivered"
    )
