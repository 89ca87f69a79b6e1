"""`AskedNovas`: what ``reconcile`` asks the registered Novas, and which of their answers may be acted on.

Only an administrator is told of every project's servers: for anybody else another project's server is not
there, and what was said of its images would look disproved. So each Nova is asked first whether it takes us
for one. A server's record is there as long as Nova keeps the server's own row: after the server was deleted
too, until ``nova-manage db archive_deleted_rows``.
"""

from __future__ import annotations

import datetime
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from glance_related.hosts.account import Answer, Unreachable
from glance_related.instance_aware.evidence import Action
from glance_related.instance_aware.register import Installation

LOG = logging.getLogger(__name__)

#: After so many failures in a row a Nova is not asked any more.
PATIENCE = 5
#: How many actions are asked for together, and how often: no server has more in the days that matter.
PAGE = 1000
_PAGES = 20

# Nova lets administrators list deleted servers, and nobody else, whatever the policies of its API say.
_PROOF = "/servers?status=deleted&limit=1"


class Nova(Protocol):
    """What is asked here of `glance_related.hosts.nova.account.NovaAccount`."""

    def get(self, path: str) -> Answer:
        """GET a path behind Nova's version; `Unreachable` where nobody answers."""

    def endpoint(self) -> str | None:
        """Where it is; None where the catalog does not say."""


class Unasked(Exception):
    """A Nova said nothing certain."""


class AskedNovas:
    """The registered Novas, each asked until it has failed too often in a row.

    :param installations: those that are Novas; others are only programs
    :param open_nova: the Nova of a region, None being that of ``[account]``
    """

    def __init__(self, installations: Sequence[Installation], open_nova: Callable[[str | None], Nova]) -> None:
        self._installations = {one.nova_installation_uuid: one for one in installations}
        self._novas: dict[str, Nova] = {}
        self._failures: Counter[str] = Counter()
        self._open_nova = open_nova
        #: Why a Nova is not asked any more, by installation.
        self.troubles: dict[str, str] = {}

    @property
    def installations(self) -> tuple[str, ...]:
        """The UUID of each."""
        return tuple(self._installations)

    def actions(self, installation: str, server: str, since: datetime.datetime) -> list[Action] | None:
        """What a Nova has recorded of a server, deleted ones too; None where it has no such server.

        :param since: UTC; what came before is not asked for
        :raises Unasked: it said nothing certain
        """
        nova = self._nova(installation)
        found: list[Action] = []
        asked = {"changes-since": f"{since.isoformat()}Z", "limit": str(PAGE)}
        for _ in range(_PAGES):
            path = f"/servers/{quote(server, safe='')}/os-instance-actions?{urlencode(asked)}"
            answer = self._get(installation, nova, path)
            if answer.status == 404 and answer.is_from_service:
                return None
            rows = _rows(answer)
            if rows is None:
                raise self._failed(installation, answer)
            self._failures[installation] = 0
            found += [_action(row) for row in rows]
            if "links" not in answer.document:  # to the next page: Nova may give less than is asked for
                return found
            asked["marker"] = rows[-1]["request_id"]
        raise Unasked

    def answer(self, installation: str, path: str) -> Answer | None:
        """What a Nova answers to a GET of one thing: 200, or its own 404; None where it says nothing certain."""
        try:
            answer = self._get(installation, self._nova(installation), path)
            if answer.status == 200 or (answer.status == 404 and answer.is_from_service):
                self._failures[installation] = 0
                return answer
            raise self._failed(installation, answer)
        except Unasked:
            return None

    # -- who is asked

    def _nova(self, installation: str) -> Nova:
        if installation in self.troubles:
            raise Unasked
        if not self._novas:
            self._novas = {uuid: self._open_nova(one.region_name) for uuid, one in self._installations.items()}
            self._tell_apart()
        if installation not in self.troubles and installation not in self._failures:
            self._failures[installation] = 0
            self._prove(installation)
        if installation in self.troubles:
            raise Unasked
        return self._novas[installation]

    def _tell_apart(self) -> None:
        """Two installations that lead to one Nova: what it says would be said of either."""
        places: dict[str, str | None] = {}
        for uuid, nova in self._novas.items():
            try:
                places[uuid] = nova.endpoint()
            except Unreachable as error:
                self.troubles[uuid] = str(error)
        shared = Counter(places.values())
        for uuid, place in places.items():
            if place is None:
                self._give_up(uuid, "the catalog has no compute endpoint in its region: register it with --region")
            elif shared[place] > 1:
                self._give_up(uuid, f"another installation's is at {place} too: register each with its own --region")

    def _prove(self, installation: str) -> None:
        answer = self._get(installation, self._novas[installation], _PROOF)
        if answer.status in (401, 403):
            self._give_up(
                installation, f"it refuses the account ({answer.status}): give the user in [account] the role admin"
            )
        elif answer.status == 406:
            self._give_up(installation, "it is older than Queens, and does not tell its actions as they are asked for")
        elif answer.status != 200:
            what = f"answers {answer.status} and says nothing" if answer.status else "does not answer"
            self._give_up(installation, f"it {what}: see its log")

    # -- what it answers

    def _get(self, installation: str, nova: Nova, path: str) -> Answer:
        try:
            return nova.get(path)
        except Unreachable as error:
            LOG.info("%s", error)
            return Answer(0)

    def _failed(self, installation: str, answer: Answer) -> Unasked:
        self._failures[installation] += 1
        if self._failures[installation] >= PATIENCE:
            what = f"the last answer was {answer.status}" if answer.status else "it does not answer"
            self._give_up(installation, f"it failed {PATIENCE} times in a row, {what}: see its log")
        return Unasked()

    def _give_up(self, installation: str, why: str) -> None:
        self.troubles[installation] = f"Nova {self._installations[installation].name}: {why}."


def _rows(answer: Answer) -> list[Mapping[str, Any]] | None:
    if answer.status != 200 or not isinstance(answer.document, dict):
        return None
    rows: list[Mapping[str, Any]] | None = answer.document.get("instanceActions")
    return rows


def _action(row: Mapping[str, Any]) -> Action:
    started_at = datetime.datetime.fromisoformat(row["start_time"])
    if started_at.tzinfo is not None:
        started_at = started_at.astimezone(datetime.UTC).replace(tzinfo=None)
    return Action(row["instance_uuid"], row["action"], row["request_id"], row["project_id"], row["user_id"], started_at)
