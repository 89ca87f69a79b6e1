"""The commands of system 2: servers with image properties of their own. The manual is the package's."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from openstack.exceptions import raise_from_response
from osc_lib.cli.format_columns import ListColumn
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.arguments import Once
from glance_related.osc.extended_server import OVERRIDES, ExtendedServer
from glance_related.osc.faults import CODE_HEADER, PROBLEMS, is_strange
from glance_related.osc.files import read_texts

#: Where overrides stand in what is sent to Nova and in what it shows.
KEY = OVERRIDES

_OFFER = "/image-props-override"
_NOT_HERE = "This cloud has no image property overrides: nothing in front of its Nova knows them."

_BOOLEAN = "boolean"
_BOOLEAN_WORDS = frozenset(("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"))
# An expression of nothing but digits, as ``^-?[0-9]{1,9}$``.
_OF_DIGITS = re.compile(r"\^(?:-\?)?(?:\[\d-\d\](?:[*+]|\{[\d,]+\})?)+\$")


class ShowServerImageProp(command.Lister):
    """``openstack server image prop show``."""

    _description = "Show which image properties are overridden for a server"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """One server."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each property; none where the server has the image's own."""
        compute = self.app.client_manager.sdk_connection.compute
        server = compute.find_server(parsed_args.server, ignore_missing=False)
        overrides = ExtendedServer.new(id=server.id).fetch(compute).image_props_override or {}
        return ("Property", "Value"), sorted(overrides.items())


class ListImagePropOverride(command.Lister):
    """``openstack image prop override list``."""

    _description = "List the image properties that Nova knows, and whether you may override them for a server"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """All of them, or the allowed ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--allowed", action="store_true", help="List only those that you may override")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each property, and for each family of properties.

        :raises CommandError: this cloud has no overrides
        """
        compute = self.app.client_manager.sdk_connection.compute
        response = compute.get(_OFFER, params={} if parsed_args.allowed else {"all": "true"})
        if response.status_code == 404:
            raise CommandError(_NOT_HERE)
        raise_from_response(response)
        return ("Property", "Type", "Values", "Allowed"), sorted(_rows(response.json()), key=lambda row: row[0])


# -- what "server boot" takes of it


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Take properties that a server shall have instead of its image's."""
    parser.add_argument(
        "--image-prop-override",
        metavar="<name=value>",
        action=Once,
        dest=KEY,
        default={},
        help="Image property that this server has instead of its image's "
        "(repeat option for several properties; see 'image prop override list')",
    )
    parser.add_argument(
        "--image-props-file",
        metavar="<file>",
        help="File with such properties, a JSON or YAML object of names with their values; - is standard input. "
        "--image-prop-override wins over it",
    )


def overrides_in(parsed_args: argparse.Namespace, stdin: TextIO) -> dict[str, str]:
    """What was given.

    :raises CommandError: the file is wrong
    """
    overrides: dict[str, str] = getattr(parsed_args, KEY)
    if parsed_args.image_props_file:
        return {**read_texts(parsed_args.image_props_file, stdin), **overrides}
    return overrides


def check_offered(compute: Any) -> None:
    """Nothing is sent to a Nova that might drop it in silence, as the compatible ``/v2`` does.

    :raises CommandError: this cloud has no overrides
    """
    response = compute.get(_OFFER)
    if response.status_code == 404:
        raise CommandError(_NOT_HERE)
    if response.status_code == 403 and CODE_HEADER in response.headers:
        return  # who may not look at the list may still override
    raise_from_response(response)


def check_in_force(server: ExtendedServer) -> dict[str, str]:
    """What is overridden for a server that was made with overrides.

    :raises CommandError: Nova shows none
    """
    in_force: dict[str, str] = server.image_props_override or {}
    if not in_force:
        raise CommandError(
            f"Server {server.id} was made, but Nova does not show that image properties are overridden for it: "
            f"look again with 'openstack server image prop show {server.id}', and delete it if there are none."
        )
    return in_force


def refusal(fault: Mapping[str, Any]) -> str | None:
    """What is wrong with overrides, each property on a line of its own; None where the answer says none of that."""
    problems = [one for one in fault.get(PROBLEMS, ()) if "property" in one]
    if problems:
        told = [f"{problem['property']}: {problem['message']}" for problem in problems]
        return "\n".join(["No server was made: these image properties cannot be overridden.", *told])
    return _NOT_HERE if is_strange(fault, KEY) else None


# -- what may be overridden


def _rows(schema: Mapping[str, Any]) -> Iterable[tuple[str, str, ListColumn, bool]]:
    """A row for each property of a JSON schema; a family of properties goes by its title, or by its expression."""
    for name, property_ in schema.get("properties", {}).items():
        yield _row(name, property_)
    for pattern, family in schema.get("patternProperties", {}).items():
        yield _row(family.get("title", pattern), family)


def _row(name: str, property_: Mapping[str, Any]) -> tuple[str, str, ListColumn, bool]:
    type_, values = _type(property_), list(property_.get("enum", ()))
    if type_ == _BOOLEAN:
        values = ["true", "false"]  # nobody wants to read the ten other words for them again and again
    return name, type_, ListColumn(values), not property_.get("readOnly", False)


def _type(property_: Mapping[str, Any]) -> str:
    """What kind of text a property takes, in a customer's words."""
    if "enum" in property_:
        return _BOOLEAN if _BOOLEAN_WORDS.issuperset(property_["enum"]) else "choice"
    if "format" in property_:
        return str(property_["format"])
    return "integer" if _OF_DIGITS.fullmatch(property_.get("pattern", "")) else "text"
