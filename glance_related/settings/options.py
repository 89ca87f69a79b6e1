"""``glance-related.conf``: read once, frozen, and checked before anything starts."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from keystoneauth1 import loading
from oslo_config import cfg

from glance_related.db.database import DatabaseSettings
from glance_related.deliveries import options as deliveries
from glance_related.deliveries.options import DeliveriesSettings
from glance_related.guest import options as guest
from glance_related.guest.options import GuestSettings
from glance_related.instance_aware import options as instance_aware
from glance_related.instance_aware.options import InstanceAwareSettings
from glance_related.package_menu import options as package_menu
from glance_related.package_menu.options import PackageMenuSettings
from glance_related.props_override import options as props_override
from glance_related.props_override.options import PropsOverrideSettings
from glance_related.riders import options as riders
from glance_related.riders.options import RidersSettings

#: Where the file lies unless the paste section (``config_file``) or the command (``--config-file``) names another.
DEFAULT_FILE = "/etc/glance-related/glance-related.conf"

DATABASE_OPTS = [
    cfg.StrOpt(
        "connection",
        secret=True,
        help="SQLAlchemy URL of the database: sqlite:////path, postgresql+psycopg2://... or mysql+pymysql://... "
        "The tables may lie in Glance's own database. There is no default, because two API hosts with an SQLite "
        "file each would keep two truths.",
    ),
    cfg.FloatOpt(
        "timeout",
        default=5.0,
        min=1.0,
        max=60.0,
        help="Seconds to wait for a connection, and for each answer. A database that takes longer counts as down.",
    ),
    cfg.FloatOpt(
        "breaker_seconds",
        default=5.0,
        min=0.1,
        max=300.0,
        help="How long the database counts as down after it has failed to answer, in seconds.",
    ),
    cfg.IntOpt("pool_size", default=10, min=1, help="Connections that each process keeps open."),
]

KEYS_OPTS = [
    cfg.StrOpt(
        "folder",
        help="Where the keys are by which secrets are encrypted, the same on every host of nova-api, nova-metadata and "
        "glance-related-worker; 'glance-related-manage keys setup' makes them. Not set: secrets are refused.",
    ),
]

ACCOUNT_OPTS = [
    cfg.StrOpt(
        "glance_endpoint",
        help="URL of Glance for reconcile, as http://controller:9292; the catalog's image endpoint where not set.",
    ),
    cfg.StrOpt(
        "region_name",
        help="Region of the catalog's image endpoint, and of the compute endpoint of each installation that was "
        "registered without a region of its own.",
    ),
    cfg.ListOpt(
        "valid_interfaces",
        default=["internal", "public"],
        help="Interfaces of the catalog to use, the preferred one first.",
    ),
]

ACCOUNT_GROUP = "account"

# Those whose hanging connections `glance_related.db` is proved to bound.
_DRIVERS = {
    "pysqlite": "sqlite:////path",
    "psycopg2": "postgresql+psycopg2://",
    "pymysql": "mysql+pymysql://",
}
POLICY_FILE_DEFAULT = "policy.yaml"


class ConfigError(Exception):
    """A setting is wrong or missing; the text is one sentence that names the fix."""


@dataclass(frozen=True)
class Settings:
    """Everything that ``glance-related.conf`` says.

    :param config_file: the file itself
    :param conf: the parsed ``ConfigOpts``, for libraries that read their own groups from it
        (oslo.policy, keystoneauth)
    """

    config_file: str
    database: DatabaseSettings
    instance_aware: InstanceAwareSettings
    props_override: PropsOverrideSettings
    package_menu: PackageMenuSettings
    deliveries: DeliveriesSettings
    guest: GuestSettings
    riders: RidersSettings
    keys_folder: str | None
    conf: Any


def list_opts() -> list[tuple[str, list[Any]]]:
    """Entry point ``oslo.config.opts``: every option of the suite, by group."""
    auth = [
        *loading.get_auth_common_conf_options(),
        *loading.get_auth_plugin_conf_options("password"),
        *loading.get_session_conf_options(),
    ]
    return [*_groups(), (ACCOUNT_GROUP, [*ACCOUNT_OPTS, *auth])]


def _groups() -> list[tuple[str, list[Any]]]:
    return [
        ("database", DATABASE_OPTS),
        (instance_aware.GROUP, instance_aware.OPTS),
        (props_override.GROUP, props_override.OPTS),
        *package_menu.groups(),
        (deliveries.GROUP, deliveries.OPTS),
        (guest.GROUP, guest.OPTS),
        (riders.GROUP, riders.OPTS),
        ("keys", KEYS_OPTS),
    ]


def load(config_file: str | None = None) -> Settings:
    """Read the configuration.

    :param config_file: `DEFAULT_FILE` where None
    :raises ConfigError: the file is missing or unreadable, or an option is unknown, wrong or missing
    """
    path = Path(config_file or DEFAULT_FILE)
    if not path.is_file():
        raise ConfigError(
            f"The configuration file {path} does not exist; create it from etc/glance-related.conf.sample, or name "
            "another in the paste section (config_file) or with --config-file."
        )
    conf = cfg.ConfigOpts()
    for group, options in (*_groups(), (ACCOUNT_GROUP, ACCOUNT_OPTS)):
        conf.register_opts(options, group=group)
    try:
        conf([], project="glance-related", default_config_files=[str(path)], default_config_dirs=[])
        loading.register_auth_conf_options(conf, ACCOUNT_GROUP)
        loading.register_session_conf_options(conf, ACCOUNT_GROUP)
        _check_names(path, conf[package_menu.GROUP].package_management_driver)
        return Settings(
            config_file=str(path),
            database=_database(conf, path),
            instance_aware=instance_aware.read(conf),
            props_override=props_override.read(conf),
            package_menu=package_menu.read(conf),
            deliveries=deliveries.read(conf),
            guest=guest.read(conf),
            riders=riders.read(conf),
            keys_folder=conf["keys"].folder or None,
            conf=conf,
        )
    except cfg.ConfigFilesPermissionDeniedError:
        raise ConfigError(
            f"The configuration file {path} cannot be read by this user; mend its owner or mode."
        ) from None
    except cfg.ConfigFileParseError as error:
        # the line itself may hold a password
        line = getattr(error.__context__, "lineno", None)
        raise ConfigError(f"{path} cannot be parsed{f', see line {line}' if line else ''}.") from None
    except (cfg.Error, ValueError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}.".replace("..", ".")) from None


def _database(conf: Any, path: Path) -> DatabaseSettings:
    group = conf.database
    if not group.connection:
        raise ConfigError(
            f"{path}: [database] connection is not set; set it to the SQLAlchemy URL of the suite's database, "
            "for example Glance's own."
        )
    try:
        url = sa.make_url(group.connection)
        driver = url.get_dialect().driver
        url.get_dialect().import_dbapi()
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            f"{path}: the driver of [database] connection cannot be loaded ({error}); install it, or name another."
        ) from None
    except (sa.exc.ArgumentError, ValueError):  # whose text may hold a part of the password
        raise ConfigError(f"{path}: [database] connection is no SQLAlchemy URL.") from None
    if driver not in _DRIVERS:
        raise ConfigError(
            f"{path}: [database] connection names the driver {driver}, which is not known to end its waiting in time; "
            f"use one of {', '.join(_DRIVERS.values())}."
        )
    return DatabaseSettings(group.connection, group.timeout, group.breaker_seconds, group.pool_size)


def _check_names(path: Path, drivers: Sequence[str]) -> None:
    """A misspelt option would silently leave its default in force.

    :param drivers: those in use; one that is installed beside the suite has options of its own
    """
    known = {group: {opt.dest for opt in opts} | {opt.name for opt in opts} for group, opts in list_opts()}
    for group, opts in list_opts():
        for opt in opts:
            known[group] |= {old.name for old in opt.deprecated_opts if old.name}
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(path), sections).parse()
    for section, options in sections.items():
        if section in ("DEFAULT", "oslo_policy"):
            continue  # logging of the commands; oslo.policy checks its own
        if section not in known and section in [package_menu.DRIVER_GROUP + name for name in drivers]:
            continue
        if section not in known:
            raise ConfigError(f"{path}: there is no section [{section}]{_suggest(section, known)}.")
        for option in options:
            if section == ACCOUNT_GROUP:
                continue  # the options of another auth_type than password are its own
            if option.replace("-", "_") not in known[section]:
                raise ConfigError(f"{path}: [{section}] has no option {option}{_suggest(option, known[section])}.")


def _suggest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
