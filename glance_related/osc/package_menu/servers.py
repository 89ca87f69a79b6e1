"""``openstack server package``: what one server has, and what is changed of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osc_lib.command import command

from glance_related.osc.arguments import Once
from glance_related.osc.package_menu.api import Api, packages_path
from glance_related.osc.package_menu.status import add_waiting, waited_for
from glance_related.osc.package_menu.values import MASK, SECRET, VARIABLE, Inputs, boolean, said

PACKAGES, VARIABLES = "packages", "package_variables"


class AddServerPackage(command.Command):
    """``openstack server package add``."""

    _description = "Turn packages of a server on, and set its variables"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A server, and what it shall have besides."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        what = (
            "Package or bundle to turn on, by its name alone (=true and =false are taken too), or variable with its "
            "value; repeat for several. A list has commas, or is JSON. Of a text or a secret the value may be @FILE, "
            "or - for standard input; where that is a terminal it is asked for, unseen"
        )
        parser.add_argument("wanted", metavar="<name=value>", nargs="+", action=Once, help=what)
        add_waiting(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Change all of it at once, or nothing.

        :raises CommandError: the cloud refuses it, or it has not arrived
        """
        api, inputs = Api(self.app), Inputs(self.app.stdin)
        server_id = api.server_id(parsed_args.server)
        api.change_settings(server_id, lambda settings: _with(settings, parsed_args.wanted, inputs))
        waited_for(self.app, api, server_id, parsed_args)


class RemoveServerPackage(command.Command):
    """``openstack server package remove``."""

    _description = "Turn packages of a server off, and take values of its own back"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A server, and what it shall not have any more."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        what = "Package or bundle to turn off, or variable whose value is the project's again (repeat for several)"
        parser.add_argument("names", metavar="<name>", nargs="+", help=what)
        what = "Turn nothing off: what the project says counts again, also where that is on"
        parser.add_argument("--inherit", action="store_true", help=what)
        add_waiting(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Change all of it at once, or nothing.

        :raises CommandError: the cloud refuses it, or it has not arrived
        """
        api = Api(self.app)
        server_id = api.server_id(parsed_args.server)
        api.change_settings(
            server_id, lambda settings: _without(settings, parsed_args.names, inherits=parsed_args.inherit)
        )
        waited_for(self.app, api, server_id, parsed_args)


class ListServerPackage(command.Lister):
    """``openstack server package list``."""

    _description = "List what a server has: its packages and variables, their values, and whose word that is"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A server, and whether also what it could have."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        parser.add_argument("--all", action="store_true", help="List also what is off, or has no value")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each entry; what was chosen and has no effect is a warning."""
        api = Api(self.app)
        query = {} if parsed_args.all else {"on": "true"}
        settings, _ = api.settings(api.server_id(parsed_args.server), **query)
        for problem in settings["problems"]:
            self.log.warning("%s: %s", problem["name"], problem["message"])
        columns = ("Name", "Kind", "Type", "Value", "Origin", "Through", "State", "Title")
        return columns, [_row(entry) for entry in settings["entries"]]


class CopyServerPackage(command.Command):
    """``openstack server package copy``."""

    _description = "Give a server what another one has of its own, secrets too, in place of what it has"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Two servers."""
        parser = super().get_parser(prog_name)
        parser.add_argument("source", metavar="<from>", help="Server to copy from (name or ID)")
        parser.add_argument("server", metavar="<to>", help="Server to change (name or ID)")
        add_waiting(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Copy.

        :raises CommandError: the cloud refuses it, or it has not arrived
        """
        api = Api(self.app)
        source, server_id = api.server_id(parsed_args.source), api.server_id(parsed_args.server)
        api.ask("PUT", packages_path(server_id), {"copy_from": source})
        waited_for(self.app, api, server_id, parsed_args)


class ListServerPackageHistory(command.Lister):
    """``openstack server package history``."""

    _description = "List who changed what of a server's packages and variables, the last first"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A server."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each thing that was changed."""
        api = Api(self.app)
        path = f"{packages_path(api.server_id(parsed_args.server))}/history"
        columns = ("Time", "User ID", "Generation", "Name", "Before", "After")
        return columns, [
            (
                *(record[word] for word in ("created_at", "user_id", "generation")),
                change["name"],
                _choice(change["before"]),
                _choice(change["after"]),
            )
            for record in api.listed(path, "history")
            for change in record["changes"]
        ]


# -- what a command is given


def add_server(parser: argparse.ArgumentParser) -> None:
    """Take a server."""
    parser.add_argument("server", metavar="<server>", help="Server (name or ID)")


# -- what a server shall have of its own


def _with(settings: Mapping[str, Any], wanted: Mapping[str, str | None], inputs: Inputs) -> dict[str, Any]:
    """What a server has of its own, and more."""
    entries = {entry["name"]: entry for entry in settings["entries"]}
    packages, variables = _chosen(settings)
    for name, text in wanted.items():
        entry = entries.get(name, {})
        is_on = True if text is None else boolean(text) if entry.get("kind", VARIABLE) != VARIABLE else None
        packages.pop(name, None)
        variables.pop(name, None)
        if is_on is not None:
            packages[name] = is_on
        else:
            variables[name] = inputs.value(name, entry.get("type"), str(text))
    return {PACKAGES: packages, VARIABLES: variables}


def _without(settings: Mapping[str, Any], names: Iterable[str], *, inherits: bool) -> dict[str, Any]:
    """What a server has of its own, and less. A name that is nowhere is for the cloud to refuse."""
    kinds = {entry["name"]: entry["kind"] for entry in settings["entries"]}
    packages, variables = _chosen(settings)
    for name in names:
        is_known = name in kinds or name in packages or name in variables
        is_turned_off = kinds.get(name, VARIABLE) != VARIABLE and not inherits
        packages.pop(name, None)
        variables.pop(name, None)
        if is_turned_off or not is_known:
            packages[name] = False
    return {PACKAGES: packages, VARIABLES: variables}


def _chosen(settings: Mapping[str, Any]) -> tuple[dict[str, bool], dict[str, Any]]:
    """What a server has of its own; a secret is null, and stays what it is when that is sent back."""
    chosen = settings["chosen"]
    return dict(chosen[PACKAGES]), dict(chosen[VARIABLES])


# -- what is shown


def _row(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    value = entry["value"] if entry["kind"] == VARIABLE else entry["on"]
    if entry.get("type") == SECRET and entry["has_value"]:
        value = MASK
    words = (entry["name"], entry["kind"], entry.get("type"), value)
    return tuple(map(said, (*words, *(entry[word] for word in ("origin", "through", "state", "title")))))


def _choice(choice: Mapping[str, Any] | None) -> Any:
    """What was said of an entry, of which most often there is one thing."""
    if not choice:
        return said(None)
    if set(choice) == {"value"}:
        return said(choice["value"])
    told = {"on": "off"} if choice.get("on") is False else {"on": "on"} if "on" in choice else {}
    more = [f"state={choice['state']}"] if "state" in choice else []
    value = [f"value={choice['value']}"] if "value" in choice else []
    return said(", ".join([*told.values(), *value, *more]))
