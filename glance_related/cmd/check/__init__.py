"""``config check``: the mistakes that an operator makes, each with a code, a severity and its fix.

=============  ======================================================================
`findings`     what a finding is
`pipelines`    Glance's and Nova's paste files
`suite`        our own configuration file, database, policies, installations
`services`     Glance's configuration and schema, the account, native properties
=============  ======================================================================

Every check looks by itself, so that one mistake does not hide the others. Nothing is changed, and
nothing secret is printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from glance_related.cmd import glance_conf, output
from glance_related.cmd.check import pipelines, services, suite
from glance_related.cmd.check.findings import ERROR, Finding, error, warning
from glance_related.cmd.glance_conf import GlanceConf
from glance_related.cmd.paste import PasteError, PasteFile
from glance_related.db.database import Database, DatabaseDown
from glance_related.instance_aware.store import Store
from glance_related.settings.options import ConfigError, Settings, load


def register(commands: Any) -> None:
    """Add the command to the parser."""
    config = commands.add_parser("config", help="the configuration of the suite and of its hosts")
    actions = config.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="find the mistakes that an operator makes",
        description="Find the mistakes that an operator makes, and say how each is mended. "
        "Exit code 1 where one of them is an error.",
    )
    check.add_argument("--paste", metavar="FILE", help="Glance's paste file (default: the one that Glance would load)")
    check.add_argument("--nova-paste", metavar="FILE", help="Nova's api-paste.ini, to be checked as well")
    check.add_argument(
        "--flavor",
        metavar="NAME",
        help="the flavor in force (default: [paste_deploy] flavor of Glance's configuration)",
    )
    glance_conf.add_arguments(check)
    output.add_format(check)
    check.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    found = list(_findings(args))
    rows = [{"severity": one.severity, "code": one.code, "text": one.text} for one in found]
    if rows or args.format == "json":
        output.print_rows(rows, ("severity", "code", "text"), args.format)
    else:
        print("No mistakes found.")
    return 1 if any(one.severity == ERROR for one in found) else 0


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    settings, conf = None, None
    try:
        settings = load(args.config_file)
    except ConfigError as problem:
        yield error("config.wrong", str(problem))
    try:
        conf = glance_conf.read(args)
        if conf is None:
            yield warning(
                "glance.no_conf", "Glance's configuration was not found and not checked; name it with --glance-conf."
            )
        else:
            yield from services.check_glance_conf(conf)
    except ConfigError as problem:
        yield error("glance.conf_wrong", str(problem))
    yield from _paste_files(args, conf, settings)
    if settings is not None:
        yield from _our_side(args, conf, settings)


def _paste_files(args: argparse.Namespace, conf: GlanceConf | None, settings: Settings | None) -> Iterator[Finding]:
    try:
        path = args.paste or (conf.paste_file() if conf else None)
        flavor = args.flavor if args.flavor is not None or conf is None else conf.flavor
        if path is None:
            yield warning("paste.not_found", "Glance's paste file was not found and not checked; name it with --paste.")
        else:
            allow_no_auth = settings is not None and settings.instance_aware.allow_no_auth
            yield from pipelines.check_glance(
                PasteFile(path), flavor, allow_no_auth=allow_no_auth, config_file=args.config_file
            )
    except ConfigError as problem:
        yield error("glance.conf_wrong", str(problem))
    except PasteError as problem:
        yield error("paste.unreadable", str(problem))
    if args.nova_paste is not None:
        try:
            yield from pipelines.check_nova(PasteFile(args.nova_paste))
        except PasteError as problem:
            yield error("nova_paste.unreadable", str(problem))


def _our_side(args: argparse.Namespace, conf: GlanceConf | None, settings: Settings) -> Iterator[Finding]:
    yield from suite.check_file(settings)
    yield from suite.check_policies(settings)
    database = Database(settings.database)
    broken = list(suite.check_database(settings, database))
    yield from broken
    store = None if broken else Store(database)
    try:
        if store is not None:
            yield from suite.check_installations(store)
        yield from services.check_account(settings, store)
        if store is not None:
            yield from _strangers(args, conf, settings, store)
    except DatabaseDown:
        yield error("database.down", "a database stopped answering while it was asked; see its log, and check again.")


def _strangers(
    args: argparse.Namespace, conf: GlanceConf | None, settings: Settings, store: Store
) -> Iterator[Finding]:
    try:
        tables = glance_conf.open_tables(args, conf, settings)
    except ConfigError as problem:
        yield warning("glance.database_unreadable", f"native properties were not counted: {problem}")
        return
    if tables is not None:
        progress = output.Progress("images looked at")
        yield from services.check_strangers(tables, store, progress)
        progress.end()
