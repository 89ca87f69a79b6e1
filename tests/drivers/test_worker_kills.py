"""``kill -9`` of a worker at every step: nothing that was wished for is lost, and nothing old stays with a receiver.

The steps are commits of the database and writes of the driver file; a worker is a process that is forked for the
kill, while settings go on being changed. 100 kills over all databases, with ``GLANCE_RELATED_LONG=1`` 1,000.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glance_related.db import migration
from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import DELIVERED, SETTINGS
from glance_related.deliveries.fanouts import FanoutStore
from glance_related.deliveries.worker import Worker
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.deliverable import generation_of, wishes
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.rules import DEFAULT, Choice, ProjectState
from glance_related.package_menu.servers import forget
from glance_related.package_menu.store import CLOUD
from glance_related.suite import Suite, open_suite

pytestmark = pytest.mark.real

NOVA = "11111111-2222-3333-4444-555555555555"
ALICE = "alice-project"
_SERVERS = 12
_KILLS = 25
_LONG_KILLS = 250


@dataclass(frozen=True)
class Step:
    """Where a worker dies.

    :param where: ``commit`` of the database, or ``replace`` of a document
    :param number: at which of them
    :param is_after: after it, or right before
    """

    where: str
    number: int
    is_after: bool


STEPS = [
    Step(where, number, is_after)
    for where, most in (("commit", 7), ("replace", 4))
    for number in range(1, most)
    for is_after in (False, True)
]


def dying(function: Callable[..., Any], step: Step, count: Iterator[int]) -> Callable[..., Any]:
    """A function at whose so-maniest call the process dies."""

    def call(*words: Any, **named: Any) -> Any:
        is_it = next(count) == step.number
        if is_it and not step.is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*words, **named)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


class Site:
    """A menu, servers, and workers that die."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder / "settings"
        self.folder.mkdir()
        self.conf = folder / "glance-related.conf"
        self.conf.write_text(
            f"[database]\nconnection = {url}\n[package_menu_file]\nfolder = {self.folder}\n"
            "[deliveries]\npoll_seconds = 0.05\nlease_seconds = 1\nretry_seconds = 0.1\nconcurrency = 2\n"
        )
        self.suite: Suite = open_suite(str(self.conf))
        migration.upgrade(self.suite.database.engine)
        self.books = Books(self.suite, open_drivers(self.suite.settings))
        self.servers: set[InstanceRef] = set()
        self.gone: set[InstanceRef] = set()

    def begin(self) -> None:
        entries = [Entry(f"p{number}", "package", on_by_default=True) for number in range(3)]
        entries.append(Entry("port", "variable", type="integer", default=0, on_by_default=True))
        self.books.menu.publish(self.books.menu.of_project(CLOUD).cloud, entries)
        for _ in range(_SERVERS):
            self.add()

    def add(self) -> None:
        kept = Kept(InstanceRef(NOVA, str(uuid.uuid4())), ALICE, "one", "one", "", utcnow())
        self.books.instances.add(kept, self._wishes(kept))
        self.servers.add(kept.ref)

    def _wishes(self, kept: Kept, more: int = 0) -> Any:
        generation = generation_of(kept, self.books.menu.of_project(ALICE)) + more
        return wishes([(kept.ref, ALICE, generation)], self.books.drivers)

    def change(self, number: int) -> None:
        """Something that a customer, a manager or Nova does; once this returns it is acknowledged."""
        kind = number % 5
        ref = random.choice(sorted(self.servers, key=str))
        if kind == 0:
            as_of = self.books.menu.of_project(ALICE)
            self.books.menu.say(ALICE, as_of, {"port": ProjectState(DEFAULT, number)})
        elif kind == 1 and len(self.servers) > 3:
            forget(self.books, ref, ALICE, 10**6 + number)
            self.servers.remove(ref)
            self.gone.add(ref)
            self.add()
        else:
            kept = self.books.instances.get(ref)
            assert kept is not None
            choices = {"port": Choice(value=number), f"p{number % 3}": Choice(is_on=False)}
            self.books.instances.change(kept, choices, self._wishes(kept, 1), None)

    def kill_a_worker(self, step: Step) -> int:
        """Let a worker work until it dies, or has nothing to do any more; its exit code."""
        self.suite.database.dispose()
        context = multiprocessing.get_context("fork")
        process = context.Process(target=self._work, args=(step,))
        process.start()
        process.join(60)
        assert process.exitcode is not None, "the worker does neither die nor end"
        return process.exitcode

    def _work(self, step: Step) -> None:
        count = itertools.count(1)
        if step.where == "commit":
            Database.write = dying(Database.write, step, count)  # type: ignore[method-assign]
        else:
            os.replace = dying(os.replace, step, count)
        self.work()

    def work(self) -> None:
        carrier = PackageCarrier(self.books)
        Worker(self.books.deliveries, [carrier], self.suite.settings.deliveries, f"worker {os.getpid()}").drain()

    def faults(self) -> list[str]:
        """What is not as it must be once workers have had their time."""
        found = []
        for ref in self.servers:
            kept = self.books.instances.get(ref)
            assert kept is not None
            as_of = self.books.menu.of_project(ALICE)
            settings = as_of.menu.settings(kept.choices)
            document = json.loads(self.path(ref).read_text()) if self.path(ref).exists() else {}
            wanted = {
                "packages": {one.entry.name: one.entry.name for one in settings.packages},
                "variables": {one.entry.name: one.value for one in settings.variables},
            }
            if {name: document.get(name) for name in wanted} != wanted:
                found.append(f"{ref}: has {document}, wants {wanted}")
            (row,) = self.books.deliveries.of(ref)
            if (row.state, row.action) != (DELIVERED, SETTINGS) or (row.applied_generation or 0) < generation_of(
                kept, as_of
            ):
                found.append(f"{ref}: {row}")
        found += [f"{ref} is not forgotten" for ref in self.gone if self.path(ref).exists()]
        left = [path for path in self.folder.rglob("*") if path.is_file()]
        documents = {self.path(ref) for ref in self.servers}
        return found + [f"{path} is nobody's" for path in left if path not in documents]

    def path(self, ref: InstanceRef) -> Path:
        return self.folder / ref.nova_installation_uuid / f"{ref.instance_id}.json"


def kill(site: Site, kills: int) -> int:
    """That many workers are killed; how many really died where they were to."""
    died, number = 0, 0
    site.begin()
    for step in itertools.cycle(STEPS):
        for _ in range(3):
            number += 1
            site.change(number)
        died += site.kill_a_worker(step) == -signal.SIGKILL
        if died >= kills or number > kills * 12:
            return died
    return died


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    made = Site(tmp_path, url)
    yield made
    made.suite.database.dispose()


def prove(site: Site, kills: int) -> None:
    assert kill(site, kills) >= kills
    time.sleep(1.2)  # until no dead worker's lease holds anything back
    site.work()
    assert site.faults() == []
    assert FanoutStore(site.suite.database).count() == 0


def test_no_kill_of_a_worker_loses_anything(site: Site) -> None:
    prove(site, _KILLS)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not os.environ.get("GLANCE_RELATED_LONG"), reason="GLANCE_RELATED_LONG is not set")
def test_nor_do_a_thousand(site: Site) -> None:
    prove(site, _LONG_KILLS)
