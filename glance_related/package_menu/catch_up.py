"""`CatchUp`: whoever is to be handed the settings of servers has a delivery for each of them.

A driver may be named after servers were made, or be pushed to where it was pulled from before. And not every worker
need name all drivers: of a change that reaches many servers, or of a server that it has found, it sees to its own. So
each looks now and then whether anything is missing for the drivers that it names itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from glance_related.db.turns import Turn, Turns
from glance_related.deliveries.delivery import SETTINGS, Wish
from glance_related.deliveries.known_store import Known, known
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books
from glance_related.package_menu.deliverable import generation_of
from glance_related.package_menu.drivers.driver import PackageDriver
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.store import BATCH, SYSTEM

LOG = logging.getLogger(__name__)

#: How often a worker asks whether it is its turn, and how long a driver then rests, at least, in seconds.
_EVERY, _REST = 60.0, 300.0
#: A driver rests so many times as long as it has taken: of very many servers it takes a while.
_SHARE = 20


class CatchUp:
    """See the module; called by a worker when it is time.

    :param clock: monotonic seconds
    """

    def __init__(self, books: Books, clock: Callable[[], float] = time.monotonic) -> None:
        self._books = books
        self._clock = clock
        self._lease = books.suite.settings.deliveries.lease_seconds
        self._turns = Turns(books.suite.database, self._lease)
        self._asked_at = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask."""
        return self._clock() - self._asked_at >= _EVERY

    def __call__(self) -> None:
        """:raises DatabaseDown:"""
        self._asked_at = began = self._clock()
        taken = {name: self._turns.take(_turn(name, driver)) for name, driver in self._books.drivers.items()}
        turns = {name: turn for name, turn in taken.items() if turn is not None}
        if turns and self._is_through(turns):
            for turn in turns.values():
                self._turns.end(turn, max(_REST, _SHARE * (self._clock() - began)))

    def end(self) -> None:
        """:raises DatabaseDown:"""
        self._turns.close()

    def _is_through(self, turns: dict[str, Turn]) -> bool:
        """Look at every server; False where another has taken this worker for dead."""
        marker, kept_at, missing = InstanceRef("", ""), self._clock(), 0
        drivers = {name: self._books.drivers[name] for name in turns}
        while page := self._books.instances.after(marker, BATCH):
            began, marker = self._clock(), page[-1].ref
            wanted = self._missing(page, drivers)
            if wanted:
                there = self._books.instances.some({one.ref for one in wanted})  # some may have gone meanwhile
                self._books.deliveries.add([one for one in wanted if one.ref in there])
                missing += len(wanted)
            if self._clock() - kept_at > self._lease / 3:
                kept_at = self._clock()
                for name, turn in list(turns.items()):
                    kept = self._turns.keep(turn)
                    if kept is None:
                        return False
                    turns[name] = kept
            time.sleep(min(1.0, max(0.0, self._clock() - began)))  # what is due goes before
        if missing:
            LOG.info("%d deliveries for %s were missing, or not of the last generation", missing, ", ".join(drivers))
        return True

    def _missing(self, page: Sequence[Kept], drivers: Mapping[str, PackageDriver]) -> list[Wish]:
        have = known(self._books.suite.database, SYSTEM, [kept.ref for kept in page])
        menus = self._books.menu.of_projects({kept.project_id for kept in page})
        return [
            Wish(kept.ref, SYSTEM, name, kept.project_id, generation, is_pulled=driver.is_pulled)
            for kept in page
            for generation in (generation_of(kept, menus[kept.project_id]),)
            for name, driver in drivers.items()
            if _lacks(have.get((kept.ref, name)), driver, generation)
        ]


def _lacks(row: Known | None, driver: PackageDriver, generation: int) -> bool:
    if row is None or row.is_pulled != driver.is_pulled:
        return True
    # whoever pulls is told of nothing
    return not row.is_pulled and row.action == SETTINGS and row.generation < generation


def _turn(name: str, driver: PackageDriver) -> str:
    return f"package_menu.{'pulled' if driver.is_pulled else 'pushed'}.{name}"[:64]
