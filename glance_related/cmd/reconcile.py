"""``reconcile``: removes rows whose image is gone, finishes what a crash left, and binds what Nova's record proves."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import logging
import sys
from typing import Any

from glance_related.cmd import glance_conf, output
from glance_related.db.database import Database
from glance_related.db.glance_tables import GlanceTables
from glance_related.hosts.account import GlanceAccount
from glance_related.hosts.nova.account import NovaAccount
from glance_related.instance_aware.adopt import SINCE, Adopting
from glance_related.instance_aware.adoptions import AdoptionStore
from glance_related.instance_aware.asked_novas import AskedNovas
from glance_related.instance_aware.reconcile import Refused, Report, reconcile
from glance_related.instance_aware.store import Store
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.instance_store import is_in_use
from glance_related.package_menu.look_around import PackagesReport, reconcile_packages
from glance_related.props_override.reconcile import OverridesReport, reconcile_overrides
from glance_related.props_override.store import OverrideStore
from glance_related.riders.store import RiderStore
from glance_related.settings.options import ConfigError, Settings, load
from glance_related.suite import open_suite


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reconcile",
        help="bring our rows and Glance's images together again",
        description="Remove the rows of images that are gone, finish what a crash left, and bind images of a "
        "registered Nova that nobody has bound, where Nova's record of the server's actions proves them. Safe while "
        "Glance and Nova are serving; run it from a timer. Exit code 1 where something could not be decided.",
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    parser.add_argument(
        "--since",
        type=_since,
        default=SINCE,
        metavar="DAYS|DATE",
        help=f"how far back images of a Nova that have no row are looked for: so many days, or since a day as "
        f"2024-12-31 (default: {SINCE.days} days)",
    )
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


def _since(text: str) -> datetime.timedelta:
    if text.isdecimal() and len(text) < 6:
        return datetime.timedelta(days=int(text))
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of days nor a day as 2024-12-31") from None
    now = datetime.datetime.now(datetime.UTC)
    began = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    if began > now:
        raise argparse.ArgumentTypeError(f"{text} has not begun yet")
    return now - began


def _run(args: argparse.Namespace) -> int:
    settings = load(args.config_file)
    if args.verbose:
        logging.getLogger("glance_related.instance_aware").setLevel(logging.INFO)
    tables = _native(args, settings) if args.import_native else None
    progress = output.Progress("looked at")
    database = Database(settings.database)
    adopting = Adopting(AdoptionStore(database), lambda region: NovaAccount(settings, region), args.since)
    store = Store(database)
    try:
        report = reconcile(
            store,
            GlanceAccount(settings),
            settings.instance_aware,
            dry_run=args.dry_run,
            import_native=tables,
            adopting=adopting,
            purging=(RiderStore(database), settings.riders.lifetime_seconds),
            progress=progress,
        )
    except Refused as refused:
        return output.fail(f"nothing was changed: {refused}")
    finally:
        progress.end()
    novas = AskedNovas([one for one in store.installations() if one.service_users], adopting.open_nova)
    overrides = reconcile_overrides(
        OverrideStore(database),
        RiderStore(database),
        novas,
        datetime.timedelta(seconds=settings.riders.lifetime_seconds),
        dry_run=args.dry_run,
    )
    packages = _packages(settings, novas, dry_run=args.dry_run)
    report.novas = sorted({*report.novas, *novas.troubles.values()})
    _print(report, overrides, packages, args.format)
    if report.is_complete and overrides.is_complete and packages.is_complete:
        return 0
    return output.fail(" ".join(_reasons(report, overrides, packages)))


def _packages(settings: Settings, novas: AskedNovas, *, dry_run: bool) -> PackagesReport:
    """The same for the package menu, where there is one.

    :raises ConfigError: its drivers are not configured
    """
    suite = open_suite(settings.config_file)
    if not is_in_use(suite.database):
        return PackagesReport(dry_run)
    books = Books(suite, open_drivers(settings))
    lifetime = datetime.timedelta(seconds=settings.riders.lifetime_seconds)
    return reconcile_packages(books, novas, lifetime, dry_run=dry_run)


def _reasons(report: Report, overrides: OverridesReport, packages: PackagesReport) -> list[str]:
    """Why not everything was decided."""
    if report.stopped:
        return [report.stopped]
    reasons = list(report.novas)
    if report.undecided or report.left:
        reasons.append("Glance said nothing certain about some images; they stay as they are: see its log.")
    if (report.unasked or overrides.unasked or packages.unasked) and not report.novas:
        reasons.append("Glance or Nova said nothing certain about some images or servers: see their logs.")
    return reasons


def _native(args: argparse.Namespace, settings: Settings) -> GlanceTables:
    tables = glance_conf.open_tables(args, glance_conf.read(args), settings)
    if tables is None:
        raise ConfigError("--import reads Glance's own database; name it with --glance-conf or --glance-database.")
    return tables


def _print(report: Report, overrides: OverridesReport, packages: PackagesReport, form: str) -> None:
    if form == "json":
        others = {"overrides": dataclasses.asdict(overrides), "packages": dataclasses.asdict(packages)}
        output.print_object({**dataclasses.asdict(report), **others})
        return
    lines = {
        "rows looked at": report.looked_at,
        "rows removed, their image is gone": report.swept,
        "rows left, Glance said nothing certain": report.undecided,
        "attempts that made their image, now bound": report.confirmed,
        "attempts that made nothing, forgotten": report.abandoned,
        "attempts left, Glance said nothing certain": report.left,
        "Nova's images bound, what Nova said is proved": report.adopted,
        "Nova's images without a row, found and bound": report.found,
        "recent images left, no record proves their instance": report.unproved,
        "recent images left, it cannot be told whose they are": report.ambiguous,
        "recent images left, their Nova could not be asked": report.unasked,
        "Nova's images that are gone, forgotten": report.forgotten,
    }
    lines |= {
        "servers whose overridden properties were found out": overrides.found,
        "requests with overridden properties that made no server, closed": overrides.abandoned,
        "requests with overridden properties still to be settled": overrides.unsettled,
        "servers that are gone, their overridden properties forgotten": overrides.gone,
        "servers whose packages were found out": packages.found,
        "requests with packages that made no server, closed": packages.abandoned,
        "requests with packages still to be settled": packages.unsettled,
        "servers that were not known, given what their projects have": packages.adopted,
        "servers that are gone, their packages forgotten": packages.gone,
    }
    if not report.dry_run:
        lines["riders that are past, forgotten"] = report.purged
    if report.not_imported is not None:
        lines["native tuples taken over"] = report.imported
        lines |= {f"native properties left: {kind}": number for kind, number in report.not_imported.items()}
    if report.dry_run:
        print("Nothing was changed; without --dry-run there would be:")
    output.print_rows([{"what": what, "number": number} for what, number in lines.items()], ("what", "number"), form)
    sys.stdout.flush()
