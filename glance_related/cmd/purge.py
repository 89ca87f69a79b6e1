"""``purge``: history that is old enough is forgotten."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from glance_related.cmd import output
from glance_related.db.database import Database
from glance_related.deliveries.store import DeliveryStore
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.package_menu.page.session_store import SessionStore
from glance_related.settings.options import load

_DAY = 86400
_BATCH = 1000


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "purge",
        help="forget history that is old enough",
        description="Forget who changed what of servers' settings, receivers that have forgotten their server, and "
        "sessions of the page that are over. Settings themselves are never forgotten by it. Safe while everything "
        "is serving.",
    )
    parser.add_argument("--older-than", type=float, required=True, metavar="DAYS", help="what is older than this")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if args.older_than < 0:
        return output.fail("--older-than takes a number of days.")
    database, age = Database(load(args.config_file).database), args.older_than * _DAY
    history, deliveries = InstanceStore(database), DeliveryStore(database)
    changes = _all(lambda: history.purge(age, _BATCH))
    receivers = _all(lambda: deliveries.purge(age, _BATCH))
    sessions = SessionStore(database).purge()
    print(f"{changes} changes, {receivers} receivers and {sessions} sessions were forgotten.")
    return 0


def _all(some: Callable[[], int]) -> int:
    done = 0
    while went := some():
        done += went
    return done
