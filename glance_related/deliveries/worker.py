"""`Worker`: takes up what is due, hands it over, records the answer.

Any number of workers may run, on any host that has the database. One that dies loses nothing: what it had taken up is
due again when its lease is over, and goes out one by one, for it may be what the worker died of. One that is told to
stop gives back what it has not begun, and ends what it has; where a receiver hangs, whoever runs it must end the
process, and with it the threads that hang (`Worker.hanging`).
"""

from __future__ import annotations

import json
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

#: What is told of what no worker has come back from.
_LOST = "The worker that had it last was not heard of again."
#: After so many workers who had it, one after the other, it is taken for what has ended them.
_LOSSES_MAX = 10

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
        """Whatever else is due; whether there is more of it. Called again and again, so it should not take long."""

    def beside(self, seconds: float) -> bool:
        """Whether something was seen to beside, in threads of its own; waits for its end, but not longer."""

    def end(self) -> None:
        """The worker ends: what is being seen to beside is left, and others may see to it at once."""


@dataclass
class _Claim:
    """What is in hand of one claim."""

    driver: str
    began: float
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
        self._failing: dict[int, float] = {}
        self._stopping = threading.Event()
        #: What came of what was handed over: how many of each driver and kind.
        self.counts: dict[tuple[str, str], int] = {}

    # -- running

    def run(self) -> None:
        """Work until `stop`."""
        try:
            while not self._stopping.is_set():
                try:
                    is_busy = self.step()
                except DatabaseDown:
                    is_busy = False  # the database's own breaker says so, once
                if not is_busy:
                    self._stopping.wait(self._settings.poll_seconds)
        finally:
            self._end()

    def drain(self) -> None:
        """Work until nothing is due, then end.

        :raises DatabaseDown:
        """
        try:
            while not self._stopping.is_set() and (self.step() or self._is_seen_to()):
                continue
        finally:
            self._end()

    def stop(self) -> None:
        """Let `run` end; may be called from a signal handler."""
        self._stopping.set()

    @property
    def hanging(self) -> int:
        """How many deliveries are being handed over; once it has ended, by threads that nothing but the end of the
        process stops.

        As long as that lives they may still overwrite what another hands over when their lease is over.
        """
        return len(self._futures)

    def step(self) -> bool:
        """One round; whether there is anything in hand, or may be more at once.

        :raises DatabaseDown:
        """
        is_busy = False
        for number in range(len(self._carriers)):
            is_busy = self._do_chores(number) or is_busy
        for driver, lane in self._lanes.items():
            is_busy = self._take_up(driver, lane) or is_busy
        if self._futures:
            wait(self._futures, timeout=self._settings.poll_seconds, return_when=FIRST_COMPLETED)
        self._gather()
        is_busy = self._record() or is_busy
        self._renew()
        return is_busy or bool(self._futures) or bool(self._answers)

    def _do_chores(self, number: int) -> bool:
        """Whether there is more of it; a carrier that fails over it is left alone for a while, and no other."""
        if self._clock() < self._failing.get(number, float("-inf")):
            return False
        try:
            return self._carriers[number].chores()
        except DatabaseDown:
            raise
        except Exception:
            LOG.exception("what else is to be done failed, and is tried again")
            self._failing[number] = self._clock() + self._settings.retry_seconds
            return False

    def _is_seen_to(self) -> bool:
        """Whether there was something beside: what came of that is due now."""
        return any(carrier.beside(self._settings.poll_seconds) for carrier in self._carriers)

    # -- taking up

    def _take_up(self, driver: str, lane: Lane) -> bool:
        wanted = lane.wants
        # a few more are worth no question while there is still much in hand
        if not wanted or (lane.in_hand and wanted * 2 < lane.in_hand):
            return False
        lease, with_lost = self._settings.lease_seconds, not self._has_lost()
        claim, taken = self._store.claim(driver, self._name, wanted, lease, with_lost=with_lost)
        if not taken:
            return False
        now = self._clock()
        self._claims[claim] = _Claim(driver, now, now, {one.id: one for one in taken})
        lane.in_hand += len(taken)
        jobs = self._prepared(driver, taken)
        for delivery in taken:
            if jobs is None:
                self._answers.append((claim, delivery, Failed(delivery.message, 0.0, counts=False)))
                continue
            future = self._pools[driver].submit(self._hand_over, driver, delivery, jobs.get(delivery.id))
            self._futures[future] = (claim, delivery)
        return True

    def _has_lost(self) -> bool:
        """Whether something is in hand that may have ended whoever had it before.

        Should it end this worker too, nothing that was with it the first time goes with it again. What has not done so
        for a while only takes its time.
        """
        soon = self._clock() - self._settings.lease_seconds
        young = [mine for mine in self._claims.values() if mine.began > soon]
        return any(one.losses for mine in young for one in mine.waiting.values())

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
        lane, most = self._lanes[driver], self._settings.max_attempts
        if self._stopping.is_set() or lane.is_paused:
            return Failed(delivery.message, lane.pause, counts=False)
        if delivery.attempts > most or delivery.losses >= _LOSSES_MAX:
            words = _LOST if delivery.losses else delivery.message
            return Failed(f"It was tried {delivery.attempts - 1} times. {words}", None)
        if job is None:
            return self._failed_here(delivery)
        began = self._clock()
        try:
            outcome: Done | Failed = _as_kept(job())
        except Unavailable as error:
            LOG.warning("%s does not take anything: %s", driver, error)
            # an outage is no fault of what waits for its end; one thing that nobody answers, while others are, may be
            may_be_its_own = lane.has_answered
            return Failed(str(error), lane.did_not_answer(), counts=may_be_its_own)
        except Refused as refusal:
            outcome = Failed(str(refusal), None)
        except DatabaseDown:
            return Failed(delivery.message, self._later(delivery), counts=False)
        except Exception:
            LOG.exception("delivery %s for %s failed", delivery.id, driver)
            outcome = self._failed_here(delivery)
        lane.answered(self._clock() - began)
        return outcome

    def _failed_here(self, delivery: Delivery) -> Failed:
        return Failed(_FAILED_HERE, self._later(delivery))

    def _later(self, delivery: Delivery) -> float:
        return waited(delivery.attempts, self._settings.retry_seconds, self._settings.retry_seconds_max)

    # -- recording

    def _gather(self) -> None:
        for future in [one for one in self._futures if one.done()]:
            claim, delivery = self._futures.pop(future)
            if future.cancelled():
                outcome: Done | Failed = Failed(delivery.message, 0.0, counts=False)
            elif future.exception() is not None:  # what would end a program ends only this
                outcome = self._failed_here(delivery)
            else:
                outcome = future.result()
            self._answers.append((claim, delivery, outcome))

    def _record(self) -> bool:
        """Record answers together, if there are any; they stay in hand where the database does not take them."""
        if not self._answers:
            return False
        if self._futures and len(self._answers) < 50 and self._clock() - self._recorded < _GATHERED:
            return True
        self._record_all()
        return True

    def _record_all(self) -> None:
        """Record what there is; an answer that cannot be kept is not the end of others."""
        self._recorded = self._clock()
        by_claim: dict[str, list[tuple[Delivery, Done | Failed]]] = {}
        for claim, delivery, outcome in self._answers:
            by_claim.setdefault(claim, []).append((delivery, outcome))
        for claim, outcomes in by_claim.items():
            if not self._is_recorded(claim, outcomes):
                for delivery, outcome in outcomes:
                    self._record_one(claim, delivery, outcome)

    def _record_one(self, claim: str, delivery: Delivery, outcome: Done | Failed) -> None:
        failed = self._failed_here(delivery)
        if not self._is_recorded(claim, [(delivery, outcome)]) and not self._is_recorded(claim, [(delivery, failed)]):
            self._forget(claim, [(delivery, failed)])  # it is due again when its lease is over

    def _is_recorded(self, claim: str, outcomes: Sequence[tuple[Delivery, Done | Failed]]) -> bool:
        try:
            lost = self._store.finish(claim, outcomes)
        except DatabaseDown:
            raise
        except Exception:
            ids = ", ".join(delivery.id for delivery, _ in outcomes)
            LOG.exception("what came of deliveries %s cannot be kept as it is", ids)
            return False
        if lost:
            LOG.warning("%d deliveries were taken up by another meanwhile, and are sent once more", len(lost))
        self._forget(claim, outcomes)
        return True

    def _forget(self, claim: str, outcomes: Sequence[tuple[Delivery, Done | Failed]]) -> None:
        mine = self._claims[claim]
        ids = {delivery.id for delivery, _ in outcomes}
        self._answers = [one for one in self._answers if one[0] != claim or one[1].id not in ids]
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
        """Give back what was not begun, and record what was: it stays in hand, its leases renewed, until it has ended,
        or until nobody waits for it any more."""
        self._stopping.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._leave_chores()
        end = self._clock() + _LAST_WAIT
        while self._futures or self._answers:
            left = end - self._clock()
            wait(
                self._futures,
                timeout=max(0.0, min(left, self._settings.lease_seconds / 6)),
                return_when=FIRST_COMPLETED,
            )
            self._gather()
            try:
                self._renew()
                self._record_all()
            except DatabaseDown:
                if not self._futures:
                    LOG.warning("what was handed over last could not be recorded, and will be handed over again")
                    return
            if left <= 0:
                break
        if self._futures:
            LOG.warning("%d deliveries hang, and are taken up again by others", len(self._futures))

    def _leave_chores(self) -> None:
        for carrier in self._carriers:
            try:
                carrier.end()
            except DatabaseDown:
                LOG.info("whoever goes on with what was seen to beside does so when its lease is over")
            except Exception:
                LOG.exception("what was seen to beside could not be left")


def _as_kept(outcome: Done) -> Done:
    """What a receiver said, where it can be kept.

    :raises TypeError: it is nothing that a receiver says
    :raises ValueError: it holds something that is no JSON
    """
    if not isinstance(outcome, Done):
        raise TypeError(f"a {type(outcome).__name__} is no answer")
    json.dumps(outcome.applied, allow_nan=False)
    return outcome


def _kind(outcome: Done | Failed) -> str:
    if isinstance(outcome, Done):
        return "done"
    return "refused" if outcome.delay is None else "put off"
