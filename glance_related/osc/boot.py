"""``openstack server boot``: ``server create``, with what the systems of the suite add to a server."""

from __future__ import annotations

import argparse
import copy
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openstack.exceptions import HttpException
from openstackclient.compute.v2.server import CreateServer
from osc_lib.cli.format_columns import DictColumn, ListColumn
from osc_lib.exceptions import CommandError

from glance_related.osc import props_override
from glance_related.osc.extended_server import OVERRIDES, PACKAGES, VARIABLES, ExtendedServer
from glance_related.osc.faults import fault_in
from glance_related.osc.package_menu import launch
from glance_related.osc.package_menu.api import UNTOLD


class BootServer(CreateServer):
    """``openstack server boot``: ``server create``, with image properties and packages of this server's own."""

    _description = (
        "Create a new server, with image properties of its own in place of the image's, and with packages. "
        "Takes all that 'server create' takes."
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments of ``server create``, and more."""
        parser = super().get_parser(prog_name)
        props_override.add_overrides(parser)
        launch.add_packages(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """Boot, and show the server with what it has of its own.

        :raises CommandError: a file is wrong, this cloud does not have this, it was refused, or it was not applied
        """
        overrides = props_override.overrides_in(parsed_args, self.app.stdin)
        compute = self.app.client_manager.sdk_connection.compute
        if overrides:
            props_override.check_offered(compute)
        packages = launch.packages_in(self.app, parsed_args)
        more = {**({OVERRIDES: overrides} if overrides else {}), **packages}
        if more:
            self.app = _making(self.app, more)
        rows = dict(zip(*super().take_action(parsed_args), strict=True))
        server = ExtendedServer.new(id=rows["id"]).fetch(compute) if more else None
        rows[OVERRIDES] = DictColumn(props_override.check_in_force(server) if server and overrides else {})
        for key in (PACKAGES, VARIABLES):
            rows.pop(key, None)  # of a server that was asked for without any
        if server and packages:
            launch.check_in_force(server, packages)
            rows |= {PACKAGES: ListColumn(server.packages or []), VARIABLES: DictColumn(server.package_variables or {})}
        return tuple(sorted(rows)), [rows[name] for name in sorted(rows)]


class _Instead:
    """An object with some attributes of ours instead of its own; the object itself stays as it is."""

    def __init__(self, whole: Any, **parts: Any) -> None:
        self._whole = whole
        vars(self).update(parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


def _making(app: Any, more: Mapping[str, Any]) -> Any:
    """A shell whose compute client sends something along when it makes a server.

    ``server create`` has no way of its own to send what openstacksdk does not know, and the client that all other
    commands of this process share is left alone.
    """
    manager = app.client_manager
    connection = manager.sdk_connection
    compute = connection.compute
    quiet = copy.copy(compute)
    quiet.post = functools.partial(compute.post, **UNTOLD)

    def create_server(**attrs: Any) -> ExtendedServer:
        try:
            return ExtendedServer.new(**attrs, **more).create(quiet)
        except HttpException as error:
            refusal = _refusal(fault_in(error.response), more)
            if refusal is None:
                raise
            raise CommandError(refusal) from None

    booting = _Instead(compute, create_server=create_server)
    # openstackclient 7 takes it from the connection, later ones from the manager
    manager = _Instead(manager, compute=booting, sdk_connection=_Instead(connection, compute=booting))
    return _Instead(app, client_manager=manager)


def _refusal(fault: Mapping[str, Any], more: Mapping[str, Any]) -> str | None:
    """What is wrong, in lines; None where the answer says nothing of what was sent along."""
    told = props_override.refusal(fault) if OVERRIDES in more else None
    return told or launch.refusal(fault)
