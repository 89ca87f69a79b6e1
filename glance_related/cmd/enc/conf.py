"""``enc.conf``: read once, and checked before anything is asked."""

from __future__ import annotations

import configparser
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_FILE = "/etc/glance-related/enc.conf"
_SECTION = "enc"
_NEEDED = ("auth_url", "application_credential_id", "application_credential_secret")
_DEFAULTS = {
    "region_name": "",
    "interfaces": "internal, public",
    "ca_file": "",
    "timeout_seconds": "10",
    "cache_folder": "/var/cache/glance-related-enc",
}


class ConfError(Exception):
    """Something is wrong or missing in the file; the text is one sentence that names the fix."""


@dataclass(frozen=True)
class Conf:
    """What the file says; `glance_related.cmd.enc` says what each means."""

    auth_url: str
    application_credential_id: str
    application_credential_secret: str = field(repr=False)
    region_name: str | None
    interfaces: tuple[str, ...]
    ca_file: str | None
    timeout_seconds: float
    cache_folder: Path


def load(path: str) -> Conf:
    """Read the file.

    :raises ConfError:
    """
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=None)
    try:
        parser.read_string(Path(path).read_text())
    except OSError as error:
        raise ConfError(f"{path} cannot be read: {error.strerror}.") from None
    except (configparser.Error, UnicodeDecodeError):  # whose text may hold the secret
        raise ConfError(f"{path} cannot be parsed; it has a section [{_SECTION}], and lines of name = value.") from None
    others = sorted(set(parser.sections()) - {_SECTION})
    if others or not parser.has_section(_SECTION):
        raise ConfError(f"{path} must have one section, [{_SECTION}].")
    said = {name: value.strip() for name, value in parser[_SECTION].items()}
    return _conf(path, said)


def _conf(path: str, said: Mapping[str, str]) -> Conf:
    known = (*_NEEDED, *_DEFAULTS)
    for name in said:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ConfError(f"{path}: there is no option {name}{hint}.")
    for name in _NEEDED:
        if not said.get(name):
            raise ConfError(f"{path}: {name} is not set; an application credential has it.")
    values = {**_DEFAULTS, **said}
    try:
        seconds = float(values["timeout_seconds"])
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 300:
        raise ConfError(f"{path}: timeout_seconds must be a number above 0, and 300 at most.")
    if values["ca_file"] and not Path(values["ca_file"]).is_file():
        raise ConfError(f"{path}: ca_file: there is no file {values['ca_file']}.")
    return Conf(
        auth_url=values["auth_url"],
        application_credential_id=values["application_credential_id"],
        application_credential_secret=values["application_credential_secret"],
        region_name=values["region_name"] or None,
        interfaces=tuple(one.strip() for one in values["interfaces"].split(",") if one.strip()),
        ca_file=values["ca_file"] or None,
        timeout_seconds=seconds,
        cache_folder=Path(values["cache_folder"]),
    )
