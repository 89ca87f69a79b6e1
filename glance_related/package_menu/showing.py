"""What a server has, as the API shows it: each entry with its value and whose word that is, and how far it has come."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

from glance_related.deliveries.delivery import CONFIRMED, DELIVERING, OFFERED, PENDING, READ, Delivery
from glance_related.package_menu.deliverable import generation_of, shown_value
from glance_related.package_menu.entry import VARIABLE, Entry
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.listing import FILTERS as OF_ENTRIES
from glance_related.package_menu.listing import filtered, is_wanted, is_yes, paged
from glance_related.package_menu.rules import NO_CHOICES, Choice, Setting
from glance_related.package_menu.store import AsOf
from glance_related.wsgi.pages import Page

#: The filters that the list of a server's settings knows.
FILTERS = (*OF_ENTRIES, "on")


def server_document(
    server_id: str, kept: Kept | None, as_of: AsOf, deliveries: Sequence[Delivery], page: Page | None
) -> dict[str, Any]:
    """What a server has.

    :param page: which part of it is wanted; None: all
    """
    choices = kept.choices if kept is not None else NO_CHOICES
    settings = as_of.menu.settings(choices)
    generation = generation_of(kept, as_of)
    offered = [one for _, one in sorted(settings.settings.items()) if one.is_offered]
    faults = [{"name": one.name, "code": f"package_menu.{one.code}", "message": one.text} for one in settings.faults]
    faults += [
        {"name": name, "code": "package_menu.required", "message": "it must have a value, and has none"}
        for name in sorted(settings.missing)
    ]
    listed, links = _wanted(offered, page), {}
    if page is not None:
        listed, last = paged(page, listed, attrgetter("entry.name"))
        links = page.links(f"/servers/{server_id}/packages", "entries", last)
    names = {one.entry.name for one in offered}
    entries = [_entry(one, choices.get(one.entry.name, Choice()), names) for one in listed]
    return {
        "server_packages": {
            "server_id": server_id,
            "project_id": kept.project_id if kept is not None else None,
            "generation": generation,
            "entries": entries,
            **links,
            "packages": [one.entry.name for one in settings.packages],
            "package_variables": {one.entry.name: shown_value(one.value, one.entry) for one in settings.variables},
            "chosen": chosen_document(choices, as_of.menu.menu.entries),
            "problems": faults,
            "deliveries": [delivery_document(one, generation) for one in deliveries],
        }
    }


def chosen_document(choices: Mapping[str, Choice], entries: Mapping[str, Entry] | None = None) -> dict[str, Any]:
    """What a server has of its own, as it may be sent back: also what has no effect now, and would be lost else.

    :param entries: of the menu; None: it is what rides on a request, where what is secret is encrypted
    """
    known = entries or {}
    return {
        "packages": {name: one.is_on for name, one in sorted(choices.items()) if one.is_on is not None},
        "package_variables": {
            name: shown_value(one.value, known.get(name))
            for name, one in sorted(choices.items())
            if one.value is not None
        },
    }


def _wanted(offered: Sequence[Setting], page: Page | None) -> list[Setting]:
    if page is None:
        return list(offered)
    only_on = is_yes(page, "on")
    with filtered():
        return [
            one for one in offered if is_wanted(one.entry, page) and (not only_on or one.is_on or one.value is not None)
        ]


def _entry(setting: Setting, choice: Choice, offered: Collection[str]) -> dict[str, Any]:
    """An entry with what it comes to.

    :param offered: the names of all that the server may have
    """
    entry = setting.entry
    shown: dict[str, Any] = {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.title,
        "description": entry.description,
        "category": entry.category,
        "state": setting.state,
        "state_origin": setting.state_origin,
        "origin": setting.origin,
        "through": setting.through,
    }
    if entry.kind != VARIABLE:
        return shown | {"on": setting.is_on, "chosen": choice.is_on}
    shown |= {
        "type": entry.type,
        "enum": list(entry.choices),
        "min": entry.minimum,
        "max": entry.maximum,
        "pattern": entry.pattern,
        "required": entry.required,
        "packages": [name for name in entry.packages if name in offered],
        "in_play": setting.in_play,
        "value": shown_value(setting.value, entry),
        "chosen": shown_value(choice.value, entry),
    }
    if entry.is_secret:
        shown |= {"has_value": setting.value is not None, "is_chosen": choice.value is not None}
    return shown


def delivery_document(delivery: Delivery, generation: int | None = None) -> dict[str, Any]:
    """How far something has come.

    :param generation: of the server's settings now; None: only what the outbox knows of it
    """
    desired = max(delivery.generation, generation or 0)
    state = delivery.state
    if state in (READ, CONFIRMED) and desired > max(delivery.generation, delivery.applied_generation or 0):
        state = OFFERED  # what it has fetched is not the last any more
    has_it = delivery.applied_generation is not None and delivery.applied_generation >= desired
    return {
        "id": delivery.id,
        "driver": delivery.driver,
        "action": delivery.action,
        "state": state,
        "desired_generation": desired,
        "applied_generation": delivery.applied_generation,
        # what is to be handed over again may have been lost, or be something else under the same number
        "is_current": has_it and state not in (PENDING, DELIVERING, OFFERED),
        "applied": delivery.applied,
        "message": delivery.message,
        "attempts": delivery.attempts,
        "next_attempt_at": time_of(delivery.due_at),
        "created_at": time_of(delivery.created_at),
        "wished_at": time_of(delivery.wished_at),
        "updated_at": time_of(delivery.updated_at),
        "read_at": time_of(delivery.read_at),
        "confirmed_at": time_of(delivery.confirmed_at),
    }


def time_of(milliseconds: int | None) -> str | None:
    """A time of the tables as the API writes it, UTC."""
    if milliseconds is None:
        return None
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
