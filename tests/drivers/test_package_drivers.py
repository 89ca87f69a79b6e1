"""The shipped suite of drivers of packages, on every driver that comes with the suite, and on its real receiver."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from glance_related.cmd.enc.text import as_yaml
from glance_related.deliveries.delivery import Done
from glance_related.package_menu.drivers.driver import ENTRY_POINTS, Instance, Package, PackageDriver, Variable
from glance_related.package_menu.drivers.file import FileDriver
from glance_related.package_menu.drivers.ldap import LdapDriver
from glance_related.package_menu.drivers.puppet import PuppetDriver
from glance_related.testing.package_driver_suite import Fetched, PackageDriverSuite, Received
from tests.drivers.ldap_side import ldap_settings
from tests.servers import HOST
from tests.servers.ports import free_port
from tests.servers.puppet import Puppet, classes
from tests.servers.slapd import Slapd

Look = Callable[[Instance], Received | None]


class TestFile(PackageDriverSuite):
    """A JSON document for each server."""

    @pytest.fixture
    def driver(self, tmp_path: Path) -> PackageDriver:
        return FileDriver({"folder": str(tmp_path), "format": "json"})

    @pytest.fixture
    def received(self, tmp_path: Path) -> Look:
        def look(one: Instance) -> Received | None:
            document = document_in(tmp_path, one)
            return document and Received(frozenset(document["packages"].values()), document["variables"])

        return look

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> PackageDriver:
        return FileDriver({"folder": str(tmp_path / "away"), "format": "json"})


class TestFileForChef(PackageDriverSuite):
    """A run list and attributes for each server."""

    @pytest.fixture
    def driver(self, tmp_path: Path) -> PackageDriver:
        return FileDriver({"folder": str(tmp_path), "format": "chef-json"})

    @pytest.fixture
    def received(self, tmp_path: Path) -> Look:
        def look(one: Instance) -> Received | None:
            document = document_in(tmp_path, one)
            if document is None:
                return None
            recipes = document.pop("run_list")
            cookbooks = [document.pop(name) for name, value in list(document.items()) if isinstance(value, dict)]
            variables = dict(document)
            for attributes in cookbooks:
                variables |= attributes
            return Received(frozenset(recipe[len("recipe[") : -1] for recipe in recipes), variables)

        return look

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> PackageDriver:
        return FileDriver({"folder": str(tmp_path / "away"), "format": "chef-json"})


def document_in(folder: Path, one: Instance) -> Any:
    path = folder / one.ref.nova_installation_uuid / f"{one.ref.instance_id}.json"
    return json.loads(path.read_text()) if path.exists() else None


class TestLdap(PackageDriverSuite):
    """An entry for each server in a real directory."""

    refused = frozenset({"letters", "emoji", "lines", "separators"})

    @pytest.fixture
    def base(self, slapd: Slapd) -> str:
        return slapd.new_base()

    @pytest.fixture
    def driver(self, slapd: Slapd, base: str) -> PackageDriver:
        return LdapDriver(ldap_settings(slapd.url, base))

    @pytest.fixture
    def received(self, slapd: Slapd, base: str) -> Look:
        def look(one: Instance) -> Received | None:
            entry = slapd.entries(base).get(f"cn={one.ref.instance_id},{base}")
            if entry is None:
                return None
            variables = dict(line.split("=", 1) for line in entry["puppetVar"])
            for name in ("instanceproject", "instancename", "instanceid", "instancenova"):
                del variables[name]
            return Received(frozenset(entry.get("puppetClass", [])), variables)

        return look

    @pytest.fixture
    def unreachable(self) -> PackageDriver:
        return LdapDriver(ldap_settings(f"ldap://{HOST}:{free_port()}", "dc=example,dc=org"))

    def arrives_as(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value)


class TestPuppetsManifests(PackageDriverSuite):
    """A manifest for each server, compiled by the real Puppet."""

    @pytest.fixture
    def driver(self, puppet: Puppet) -> PackageDriver:
        return Declaring(PuppetDriver(puppet_settings(manifests=str(puppet.servers))), puppet)

    @pytest.fixture
    def received(self, puppet: Puppet, nodes: Path) -> Look:
        def look(one: Instance) -> Received | None:
            (nodes / one.ref.instance_id).write_text("{}\n")
            answer = puppet.compiled(one.ref.instance_id)
            return None if answer["node"]["title"] == "default" else received_of(answer, "node")

        return look

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> PackageDriver:
        return PuppetDriver(puppet_settings(manifests=str(tmp_path / "away")))


class TestPuppetsClassifier(PackageDriverSuite):
    """What the real Puppet makes of what ``glance-related-enc`` prints."""

    @pytest.fixture
    def driver(self, puppet: Puppet) -> PackageDriver:
        return Declaring(Fetched(PuppetDriver(puppet_settings())), puppet)

    @pytest.fixture
    def received(self, puppet: Puppet, driver: Declaring, nodes: Path) -> Look:
        def look(one: Instance) -> Received | None:
            assert isinstance(driver.driver, Fetched)
            told = driver.driver.told.get(one.ref)
            if told is None:
                return None
            (nodes / one.ref.instance_id).write_text(as_yaml(told))
            return received_of(puppet.compiled(one.ref.instance_id), "top")

        return look

    @pytest.fixture
    def unreachable(self) -> None:
        return None


def puppet_settings(**more: Any) -> dict[str, Any]:
    known = {"certname": "{instance_id}", "manifests": None, "compile": None, "compile_seconds": 60}
    return {**known, "environment": None, **more}


class Declaring(PackageDriver):
    """A driver in front of a Puppet that has every class which is asked of it."""

    def __init__(self, driver: PackageDriver, puppet: Puppet) -> None:
        super().__init__(driver.settings)
        self.driver = driver
        self._puppet = puppet
        self._declared: tuple[set[str], set[str]] = ({"web", "db"}, {"port"})
        self._write()

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        done = self.driver.configure_packages(instance, packages, variables)
        self._declared[0].update(package.realised for package in packages)
        self._declared[1].update(variable.realised for variable in variables if variable.packages)
        self._write()
        return done

    def _write(self) -> None:
        names, parameters = map(sorted, self._declared)
        self._puppet.site(classes(names, parameters) + "node default { }\n")

    def remove(self, instance: Instance) -> Done:
        return self.driver.remove(instance)

    def check(self) -> list[str]:
        return self.driver.check()

    def read_back(self, instance: Instance) -> Mapping[str, Any] | None:
        return self.driver.read_back(instance)


#: What scopes have of themselves.
OWN = {"environment", "trusted", "server_facts", "facts", "module_name", "caller_module_name", "title", "name"}


def received_of(answer: Mapping[str, Any], scope: str) -> Received:
    """What a node has: its classes, their parameters, and the variables of a scope."""
    found = answer["classes"]
    variables = {name: value for name, value in answer[scope].items() if name not in OWN}
    for values in found.values():
        # what was not set has nothing in it
        variables |= {name: value for name, value in values.items() if name not in OWN and value is not None}
    return Received(frozenset(found), variables)


def test_every_driver_that_comes_with_the_suite_is_here() -> None:
    installed = importlib.metadata.entry_points(group=ENTRY_POINTS)
    ours = {point.name for point in installed if point.value.startswith("glance_related.")}
    # the guest's is proved with the program that runs in the guest
    assert ours - {"guest"} == {"file", "ldap", "puppet"}
