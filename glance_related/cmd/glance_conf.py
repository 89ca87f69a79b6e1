"""``glance-api.conf``, read as Glance reads it: only the few options that ``config check`` judges.

The parsed file holds passwords. Only the options below are ever looked at, and no text of the file gets
into a message.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oslo_config import cfg

from glance_related.db.database import DatabaseDown
from glance_related.db.glance_tables import GlanceTables, Unreadable
from glance_related.settings.options import ConfigError, Settings

_OPTIONS: dict[str, list[Any]] = {
    "paste_deploy": [cfg.StrOpt("flavor"), cfg.StrOpt("config_file")],
    "database": [cfg.StrOpt("connection", secret=True)],
    "keystone_authtoken": [
        cfg.ListOpt("service_token_roles", default=["service"]),
        cfg.BoolOpt("service_token_roles_required", default=False),
    ],
}


class GlanceConf:
    """Glance's configuration.

    :param files: in the order in which Glance is given them; the last word counts
    :raises ConfigError: one cannot be read
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = list(files)
        directories = _directories(files)
        for file in [*files, *(str(more) for folder in directories for more in sorted(folder.glob("*.conf")))]:
            parse(file, "--glance-conf")
        self._conf = cfg.ConfigOpts()
        for group, options in _OPTIONS.items():
            self._conf.register_opts(options, group=group)
        self._conf(
            [],
            project="glance",
            prog="glance-api",
            default_config_files=self.files,
            default_config_dirs=[str(folder) for folder in directories],
            use_env=False,
        )

    @property
    def flavor(self) -> str:
        """The flavor in force; empty for Glance's default, which knows no callers."""
        return str(self._get("paste_deploy", "flavor") or "")

    @property
    def connection(self) -> str | None:
        """The URL of Glance's database."""
        connection: str | None = self._get("database", "connection")
        return connection

    @property
    def service_token_roles(self) -> list[str]:
        return list(self._get("keystone_authtoken", "service_token_roles"))

    @property
    def service_token_roles_required(self) -> bool:
        return bool(self._get("keystone_authtoken", "service_token_roles_required"))

    def paste_file(self) -> str | None:
        """The paste file that Glance would load, or None where it finds none."""
        named: str | None = self._get("paste_deploy", "config_file")
        if named:
            return named
        name = os.path.basename(self.files[-1]).replace(".conf", "-paste.ini")
        return self.find_file(name)

    def find_file(self, name: str) -> str | None:
        """A file beside the configuration, found where Glance finds it."""
        found: str | None = self._conf.find_file(name)
        return found

    def _get(self, group: str, option: str) -> Any:
        try:
            return self._conf[group][option]
        except (cfg.Error, ValueError):
            raise ConfigError(
                f"{self.files[-1]}: the value of [{group}] {option} cannot be read; put it right."
            ) from None


def default_files() -> list[str]:
    """Where Glance looks by itself."""
    folder = os.environ.get("OS_GLANCE_CONFIG_DIR", "/etc/glance").strip()
    file = os.path.join(folder, "glance-api.conf")
    return [file] if os.path.isfile(file) else []


def _directories(files: Sequence[str]) -> list[Path]:
    """The folders of more files that Glance reads beside its own, in its order."""
    beside = [Path(file).parent / name for file in files for name in ("glance.conf.d", "glance-api.conf.d")]
    return [folder for folder in dict.fromkeys(beside) if folder.is_dir()]


def parse(file: str, option: str) -> None:
    """Try a file that oslo.config would fail over in its own words.

    :param option: of the command, that names another file
    :raises ConfigError:
    """
    try:
        cfg.ConfigParser(file, {}).parse()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}); name the right one with {option}.") from None
    except (cfg.ParseError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None)  # never the line itself, which may be a password's
        raise ConfigError(f"{file} cannot be parsed{f', see line {line}' if line else ''}.") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a command that looks into Glance's configuration or database."""
    parser.add_argument(
        "--glance-conf",
        action="append",
        metavar="FILE",
        help="Glance's configuration; may be repeated, as Glance's own --config-file "
        "(default: glance-api.conf in $OS_GLANCE_CONFIG_DIR or /etc/glance)",
    )
    parser.add_argument(
        "--glance-database",
        metavar="URL",
        help="Glance's own database, which is only read (default: [database] connection of Glance's configuration; "
        "else the suite's, where Glance's tables lie in it)",
    )


def read(args: argparse.Namespace) -> GlanceConf | None:
    """Glance's configuration: as the command line names it, or where Glance itself looks; None where there is none.

    :raises ConfigError:
    """
    files = args.glance_conf or default_files()
    return GlanceConf(files) if files else None


def open_tables(args: argparse.Namespace, conf: GlanceConf | None, settings: Settings) -> GlanceTables | None:
    """Glance's tables: on the command line's word, by Glance's configuration, or where they lie beside ours.

    :returns: None where nothing says where they are
    :raises ConfigError: they are not where they should be
    """
    named = args.glance_database or (conf.connection if conf else None)
    source = "--glance-database" if args.glance_database else "[database] connection of Glance's configuration"
    try:
        tables = GlanceTables(named or settings.database.connection, settings.database.timeout)
        if tables.are_there():
            return tables
    except Unreadable as error:
        raise ConfigError(f"{source} cannot be used: {error}.") from None
    except DatabaseDown:
        if named:
            raise ConfigError(f"The database in {source} does not answer; start it, or put the URL right.") from None
        return None
    if named:
        raise ConfigError(f"The database in {source} has no tables of Glance's; put the URL right.")
    return None
