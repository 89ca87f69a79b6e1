"""What of a server's settings a driver is told, and what of them may be shown. Pure, but for the keys of secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.deliveries.delivery import SETTINGS, Wish
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable
from glance_related.package_menu.entry import Entry, Sealed
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.rules import Settings
from glance_related.package_menu.store import SYSTEM, AsOf


@dataclass(frozen=True)
class Deliverable:
    """What a driver is told of a server; see `PackageDriver.configure_packages`."""

    instance: Instance
    packages: tuple[Package, ...]
    variables: tuple[Variable, ...]


def deliverable(
    kept: Kept, settings: Settings, generation: int, driver: str, opened: Callable[[str], str]
) -> Deliverable:
    """What a driver is told; what is nothing to it for this operating system is left out.

    :param driver: its name
    :param opened: makes a secret of an encrypted text
    """
    packages: dict[str, Package] = {}
    for setting in settings.packages:
        realised = setting.entry.realised(driver, kept.os_distro)
        if realised is not None:
            packages[setting.entry.name] = Package(setting.entry.name, realised)
    variables = []
    for setting in settings.variables:
        entry = setting.entry
        realised = entry.realised(driver, kept.os_distro)
        belongs = tuple(packages[name].realised for name in entry.packages if name in packages)
        if realised is None or (entry.packages and not belongs):
            continue
        value = opened(setting.value.token) if isinstance(setting.value, Sealed) else setting.value
        variables.append(Variable(entry.name, realised, value, belongs, entry.is_secret))
    return Deliverable(instance_of(kept, generation), tuple(packages.values()), tuple(variables))


def instance_of(kept: Kept, generation: int) -> Instance:
    """A server as a driver is told of it."""
    return Instance(kept.ref, kept.project_id, kept.name, kept.hostname, kept.os_distro, generation)


def shown(told: Deliverable) -> dict[str, Any]:
    """What a driver was told, as the API shows it: a secret has no value."""
    return {
        "packages": [package.name for package in told.packages],
        "variables": {one.name: None if one.is_secret else one.value for one in told.variables},
    }


def shown_value(value: Any, entry: Entry | None = None) -> Any:
    """A value as the API shows it.

    :param entry: whose it is; None: what it was is not on the menu any more
    """
    return None if isinstance(value, Sealed) or (entry is not None and entry.is_secret) else value


def wishes(
    servers: Iterable[tuple[InstanceRef, str, int]], drivers: Mapping[str, PackageDriver], action: str = SETTINGS
) -> list[Wish]:
    """What every driver shall have.

    :param servers: each with its project and the generation of its settings
    """
    return [
        Wish(ref, SYSTEM, name, project_id, generation, action, is_pulled=driver.is_pulled)
        for ref, project_id, generation in servers
        for name, driver in drivers.items()
        if action == SETTINGS or not driver.is_pulled
    ]


def generation_of(kept: Kept | None, as_of: AsOf) -> int:
    """The generation of a server's settings: whatever changes them makes it higher."""
    return as_of.generation + (kept.generation if kept is not None else 0)
