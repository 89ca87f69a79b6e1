"""``openstack package menu``: the whole menu as a file, exported and imported."""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from glance_related.osc.files import STDIN
from glance_related.osc.package_menu.api import MENU, Api, Refused, entry_path
from glance_related.osc.package_menu.documents import read_document, write_document
from glance_related.osc.package_menu.entry_files import ENTRIES, UNSAID, WORDS, Entry, completed, entries_in, said_of
from glance_related.osc.package_menu.parts import LIMIT, Part, TooLarge, parts_of, size_of
from glance_related.osc.package_menu.values import KINDS, MASK, SECRET, flat, said

LOG = logging.getLogger(__name__)

# An entry, what becomes of it, a word of it, and what that was and is.
_Row = tuple[str, str, str | None, Any, Any]


class ExportPackageMenu(command.Command):
    """``openstack package menu export``."""

    _description = "Write the cloud's package menu into a file, as 'package menu import' takes it"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Where to."""
        parser = super().get_parser(prog_name)
        what = "File to write, in YAML, or in JSON where it ends so; - (default) is standard output"
        parser.add_argument("file", metavar="<file>", nargs="?", default=STDIN, help=what)
        parser.add_argument("--json", action="store_true", help="Write JSON")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Write every entry, with what it says; secrets are not told."""
        entries = Api(self.app).listed(MENU, "package_menu")
        entries.sort(key=lambda entry: (KINDS.index(entry["kind"]), entry["name"]))
        as_json = parsed_args.json or parsed_args.file.endswith(".json")
        document = {ENTRIES: [said_of(entry) for entry in entries]}
        write_document(parsed_args.file, document, self.app.stdout, as_json=as_json)


class ImportPackageMenu(command.Lister):
    """``openstack package menu import``."""

    _description = "Put a file of entries on the cloud's package menu, all of it or nothing, and list what that changes"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """From where, and how."""
        parser = super().get_parser(prog_name)
        what = "File in YAML or JSON: a list of entries, or an object with such a list as entries; - is standard input"
        parser.add_argument("file", metavar="<file>", help=what)
        parser.add_argument("--dry-run", action="store_true", help="Change nothing; list what would change")
        what = "Take off the menu what is not in the file, also what is in use"
        parser.add_argument("--remove-others", action="store_true", help=what)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """One row for each word that differs, with what it was and is.

        :raises CommandError: the file is wrong, or the cloud refuses it
        """
        api = Api(self.app)
        documents = entries_in(parsed_args.file, read_document(parsed_args.file, self.app.stdin))
        menu = {entry["name"]: entry for entry in api.listed(MENU, "package_menu")}
        importing = _Importing(api, menu, completed(documents, menu))
        told = importing.done(is_dry=parsed_args.dry_run, removes=parsed_args.remove_others)
        columns = ("Name", "Change", "Field", "Before", "After")
        return columns, [(*row[:3], said(row[3]), said(row[4])) for row in importing.rows(told)]


class _Importing:
    """A file on its way to the menu.

    :param menu: what is there now
    :param entries: what is in the file
    """

    def __init__(self, api: Api, menu: Mapping[str, Entry], entries: Sequence[Any]) -> None:
        self._api = api
        self._menu = menu
        self._entries = entries

    def done(self, *, is_dry: bool, removes: bool) -> dict[str, Any]:
        """Put the file on the menu, or try to; what that changes.

        :raises CommandError:
        """
        if size_of(self._entries) > LIMIT:
            return self._done_in_parts(is_dry=is_dry, removes=removes)
        document = {ENTRIES: self._entries, "dry_run": is_dry, "remove_others": removes}
        told: dict[str, Any] = self._api.ask("POST", MENU, document).document
        return told

    def _done_in_parts(self, *, is_dry: bool, removes: bool) -> dict[str, Any]:
        """All parts are tried before the first is put on the menu."""
        parts = self._parts()
        told: dict[str, Any] = {"created": [], "changed": [], "removed": []}
        self._try(parts, told)
        if removes:
            names = {entry["name"] for entry in self._entries}
            told["removed"] = sorted(set(self._menu) - names)
        if not is_dry:
            self._send(parts, told["removed"])
        return told

    def _parts(self) -> list[Part]:
        wrong = [
            f"entry {number}: it must be an object with a name"
            for number, entry in enumerate(self._entries, 1)
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str)
        ]
        if not wrong:
            names = Counter(entry["name"] for entry in self._entries)
            wrong = [f"{name}: it is named twice" for name, number in names.items() if number > 1]
        if wrong:
            raise CommandError("\n".join(wrong))
        try:
            return parts_of(self._entries, self._menu)
        except TooLarge as large:
            raise CommandError(
                f"{large} must go into one request, which takes {LIMIT} bytes: there are {large.size}."
            ) from None

    def _try(self, parts: Sequence[Part], told: dict[str, Any]) -> None:
        """:raises CommandError: with all that is wrong, in any part"""
        lines: list[str] = []
        for part in parts:
            try:
                answer = self._api.ask("POST", MENU, {ENTRIES: part.whole, "dry_run": True}).document
            except Refused as refused:
                lines += refused.lines
                continue
            told["created"] += [name for name in answer["created"] if name not in part.speaks_of]
            told["changed"] += answer["changed"]
        if lines:
            raise CommandError("\n".join(dict.fromkeys(lines)))

    def _send(self, parts: Sequence[Part], others: Sequence[str]) -> None:
        for number, part in enumerate(parts):
            try:
                self._api.ask("POST", MENU, {ENTRIES: part.entries})
            except BaseException:
                LOG.warning("%s of %s parts of the file are on the menu: import it again.", number, len(parts))
                raise
        for name in others:
            self._remove(name)

    def _remove(self, name: str) -> None:
        """Take an entry off the menu that is as it was when the menu was read, whoever has it."""
        try:
            self._api.ask("DELETE", entry_path(name), query={"force": "true"}, tag=f'"{self._menu[name]["version"]}"')
        except Refused as refused:
            if refused.status != 404:
                raise CommandError("\n".join(f"{name}: {line}" for line in refused.lines)) from None

    # -- what it changes

    def rows(self, told: Mapping[str, Any]) -> list[_Row]:
        """What the file changes, word by word."""
        given = {entry["name"]: entry for entry in self._entries if isinstance(entry, dict)}
        rows: list[_Row] = []
        for name in told["created"]:
            words = {word: value for word, value in given[name].items() if value not in (None, UNSAID.get(word))}
            rows += _differences(name, "created", {}, words, given[name].get("type"))
        for one in told["changed"]:
            name, fields = one["name"], one["fields"]
            before, after = ({word: pair[number] for word, pair in fields.items()} for number in (0, 1))
            rows += _differences(name, "changed", before, after, given[name].get("type"))
        rows += [(name, "removed", None, None, None) for name in told["removed"]]
        return sorted(rows, key=lambda row: row[0])


def _differences(name: str, change: str, before: Entry, after: Entry, type_: str | None) -> list[_Row]:
    """A row for each word of an entry that differs."""
    old, new = flat(before), flat(after)
    rows: list[_Row] = []
    for word in sorted({**old, **new}, key=lambda word: WORDS.index(word) if word in WORDS else len(WORDS)):
        if word == "default" and type_ == SECRET:
            rows.append((name, change, word, MASK if before else None, MASK))
        elif word != "name" and old.get(word) != new.get(word):
            rows.append((name, change, word, old.get(word), new.get(word)))
    return rows
