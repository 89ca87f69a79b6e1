"""What is wrong with ``[keys] folder``: it is not there, others can read it, or other hosts have other keys in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from glance_related.cmd.check.findings import Finding, error, note, warning
from glance_related.settings.keys import Key, describe
from glance_related.settings.options import ConfigError, Settings
from glance_related.suite import this_host

_SETUP = "set it to a folder that does not exist yet, run 'glance-related-manage keys setup', and copy the folder to"
_HOSTS = "every host of nova-api, nova-metadata and glance-related-worker"


def check_folder(settings: Settings, *, is_here: bool, needing: Collection[str]) -> Iterator[Finding]:
    """Whether this host has keys, and nobody else does.

    :param is_here: whether something runs on this host that reads them
    :param needing: what cannot work without, in words
    """
    if settings.keys_folder is None:
        if needing:
            yield error(
                "keys.not_set",
                f"[keys] folder is not set in {settings.config_file}, and there is {' and '.join(needing)}, which "
                f"needs it; {_SETUP} {_HOSTS}.",
            )
        elif is_here:
            yield note(
                "keys.none",
                f"[keys] folder is not set in {settings.config_file}, so no variable of the menu can be a secret, and "
                f"there can be no page; where they are wanted, {_SETUP} {_HOSTS}.",
            )
        return
    folder = Path(settings.keys_folder)
    try:
        keys = describe(folder)
    except ConfigError as problem:
        yield error("keys.wrong", str(problem))
        return
    if keys:
        yield from _let_others_in(folder, keys)
    elif is_here:
        yield error(
            "keys.missing",
            f"{folder}, which [keys] folder names, has no keys in it, so nothing that is secret can be kept or read "
            "here; copy the folder from a host that has them, or run 'glance-related-manage keys setup' where none "
            "has.",
        )


def _let_others_in(folder: Path, keys: list[Key]) -> Iterator[Finding]:
    mode = folder.stat().st_mode
    is_open = mode & 0o001 and any((folder / str(key.number)).stat().st_mode & 0o004 for key in keys)
    if is_open or mode & 0o002:
        yield error(
            "keys.readable_by_others",
            f"everyone on this host may read or replace the keys in {folder}, and with them every secret of the menu "
            f"and every session of the page; run 'chmod -R o= {folder}', and make new ones where others were on it: "
            "'glance-related-manage keys stage'.",
        )


def check_hosts(folder: Path, told: Mapping[str, Collection[str]], *, is_here: bool) -> Iterator[Finding]:
    """Whether what one host encrypts the others can read.

    :param told: the fingerprints of the keys that each host has told of, by its name
    :param is_here: whether something runs on this host that reads them
    """
    try:
        keys = describe(folder)
    except ConfigError:
        return  # said already
    if not keys:
        return
    own = {key.fingerprint for key in keys}
    (primary,) = [key.fingerprint for key in keys if key.role == "primary"]
    if is_here and own != set(told.get(this_host(), ())):
        yield warning(
            "keys.unread",
            f"nothing that runs on this host has read the keys in {folder} as they are now; see that the users of "
            "nova-api and of the worker may read them, and restart both.",
        )
    others = {host: set(known) for host, known in sorted(told.items()) if host != this_host()}
    without = [host for host, known in others.items() if primary not in known]
    if without:
        yield error(
            "keys.different",
            f"{_hosts(without)} not the primary key of this host, and cannot read what is encrypted here; copy "
            f"{folder} there, and restart what reads it. Of a host that is no more, 'glance-related-manage keys forget "
            "HOST' takes the word away.",
        )
    unlike = [host for host, known in others.items() if host not in without and known != own]
    if unlike:
        yield warning(
            "keys.not_alike",
            f"{_hosts(unlike)} not just the keys that this host has; copy the folder in which a key was staged or "
            "promoted last to every host, and restart what reads it.",
        )


def _hosts(names: list[str]) -> str:
    return f"{'host' if len(names) == 1 else 'hosts'} {', '.join(names)} {'has' if len(names) == 1 else 'have'}"
