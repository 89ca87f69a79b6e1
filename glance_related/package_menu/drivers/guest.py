"""`GuestDriver`: the server fetches its settings by itself, at its first boot and ever after.

It is told ``{"generation": 3, "packages": [{"name": "web", "package": "apache2"}], "variables": {"port": 80}}``:
packages by their names on the menu, with what its package manager calls them. `glance_related.guest` carries it there,
and its program does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glance_related.deliveries.delivery import Done
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable, put_value


class GuestDriver(PackageDriver):
    """Entry point ``glance_related.package_management_drivers``, name ``guest``; see the module."""

    @property
    def is_pulled(self) -> bool:
        return True

    @property
    def interval_seconds(self) -> int:
        """How often a guest should ask."""
        seconds: int = self.settings["interval_seconds"]
        return seconds

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        return Done()  # it comes for it

    def remove(self, instance: Instance) -> Done:
        return Done()  # what a guest has goes with it

    def check(self) -> list[str]:
        return []

    def document(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Mapping[str, Any]:
        values: dict[str, Any] = {}
        for variable in variables:
            put_value(values, variable)
        return {
            "generation": instance.generation,
            "packages": [{"name": package.name, "package": package.realised} for package in packages],
            "variables": values,
        }
