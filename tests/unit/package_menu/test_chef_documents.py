"""What the driver ``file`` writes for Chef, and what it refuses to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glance_related.deliveries.delivery import Refused
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.driver import Instance, Package, Variable
from glance_related.package_menu.drivers.file import FileDriver

REF = InstanceRef("11111111-2222-3333-4444-555555555555", "0a1b2c3d-1111-4222-8333-444455556666")
SERVER = Instance(REF, "a-project", "web 1", "web-1")


@pytest.fixture
def driver(tmp_path: Path) -> FileDriver:
    return FileDriver({"folder": str(tmp_path), "format": "chef-json"})


def written(tmp_path: Path) -> list[Any]:
    return [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")]


def test_what_is_to_run_and_with_which_attributes(driver: FileDriver, tmp_path: Path) -> None:
    variables = [Variable("port", "port", 80, ("apache::ssl",)), Variable("role", "role", "web")]
    driver.configure_packages(SERVER, [Package("web", "apache::ssl")], variables)
    assert written(tmp_path) == [{"run_list": ["recipe[apache::ssl]"], "apache": {"port": 80}, "role": "web"}]


@pytest.mark.parametrize("name", ["run_list", "recipes"])
@pytest.mark.parametrize("of", [(), ("cookbook",)], ids=["a variable", "a cookbook"])
def test_nothing_takes_the_place_of_what_is_to_run(
    driver: FileDriver, tmp_path: Path, name: str, of: tuple[str, ...]
) -> None:
    variable = Variable("port", "port", 80, (name,)) if of else Variable(name, name, "x")
    with pytest.raises(Refused, match=f"^{name} cannot be an attribute's name: it means something else to Chef here$"):
        driver.configure_packages(SERVER, [Package("web", "apache")], [variable])
    assert written(tmp_path) == []


def test_of_a_cookbook_it_may_be_an_attribute(driver: FileDriver, tmp_path: Path) -> None:
    driver.configure_packages(SERVER, [], [Variable("recipes", "recipes", ["cake"], ("bakery",))])
    assert written(tmp_path) == [{"run_list": [], "bakery": {"recipes": ["cake"]}}]
