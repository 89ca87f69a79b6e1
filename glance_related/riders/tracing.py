"""`Tracing`: for which servers a rider was, found out even where a crash came between Nova's answer and our row.

A rider stays open until that is known. Nova's own record tells: the request id that stands in a server's actions is
that of the request which made or changed it, and of no other server's. So whoever looks at a server first finds out,
and `settling` finds the rest.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore

#: How far Nova's clock may be behind ours, and how long after its request a server may be made.
_BEFORE, _AFTER = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)

#: Of how many pairs of a server and a request it is remembered that they have nothing to do with each other.
_REMEMBERED = 10_000


class Record(Protocol):
    """A Nova, asked what it has recorded of a server."""

    def request_ids(self, server_id: str) -> frozenset[str] | None:
        """Nova's own ids of the requests that it has recorded of a server; None where it does not tell."""


class Tracing:
    """The open riders of one kind, on requests to one Nova.

    :param installation: which Nova
    """

    def __init__(self, riders: RiderStore, kind: str, installation: str) -> None:
        self._riders = riders
        self._kind = kind
        self._installation = installation
        self._told_apart: set[tuple[str, str]] = set()

    def open_of(self, project_ids: Collection[str]) -> list[Rider]:
        """What these projects' requests have left open, the oldest first.

        :raises DatabaseDown:
        """
        return self._riders.open_of(self._kind, self._installation, project_ids) if project_ids else []

    def candidates(self, riders: Collection[Rider], server: Mapping[str, Any]) -> list[Rider]:
        """Those of some open riders that may be of a server, before Nova is asked.

        :param server: as Nova shows it
        """
        if not riders:
            return []
        made_at = _made_at(server)
        return [
            rider
            for rider in riders
            if rider.project_id == server.get("tenant_id")
            and may_be_of(rider, server["id"], made_at)
            and (server["id"], rider.request_id) not in self._told_apart
        ]

    def not_told_apart(self, riders: Collection[Rider], server_id: str) -> list[Rider]:
        """Those of some open riders that may be of a server of which nothing more is known, before Nova is asked."""
        return [
            rider
            for rider in riders
            if rider.server_id in (None, server_id) and (server_id, rider.request_id) not in self._told_apart
        ]

    def traced(self, server_id: str, candidates: Collection[Rider], record: Record) -> list[Rider] | None:
        """Those of some riders that Nova's record of a server names; None where Nova does not tell."""
        recorded = record.request_ids(server_id)
        if recorded is None:
            return None
        found = []
        for rider in candidates:
            if rider.own_request_id in recorded:
                found.append(rider)
            elif recorded and rider.server_id is None:
                # once Nova has recorded anything of a server, its making is recorded
                self.tell_apart(server_id, rider)
        return found

    def tell_apart(self, server_id: str, rider: Rider) -> None:
        """Remember that a rider is of no use to a server, so that nobody asks again."""
        if len(self._told_apart) >= _REMEMBERED:
            self._told_apart.clear()
        self._told_apart.add((server_id, rider.request_id))

    def close(self, rider: Rider) -> None:
        """For which servers a rider was is known.

        :raises DatabaseDown:
        """
        self._riders.close(rider.request_id, self._kind)


def may_be_of(rider: Rider, server_id: str, created_at: datetime.datetime) -> bool:
    """Whether an open rider can be of a server, before Nova is asked.

    :param created_at: when the server was made, UTC
    """
    if rider.server_id is not None:
        return rider.server_id == server_id
    return rider.created_at - _BEFORE <= created_at <= rider.created_at + _AFTER


def _made_at(server: Mapping[str, Any]) -> datetime.datetime:
    """UTC; where Nova does not say, never."""
    try:
        return datetime.datetime.strptime(server["created"], "%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError):
        return datetime.datetime.min
