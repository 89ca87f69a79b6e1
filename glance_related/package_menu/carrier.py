"""`PackageCarrier`: how `glance-related-worker` hands settings over, and what it sees to beside."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from glance_related.deliveries.aside import Aside
from glance_related.deliveries.delivery import REMOVE, Delivery, Done, Wish
from glance_related.deliveries.fanouts import Fanout, FanoutStore
from glance_related.deliveries.worker import Job
from glance_related.package_menu.books import Books
from glance_related.package_menu.catch_up import CatchUp
from glance_related.package_menu.deliverable import generation_of, shown, wishes
from glance_related.package_menu.drivers.driver import Instance, PackageDriver
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.store import SYSTEM, AsOf
from glance_related.settings.keys import NoKeys, Undecipherable

LOG = logging.getLogger(__name__)


class Chore(Protocol):
    """Something that takes its time, and is seen to beside."""

    @property
    def is_due(self) -> bool:
        """Whether it is time; asked often."""

    def __call__(self) -> None:
        """:raises DatabaseDown:"""

    def end(self) -> None:
        """Whatever is being done is left: others may do it at once.

        :raises DatabaseDown:
        """


class PackageCarrier:
    """See `glance_related.deliveries.worker.Carrier`.

    :param look_around: sees to what has happened past this API
    """

    def __init__(
        self, books: Books, look_around: Chore | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._books = books
        self._pushed = {name: driver for name, driver in books.drivers.items() if not driver.is_pulled}
        self._fanouts = FanoutStore(books.suite.database)
        self._fanout: Fanout | None = None
        self._lease = books.suite.settings.deliveries.lease_seconds
        chores = (CatchUp(books, clock), look_around)
        self._asides = [(chore, Aside(chore)) for chore in chores if chore is not None]
        self._clock = clock
        self._asked_at = float("-inf")

    @property
    def drivers(self) -> Sequence[str]:
        return tuple(self._pushed)

    def jobs(self, driver: str, deliveries: Sequence[Delivery]) -> Mapping[str, Job]:
        known = self._books.instances.some([one.ref for one in deliveries])
        menus = self._books.menu.of_projects({kept.project_id for kept in known.values()})
        receiver = self._pushed[driver]
        jobs: dict[str, Job] = {}
        for delivery in deliveries:
            kept = known.get(delivery.ref)
            if kept is None or delivery.action == REMOVE:
                jobs[delivery.id] = _removing(receiver, delivery)
            else:
                jobs[delivery.id] = self._configuring(driver, receiver, kept, menus[kept.project_id])
        return jobs

    def _configuring(self, driver: str, receiver: PackageDriver, kept: Kept, as_of: AsOf) -> Job:
        def job() -> Done:
            try:
                told = self._books.deliverable(kept, as_of, driver)
            except (NoKeys, Undecipherable):
                LOG.error("a secret of server %s cannot be read: this host has not the keys", kept.ref.instance_id)
                raise
            done = receiver.configure_packages(told.instance, told.packages, told.variables)
            return replace(done, applied=shown(told), generation=told.instance.generation)

        return job

    def chores(self) -> bool:
        """Changes that reach many servers; now and then a look around."""
        self._books.suite.keys.keep_fresh()
        for chore, aside in self._asides:
            if chore.is_due:
                aside.begin()
        now = self._clock()
        if self._fanout is None:
            if now - self._asked_at < self._books.suite.settings.deliveries.poll_seconds:
                return False
            self._fanout = self._fanouts.claim(SYSTEM, self._lease)
        if self._fanout is None:
            self._asked_at = now
            return False
        # one page at a time: what is due is handed over meanwhile
        self._fanout = self._books.instances.fan_out(self._fanouts, self._fanout, self._wishes, self._lease)
        return True

    def beside(self, seconds: float) -> bool:
        return any(aside.wait(seconds) for _, aside in self._asides)

    def end(self) -> None:
        for chore, _ in self._asides:
            chore.end()

    def _wishes(self, page: Sequence[Kept]) -> list[Wish]:
        menus = self._books.menu.of_projects({kept.project_id for kept in page})
        servers = [(kept.ref, kept.project_id, generation_of(kept, menus[kept.project_id])) for kept in page]
        return wishes(servers, self._pushed)


def _removing(receiver: PackageDriver, delivery: Delivery) -> Job:
    instance = Instance(delivery.ref, delivery.project_id, "", "", generation=delivery.generation)
    # of a server that is gone nothing else is recorded, whatever was wished for
    return lambda: replace(receiver.remove(instance), action=REMOVE)
