"""``openstack server package config``: all that a server has of its own, as a file that is edited and sent back."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.files import named
from glance_related.osc.package_menu.api import Api, packages_path
from glance_related.osc.package_menu.documents import bare, read_document, text_of, written
from glance_related.osc.package_menu.servers import PACKAGES, VARIABLES, add_server
from glance_related.osc.package_menu.status import add_waiting, waited_for
from glance_related.osc.package_menu.values import MASK, SECRET, of_file, shown


class ConfigServerPackage(command.Command):
    """``openstack server package config``."""

    _description = "Print all that a server has of its own; or, with a file, replace it"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """A server, and the file."""
        parser = super().get_parser(prog_name)
        add_server(parser)
        what = (
            "File in YAML or JSON with packages and package_variables, as this command prints it; - is standard input. "
            "What is not in it the server has from its project; a secret that is null stays as it is"
        )
        parser.add_argument("--file", metavar="<file>", help=what)
        parser.add_argument("--dry-run", action="store_true", help="With --file: print what differs, change nothing")
        parser.add_argument("--json", action="store_true", help="Without --file: print JSON instead of YAML")
        add_waiting(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Print it, or replace it.

        :raises CommandError: the file is wrong, the cloud refuses it, or it has not arrived
        """
        api = Api(self.app)
        given = None if parsed_args.file is None else _given_in(parsed_args.file, self.app.stdin)
        server_id = api.server_id(parsed_args.server)
        settings, _ = api.settings(server_id)
        if given is None:
            self.app.stdout.write(written(settings["chosen"], as_json=parsed_args.json))
            return
        entries = {entry["name"]: entry for entry in settings["entries"]}
        wanted = _typed(given, entries)
        if parsed_args.dry_run:
            self.app.stdout.write("".join(f"{line}\n" for line in _difference(settings["chosen"], wanted, entries)))
            return
        api.ask("PUT", packages_path(server_id), wanted)
        waited_for(self.app, api, server_id, parsed_args)


def _given_in(path: str, stdin: Any) -> dict[str, Any]:
    """What a file says.

    :raises CommandError: it is none of a server's settings
    """
    document = read_document(path, stdin)
    # a file with nothing in it but comments says that the server has nothing of its own
    given = {} if document is None else document
    if not isinstance(given, dict) or set(given) - {PACKAGES, VARIABLES}:
        raise CommandError(f"{named(path)} holds no object with '{PACKAGES}' and '{VARIABLES}', and nothing else.")
    return given


def _typed(given: Mapping[str, Any], entries: Mapping[str, Any]) -> dict[str, Any]:
    """It as the cloud takes it, each value by its variable's type."""
    wanted: dict[str, Any] = {}
    packages, variables = given.get(PACKAGES), given.get(VARIABLES)
    if isinstance(packages, list):
        packages = [text_of(name) for name in packages]
    wanted[PACKAGES] = bare(packages)
    if isinstance(variables, dict):
        types = {name: entries.get(name, {}).get("type") for name in variables}
        variables = {name: of_file(types[name], value) for name, value in variables.items()}
    wanted[VARIABLES] = bare(variables)
    return {word: value for word, value in wanted.items() if value is not None}


def _difference(chosen: Mapping[str, Any], wanted: Mapping[str, Any], entries: Mapping[str, Any]) -> list[str]:
    """What would be different, by name.

    :raises CommandError: names that are not on the menu
    """
    before = {**chosen[PACKAGES], **chosen[VARIABLES]}
    packages, variables = wanted.get(PACKAGES, {}), wanted.get(VARIABLES, {})
    if isinstance(packages, list) and all(isinstance(name, str) for name in packages):
        packages = dict.fromkeys(packages, True)
    if not isinstance(packages, dict) or not isinstance(variables, dict):
        raise CommandError(f"'{PACKAGES}' must be a list or an object of names, '{VARIABLES}' an object of them.")
    after = {**packages, **variables}
    unknown = sorted(name for name in after if name not in entries and name not in before)
    if unknown:
        raise CommandError("\n".join(f"{name}: it is not on the menu of this project" for name in unknown))
    lines = []
    for name in sorted({**before, **after}):
        is_secret = entries.get(name, {}).get("type") == SECRET
        old, new = _told(before, name, is_secret=is_secret), _told(after, name, is_secret=is_secret)
        is_new_secret = is_secret and after.get(name) is not None
        if old != new or is_new_secret:
            lines.append(f"{name}: {old} -> {new}")
    return lines


def _told(values: Mapping[str, Any], name: str, *, is_secret: bool) -> str:
    if name not in values or (values[name] is None and not is_secret):
        return "as the project"
    return MASK if is_secret else shown(values[name])
