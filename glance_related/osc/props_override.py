"""The commands of system 2: servers booted with image properties of their own. The manual is the package's."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openstack.compute.v2.server import Server
from openstack.exceptions import HttpException, raise_from_response
from openstack.resource import Body
from openstackclient.compute.v2.server import CreateServer
from osc_lib.cli.format_columns import DictColumn, ListColumn
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.files import read_texts

#: Where overrides stand in what is sent to Nova and in what it shows.
KEY = "image_props_override"

_OFFER = "/image-props-override"
_NOT_HERE = "This cloud has no image property overrides: nothing in front of its Nova knows them."
# The header that every refusal of the filter has, and none of Nova's own.
_CODE_HEADER = "X-Glance-Related-Code"

_BOOLEAN = "boolean"
_BOOLEAN_WORDS = frozenset(("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"))
# An expression of nothing but digits, as ``^-?[0-9]{1,9}$``.
_OF_DIGITS = re.compile(r"\^(?:-\?)?(?:\[\d-\d\](?:[*+]|\{[\d,]+\})?)+\$")


class OverridableServer(Server):
    """openstacksdk's server, with what it does not know of: it drops what it has no attribute for."""

    image_props_override = Body(KEY, type=dict)


class BootServer(CreateServer):
    """``openstack server boot``: ``server create``, with image properties overridden for this server."""

    _description = (
        "Create a new server, with image properties of its own in place of the image's. "
        "Takes all that 'server create' takes."
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments of ``server create``, and two more."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--image-prop-override",
            metavar="<name=value>",
            action=_Once,
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
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """Boot, and show the server with what is overridden.

        :raises CommandError: the file is wrong, this cloud has no overrides, they were refused, or were not applied
        """
        overrides = getattr(parsed_args, KEY)
        if parsed_args.image_props_file:
            overrides = {**read_texts(parsed_args.image_props_file, self.app.stdin), **overrides}
        compute = _compute(self.app)
        if overrides:
            _check_offered(compute)
            self.app = _with_overrides(self.app, overrides)
        rows = dict(zip(*super().take_action(parsed_args), strict=True))
        in_force = _overrides_of(compute, rows["id"]) if overrides else {}
        if overrides and not in_force:
            raise CommandError(
                f"Server {rows['id']} was made, but Nova does not show that image properties are overridden for it: "
                f"look again with 'openstack server image prop show {rows['id']}', and delete it if there are none."
            )
        rows[KEY] = DictColumn(in_force)
        return tuple(sorted(rows)), [rows[name] for name in sorted(rows)]


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
        compute = _compute(self.app)
        server = compute.find_server(parsed_args.server, ignore_missing=False)
        return ("Property", "Value"), sorted(_overrides_of(compute, server.id).items())


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
        response = _compute(self.app).get(_OFFER, params={} if parsed_args.allowed else {"all": "true"})
        if response.status_code == 404:
            raise CommandError(_NOT_HERE)
        raise_from_response(response)
        return ("Property", "Type", "Values", "Allowed"), sorted(_rows(response.json()), key=lambda row: row[0])


class _Once(argparse.Action):
    """Collects ``name=value``; no name may come twice."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        name, equals, value = str(values).partition("=")
        given = getattr(namespace, self.dest)
        if not name or not equals:
            raise argparse.ArgumentError(self, f"expected name=value, not {values!r}")
        if name in given:
            raise argparse.ArgumentError(self, f"{name} is given twice")
        setattr(namespace, self.dest, {**given, name: value})


# -- what Nova is asked


class _Instead:
    """An object with some attributes of ours instead of its own; the object itself stays as it is."""

    def __init__(self, whole: Any, **parts: Any) -> None:
        self._whole = whole
        vars(self).update(parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def _with_overrides(app: Any, overrides: Mapping[str, str]) -> Any:
    """A shell whose compute client sends overrides along when it makes a server.

    ``server create`` has no way of its own to send what openstacksdk does not know, and the client that all other
    commands of this process share is left alone.
    """
    manager = app.client_manager
    connection = manager.sdk_connection
    compute = connection.compute

    def create_server(**attrs: Any) -> OverridableServer:
        try:
            return OverridableServer.new(**attrs, **{KEY: dict(overrides)}).create(compute)
        except HttpException as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            raise CommandError(refusal) from None

    booting = _Instead(compute, create_server=create_server)
    # openstackclient 7 takes it from the connection, later ones from the manager
    manager = _Instead(manager, compute=booting, sdk_connection=_Instead(connection, compute=booting))
    return _Instead(app, client_manager=manager)


def _compute(app: Any) -> Any:
    return app.client_manager.sdk_connection.compute


def _check_offered(compute: Any) -> None:
    """Nothing is sent to a Nova that might drop it in silence, as the compatible ``/v2`` does.

    :raises CommandError: this cloud has no overrides
    """
    response = compute.get(_OFFER)
    if response.status_code == 404:
        raise CommandError(_NOT_HERE)
    if response.status_code == 403 and _CODE_HEADER in response.headers:
        return  # who may not look at the list may still override
    raise_from_response(response)


def _overrides_of(compute: Any, server_id: str) -> dict[str, str]:
    return OverridableServer.new(id=server_id).fetch(compute).image_props_override or {}


def _refusal(error: HttpException) -> str | None:
    """What is wrong with overrides, each property on a line of its own; None where the answer says none of that."""
    fault = _fault(error)
    problems = fault.get("glance_related_problems")
    if problems:
        told = [f"{problem['property']}: {problem['message']}" for problem in problems]
        return "\n".join(["No server was made: these image properties cannot be overridden.", *told])
    _, is_strange, names = str(fault.get("message")).rpartition("Additional properties are not allowed")
    return _NOT_HERE if is_strange and f"'{KEY}'" in names else None


def _fault(error: HttpException) -> Mapping[str, Any]:
    """What a fault of Nova's says, which is an object under a single name."""
    try:
        document = error.response.json() if error.response is not None else None
    except ValueError:
        return {}
    faults = list(document.values()) if isinstance(document, dict) else []
    return faults[0] if faults and isinstance(faults[0], dict) else {}


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
