"""Kill workers, place after place, and check afterwards every image that anybody was told of."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING

from glance_related.instance_ref import InstanceRef
from tests.real.failures.report import Kill
from tests.real.failures.site import Site, shown_by, tuple_of
from tests.real.failures.stories import Attempt, Client, Story

if TYPE_CHECKING:
    from cloud.glance import Glance

_WORKER_SECONDS = 30


class Campaign:
    """A series of kills at one Glance.

    :param site: where it runs
    :param glance: a Glance whose master starts a new worker for each that dies
    """

    def __init__(self, site: Site, glance: Glance) -> None:
        self.site = site
        self.glance = glance
        self.client = Client(site, glance)
        self.kills: list[Kill] = []
        self.attempts: list[Attempt] = []
        self._workers = len(self._full_workers(2))

    def kill(self, story: Story, point: str, *, retry: bool) -> None:
        """One kill: the image is prepared, the request sent, the worker gone, the outcome looked at."""
        number = len(self.kills)
        old, new = self.site.ref(f"old-{number}"), self.site.ref(f"new-{number}")
        attempt = story.prepare(self.client, f"{number}: {story.name}: {point}", old, new)
        seen = self._journal()
        try:
            answer = story.send(self.client.killed_at(point), attempt)
        except (OSError, http.client.HTTPException):
            pass
        else:
            raise AssertionError(f"{story.name}: the point '{point}' was never reached: {answer}")
        (pid,) = [int(line.split()[0]) for line in self._journal()[len(seen) :] if line.partition(" ")[2] == point]
        kill = Kill(story.name, point, pid, self._full_workers(self._workers, pid), at_once=self._look(attempt))
        if retry:
            answer = story.send(self.client, attempt)
            kill.retried = str(answer.status)
            attempt = story.settle(attempt, answer)
        self.kills.append(kill)
        self.attempts.append(attempt)

    def check(self) -> list[str]:
        """What is wrong, after reconcile; the report's last column is filled in."""
        wrong = []
        images = self.site.images(self.glance)
        for kill, attempt in zip(self.kills, self.attempts, strict=True):
            shown = shown_by(images.get(attempt.name, ()))
            if not shown:
                right = attempt.may_be_gone
                kill.outcome = "no image"
            else:
                # a client that tried again may have made two of them: the same holds for both
                right = shown <= attempt.may
                kill.outcome = ", ".join(sorted(_said(attempt, ref) for ref in shown))
            if not right:
                kill.outcome = f"WRONG: {kill.outcome}"
                wrong.append(f"{attempt.name}: {kill.outcome}: {shown}; allowed: {set(attempt.may)}")
        return wrong

    def _look(self, attempt: Attempt) -> str:
        """What the image shows before anybody has reconciled anything: never a tuple that nobody sent for it."""
        if not attempt.image_id:
            return "-"
        answer = self.site.show(self.glance, attempt.image_id, who="admin")
        if answer.status == 404:
            assert attempt.may_be_gone, f"{attempt.name}: the image is gone"
            return "no image"
        assert answer.status == 200, answer
        shown = tuple_of(answer.json())
        assert shown in attempt.may | attempt.meanwhile, f"{attempt.name}: shows {shown}"
        return _said(attempt, shown)

    def _journal(self) -> list[str]:
        return self.site.journal.read_text().splitlines() if self.site.journal.exists() else []

    def _full_workers(self, count: int, without: int = 0) -> list[int]:
        """The workers, once there are as many as there should be and the killed one is none of them."""
        deadline = time.monotonic() + _WORKER_SECONDS
        while time.monotonic() < deadline:
            workers = self.glance.worker_pids()
            if len(workers) >= count and without not in workers:
                return workers
            time.sleep(0.01)
        raise AssertionError(f"a killed worker was not replaced: {workers} of {count}")


def _said(attempt: Attempt, shown: InstanceRef | None) -> str:
    if shown is None:
        return "no tuple"
    return "new tuple" if shown == attempt.new else "old tuple"
