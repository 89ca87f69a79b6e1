"""``nova.conf``, read as Nova reads it: only the few options that ``config check`` judges.

The parsed file holds passwords. Only the options below are ever looked at, and no text of the file gets
into a message.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keystoneauth1 import loading
from oslo_config import cfg

from glance_related.cmd.glance_conf import parse
from glance_related.settings.options import ConfigError

#: The sections whose users ask Glance: nova-api's, and that of nova-compute and nova-conductor.
USERS = ("keystone_authtoken", "service_user")

_VENDORDATA_USER = "vendordata_dynamic_auth"
_VENDORDATA = [
    cfg.ListOpt("vendordata_providers", default=["StaticJSON"]),
    cfg.ListOpt("vendordata_dynamic_targets", default=[]),
]

_FILES = ("api-paste.ini", "nova.conf")
_NAMES = ("user_id", "username", "user_domain_id", "user_domain_name", "default_domain_id", "default_domain_name")
# keystoneauth's own, for they know the older names too
_USER = [
    *loading.get_auth_common_conf_options(),
    *(option for option in loading.get_auth_plugin_conf_options("password") if option.dest in _NAMES),
]


@dataclass(frozen=True)
class NovaUser:
    """A user of Nova's own, as its configuration names it; the part that is not said there is None.

    :param section: where
    """

    section: str
    user_id: str | None
    username: str | None
    domain_id: str | None
    domain_name: str | None


class NovaConf:
    """Nova's configuration.

    :param files: in the order in which Nova is given them; the last word counts
    :raises ConfigError: one cannot be read
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = list(files)
        beside = [Path(file).parent / name for file in files for name in ("nova.conf.d", "nova-api.conf.d")]
        folders = [folder for folder in dict.fromkeys(beside) if folder.is_dir()]
        for file in [*files, *(str(more) for folder in folders for more in sorted(folder.glob("*.conf")))]:
            parse(file, "--nova-conf")
        self._conf = cfg.ConfigOpts()
        self._conf.register_opt(cfg.StrOpt("api_paste_config"), group="wsgi")
        self._conf.register_opt(cfg.BoolOpt("send_service_user_token", default=False), group="service_user")
        self._conf.register_opts(_VENDORDATA, group="api")
        self._conf.register_opts(loading.get_auth_common_conf_options(), group=_VENDORDATA_USER)
        for section in USERS:
            self._conf.register_opts(_USER, group=section)
        self._conf(
            [],
            project="nova",
            prog="nova-api",
            default_config_files=self.files,
            default_config_dirs=[str(folder) for folder in folders],
            use_env=False,
        )

    @property
    def sends_service_token(self) -> bool:
        """Whether nova-compute and nova-conductor say that it is they who ask."""
        return bool(self._get("service_user", "send_service_user_token"))

    @property
    def vendordata_targets(self) -> list[tuple[str, str]]:
        """Whom Nova asks for vendordata: each target's name and URL."""
        pairs = (target.partition("@") for target in self._get("api", "vendordata_dynamic_targets"))
        return [(name, url) for name, _, url in pairs]

    @property
    def asks_for_vendordata(self) -> bool:
        """Whether it asks them at all."""
        return "DynamicJSON" in self._get("api", "vendordata_providers")

    @property
    def has_vendordata_user(self) -> bool:
        """Whether it says who asks."""
        return bool(self._get(_VENDORDATA_USER, "auth_type") or self._get(_VENDORDATA_USER, "auth_section"))

    @property
    def named_paste_file(self) -> str | None:
        """What ``[wsgi] api_paste_config`` names, as it stands there."""
        named: str | None = self._get("wsgi", "api_paste_config")
        return named

    def paste_file(self) -> str | None:
        """The paste file that a nova-api of its own would load, or None where it finds none."""
        found: str | None = self._conf.find_file(self.named_paste_file or _FILES[0])
        return found

    def users(self) -> Iterator[NovaUser]:
        """The users of the sections that name one."""
        for section in USERS:
            where = self._get(section, "auth_section") or section
            self._conf.register_opts(_USER, group=where)
            user_id, username = self._get(where, "user_id"), self._get(where, "username")
            if user_id or username or self._get(where, "auth_type"):
                domain_id, domain_name = (
                    self._get(where, f"user_domain_{what}") or self._get(where, f"default_domain_{what}")
                    for what in ("id", "name")
                )
                yield NovaUser(section, user_id, username, domain_id, domain_name)

    def _get(self, group: str, option: str) -> Any:
        try:
            return self._conf[group][option]
        except (cfg.Error, ValueError):
            raise ConfigError(
                f"{self.files[-1]}: the value of [{group}] {option} cannot be read; put it right."
            ) from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a command that looks into Nova's files."""
    parser.add_argument(
        "--nova-conf",
        action="append",
        metavar="FILE",
        help="Nova's configuration; may be repeated, as Nova's own --config-file "
        "(default: nova.conf in $OS_NOVA_CONFIG_DIR or /etc/nova, if there)",
    )
    parser.add_argument(
        "--nova-paste",
        metavar="FILE",
        help="Nova's api-paste.ini (default: beside the default nova.conf, or the one that --nova-conf names)",
    )


def read(args: argparse.Namespace) -> NovaConf | None:
    """Nova's configuration: as the command line names it, or where Nova itself looks; None where there is none.

    :raises ConfigError:
    """
    files = args.nova_conf or [file for file in _default_files()[1:] if os.path.isfile(file)]
    return NovaConf(files) if files else None


def find_paste(args: argparse.Namespace, conf: NovaConf | None) -> str | None:
    """Nova's paste file: as the command line names it, or the one that Nova would load.

    Under a WSGI server Nova does not look at ``[wsgi] api_paste_config``; a nova-api of its own, as older
    releases have it, does.

    :raises ConfigError:
    """
    default = _default_files()[0]
    if args.nova_paste:
        return str(args.nova_paste)
    if not args.nova_conf and os.path.isfile(default):
        return default
    return conf.paste_file() if conf else None


def _default_files() -> list[str]:
    """Where Nova looks by itself: the paste file, and its configuration."""
    folder = os.environ.get("OS_NOVA_CONFIG_DIR", "/etc/nova").strip()
    names = [name for name in os.environ.get("OS_NOVA_CONFIG_FILES", "").split(";") if name] or _FILES
    return [os.path.join(folder, name) for name in names]
