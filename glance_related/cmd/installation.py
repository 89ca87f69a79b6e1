"""``installation add|list|remove``, ``generate-installation-uuid`` and ``generate-mark-key``."""

from __future__ import annotations

import argparse
import secrets
import uuid
from typing import Any

from glance_related.cmd import output
from glance_related.db.database import Database
from glance_related.instance_aware.register import Conflict, Installation
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import canonical_uuid
from glance_related.riders.mark import KEY_MIN
from glance_related.settings.options import load


def register(commands: Any) -> None:
    """Add the commands to the parser."""
    generate = commands.add_parser(
        "generate-installation-uuid",
        help="print a new UUID for a Nova installation",
        description="Print a new UUID for a Nova installation; with --register also record it here.",
    )
    generate.add_argument("--register", metavar="NAME", help="record the installation under this name")
    _add_users(generate)
    generate.set_defaults(run=_generate)

    key = commands.add_parser(
        "generate-mark-key",
        help="print a new key for [riders] mark_keys",
        description="Print a new key for [riders] mark_keys, to be the same on every host of Nova's and Glance's side.",
    )
    key.set_defaults(run=_generate_key)

    parser = commands.add_parser("installation", help="the Novas whose images may be bound")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="register a Nova, or more users of one")
    add.add_argument("uuid", type=_uuid, metavar="UUID", help="the installation's UUID")
    add.add_argument("--name", required=True, help="your word for this Nova")
    _add_users(add)
    add.set_defaults(run=_add)
    show = actions.add_parser("list", help="the registered Novas with their users")
    output.add_format(show)
    show.set_defaults(run=_list)
    remove = actions.add_parser("remove", help="forget a Nova")
    remove.add_argument("uuid", type=_uuid, metavar="UUID")
    remove.add_argument("--force", action="store_true", help="even where images are bound to it; they stay bound")
    remove.set_defaults(run=_remove)


def _add_users(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--service-user",
        action="append",
        default=[],
        metavar="USER_ID",
        help="a user of this Nova's own services ([keystone_authtoken], [service_user]); may be repeated",
    )
    parser.add_argument(
        "--trusted-program",
        action="append",
        default=[],
        metavar="USER_ID",
        help="a service user whose program builds tuples itself, as a backup scheduler; may be repeated",
    )

    parser.add_argument(
        "--region", metavar="NAME", help="where the catalog has this Nova's compute endpoint, if not where [account] is"
    )


def _uuid(text: str) -> str:
    uuid_ = canonical_uuid(text)
    if uuid_ is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no UUID")
    return uuid_


def _store(args: argparse.Namespace) -> Store:
    return Store(Database(load(args.config_file).database))


def _generate(args: argparse.Namespace) -> int:
    new = str(uuid.uuid4())
    if args.register is None and (args.service_user or args.trusted_program or args.region):
        return output.fail("users and a region are recorded with --register NAME only.")
    if args.register is not None:
        installation = _installation(new, args.register, args)
        try:
            _store(args).add_installation(installation)
        except Conflict as conflict:
            return output.fail(f"{conflict}.")
    print(new)
    return 0


def _generate_key(args: argparse.Namespace) -> int:
    print(secrets.token_hex(KEY_MIN))
    return 0


def _installation(uuid_: str, name: str, args: argparse.Namespace) -> Installation:
    return Installation(uuid_, name, tuple(args.service_user), tuple(args.trusted_program), args.region)


def _add(args: argparse.Namespace) -> int:
    installation = _installation(args.uuid, args.name, args)
    try:
        _store(args).add_installation(installation)
    except Conflict as conflict:
        return output.fail(f"{conflict}.")
    print(f"{args.name} ({args.uuid}) is registered.")
    return 0


def _list(args: argparse.Namespace) -> int:
    columns = ("uuid", "name", "region", "service_users", "trusted_programs")
    rows = [
        {
            "uuid": one.nova_installation_uuid,
            "name": one.name,
            "region": one.region_name,
            "service_users": list(one.service_users),
            "trusted_programs": list(one.trusted_programs),
        }
        for one in _store(args).installations()
    ]
    output.print_rows(rows, columns, args.format)
    return 0


def _remove(args: argparse.Namespace) -> int:
    store = _store(args)
    bound = store.count(args.uuid)
    if bound and not args.force:
        return output.fail(
            f"{bound} images are bound to {args.uuid}; with --force the installation is forgotten and they stay bound."
        )
    if not store.remove_installation(args.uuid):
        return output.fail(f"no installation {args.uuid} is registered.")
    print(f"{args.uuid} is forgotten" + (f"; {bound} images stay bound to it." if bound else "."))
    return 0
