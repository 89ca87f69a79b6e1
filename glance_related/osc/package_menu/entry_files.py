"""Entries of the menu in a file. It is the whole truth of each entry that it names: a line taken out is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osc_lib.exceptions import CommandError

from glance_related.osc.files import named
from glance_related.osc.package_menu.documents import bare, text_of
from glance_related.osc.package_menu.values import of_file

Entry = dict[str, Any]

#: The member of a file, and of a request, under which entries stand.
ENTRIES = "entries"

#: What an entry says that does not say it, in the order in which words are written.
UNSAID: dict[str, Any] = {
    "title": "",
    "description": "",
    "category": "",
    "enabled": True,
    "on_by_default": False,
    "type": None,
    "default": None,
    "enum": [],
    "min": None,
    "max": None,
    "pattern": None,
    "required": False,
    "packages": [],
    "realisations": {},
    "contents": {"packages": [], "variables": {}},
}
#: The words of an entry, but for its version, which is the cloud's to count.
WORDS = ("name", "kind", *UNSAID)

_TEXTS = ("name", "kind", "title", "description", "category", "type", "pattern")


def said_of(entry: Entry) -> Entry:
    """An entry as it is written into a file: without what it does not say."""
    said = {word: entry[word] for word in WORDS if word in entry}
    said = {word: value for word, value in said.items() if word not in UNSAID or value != UNSAID[word]}
    if "contents" in said:
        said["contents"] = {word: value for word, value in said["contents"].items() if value}
    return said


def entries_in(path: str, document: Any) -> list[Any]:
    """What stands in a file.

    :raises CommandError: the file is of something else
    """
    entries = document
    if isinstance(document, dict) and set(document) == {ENTRIES}:
        entries = document[ENTRIES]
    if not isinstance(entries, list):
        raise CommandError(f"{named(path)} holds no list of entries, nor an object with nothing but 'entries' in it.")
    return entries


def completed(documents: Sequence[Any], menu: Mapping[str, Entry]) -> list[Any]:
    """Entries as they are sent: each value of its type, and what is not said any more taken back.

    :param menu: what is there now
    """
    types = {name: entry.get("type") for name, entry in menu.items()}
    for one in documents:
        if isinstance(one, dict) and isinstance(name := text_of(one.get("name")), str):
            types[name] = text_of(one.get("type"))
    return [_completed(_typed(one, types), menu) if isinstance(one, dict) else bare(one) for one in documents]


def _completed(entry: Entry, menu: Mapping[str, Entry]) -> Entry:
    name = entry.get("name")
    present = menu.get(name, {}) if isinstance(name, str) else {}
    # a secret's default is not shown, so it stays: no file that was exported has it
    gone = [word for word in UNSAID if word not in entry and present.get(word, UNSAID[word]) != UNSAID[word]]
    return {**entry, **dict.fromkeys(gone)}


def _typed(document: Entry, types: Mapping[str, Any]) -> Entry:
    """An entry's values by their types."""
    entry = {word: text_of(value) if word in _TEXTS else value for word, value in document.items()}
    type_ = entry.get("type")
    if "default" in entry:
        entry["default"] = of_file(type_, entry["default"])
    if isinstance(entry.get("enum"), list):
        entry["enum"] = [of_file("choice" if type_ == "list" else type_, item) for item in entry["enum"]]
    entry |= _texts(entry, "packages")
    if isinstance(entry.get("realisations"), dict):
        entry["realisations"] = {
            driver: {system: text_of(name) for system, name in names.items()} if isinstance(names, dict) else names
            for driver, names in entry["realisations"].items()
        }
    if isinstance(contents := entry.get("contents"), dict):
        values = contents.get("variables")
        if isinstance(values, dict):
            contents = {**contents, "variables": {name: of_file(types.get(name), v) for name, v in values.items()}}
        entry["contents"] = {**contents, **_texts(contents, "packages")}
    whole: Entry = bare(entry)
    return whole


def _texts(document: Mapping[str, Any], word: str) -> dict[str, Any]:
    items = document.get(word)
    return {word: [text_of(item) for item in items]} if isinstance(items, list) else {}
