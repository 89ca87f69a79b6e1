"""What ``openstack server boot`` takes of packages and variables."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from osc_lib.exceptions import CommandError

from glance_related.osc.arguments import Once
from glance_related.osc.extended_server import PACKAGES, VARIABLES, ExtendedServer
from glance_related.osc.faults import PROBLEMS, is_strange
from glance_related.osc.package_menu.api import NOT_HERE, Api, Refused, project_path
from glance_related.osc.package_menu.values import Inputs

_NO_PROJECT = "none"


def add_packages(parser: argparse.ArgumentParser) -> None:
    """Take packages and variables."""
    parser.add_argument(
        "--package",
        metavar="<name>",
        action="append",
        dest=PACKAGES,
        default=[],
        help="Package or bundle that this server has turned on (repeat option for several)",
    )
    parser.add_argument(
        "--package-variable",
        metavar="<name=value>",
        action=Once,
        dest=VARIABLES,
        default={},
        help="Variable of packages with its value, as 'server package add' takes it (repeat option for several)",
    )


def packages_in(app: Any, parsed_args: argparse.Namespace) -> dict[str, Any]:
    """What was given, as Nova's filter takes it; empty where nothing was.

    :raises CommandError: this cloud has no package menu
    """
    packages, texts = getattr(parsed_args, PACKAGES), getattr(parsed_args, VARIABLES)
    if not packages and not texts:
        return {}
    types, inputs = _types(app), Inputs(app.stdin)
    variables = {name: inputs.value(name, types.get(name), text) for name, text in texts.items()}
    given = {PACKAGES: list(dict.fromkeys(packages)), VARIABLES: variables}
    return {key: value for key, value in given.items() if value}


def _types(app: Any) -> dict[str, str | None]:
    """The types of the variables on the caller's menu.

    Nothing is sent to a Nova that might drop it in silence, as the compatible ``/v2`` does.

    :raises CommandError: this cloud has no package menu
    """
    project_id = app.client_manager.sdk_connection.current_project_id or _NO_PROJECT
    try:
        menu = Api(app).listed(project_path(project_id), "project_packages")
    except Refused as refused:
        if refused.status not in (403, 404):
            raise
        return {}  # who may not look at the menu may still have something of it
    return {entry["name"]: entry.get("type") for entry in menu}


def check_in_force(server: ExtendedServer, given: Mapping[str, Any]) -> None:
    """Look whether a server that was made with packages has them.

    :raises CommandError: Nova shows that it does not
    """
    missing = [name for name in given.get(PACKAGES, ()) if name not in (server.packages or ())]
    if missing:
        raise CommandError(
            f"Server {server.id} was made, but Nova does not show that it has {', '.join(missing)}: "
            f"look again with 'openstack server package list {server.id}'."
        )


def refusal(fault: Mapping[str, Any]) -> str | None:
    """What is wrong with packages, each on a line of its own; None where the answer says none of that."""
    problems = [one for one in fault.get(PROBLEMS, ()) if "name" in one]
    if problems:
        told = [f"{problem['name']}: {problem['message']}" for problem in problems]
        return "\n".join(["No server was made: it cannot have these packages and variables.", *told])
    return NOT_HERE if is_strange(fault, PACKAGES) or is_strange(fault, VARIABLES) else None
