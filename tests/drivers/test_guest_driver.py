"""The shipped suite of drivers of packages on the guest's: its receiver is the program that runs in guests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.driver import Instance
from glance_related.package_menu.drivers.guest import GuestDriver
from glance_related.testing.package_driver_suite import Fetched, PackageDriverSuite, Received
from tests.unit.guest.machine import Machine


class TestGuest(PackageDriverSuite):
    """A guest with a package manager that writes down what it is told."""

    @pytest.fixture
    def driver(self) -> Fetched:
        return Fetched(GuestDriver({"interval_seconds": 900}))

    @pytest.fixture
    def received(self, driver: Fetched, tmp_path: Path) -> Callable[[Instance], Received | None]:
        machines: dict[InstanceRef, Machine] = {}

        def look(one: Instance) -> Received | None:
            told = driver.told.get(one.ref)
            if told is None:
                return None
            if one.ref not in machines:
                machines[one.ref] = Machine(tmp_path / one.ref.instance_id)
            machine = machines[one.ref]
            machine.apply({"version": 1, "have": "1", "parts": {"package_menu": told}}, check=False)
            assert machine.state()["last"]["ok"], machine.state()
            return Received(frozenset(machine.there()), json.loads(machine.etc("variables.json").read_text()))

        return look

    @pytest.fixture
    def unreachable(self) -> None:
        return None
