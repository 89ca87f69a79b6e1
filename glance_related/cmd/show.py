"""``show``: what the installed suite is, and where it stands on this host."""

from __future__ import annotations

import argparse
import importlib.metadata
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from glance_related.cmd import glance_conf, nova_conf, output
from glance_related.cmd.paste import DISTRIBUTION, PasteError, PasteFile
from glance_related.package_menu.drivers.driver import ENTRY_POINTS as DRIVERS
from glance_related.settings.options import ConfigError, list_opts, load
from glance_related.settings.policy import list_rules
from glance_related.wsgi.filter import Filter

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Section:
    """One part of what is shown.

    :param read: what is in it, told the command line
    """

    columns: tuple[str, ...]
    help: str
    read: Callable[[argparse.Namespace], Rows]


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "show",
        help=f"what is installed, and where it stands: {', '.join(SECTIONS)}",
        description="Show what the installed suite is, and where it stands on this host; needs neither configuration "
        "nor database, and of both hosts' files what is there.",
    )
    sections = "; ".join(f"{name}: {section.help}" for name, section in SECTIONS.items())
    parser.add_argument(
        "section", nargs="?", choices=[*SECTIONS, "all"], default="all", help=f"what to show (default: all). {sections}"
    )
    parser.add_argument("--paste", metavar="FILE", help="Glance's paste file (default: the one that it would load)")
    parser.add_argument(
        "--glance-conf", action="append", metavar="FILE", help="Glance's configuration, which says where that is"
    )
    nova_conf.add_arguments(parser)
    output.add_format(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    names = list(SECTIONS) if args.section == "all" else [args.section]
    shown = {name: SECTIONS[name].read(args) for name in names}
    if args.format == "json":
        output.print_object(shown)
        return 0
    for index, (name, rows) in enumerate(shown.items()):
        if len(shown) > 1:
            print(("\n" if index else "") + f"{name}:")
        output.print_rows(rows, SECTIONS[name].columns, args.format)
    return 0


def _pipelines(args: argparse.Namespace) -> Rows:
    """Every pipeline of the hosts' paste files, our filters marked with a star."""
    files = {"glance": _glances_paste(args), "nova": _novas_paste(args)}
    if not any(files.values()) and args.section != "all":
        raise ConfigError(
            "neither Glance's nor Nova's paste file was found; name them with --paste or --glance-conf, and "
            "--nova-paste or --nova-conf."
        )
    return [
        {
            "host": host,
            "pipeline": pipeline.title,
            "filters": " ".join(f"*{word.name}*" if word.system else word.name for word in pipeline.words),
            "ours": [word.system for _, word in pipeline.ours()],
        }
        for host, file in files.items()
        for pipeline in (file.pipelines if file else ())
    ]


def _glances_paste(args: argparse.Namespace) -> PasteFile | None:
    conf = None if args.paste else glance_conf.read(args)
    return _opened(args.paste or (conf.paste_file() if conf else None))


def _novas_paste(args: argparse.Namespace) -> PasteFile | None:
    conf = None if args.nova_paste else nova_conf.read(args)
    return _opened(nova_conf.find_paste(args, conf))


def _opened(path: str | None) -> PasteFile | None:
    try:
        return None if path is None else PasteFile(path)
    except PasteError as error:
        raise ConfigError(str(error)) from None


def _doors(args: argparse.Namespace) -> Rows:
    """Every application that stands beside Nova's, and where it does."""
    paste = _novas_paste(args)
    standing = {door.system: door for door in paste.doors} if paste else {}
    rows = []
    for point in _entry_points("paste.composite_factory"):
        door = standing.get(point.name)
        mounts = paste.mounts if paste and door else []
        rows.append(
            {
                "door": point.name,
                "paths": [mount.path for mount in mounts if door and mount.application == door.name],
                "api": door.api if door else None,
                "state": _state(point, extra="page"),
            }
        )
    return rows


def _drivers(args: argparse.Namespace) -> Rows:
    """Everybody whom settings may be handed to, by whomever he is shipped."""
    try:
        active: tuple[str, ...] | None = load(args.config_file).package_menu.package_management_driver
    except ConfigError:
        active = None
    return [
        {
            "driver": point.name,
            "active": None if active is None else point.name in active,
            "value": point.value,
            "state": _state(point, extra=point.name),
            "what": _what(point),
        }
        for point in sorted(importlib.metadata.entry_points(group=DRIVERS), key=lambda point: point.name)
    ]


def _what(point: importlib.metadata.EntryPoint) -> str:
    """What a driver's module says of itself in its first sentence, without its name."""
    try:
        text = vars(__import__(point.module, fromlist=["_"]))["__doc__"] or ""
    except ImportError:
        return ""
    return _first_sentence(text.partition("\n\n")[0]).rpartition("`: ")[2]


def _routes(_args: argparse.Namespace) -> Rows:
    """Every line of every filter's table."""
    return [
        {
            "filter": point.name,
            "method": route.method,
            "path": route.path,
            "handler": f"{filter_.__name__}.{route.handler}",
            "what": route.what,
        }
        for point in _entry_points("paste.filter_factory")
        for filter_ in _filters_beside(point)
        for route in filter_.routes
    ]


def _filters_beside(point: importlib.metadata.EntryPoint) -> list[type[Filter]]:
    """The filters that stand in the module of a factory; none where it cannot be loaded, which `_plugins` tells."""
    try:
        module = vars(__import__(point.module, fromlist=["_"]))
    except ImportError:
        return []
    classes = [value for value in module.values() if isinstance(value, type) and issubclass(value, Filter)]
    return [filter_ for filter_ in classes if filter_.__module__ == point.module]


def _options(_args: argparse.Namespace) -> Rows:
    """Every option, with the first sentence of its help."""
    return [
        {
            "group": group,
            "option": option.dest,
            "default": _default(option.default),
            "help": _first_sentence(option.help or ""),
        }
        for group, options in list_opts()
        for option in options
    ]


def _policies(_args: argparse.Namespace) -> Rows:
    """Every rule with its default."""
    return [
        {
            "policy": rule.name,
            "default": rule.check_str,
            "requests": [f"{operation['method']} {operation['path']}" for operation in rule.operations],
            "description": _first_sentence(rule.description),
        }
        for rule in list_rules()
    ]


def _plugins(_args: argparse.Namespace) -> Rows:
    """Every entry point of the suite, and whether what it names is there."""
    return [
        {"group": point.group, "name": point.name, "value": point.value, "state": _state(point)}
        for point in _entry_points()
    ]


def _state(point: importlib.metadata.EntryPoint, extra: str | None = None) -> str:
    """Whether what an entry point names is there.

    :param extra: of ours, that it needs
    """
    missing = _missing(extra) if extra is not None else []
    if missing:
        return f"needs {', '.join(missing)}: install {DISTRIBUTION}[{extra}]"
    try:
        point.load()
    except (ImportError, AttributeError) as error:
        return f"cannot be loaded: {error}"
    return "ok"


def _missing(extra: str) -> list[str]:
    """What an extra of ours asks for, and is not installed."""
    asked = [re.match(r"[\w.-]+", one) for one in importlib.metadata.requires(DISTRIBUTION) or () if _is_of(one, extra)]
    return [name[0] for name in asked if name and not _is_installed(name[0])]


def _is_of(requirement: str, extra: str) -> bool:
    return re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", requirement) is not None


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _entry_points(group: str | None = None) -> Iterator[importlib.metadata.EntryPoint]:
    for point in importlib.metadata.distribution(DISTRIBUTION).entry_points:
        if group in (None, point.group):
            yield point


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[^.]\.) ", " ".join(text.split()))[0]


def _default(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "(none)" if value is None else str(value)


SECTIONS = {
    "pipelines": Section(
        ("host", "pipeline", "filters", "ours"), "of the hosts' paste files, our filters between stars", _pipelines
    ),
    "doors": Section(("door", "paths", "api", "state"), "applications beside Nova's, and where they stand", _doors),
    "routes": Section(
        ("filter", "method", "path", "handler", "what"), "the requests that each filter changes", _routes
    ),
    "options": Section(("group", "option", "default", "help"), "of the configuration file", _options),
    "policies": Section(("policy", "default", "requests", "description"), "of the policy file", _policies),
    "drivers": Section(
        ("driver", "active", "state", "value", "what"), "whom the settings of servers may be handed to", _drivers
    ),
    "plugins": Section(("group", "name", "value", "state"), "entry points: filters, drivers, commands", _plugins),
}
