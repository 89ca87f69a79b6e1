"""``openstack project package``: what a project makes of the cloud's menu."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from openstack.exceptions import ForbiddenException, NotFoundException
from openstackclient.identity.common import add_project_domain_option_to_parser
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.package_menu.api import Api, Refused, project_path
from glance_related.osc.package_menu.entries import add_filters, filters
from glance_related.osc.package_menu.values import MASK, SECRET, VARIABLE, Inputs, said

STATES = ("unavailable", "available", "default")
_KEY = "project_packages"


class ListProjectPackage(command.Lister):
    """``openstack project package list``."""

    _description = "List the package menu of a project"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A project, and which part of its menu."""
        parser = super().get_parser(prog_name)
        _add_project(parser)
        parser.add_argument("--state", metavar="<state>", choices=STATES, help=f"List only what is {', '.join(STATES)}")
        add_filters(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each entry that the project can have; an administrator sees the others too."""
        query = filters(parsed_args)
        if parsed_args.state:
            query["state"] = parsed_args.state
        path = project_path(_project_id(self.app, parsed_args))
        columns = ("Name", "Kind", "Type", "State", "State Origin", "Default", "Default Origin", "Title")
        return columns, [_row(entry) for entry in Api(self.app).listed(path, _KEY, **query)]


class SetProjectPackage(command.Command):
    """``openstack project package set``."""

    _description = "Set what entries of the cloud's package menu are to a project"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A project, entries, and what they are to it."""
        parser = super().get_parser(prog_name)
        _add_project(parser)
        parser.add_argument("names", metavar="<name>", nargs="+", help="Entry of the menu (repeat for several)")
        what = (
            "unavailable; available: servers can have it; default: servers have it that say nothing. "
            "Only administrators make something available, or unavailable"
        )
        parser.add_argument("--state", metavar="<state>", choices=STATES, required=True, help=what)
        what = (
            "Value of a variable for the project's servers, where its state is default; without it they have the "
            "cloud's. Of a text or a secret also @FILE, or - for standard input"
        )
        parser.add_argument("--default", metavar="<value>", help=what)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Set each of them.

        :raises CommandError: some were refused, with the reason of each
        """
        api, project_id = Api(self.app), _project_id(self.app, parsed_args)
        inputs = Inputs(self.app.stdin)

        def set_one(name: str) -> None:
            document = {"state": parsed_args.state}
            if parsed_args.default is not None:
                type_ = _type_of(api, project_id, name)
                # one word for all names: it is read once
                document["default"] = inputs.value("default", type_, parsed_args.default)
            api.ask("PUT", project_path(project_id, name), document)

        _each(parsed_args.names, set_one)


class UnsetProjectPackage(command.Command):
    """``openstack project package unset``."""

    _description = "Take back what a project says of entries: they are to it what they are to all"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A project and entries."""
        parser = super().get_parser(prog_name)
        _add_project(parser)
        parser.add_argument("names", metavar="<name>", nargs="+", help="Entry of the menu (repeat for several)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Take each of them back.

        :raises CommandError: some were refused, with the reason of each
        """
        api, project_id = Api(self.app), _project_id(self.app, parsed_args)
        _each(parsed_args.names, lambda name: api.ask("DELETE", project_path(project_id, name)))


def _each(names: Sequence[str], act: Callable[[str], Any]) -> None:
    """Act on each, also where another one was refused."""
    lines: list[str] = []
    for name in dict.fromkeys(names):
        try:
            act(name)
        except Refused as refused:
            begin = f"{name}: "
            lines += [line if line.startswith(begin) else begin + line for line in refused.lines]
    if lines:
        raise CommandError("\n".join(lines))


def _type_of(api: Api, project_id: str, name: str) -> str | None:
    """The type of a variable on a project's menu; None: there is no such one."""
    found = api.listed(project_path(project_id), _KEY, q=name)
    return next((entry.get("type") for entry in found if entry["name"] == name), None)


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    is_variable = entry["kind"] == VARIABLE
    default, origin = (entry["default"], entry["default_origin"]) if is_variable else (entry["on"], entry["on_origin"])
    if entry.get("type") == SECRET and entry["has_default"]:
        default = MASK
    words = (entry["name"], entry["kind"], entry.get("type"), entry["state"], entry["state_origin"])
    return tuple(map(said, (*words, default, origin, entry["title"])))


# -- which project


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="<project>", help="Project (name or ID)")
    add_project_domain_option_to_parser(parser)


def _project_id(app: Any, parsed_args: argparse.Namespace) -> str:
    """The id of a project. Who may not look projects up finds his own ones by their names, and all others by their ids.

    :raises CommandError: there is none, or there are several of this name
    """
    identity, project = app.client_manager.sdk_connection.identity, str(parsed_args.project)
    within = {}
    try:
        if parsed_args.project_domain:
            within["domain_id"] = identity.find_domain(parsed_args.project_domain, ignore_missing=False).id
        return str(identity.find_project(project, ignore_missing=False, **within).id)
    except NotFoundException:
        raise CommandError(f"No project has the name or ID {project}.") from None
    except ForbiddenException:
        own = identity.get("/auth/projects")
    named = [
        one["id"]
        for one in (own.json().get("projects", ()) if own.ok else ())
        if one["name"] == project and parsed_args.project_domain in (None, one.get("domain_id"))
    ]
    if len(named) > 1:
        raise CommandError(f"Several of your projects have the name {project}: say its ID.")
    return str(named[0]) if named else project
