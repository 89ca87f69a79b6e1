"""`Worker`: takes up what is due, hands it over, records the answer.

Any number of workers may run, on any host that has the database. One that dies loses nothing: what it had taken up is
due again when its lease is over. One that is told to stop gives back what it has not begun, and ends what it has.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from glance_related.db.database import DatabaseDown
from glance_related.deliveries.delivery import Delivery, Done, Refused, Unavailable
from glance_related.deliveries.lane import Lane, waited
from glance_related.deliveries.options import DeliveriesSettings
from glance_related.deliveries.store import DeliveryStore, Failed

LOG = logging.getLogger(__name__)

#: How long a worker that is told to stop waits for what it has begun, in seconds.
_LAST_WAIT = 20.0
#: How long answers are gathered before they are recorded together.
_GATHERED = 0.02
#: What is told of a failure whose own words may hold anything.
_FAILED_HERE = "The worker failed over it; its log says why."

#: Hands one delivery over.
Job = Callable[[], Done]


class Carrier(Protocol):
    """What a system gives a worker: how its deliveries are handed over, and what else is to be done beside."""

    @property
    def drivers(self) -> Sequence[str]:
        """The receivers that things are pushed to."""

    def jobs(self, driver: str, deliveries: Sequence[Delivery]) -> Mapping[str, Job]:
        """How each of some deliveries is handed over, by its id.

        A job may raise `Refused` or `Unavailable`; whatever else it raises is tried again later.
        """

    def chores(self) -> bool:
        """Whatever else is due; whether there is more of it. Called again and again."""


@dataclass
class _Claim:
    """What is in hand of one claim."""

    driver: str
    renewed: float
    waiting: dict[str, Delivery] = field(default_factory=dict)


class Worker:
    """See the module.

    :param name: stands beside what it has taken up
    """

    def __init__(
        self,
        store: DeliveryStore,
        carriers: Sequence[Carrier],
        settings: DeliveriesSettings,
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._settings = settings
        self._name = name
        self._clock = clock
        self._carrier_of = {driver: carrier for carrier in carriers for driver in carrier.drivers}
        first, longest = settings.retry_seconds, settings.retry_seconds_max
        self._lanes = {driver: Lane(settings.concurrency, first, longest, clock) for driver in self._carrier_of}
        self._pools = {
            driver: ThreadPoolExecutor(settings.concurrency, thread_name_prefix=driver) for driver in self._carrier_of
        }
        self._claims: dict[str, _Claim] = {}
        self._futures: dict[Future[Done | Failed], tuple[str, Delivery]] = {}
        self._answers: list[tuple[str, Delivery, Done | Failed]] = []
        self._recorded = 0.0
        self._stopping = threading.Event()
        #: What came of what was handed over: how many of each driver and kind.
        self.counts: dict[tuple[str, str], int] = {}

    # -- running

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            try:
                is_busy = self.step()
            except DatabaseDown:
                is_busy = False  # the database's own breaker says so, once
            if not is_busy:
                self._stopping.wait(self._settings.poll_seconds)
        self._end()

    def drain(self) -> None:
        """Work until nothing is due, then end."""
        while not self._stopping.is_set() and self.step():
            continue
        self._end()

    def stop(self) -> None:
        """Let `run` end; may be called from a signal handler."""
        self._stopping.set()

    def step(self) -> bool:
        """One round; whether there is anything in hand, or may be more at once.

        :raises DatabaseDown:
        """
        is_busy = False
        for carrier in self._carriers:
            is_busy = carrier.chores() or is_busy
        for driver, lane in self._lanes.items():
            is_busy = self._take_up(driver, lane) or is_busy
        if self._futures:
            wait(self._futures, timeout=self._settings.poll_seconds, return_when=FIRST_COMPLETED)
        self._gather()
        is_busy = self._record() or is_busy
        self._renew()
        return is_busy or bool(self._futures) or bool(self._answers)

    # -- taking up

    def _take_up(self, driver: str, lane: Lane) -> bool:
        wanted = lane.wants
        # a few more are worth no question while there is still much in hand
        if not wanted or (lane.in_hand and wanted * 2 < lane.in_hand):
            return False
        claim, taken = self._store.claim(driver, self._name, wanted, self._settings.lease_seconds)
        if not taken:
            return False
        self._claims[claim] = _Claim(driver, self._clock(), {one.id: one for one in taken})
        lane.in_hand += len(taken)
        jobs = self._prepared(driver, taken)
        for delivery in taken:
            if jobs is None:
                self._answers.append((claim, delivery, Failed(delivery.message, 0.0, counts=False)))
                continue
            future = self._pools[driver].submit(self._hand_over, driver, delivery, jobs.get(delivery.id))
            self._futures[future] = (claim, delivery)
        return True

    def _prepared(self, driver: str, taken: Sequence[Delivery]) -> Mapping[str, Job] | None:
        """How each is handed over; None: not now, for the database is down."""
        try:
            return self._carrier_of[driver].jobs(driver, taken)
        except DatabaseDown:
            return None
        except Exception:
            LOG.exception("deliveries for %s could not be prepared", driver)
            return {}

    # -- handing over, each in a thread

    def _hand_over(self, driver: str, delivery: Delivery, job: Job | None) -> Done | Failed:
        lane, settings = self._lanes[driver], self._settings
        if self._stopping.is_set() or lane.is_paused:
            return Failed(delivery.message, lane.pause, counts=False)
        if delivery.attempts > settings.max_attempts:
            return Failed(f"It was tried {settings.max_attempts} times. {delivery.message}", None)
        began = self._clock()
        later = waited(delivery.attempts, settings.retry_seconds, settings.retry_seconds_max)
        if job is None:
            return Failed(_FAILED_HERE, later)
        try:
            outcome: Done | Failed = job()
        except Unavailable as error:
            LOG.warning("%s does not take anything: %s", driver, error)
            return Failed(str(error), lane.did_not_answer())
        except Refused as refusal:
            outcome = Failed(str(refusal), None)
        except DatabaseDown:
            return Failed(delivery.message, later, counts=False)
        except Exception:
            LOG.exception("delivery %s for %s failed", delivery.id, driver)
            outcome = Failed(_FAILED_HERE, later)
        lane.answered(self._clock() - began)
        return outcome

    # -- recording

    def _gather(self) -> None:
        for future in [one for one in self._futures if one.done()]:
            claim, delivery = self._futures.pop(future)
            self._answers.append((claim, delivery, future.result()))

    def _record(self) -> bool:
        """Record answers together, if there are any; they stay in hand where the database does not take them."""
        if not self._answers:
            return False
        if self._futures and len(self._answers) < 50 and self._clock() - self._recorded < _GATHERED:
            return True
        self._recorded = self._clock()
        by_claim: dict[str, list[tuple[Delivery, Done | Failed]]] = {}
        for claim, delivery, outcome in self._answers:
            by_claim.setdefault(claim, []).append((delivery, outcome))
        for claim, outcomes in by_claim.items():
            lost = self._store.finish(claim, outcomes)
            if lost:
                LOG.warning("%d deliveries were taken up by another meanwhile, and are sent once more", len(lost))
            self._forget(claim, outcomes)
        return True

    def _forget(self, claim: str, outcomes: Sequence[tuple[Delivery, Done | Failed]]) -> None:
        mine = self._claims[claim]
        self._answers = [one for one in self._answers if one[0] != claim]
        self._lanes[mine.driver].in_hand -= len(outcomes)
        for delivery, outcome in outcomes:
            del mine.waiting[delivery.id]
            key = (mine.driver, _kind(outcome))
            self.counts[key] = self.counts.get(key, 0) + 1
        if not mine.waiting:
            del self._claims[claim]

    def _renew(self) -> None:
        for claim, mine in self._claims.items():
            if self._clock() - mine.renewed > self._settings.lease_seconds / 3:
                self._store.renew(claim, mine.waiting, self._settings.lease_seconds)
                mine.renewed = self._clock()

    # -- ending

    def _end(self) -> None:
        """Give back what was not begun, and record what was."""
        self._stopping.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=False)
        wait(self._futures, timeout=_LAST_WAIT)
        self._gather()
        try:
            self._record()
        except DatabaseDown:
            LOG.warning("what was handed over last could not be recorded, and will be handed over again")


def _kind(outcome: Done | Failed) -> str:
    if isinstance(outcome, Done):
        return "done"
    return "refused" if outcome.delay is None else "put off"
