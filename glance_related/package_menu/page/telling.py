"""What the page says of deliveries, of the history, and of two who changed the same thing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.package_menu.entry import SECRET, VARIABLE
from glance_related.package_menu.page.described import Row, short
from glance_related.package_menu.page.forms import EMPTY, Difference, Form, said, shown

Document = Mapping[str, Any]

# What each state of a delivery is called, and whether it is still under way.
_STATES = {
    "pending": ("waiting to be handed over", True),
    "delivering": ("being handed over", True),
    "delivered": ("delivered", False),
    "failed": ("failed", False),
    "offered": ("ready to be fetched", True),
    "read": ("fetched, not confirmed yet", True),
    "confirmed": ("in force", False),
}


def delivery(document: Document) -> dict[str, Any]:
    """One delivery, as the page and its script show it."""
    state = str(document["state"])
    words, is_moving = _STATES.get(state, (state, False))
    wanted, applied = document["desired_generation"], document["applied_generation"]
    if not document["is_current"] and state in ("delivered", "confirmed"):
        words, is_moving = f"an earlier version is {words}", True
    detail = [f"version {wanted}" if document["is_current"] else f"version {wanted}, there {applied or 'none yet'}"]
    if document["attempts"] > 1:
        detail.append(f"{document['attempts']} attempts")
    return {
        "driver": document["driver"],
        "state": state if state in _STATES else "pending",
        "words": words,
        "detail": ", ".join(detail),
        "message": document["message"],
        "at": str(document["updated_at"] or "").replace("T", " ").replace("Z", " UTC"),
        "is_moving": is_moving,
    }


@dataclass(frozen=True)
class Change:
    """One line of the history."""

    name: str
    before: str
    after: str


def history(records: Iterable[Document]) -> list[dict[str, Any]]:
    """Who changed what."""
    return [
        {
            "at": record["created_at"],
            "user": record["user_id"] or "nobody known",
            "generation": record["generation"],
            "changes": [
                Change(str(one["name"]), _choice(one["before"]), _choice(one["after"])) for one in record["changes"]
            ],
        }
        for record in records
    ]


def _choice(said_then: Any) -> str:
    if not isinstance(said_then, dict):
        return "as the project has it"
    words = []
    if said_then.get("state") is not None:
        words.append(f"{said_then['state']}, an administrator's word")
    if said_then.get("on") is not None:
        words.append("on" if said_then["on"] else "off")
    if said_then.get("value") is not None:
        words.append(short(said_then["value"]))
    return "; ".join(words) or "as the project has it"


@dataclass(frozen=True)
class Parted:
    """An entry that was changed since the form was shown.

    :param mine: what the form says
    :param theirs: what there is now
    :param carried: the fields that say again what the form says; nothing secret is among them
    :param must_choose: both changed it
    """

    name: str
    title: str
    mine: str
    theirs: str
    carried: tuple[tuple[str, str], ...]
    is_secret: bool
    must_choose: bool


def parted(differences: Iterable[Difference], rows: Mapping[str, Row], form: Form) -> tuple[list[Parted], list[Parted]]:
    """What the form changes, and what only others have changed.

    :param rows: how the entries look now
    """
    mine: list[Parted] = []
    theirs: list[Parted] = []
    for one in differences:
        if one.entry is None:
            gone = "not on the menu any more"
            theirs.append(Parted(one.name, one.name, "", gone, (), is_secret=False, must_choose=False))
            continue
        row = rows[one.name]
        is_secret = one.entry.get("type") == SECRET
        name = one.name
        carried = tuple(
            (field, form.fields[field])
            for field in (f"p.{name}", f"v.{name}", f"e.{name}", f"r.{name}")
            if field in form.fields and not (is_secret and field.startswith("v."))
        )
        told = Parted(
            name,
            row.title,
            _mine(one.entry, form, row),
            _as_text(one.entry, shown(one.entry), row),
            carried,
            is_secret and not form.fields.get(f"r.{name}"),
            one.is_mine and one.is_theirs,
        )
        (mine if one.is_mine else theirs).append(told)
    return mine, theirs


def _mine(entry: Document, form: Form, row: Row) -> str:
    if form.fields.get(f"r.{entry['name']}"):
        return "back to what the project has"
    if entry.get("type") == SECRET:
        return "a new secret"
    return _as_text(entry, said(entry, form.fields), row)


def _as_text(entry: Document, text: str, row: Row) -> str:
    if entry["kind"] != VARIABLE:
        return "on" if text else "off"
    if entry["type"] == SECRET:
        return "a secret of its own" if entry.get("is_chosen") else "as the project has it"
    if not text:
        return f"as the project has it: {row.placeholder}" if row.placeholder else "as the project has it"
    return "empty" if text == EMPTY else short(text)
