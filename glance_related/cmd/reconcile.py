"""``reconcile``: removes rows whose image is gone, and finishes what a crash left."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from typing import Any

from glance_related.cmd import glance_conf, output
from glance_related.db.database import Database
from glance_related.db.glance_tables import GlanceTables
from glance_related.hosts.account import GlanceAccount
from glance_related.instance_aware.reconcile import Refused, Report, reconcile
from glance_related.instance_aware.store import Store
from glance_related.settings.options import ConfigError, Settings, load


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reconcile",
        help="bring our rows and Glance's images together again",
        description="Remove the rows of images that are gone, and finish what a crash left. Safe while Glance is "
        "serving; run it from a timer. Exit code 1 where something could not be decided.",
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    parser.add_argument(
        "--import",
        action="store_true",
        dest="import_native",
        help="also take over native properties nova_installation_uuid and instance_id of registered Novas, which were "
        "stored before the filter came; whoever could write properties then is believed, so look with "
        "--dry-run --verbose first",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="name every image on stderr")
    glance_conf.add_arguments(parser)
    output.add_format(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    settings = load(args.config_file)
    if args.verbose:
        logging.getLogger("glance_related.instance_aware").setLevel(logging.INFO)
    tables = _native(args, settings) if args.import_native else None
    progress = output.Progress("looked at")
    try:
        report = reconcile(
            Store(Database(settings.database)),
            GlanceAccount(settings),
            settings.instance_aware,
            dry_run=args.dry_run,
            import_native=tables,
            progress=progress,
        )
    except Refused as refused:
        return output.fail(f"nothing was changed: {refused}")
    finally:
        progress.end()
    _print(report, args.format)
    if report.is_complete:
        return 0
    return output.fail(
        report.stopped or "Glance said nothing certain about some images; they stay as they are: see its log."
    )


def _native(args: argparse.Namespace, settings: Settings) -> GlanceTables:
    tables = glance_conf.open_tables(args, glance_conf.read(args), settings)
    if tables is None:
        raise ConfigError("--import reads Glance's own database; name it with --glance-conf or --glance-database.")
    return tables


def _print(report: Report, form: str) -> None:
    if form == "json":
        output.print_object(dataclasses.asdict(report))
        return
    lines = {
        "rows looked at": report.looked_at,
        "rows removed, their image is gone": report.swept,
        "rows left, Glance said nothing certain": report.undecided,
        "attempts that made their image, now bound": report.confirmed,
        "attempts that made nothing, forgotten": report.abandoned,
        "attempts left, Glance said nothing certain": report.left,
    }
    if report.not_imported is not None:
        lines["native tuples taken over"] = report.imported
        lines |= {f"native properties left: {kind}": number for kind, number in report.not_imported.items()}
    if report.dry_run:
        print("Nothing was changed; without --dry-run there would be:")
    output.print_rows([{"what": what, "number": number} for what, number in lines.items()], ("what", "number"), form)
    sys.stdout.flush()
