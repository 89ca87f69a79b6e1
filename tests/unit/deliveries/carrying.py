"""A receiver that does what a test tells it to, and workers that run beside the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from glance_related.deliveries.delivery import Delivery, Done
from glance_related.deliveries.options import DeliveriesSettings
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.worker import Job, Worker
from glance_related.instance_ref import InstanceRef

NOVA = "11111111-2222-3333-4444-555555555555"
QUICK = DeliveriesSettings(
    concurrency=4, poll_seconds=0.05, lease_seconds=60.0, retry_seconds=0.1, retry_seconds_max=0.2, max_attempts=5
)


def usual(_: Delivery) -> Done:
    return Done({"packages": []})


@dataclass
class Carrier:
    """A receiver for each name, which does what it is told to."""

    drivers: Sequence[str] = ("file",)
    act: Callable[[Delivery], Done] = usual
    prepare: Callable[[], None] = lambda: None
    had: list[Delivery] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: Any = field(default_factory=threading.Lock)
    chores_left: int = 0

    def jobs(self, driver: str, deliveries: Sequence[Delivery]) -> Mapping[str, Job]:
        self.prepare()
        return {one.id: self._job(one) for one in deliveries}

    def _job(self, delivery: Delivery) -> Job:
        def job() -> Done:
            with self.lock:
                self.had.append(delivery)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                return self.act(delivery)
            finally:
                with self.lock:
                    self.at_once -= 1

        return job

    def chores(self) -> bool:
        self.chores_left = max(0, self.chores_left - 1)
        return self.chores_left > 0

    def beside(self, seconds: float) -> bool:
        return False

    def end(self) -> None:
        pass

    def of(self, driver: str) -> list[Delivery]:
        return [one for one in self.had if one.driver == driver]


def make(store: DeliveryStore, carrier: Carrier, settings: DeliveriesSettings = QUICK) -> Worker:
    return Worker(store, [carrier], settings, "worker-1")


@contextmanager
def running(worker: Worker) -> Iterator[None]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(30)
        assert not thread.is_alive()


def until(happens: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


def states(store: DeliveryStore, refs: Sequence[InstanceRef]) -> set[str]:
    return {one.state for ref in refs for one in store.of(ref)}
