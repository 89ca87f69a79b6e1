"""``keys setup|stage|promote|rewrite|forget|list``: the keys by which secrets are encrypted."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glance_related.cmd import output
from glance_related.db.database import Database
from glance_related.package_menu.secret_store import SecretStore
from glance_related.settings.keys import STAGED, Keys, Undecipherable, describe, write_key
from glance_related.settings.options import ConfigError, Settings, load
from glance_related.suite import forget_keys, recorded_keys

#: For how long a request may be under way that has read a secret, in seconds.
_UNDER_WAY = 10.0


def register(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "keys",
        help="the keys by which secrets are encrypted",
        description="The keys in [keys] folder, the same on every host of nova-api, nova-metadata and "
        "glance-related-worker. To change them: stage, copy the folder everywhere, promote, copy it again, rewrite.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    setup = actions.add_parser("setup", help="make the folder, with its first key")
    setup.set_defaults(run=_setup)
    stage = actions.add_parser("stage", help="make the next key; nothing is encrypted with it yet")
    stage.set_defaults(run=_stage)
    promote = actions.add_parser("promote", help="encrypt everything new with the staged key")
    promote.add_argument("--force", action="store_true", help="even where some host does not know it yet")
    promote.set_defaults(run=_promote)
    rewrite = actions.add_parser("rewrite", help="encrypt every secret that is kept with the primary key")
    rewrite.add_argument("--force", action="store_true", help="even where some host encrypts with another key")
    rewrite.set_defaults(run=_rewrite)
    forget = actions.add_parser("forget", help="forget which keys a host has told of that is no more")
    forget.add_argument("host", metavar="HOST")
    forget.set_defaults(run=_forget)
    listing = actions.add_parser("list", help="the keys of this host, and which other hosts know them")
    output.add_format(listing)
    listing.set_defaults(run=_list)


def _folder(settings: Settings) -> Path:
    if settings.keys_folder is None:
        raise ConfigError(
            f"{settings.config_file}: [keys] folder is not set; set it to a folder that does not exist yet."
        )
    return Path(settings.keys_folder)


def _setup(args: argparse.Namespace) -> int:
    folder = _folder(load(args.config_file))
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        if describe(folder):
            return output.fail(f"{folder} has keys already; 'keys stage' makes the next one.")
        write_key(folder, STAGED + 1)
    except OSError as error:
        return output.fail(f"{folder} cannot be made: {error.strerror}.")
    print(f"{folder} has its first key. Copy the folder to every host of nova-api, nova-metadata and the workers.")
    return 0


def _stage(args: argparse.Namespace) -> int:
    folder = _folder(load(args.config_file))
    roles = _roles(folder)
    if not roles:
        return output.fail(f"{folder} has no keys; 'keys setup' makes the first.")
    if "staged" in roles:
        return output.fail("there is a staged key already; copy the folder everywhere, then 'keys promote'.")
    try:
        made = write_key(folder, STAGED)
    except OSError as error:
        return output.fail(f"{folder} cannot be written: {error.strerror}.")
    print(f"Key {made} is staged. Copy the folder everywhere, then 'keys promote'.")
    return 0


def _promote(args: argparse.Namespace) -> int:
    settings = load(args.config_file)
    folder = _folder(settings)
    roles = _roles(folder)
    if "staged" not in roles:
        return output.fail("there is no staged key; 'keys stage' makes one.")
    without = [host for host, known in _hosts(settings).items() if roles["staged"] not in known]
    if without and not args.force:
        return output.fail(
            f"these hosts have not read the staged key yet: {', '.join(without)}; copy the folder to them, or, where "
            "they are no more, use 'keys forget HOST', or --force."
        )
    number = max(key.number for key in describe(folder)) + 1
    try:
        os.rename(folder / str(STAGED), folder / str(number))
    except OSError as error:
        return output.fail(f"{folder} cannot be written: {error.strerror}.")
    print("Everything new is encrypted with it. Copy the folder everywhere, then 'keys rewrite'.")
    return 0


def _rewrite(args: argparse.Namespace) -> int:
    settings = load(args.config_file)
    folder = _folder(settings)
    roles = _roles(folder)
    if not roles:
        return output.fail(f"{folder} has no keys; 'keys setup' makes the first.")
    others = [host for host, known in _hosts(settings).items() if known[0] != roles["primary"]]
    if others and not args.force:
        return output.fail(
            f"these hosts do not encrypt with the primary key yet: {', '.join(others)}; copy the folder to them, or, "
            "where they are no more, use 'keys forget HOST', or --force."
        )
    store, keys = SecretStore(Database(settings.database)), Keys(str(folder))
    progress = output.Progress("encrypted anew")
    try:
        done = store.rewrite(keys.sealed_anew, progress)
        if done:  # requests that are under way may bring back what they have read before
            time.sleep(_UNDER_WAY)
            done += store.rewrite(keys.sealed_anew, lambda number: progress(done + number))
    except Undecipherable:
        return output.fail("a secret was encrypted with a key that is not here; put that key back.")
    finally:
        progress.end()
    old = [key.number for key in describe(folder) if key.role == "old" and not others]
    more = f" Keys {', '.join(map(str, old))} are needed no more, and may be removed everywhere." if old else ""
    print(f"{done} secrets were encrypted anew.{more}")
    return 0


def _forget(args: argparse.Namespace) -> int:
    if not forget_keys(Database(load(args.config_file).database), args.host):
        return output.fail(f"no host {args.host} has told of its keys; 'keys list' says which have.")
    print(f"{args.host} is forgotten; it is told of again when something there reads its keys.")
    return 0


def _list(args: argparse.Namespace) -> int:
    settings = load(args.config_file)
    hosts = _hosts(settings)
    rows = [
        {
            "number": key.number,
            "role": key.role,
            "fingerprint": key.fingerprint,
            "hosts": sorted(host for host, known in hosts.items() if key.fingerprint in known),
        }
        for key in describe(_folder(settings))
    ]
    output.print_rows(rows, ("number", "role", "fingerprint", "hosts"), args.format)
    return 0


def _roles(folder: Path) -> Mapping[str, str]:
    return {key.role: key.fingerprint for key in describe(folder)}


def _hosts(settings: Settings) -> dict[str, list[str]]:
    """Which keys each host has told of, by its name."""
    return recorded_keys(Database(settings.database))
