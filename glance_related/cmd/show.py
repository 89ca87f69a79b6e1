"""``show``: what the installed suite is - pipelines, routes, options, policies, plugins."""

from __future__ import annotations

import argparse
import importlib.metadata
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from glance_related.cmd import glance_conf, output
from glance_related.cmd.paste import DISTRIBUTION, PasteError, PasteFile
from glance_related.settings.options import ConfigError, list_opts
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
        help="what is installed: pipelines, routes, options, policies, plugins",
        description="Show what the installed suite is; needs neither configuration nor database.",
    )
    sections = "; ".join(f"{name}: {section.help}" for name, section in SECTIONS.items())
    parser.add_argument(
        "section", nargs="?", choices=[*SECTIONS, "all"], default="all", help=f"what to show (default: all). {sections}"
    )
    parser.add_argument("--paste", metavar="FILE", help="the paste file (default: the one that Glance would load)")
    parser.add_argument(
        "--glance-conf", action="append", metavar="FILE", help="Glance's configuration, which says where that is"
    )
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
    """Every pipeline of the paste file, our filters marked with a star."""
    path = args.paste
    if path is None:
        conf = glance_conf.read(args)
        path = conf.paste_file() if conf else None
        if path is None and args.section == "all":
            return []
    if path is None:
        raise ConfigError("Glance's paste file was not found; name it with --paste or --glance-conf.")
    try:
        pipelines = PasteFile(path).pipelines
    except PasteError as error:
        raise ConfigError(str(error)) from None
    return [
        {
            "pipeline": pipeline.title,
            "filters": " ".join(f"*{word.name}*" if word.system else word.name for word in pipeline.words),
            "ours": [word.system for _, word in pipeline.ours()],
        }
        for pipeline in pipelines
    ]


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


def _state(point: importlib.metadata.EntryPoint) -> str:
    try:
        point.load()
    except (ImportError, AttributeError) as error:
        return f"cannot be loaded: {error}"
    return "ok"


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
    "pipelines": Section(("pipeline", "filters", "ours"), "of the paste file, our filters between stars", _pipelines),
    "routes": Section(
        ("filter", "method", "path", "handler", "what"), "the requests that each filter changes", _routes
    ),
    "options": Section(("group", "option", "default", "help"), "of the configuration file", _options),
    "policies": Section(("policy", "default", "requests", "description"), "of the policy file", _policies),
    "plugins": Section(("group", "name", "value", "state"), "entry points: filters, drivers, commands", _plugins),
}
