"""What is handed to a guest, made of what the systems offer it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.db.database import DatabaseDown
from glance_related.guest.part import Guest, GuestPart, NotNow, Nova, Offer

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Handed:
    """What a guest is to have.

    :param server: the guest's word
    :param offers: by the name of the system
    :param is_complete: whether every system has said what it has
    """

    server: str
    offers: Mapping[str, Offer]
    is_complete: bool = True

    @property
    def tag(self) -> str:
        """By which a guest says that it has all this, and no other guest: another's disk may have become its own.

        It stands in the logs of proxies, so that nothing in it is made of what the settings are.
        """
        return "-".join([self.server, *(str(offer.generation) for _, offer in sorted(self.offers.items()))])

    def document(self) -> dict[str, Any]:
        """All of it, for the program inside."""
        parts = {name: offer.content for name, offer in sorted(self.offers.items())}
        return {**self._head(), "parts": parts}

    def unchanged(self) -> dict[str, Any]:
        """What a guest is told that has it already."""
        return {**self._head(), "is_unchanged": True}

    def _head(self) -> dict[str, Any]:
        often = min(offer.interval_seconds for offer in self.offers.values())
        return {"version": 1, "server": self.server, "have": self.tag, "interval_seconds": often}


def handed(parts: Mapping[str, GuestPart], guest: Guest, nova: Nova | None) -> Handed:
    """What a guest is to have.

    :raises DatabaseDown:
    """
    offers, is_complete = {}, True
    for name, part in parts.items():
        try:
            offer = part.wanted(guest, nova)
        except NotNow as reason:
            LOG.info("what server %s is to have of %s is told later: %s", guest.ref.instance_id, name, reason)
            is_complete = False
        else:
            if offer is not None:
                offers[name] = offer
    return Handed(guest.word, offers, is_complete)


def note_read(parts: Mapping[str, GuestPart], guest: Guest, what: Handed) -> None:
    """It was handed over; that this could not be noted is no reason not to hand it over."""
    try:
        for name, offer in what.offers.items():
            parts[name].read(guest, offer.generation)
    except DatabaseDown:
        LOG.info("that server %s has its settings is not noted: the database is down", guest.ref.instance_id)
