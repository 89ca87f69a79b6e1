"""``config check``: the mistakes that an operator makes, each with a code, a severity and its fix.

================  ======================================================================
`findings`        what a finding is
`pipelines`       Glance's paste file
`nova_pipelines`  Nova's
`suite`           our own configuration file, database, policies, installations
`services`        Glance's configuration and schema, the account, native properties
`roles`           whether Nova's registered users are believed to be services
`nova`            Nova's configuration, which installation it is, its users
`marks`           the keys by which the two sides know each other
`overrides`       the property protections of both sides, and by whose table properties are judged
`doors`           the page of the package menu, beside Nova's API
`guests`          whether guests come by what the driver ``guest`` hands over
`keys`            the keys by which secrets are encrypted, here and on other hosts
`menu`            the package menu: its drivers and workers, and where it needs the three above
================  ======================================================================

Every check looks by itself, so that one mistake does not hide the others. A host may have Glance, Nova
or both: what is there is checked. Nothing is changed, and nothing secret is printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from glance_related.cmd import glance_conf, nova_conf, output, show
from glance_related.cmd.check import doors, marks, menu, nova, nova_pipelines, overrides, pipelines, services, suite
from glance_related.cmd.check.findings import ERROR, NOTE, Finding, error, warning
from glance_related.cmd.glance_conf import GlanceConf
from glance_related.cmd.nova_conf import NovaConf
from glance_related.cmd.paste import PasteError, PasteFile
from glance_related.db.database import Database, DatabaseDown
from glance_related.instance_aware.store import Store
from glance_related.riders.keys import GLANCE, NOVA
from glance_related.riders.mark import Marks
from glance_related.settings.options import ConfigError, Settings, load


@dataclass
class _Host:
    """What is found on this host.

    :param stands: the sides on which a filter of ours stands: `GLANCE`, `NOVA`
    :param overrides: whether that of system 2 stands in front of Nova
    :param nova_paste: Nova's paste file, where it can be read
    """

    glance: GlanceConf | None = None
    nova: NovaConf | None = None
    has_nova: bool = False
    stands: set[str] = field(default_factory=set)
    overrides: bool = False
    nova_paste: PasteFile | None = None

    @property
    def is_bare(self) -> bool:
        """Whether neither Glance nor Nova is here: then it may be a host of workers."""
        return not (self.glance or self.has_nova or self.stands)


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
    check.add_argument(
        "--flavor",
        metavar="NAME",
        help="the flavor in force (default: [paste_deploy] flavor of Glance's configuration)",
    )
    glance_conf.add_arguments(check)
    nova_conf.add_arguments(check)
    output.add_format(check)
    check.set_defaults(run=_run)
    show.register(actions)


def _run(args: argparse.Namespace) -> int:
    found = list(_findings(args))
    rows = [{"severity": one.severity, "code": one.code, "text": one.text} for one in found]
    if rows or args.format == "json":
        output.print_rows(rows, ("severity", "code", "text"), args.format)
    if args.format != "json" and all(one.severity == NOTE for one in found):
        print("No mistakes found.")
    return 1 if any(one.severity == ERROR for one in found) else 0


def _findings(args: argparse.Namespace) -> Iterator[Finding]:
    settings, host = None, _Host()
    try:
        settings = load(args.config_file)
    except ConfigError as problem:
        yield error("config.wrong", str(problem))
    yield from _nova_files(args, host)
    yield from _glance_files(args, host, settings)
    if settings is not None:
        yield from _our_side(args, host, settings)


def _nova_files(args: argparse.Namespace, host: _Host) -> Iterator[Finding]:
    path = None
    try:
        host.nova = nova_conf.read(args)
        path = nova_conf.find_paste(args, host.nova)
        if host.nova is not None:
            yield from nova.check_nova_conf(host.nova)
            yield from nova.check_vendordata(host.nova)
    except ConfigError as problem:
        yield error("nova.conf_wrong", str(problem))
    path = path or args.nova_paste
    host.has_nova = bool(args.nova_conf or host.nova or path)
    if path is not None:
        try:
            paste = PasteFile(path)
        except PasteError as problem:
            yield error("nova_paste.unreadable", str(problem))
            return
        host.nova_paste = paste
        yield from nova_pipelines.check_nova(paste, config_file=args.config_file)
        yield from doors.check_doors(paste, config_file=args.config_file)
        if nova_pipelines.stands_in_nova(paste):
            host.stands.add(NOVA)
        host.overrides = nova_pipelines.stands_in_nova(paste, "props_override_nova")
    elif host.nova is not None:
        yield warning(
            "nova_paste.not_found", "Nova's paste file was not found and not checked; name it with --nova-paste."
        )


def _glance_files(args: argparse.Namespace, host: _Host, settings: Settings | None) -> Iterator[Finding]:
    try:
        host.glance = glance_conf.read(args)
        if host.glance is not None:
            yield from services.check_glance_conf(host.glance)
        elif not host.has_nova:
            yield warning(
                "glance.no_conf", "Glance's configuration was not found and not checked; name it with --glance-conf."
            )
    except ConfigError as problem:
        yield error("glance.conf_wrong", str(problem))
    try:
        yield from _glance_paste(args, host, settings)
    except ConfigError as problem:
        yield error("glance.conf_wrong", str(problem))
    except PasteError as problem:
        yield error("paste.unreadable", str(problem))


def _glance_paste(args: argparse.Namespace, host: _Host, settings: Settings | None) -> Iterator[Finding]:
    path = args.paste or (host.glance.paste_file() if host.glance else None)
    if path is None:
        if host.glance is not None or not host.has_nova:
            yield warning("paste.not_found", "Glance's paste file was not found and not checked; name it with --paste.")
        return
    flavor = args.flavor if args.flavor is not None or host.glance is None else host.glance.flavor
    paste = PasteFile(path)
    allow_no_auth = settings is not None and settings.instance_aware.allow_no_auth
    yield from pipelines.check_glance(paste, flavor, allow_no_auth=allow_no_auth, config_file=args.config_file)
    if any(pipeline.systems() & set(pipelines.IN_GLANCE) for pipeline in paste.pipelines):
        host.stands.add(GLANCE)


def _our_side(args: argparse.Namespace, host: _Host, settings: Settings) -> Iterator[Finding]:
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
        yield from _our_nova(host, settings, database, store)
        here = menu.Here(host.nova_paste, host.nova, hands_on=NOVA in host.stands, is_bare=host.is_bare)
        yield from menu.check_menu(settings, here, None if store is None else database)
        if store is not None:
            yield from _strangers(args, host.glance, settings, store)
    except DatabaseDown:
        yield error("database.down", "a database stopped answering while it was asked; see its log, and check again.")


def _our_nova(host: _Host, settings: Settings, database: Database, store: Store | None) -> Iterator[Finding]:
    """What the two sides must agree on."""
    registered = store.installations() if store is not None else None
    if NOVA in host.stands:
        yield from nova.check_installation(settings, registered)
    if host.nova is not None and registered is not None:
        try:
            yield from nova.check_users(host.nova, settings, registered)
        except ConfigError as problem:
            yield error("nova.conf_wrong", str(problem))
    own = settings.instance_aware.nova_installation_uuid
    glance, novas = marks.read_sides(host.stands, own, registered, database)
    yield from marks.check_mark_keys(Marks(settings.riders.mark_keys), glance, novas)
    if host.overrides:
        yield from overrides.check_protections(settings)
    if registered is not None:
        yield from overrides.check_sides(registered, own, database, is_here=host.overrides)


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
