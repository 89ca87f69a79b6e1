"""`Books`: what is kept of the menu and of servers, and whom it is handed to; every handler of this system has them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glance_related.deliveries.store import DeliveryStore
from glance_related.package_menu import problems
from glance_related.package_menu.deliverable import Deliverable, deliverable, generation_of
from glance_related.package_menu.drivers.driver import ENTRY_POINTS, PackageDriver
from glance_related.package_menu.entry import Entry, Sealed
from glance_related.package_menu.instance_store import InstanceStore, Kept
from glance_related.package_menu.options import DRIVER_GROUP, DRIVER_OPTS, GROUP
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.store import AsOf, MenuStore
from glance_related.package_menu.stored import value_of, written
from glance_related.settings.keys import NoKeys
from glance_related.settings.options import Settings
from glance_related.settings.plugins import load
from glance_related.suite import Suite

LOG = logging.getLogger(__name__)


def open_drivers(settings: Settings) -> dict[str, PackageDriver]:
    """The drivers that the configuration names.

    :raises ConfigError: one sentence that names the fix
    """
    own = settings.package_menu
    classes = load(ENTRY_POINTS, own.package_management_driver, f"[{GROUP}] package_management_driver")
    return {name: made(_options(settings, name, made)) for name, made in classes.items()}


def _options(settings: Settings, name: str, driver: type[PackageDriver]) -> Mapping[str, Any]:
    if name in DRIVER_OPTS:
        return settings.package_menu.of_drivers[name]
    group = DRIVER_GROUP + name
    settings.conf.register_opts(list(driver.OPTS), group=group)
    return {option.dest: settings.conf[group][option.dest] for option in driver.OPTS}


@dataclass(frozen=True)
class Books:
    """See the module.

    :param drivers: by name
    """

    suite: Suite
    drivers: Mapping[str, PackageDriver]
    menu: MenuStore = field(init=False)
    instances: InstanceStore = field(init=False)
    deliveries: DeliveryStore = field(init=False)

    def __post_init__(self) -> None:
        database = self.suite.database
        object.__setattr__(self, "menu", MenuStore(database))
        object.__setattr__(self, "instances", InstanceStore(database))
        object.__setattr__(self, "deliveries", DeliveryStore(database))

    # -- secrets

    def sealed(self, entry: Entry | None, value: Any) -> Any:
        """A value as it is kept: what is secret is encrypted.

        :raises Problem: 503 where there are no keys
        """
        if entry is None or not entry.is_secret or value is None or isinstance(value, Sealed):
            return value
        try:
            return Sealed(self.suite.keys.seal(value))
        except NoKeys:
            raise problems.NO_SECRETS() from None

    def sealed_choices(self, as_of: AsOf, choices: Mapping[str, Choice]) -> dict[str, Choice]:
        """Choices as they are kept."""
        entries = as_of.menu.menu.entries
        return {
            name: choice._replace(value=self.sealed(entries.get(name), choice.value))
            for name, choice in choices.items()
        }

    # -- what drivers are told

    def deliverable(self, kept: Kept, as_of: AsOf, driver: str) -> Deliverable:
        """What a driver is told of a server.

        :raises NoKeys:
        :raises Undecipherable:
        """
        settings = as_of.menu.settings(kept.choices)
        return deliverable(kept, settings, generation_of(kept, as_of), driver, self.suite.keys.open)

    def size_of(self, choices: Mapping[str, Choice]) -> int:
        """How much a server has of its own, in bytes."""
        return len(json.dumps(carried(choices)))


def carried(choices: Mapping[str, Choice]) -> dict[str, Any]:
    """Choices as a rider carries them."""
    return {
        name: {"is_on": choice.is_on, "value": written(choice.value)}
        for name, choice in choices.items()
        if choice.is_on is not None or choice.value is not None
    }


def choices_of(content: Mapping[str, Any]) -> dict[str, Choice]:
    """The choices that a rider carries."""
    return {name: Choice(None, one.get("is_on"), value_of(one.get("value"))) for name, one in content.items()}
