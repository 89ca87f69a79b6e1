"""The options of `glance_related.package_menu`, group ``[package_menu]``, and a group for each of its drivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oslo_config import cfg

GROUP = "package_menu"
#: Before the name of a driver: the group of its options.
DRIVER_GROUP = "package_menu_"

OPTS = [
    cfg.ListOpt(
        "package_management_driver",
        default=["file"],
        help="Whom the settings of servers are handed to; several may be active: file, guest, puppet, ldap, or one "
        "that is installed beside the suite.",
    ),
    cfg.IntOpt("max_entries", default=5000, min=1, help="Most entries of the menu."),
    cfg.IntOpt(
        "max_settings_bytes",
        default=256 * 1024,
        min=1024,
        help="Most bytes that what one server has of its own may take, as JSON.",
    ),
    cfg.IntOpt(
        "max_body_bytes",
        default=1024 * 1024,
        min=64 * 1024,
        help="Longest body of a request to the menu, or to Nova with settings in it, in bytes; Nova's own limit is "
        "lower.",
    ),
    cfg.IntOpt(
        "look_around_seconds",
        default=60,
        min=1,
        help="How often glance-related-worker asks each Nova for servers that were made or deleted past this API, in "
        "seconds.",
    ),
]

FILE_OPTS = [
    cfg.StrOpt("folder", help="Where one JSON document is kept for each server, on a volume that all workers share."),
    cfg.StrOpt(
        "format",
        default="json",
        choices=["json", "chef-json"],
        help="json: the settings as the API shows them. chef-json: a run list and attributes, for chef-client -j.",
    ),
]

#: The options of the drivers that come with the suite.
DRIVER_OPTS: Mapping[str, list[Any]] = {"file": FILE_OPTS}


@dataclass(frozen=True)
class PackageMenuSettings:
    """``[package_menu]``, frozen; the options above say what each means.

    :param of_drivers: what ``[package_menu_NAME]`` says, for each driver that comes with the suite
    """

    package_management_driver: tuple[str, ...] = ("file",)
    max_entries: int = 5000
    max_settings_bytes: int = 256 * 1024
    max_body_bytes: int = 1024 * 1024
    look_around_seconds: int = 60
    of_drivers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)


def groups() -> list[tuple[str, list[Any]]]:
    """Every group of options of this system."""
    return [
        (GROUP, OPTS),
        *((DRIVER_GROUP + name, options) for name, options in DRIVER_OPTS.items()),
    ]


def read(conf: Any) -> PackageMenuSettings:
    """The settings in a parsed configuration.

    :raises ValueError: a driver is named twice
    """
    group = conf[GROUP]
    drivers = tuple(group.package_management_driver)
    if len(set(drivers)) < len(drivers):
        raise ValueError(f"[{GROUP}] package_management_driver names a driver twice; name it once")
    return PackageMenuSettings(
        package_management_driver=drivers,
        max_entries=group.max_entries,
        max_settings_bytes=group.max_settings_bytes,
        max_body_bytes=group.max_body_bytes,
        look_around_seconds=group.look_around_seconds,
        of_drivers={
            name: {option.dest: conf[DRIVER_GROUP + name][option.dest] for option in options}
            for name, options in DRIVER_OPTS.items()
        },
    )
