"""``openstack package menu``: what an administrator publishes: listed, shown, made, changed and deleted."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.package_menu.api import MENU, Api, Refused, entry_path
from glance_related.osc.package_menu.values import KINDS, Inputs, flat, said
from glance_related.osc.package_menu.words import add_words, words_in


class ListPackageMenu(command.Lister):
    """``openstack package menu list``."""

    _description = "List what is on the cloud's package menu"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """All of it, or some."""
        parser = super().get_parser(prog_name)
        add_filters(parser)
        group = parser.add_mutually_exclusive_group()
        what = "List only entries that {} be had"
        group.add_argument("--enabled", action="store_const", const="true", dest="enabled", help=what.format("can"))
        group.add_argument(
            "--disabled", action="store_const", const="false", dest="enabled", help=what.format("cannot")
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each entry."""
        query = {**filters(parsed_args), **({"enabled": parsed_args.enabled} if parsed_args.enabled else {})}
        entries = Api(self.app).listed(MENU, "package_menu", **query)
        words = ("name", "kind", "type", "default", "category", "title", "on_by_default", "enabled")
        columns = ("Name", "Kind", "Type", "Default", "Category", "Title", "On By Default", "Enabled")
        return columns, [tuple(said(entry.get(word)) for word in words) for entry in entries]


class ShowPackageMenu(command.ShowOne):
    """``openstack package menu show``."""

    _description = "Show what an entry of the cloud's package menu says"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """One entry."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Entry of the menu")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """A row for each word."""
        return _rows(Api(self.app).ask("GET", entry_path(parsed_args.name)).document["entry"])


class CreatePackageMenu(command.ShowOne):
    """``openstack package menu create``."""

    _description = "Put a package, a variable or a bundle on the cloud's package menu"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Its name, its kind, and what else it says."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Name of the new entry")
        parser.add_argument("--kind", metavar="<kind>", choices=KINDS, required=True, help=", ".join(KINDS))
        add_words(parser, are_changes=False)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """The entry as it is on the menu then."""
        api = Api(self.app)
        words = words_in(parsed_args, {}, Inputs(self.app.stdin), lambda name: _type_of(api, name))
        entry = {"name": parsed_args.name, "kind": parsed_args.kind, **words}
        return _rows(api.ask("POST", MENU, {"entry": entry}).document["entry"])


class SetPackageMenu(command.Command):
    """``openstack package menu set``."""

    _description = "Change what an entry of the cloud's package menu says"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The entry, and what it shall say, or not any more."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Entry of the menu")
        add_words(parser, are_changes=True)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Change it; what nothing is said of stays."""
        api, inputs = Api(self.app), Inputs(self.app.stdin)
        api.change_entry(
            parsed_args.name,
            lambda present: words_in(parsed_args, present, inputs, lambda name: _type_of(api, name)),
        )


class DeletePackageMenu(command.Command):
    """``openstack package menu delete``."""

    _description = "Take entries off the cloud's package menu"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which ones."""
        parser = super().get_parser(prog_name)
        parser.add_argument("names", metavar="<name>", nargs="+", help="Entry of the menu (repeat for several)")
        parser.add_argument("--force", action="store_true", help="Also what is in use: who has it loses it")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Delete them; one that only others of them use goes after those.

        :raises CommandError: some are there still, with the reason of each
        """
        api = Api(self.app)
        query = {"force": "true"} if parsed_args.force else {}
        waiting = {name: entry_path(name) for name in parsed_args.names}
        while waiting:
            told = {
                name: why for name, path in waiting.items() if (why := _refusal(api, name, path, query)) is not None
            }
            if len(told) == len(waiting):
                raise CommandError("\n".join(told.values()))
            waiting = {name: waiting[name] for name in told}


def _refusal(api: Api, name: str, path: str, query: dict[str, str]) -> str | None:
    """Delete an entry; why it is still there, or None."""
    try:
        api.ask("DELETE", path, query=query)
    except Refused as refused:
        return f"{name}: {refused}".replace("?force=true", "--force")
    return None


# -- lists of entries


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Take which entries are listed."""
    parser.add_argument("--kind", metavar="<kind>", choices=KINDS, help=f"List only entries that are a {_or(KINDS)}")
    parser.add_argument("--category", metavar="<category>", help="List only entries of this category")
    parser.add_argument("--search", metavar="<text>", help="List only entries with this in name, title or description")


def filters(parsed_args: argparse.Namespace) -> dict[str, str]:
    """Which entries are listed, as the cloud takes it."""
    given = {"kind": parsed_args.kind, "category": parsed_args.category, "q": parsed_args.search}
    return {word: value for word, value in given.items() if value is not None}


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


# -- one entry


def _rows(entry: dict[str, Any]) -> tuple[Sequence[str], Iterable[Any]]:
    shown = flat(entry)
    return tuple(sorted(shown)), [said(shown[word]) for word in sorted(shown)]


def _type_of(api: Api, name: str) -> str | None:
    entry = api.entry(name)
    return entry.get("type") if entry is not None else None
