"""``db upgrade`` and ``db version``."""

from __future__ import annotations

import argparse
from typing import Any

from alembic.util import CommandError

from glance_related.cmd import output
from glance_related.db import failures, migration
from glance_related.db.database import Database
from glance_related.db.engine import open_engine
from glance_related.settings.options import load


def register(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("db", help="the tables of the suite")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    upgrade = actions.add_parser("upgrade", help="create the tables, or bring them to this release")
    upgrade.set_defaults(run=_upgrade)
    version = actions.add_parser("version", help="print the revision of the tables, and of this release")
    version.set_defaults(run=_version)


def _upgrade(args: argparse.Namespace) -> int:
    # a change of a large table takes longer than any answer that a request would wait for
    engine = open_engine(load(args.config_file).database.connection, seconds=None)
    try:
        migration.upgrade(engine)
        with engine.connect() as connection:
            revision = migration.version(connection)
    except (*failures.ANY, CommandError) as error:
        return output.fail(f"the tables could not be upgraded: {failures.sentence(error)}.")
    print(f"The tables are at revision {revision}.")
    return 0


def _version(args: argparse.Namespace) -> int:
    database = Database(load(args.config_file).database)
    revision = database.read(migration.version)
    print(f"database: {revision or 'no tables'}")
    print(f"release:  {migration.head()}")
    return 0
