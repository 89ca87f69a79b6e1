"""`ServersPackages`: what is kept of a server, found even where a crash came between Nova's answer and our row."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from glance_related.db.models import utcnow
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books, choices_of
from glance_related.package_menu.changes import changes
from glance_related.package_menu.deliverable import generation_of, wishes
from glance_related.package_menu.instance_store import Kept, Record
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.store import Stale
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.riders.tracing import Record as NovasRecord
from glance_related.riders.tracing import Tracing

LOG = logging.getLogger(__name__)

#: The kind of rider that says with which settings servers are made.
PACKAGES = "packages"
#: Where such a rider names the server that Nova's answer has named.
MADE = "made"
_TRIES = 5
#: What drivers are told of a server besides its settings.
_DESCRIBING = ("name", "hostname", "os_distro")


class Untold(Exception):
    """With which settings a server was made cannot be found out now."""


class ServersPackages:
    """What servers of one Nova have.

    :param installation: which Nova
    """

    def __init__(self, books: Books, installation: str) -> None:
        self._books = books
        self._installation = installation
        self._tracing = Tracing(RiderStore(books.suite.database), PACKAGES, installation)

    def ref(self, server_id: str) -> InstanceRef:
        return InstanceRef(self._installation, server_id)

    def of_one(
        self,
        server: Mapping[str, Any],
        record: NovasRecord,
        described: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> Kept | None:
        """What is kept of a server; None: it has what its project has.

        :param server: as Nova shows it
        :param record: whom to ask about its actions
        :param described: shows it with all that drivers are told of it; asked where that is found out now
        :raises DatabaseDown:
        """
        kept = self._books.instances.get(self.ref(server["id"]))
        if kept is not None and kept.request_id:
            return kept
        candidates = self._tracing.candidates(self._tracing.open_of({server["tenant_id"]}), server)
        if not candidates:
            return self._books.instances.get(self.ref(server["id"]))  # it may have been bound between the two looks
        for rider in self._traced(server["id"], candidates, lambda _: record) or ():
            kept = self.bind(described() or server, rider)
        return kept

    def of_its_maker(self, server: Mapping[str, Any], record_of: Callable[[Rider], NovasRecord] | None) -> Kept | None:
        """The same of a server of which only the id and the project are known.

        :param record_of: whom to ask about its actions, in the name of who sent such a request; None: nobody
        :raises Untold: it may have been made with settings, and nobody says
        :raises DatabaseDown:
        """
        riders = self._tracing.not_told_apart(self._tracing.open_of({server["tenant_id"]}), server["id"])
        if not riders:
            return self._books.instances.get(self.ref(server["id"]))  # as in `of_one`
        traced = self._traced(server["id"], riders, record_of)
        kept = None
        for rider in traced or ():
            kept = self.bind({**server, **self._seen_of_siblings(rider)}, rider)
        if kept is None and (traced is None or self._tracing.not_told_apart(riders, server["id"])):
            raise Untold
        return kept

    def _traced(
        self, server_id: str, riders: list[Rider], record_of: Callable[[Rider], NovasRecord] | None
    ) -> list[Rider] | None:
        """Of some riders those that made a server; None where nobody says.

        Nova records nothing of a server before it has a host; what its answer has named needs no record.
        """
        named = [rider for rider in riders if rider.content.get(MADE) == server_id]
        if named or record_of is None:
            return named or None
        traced = self._tracing.traced(server_id, riders, record_of(riders[-1]))
        for rider in traced or ():
            LOG.info("server %s was made by request %s, as Nova recorded", server_id, rider.own_request_id)
        return traced

    def _seen_of_siblings(self, rider: Rider) -> dict[str, Any]:
        """What servers of one request have in common, as Nova shows it: the image."""
        made = self._books.instances.named(self._installation, {"request_id": [rider.own_request_id]}, limit=1)
        return {"image": {"properties": {"os_distro": made[0].os_distro}}} if made else {}

    def may_have_been_made_with(self, server: Mapping[str, Any]) -> bool:
        """Whether some request with settings may have made a server, which is still to be found out.

        :raises DatabaseDown:
        """
        return bool(self._tracing.candidates(self._tracing.open_of({server["tenant_id"]}), server))

    def bind(self, server: Mapping[str, Any], rider: Rider) -> Kept:
        """A server was made with the settings that ride on a request; a rider that can be of no other one is closed.

        :raises DatabaseDown: the rider stays open, and the server is found out about later
        """
        kept = self._kept(server, choices_of(rider.content["choices"]), rider.own_request_id, rider.created_at)
        bound = self._bound(kept, rider.user_id)
        content = rider.content
        if not content["several"] or self._has_made_all(rider, content["most"]):
            self._tracing.close(rider)
        return bound

    def _bound(self, kept: Kept, user_id: str) -> Kept:
        record = Record(user_id, changes(self._books, kept.project_id, {}, kept.choices))
        for _ in range(_TRIES):
            as_of = self._books.menu.of_project(kept.project_id)
            wanted = wishes([(kept.ref, kept.project_id, generation_of(kept, as_of))], self._books.drivers)
            if self._books.instances.add(kept, wanted, record):
                return kept
            present = self._books.instances.get(kept.ref)
            if present is None:
                continue
            if present.request_id or not kept.request_id:
                return self.complete(present, kept)
            # it was seen before it was known what it had been made with
            after = replace(present, generation=present.generation + 1)
            wanted = wishes([(kept.ref, kept.project_id, generation_of(after, as_of))], self._books.drivers)
            try:
                choices, more = {**kept.choices, **present.choices}, _told(present, kept, _is_missing)
                bound = self._books.instances.change(present, choices, wanted, record, **more)
            except Stale:
                continue
            self._books.instances.describe(kept.ref, request_id=kept.request_id)
            return replace(bound, request_id=kept.request_id)
        raise Stale

    def complete(self, present: Kept, told: Kept) -> Kept:
        """More is known of a server than when it was first seen: what it has may be called otherwise for it.

        :raises DatabaseDown:
        """
        return self._describe(present, told, _is_missing)

    def follow(self, present: Kept, told: Kept) -> Kept:
        """A server as Nova shows it now: it may have been renamed, or made anew with another operating system.

        :raises DatabaseDown:
        """
        return self._describe(present, told, lambda known, now: known != now)

    def _describe(self, present: Kept, told: Kept, is_news: Callable[[str, str], bool]) -> Kept:
        for _ in range(_TRIES):
            about = _told(present, told, is_news)
            if not about:
                return present
            as_of = self._books.menu.of_project(present.project_id)
            after = replace(present, generation=present.generation + 1)
            wanted = wishes([(present.ref, present.project_id, generation_of(after, as_of))], self._books.drivers)
            try:
                return self._books.instances.change(present, present.choices, wanted, None, **about)
            except Stale:
                present = self._books.instances.get(present.ref) or present
        return present

    def _has_made_all(self, rider: Rider, most: int | None) -> bool:
        if most is None:
            return False
        return self._books.instances.made_by(self._installation, rider.own_request_id) >= most

    def adopt(self, server: Mapping[str, Any]) -> Kept:
        """A server that has said nothing is known from now on: what its project has is handed over for it, too.

        :raises DatabaseDown:
        """
        kept = self.seen(server)
        as_of = self._books.menu.of_project(kept.project_id)
        wanted = wishes([(kept.ref, kept.project_id, generation_of(kept, as_of))], self._books.drivers)
        if self._books.instances.add(kept, wanted):
            return kept
        return self._books.instances.get(kept.ref) or kept

    def seen(self, server: Mapping[str, Any]) -> Kept:
        """A server as Nova shows it, that has said nothing."""
        return self._kept(server, {}, "", created_of(server))

    def _kept(
        self,
        server: Mapping[str, Any],
        choices: Mapping[str, Choice],
        request_id: str,
        created_at: datetime.datetime,
    ) -> Kept:
        return Kept(
            ref=self.ref(server["id"]),
            project_id=server["tenant_id"],
            name=str(server.get("name") or "")[:255],
            hostname=hostname_of(server),
            os_distro=os_distro_of(server),
            created_at=created_at,
            request_id=request_id,
            choices=choices,
        )

    def forget(self, ref: InstanceRef, project_id: str, generation: int) -> None:
        """A server is gone, and so are its settings, here and with whomever they were handed to.

        :param generation: of its settings, as far as is known
        :raises DatabaseDown:
        """
        forget(self._books, ref, project_id, generation)


def forget(books: Books, ref: InstanceRef, project_id: str, generation: int) -> bool:
    """See `ServersPackages.forget`; False where nothing was known of the server."""
    wanted = wishes([(ref, project_id, generation)], books.drivers, "remove")
    gone = books.instances.remove(ref, wanted)
    if gone:
        LOG.info("server %s is gone, and its settings go", ref.instance_id)
    return gone


def _is_missing(known: str, _: str) -> bool:
    return not known


def _told(present: Kept, told: Kept, is_news: Callable[[str, str], bool]) -> dict[str, str]:
    """What is said of a server and is news."""
    about = {name: getattr(told, name) for name in _DESCRIBING}
    return {name: now for name, now in about.items() if now and is_news(getattr(present, name), now)}


def hostname_of(server: Mapping[str, Any]) -> str:
    """By which name a server may know itself, in small letters as names are looked for; "" where Nova does not say."""
    return str(server.get("OS-EXT-SRV-ATTR:hostname") or "").lower()[:255]


def os_distro_of(server: Mapping[str, Any]) -> str:
    """The operating system that a server's image names; "" where it names none, or Nova does not say."""
    image = server.get("image")
    properties = image.get("properties") if isinstance(image, dict) else None
    return str((properties or {}).get("os_distro") or "").lower()[:255]


def created_of(server: Mapping[str, Any]) -> datetime.datetime:
    """When a server was made, UTC."""
    try:
        return datetime.datetime.strptime(server["created"], "%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError):
        return utcnow()
