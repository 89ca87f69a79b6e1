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

PAGE_GROUP = "package_menu_ui"
PAGE_OPTS = [
    cfg.StrOpt("auth_url", help="Keystone's URL, as http://controller:5000/v3, where the page's users log in."),
    cfg.StrOpt("region_name", help="Shown on the page beside the project, where there are several."),
    cfg.IntOpt(
        "session_seconds",
        default=28800,
        min=60,
        help="How long a user of the page stays logged in, in seconds; no longer than his token is good.",
    ),
    cfg.BoolOpt(
        "insecure_cookie",
        default=False,
        help="Let browsers send the cookie without TLS: for trying it out on one's own machine only.",
    ),
]

PUPPET_OPTS = [
    cfg.StrOpt(
        "certname",
        default="{instance_id}",
        help="By which name Puppet knows a server: a text with {instance_id} or {hostname} in it, and {project_id} "
        "where that is wanted, as {hostname}.{project_id}.example.org. Customers choose hostnames: without the "
        "project, or a domain where nobody else has names, one may take another's.",
    ),
    cfg.StrOpt(
        "manifests",
        help="A folder of Puppet's manifests, in which one is kept for each server. Not set: Puppet asks for what a "
        "server has with glance-related-enc.",
    ),
    cfg.StrOpt(
        "compile",
        help="A command that compiles a server's catalog, as 'puppet catalog compile {certname}', run after each "
        "change; what it complains of is told the customer. Not set: nobody is asked.",
    ),
    cfg.IntOpt("compile_seconds", default=60, min=1, max=3600, help="How long that command may take, in seconds."),
    cfg.StrOpt("environment", help="The environment that glance-related-enc tells Puppet."),
]

LDAP_OPTS = [
    cfg.StrOpt("url", help="The directory, as ldap://host, ldaps://host or ldapi://%2Fpath."),
    cfg.StrOpt(
        "bind_dn",
        help="Who the worker is to the directory. Not set: whom the directory takes it for, over ldapi alone.",
    ),
    cfg.StrOpt("password", secret=True, help="Its password."),
    cfg.StrOpt("base_dn", help="Below which entry servers are kept."),
    cfg.StrOpt(
        "certname",
        default="{instance_id}",
        help="The common name (cn) of a server's entry, by which Puppet finds it: as for the driver puppet.",
    ),
    cfg.StrOpt("parent_node", help="The parentNode of every server's entry, from which Puppet takes classes too."),
    cfg.BoolOpt("start_tls", default=False, help="Encrypt a connection to ldap:// before anything is said."),
    cfg.StrOpt("ca_file", help="The certificates by which the directory's is judged; not set: those of the system."),
    cfg.IntOpt("timeout_seconds", default=10, min=1, max=300, help="How long an answer is waited for, in seconds."),
]

GUEST_OPTS = [
    cfg.IntOpt(
        "interval_seconds",
        default=900,
        min=30,
        max=86400,
        help="How often guests ask for their settings, in seconds; each somewhat earlier or later than the others.",
    ),
]

#: The options of the drivers that come with the suite.
DRIVER_OPTS: Mapping[str, list[Any]] = {
    "file": FILE_OPTS,
    "guest": GUEST_OPTS,
    "puppet": PUPPET_OPTS,
    "ldap": LDAP_OPTS,
}


@dataclass(frozen=True)
class PageSettings:
    """``[package_menu_ui]``, frozen."""

    auth_url: str | None = None
    region_name: str | None = None
    session_seconds: int = 28800
    insecure_cookie: bool = False


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
    page: PageSettings = PageSettings()


def groups() -> list[tuple[str, list[Any]]]:
    """Every group of options of this system."""
    return [
        (GROUP, OPTS),
        *((DRIVER_GROUP + name, options) for name, options in DRIVER_OPTS.items()),
        (PAGE_GROUP, PAGE_OPTS),
    ]


def read(conf: Any) -> PackageMenuSettings:
    """The settings in a parsed configuration.

    :raises ValueError: a driver is named twice
    """
    group, page = conf[GROUP], conf[PAGE_GROUP]
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
        page=PageSettings(page.auth_url, page.region_name, page.session_seconds, page.insecure_cookie),
    )
