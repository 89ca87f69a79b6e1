"""A worker: how many deliveries it hands over in a second, beside a million others, and with a second worker."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import calls, catalogue
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from cloud import Trouble
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import Delivery, Done, Wish
from glance_related.deliveries.options import DeliveriesSettings
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.wish_store import wish
from glance_related.deliveries.worker import Job, Worker
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.instance_store import InstanceStore, Kept
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.store import CLOUD, MenuStore
from glance_related.suite import open_suite

_NAME = "deliveries"
_SERVERS = 3000
_MANY = 1_000_000
#: What a receiver takes that has something to do.
_SLOW = 0.020
_SLOW_DELIVERIES = 1500
_ROUNDS = 3
PROJECT = "a-project"


def measure(bench: Bench) -> list[Figure]:
    """On the first database that was asked for; the goals are about PostgreSQL."""
    server = bench.servers()[0]
    server.recreate(_NAME)
    database = bench.database(server, _NAME)
    migration.upgrade(database.engine)
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), server.url(_NAME))
        with bench.progress.step(f"{_SERVERS} servers"):
            site.fill()
        with bench.progress.step("one worker, driver file"):
            alone = max(site.rate() for _ in range(_ROUNDS))
        with bench.progress.step(f"{_MANY} deliveries that are done"):
            _add_done(server.connect(_NAME), server.name)
        with bench.progress.step("one worker, driver file, beside them"):
            beside = max(site.rate() for _ in range(_ROUNDS))
        with bench.progress.step("workers of a slow driver"):
            one = max(_slow(server.url(_NAME), 1) for _ in range(_ROUNDS))
            two = max(_slow(server.url(_NAME), 2) for _ in range(_ROUNDS))
    per_second = {"alone": 1000 / alone, "beside a million": 1000 / beside}
    return [
        Figure("deliveries per second, one worker, driver file", alone, catalogue.DELIVERIES, per_second),
        Figure("the same beside 10^6 that are done / alone", beside / alone, catalogue.DELIVERIES_BESIDE, per_second),
        Figure(
            "two workers / one, a driver that takes 20 ms", two / one, catalogue.TWO_WORKERS,
            {"one": 1000 / one, "two": 1000 / two},
        ),
    ]  # fmt: skip


class Site:
    """Servers with settings, and a worker that hands them over."""

    def __init__(self, folder: Path, url: str) -> None:
        self._out = folder / "out"
        self._out.mkdir()
        conf = folder / "glance-related.conf"
        conf.write_text(f"[database]\nconnection = {url}\ntimeout = 60\n[package_menu_file]\nfolder = {self._out}\n")
        suite = open_suite(str(conf))
        self._books = Books(suite, open_drivers(suite.settings))
        self._refs: list[InstanceRef] = []
        self._generation = 0

    def fill(self) -> None:
        menu, instances = MenuStore(self._books.suite.database), InstanceStore(self._books.suite.database)
        packages = [Entry(f"package-{number}", "package", on_by_default=number < 5) for number in range(50)]
        port = Entry("port", "variable", type="integer", default=80, on_by_default=True)
        menu.publish(menu.of_project(CLOUD).cloud, [*packages, port])
        for number in range(_SERVERS):
            choices = {"port": Choice(value=number), f"package-{number % 5}": Choice(is_on=False)}
            kept = Kept(InstanceRef(calls.ID, str(uuid.uuid4())), PROJECT, "one", "one", "", utcnow(), choices=choices)
            instances.add(kept, [])
            self._refs.append(kept.ref)

    def rate(self) -> float:
        """Deliveries in a second; every server's settings are due."""
        self._generation += 10
        _put(self._books.suite.database, self._refs, self._generation, "file")
        worker = Worker(self._books.deliveries, [PackageCarrier(self._books)], DeliveriesSettings(), "bench")
        start = time.perf_counter()
        worker.drain()
        taken = time.perf_counter() - start
        if worker.counts != {("file", "done"): _SERVERS}:
            raise Trouble(f"not everything was handed over: {worker.counts}")
        shutil.rmtree(self._out / calls.ID)
        return _SERVERS / taken


class Slow:
    """A receiver that takes its time."""

    drivers = ("slow",)

    def jobs(self, driver: str, deliveries: Sequence[Delivery]) -> Mapping[str, Job]:
        return {one.id: _take_time for one in deliveries}

    def beside(self, seconds: float) -> bool:
        return False

    def chores(self) -> bool:
        return False


def _take_time() -> Done:
    time.sleep(_SLOW)
    return Done()


def _slow(url: str, workers: int) -> float:
    """Deliveries in a second, by so many workers together."""
    database = Database(DatabaseSettings(url, timeout=60))
    refs = [InstanceRef(calls.ID, str(uuid.uuid4())) for _ in range(_SLOW_DELIVERIES)]
    _put(database, refs, 1, "slow")
    database.dispose()
    context = multiprocessing.get_context("fork")
    ready, go = context.Barrier(workers + 1), context.Event()
    processes = [context.Process(target=_work, args=(url, ready, go)) for _ in range(workers)]
    for process in processes:
        process.start()
    ready.wait(60)
    start = time.perf_counter()
    go.set()
    for process in processes:
        process.join(120)
    taken = time.perf_counter() - start
    if any(process.exitcode for process in processes):
        raise Trouble("a worker has failed")
    return _SLOW_DELIVERIES / taken


def _work(url: str, ready: Any, go: Any) -> None:
    store = DeliveryStore(Database(DatabaseSettings(url, timeout=60)))
    store.some(limit=1)
    worker = Worker(store, [Slow()], DeliveriesSettings(), "bench")
    ready.wait(60)
    go.wait(60)
    worker.drain()


def _put(database: Database, refs: Sequence[InstanceRef], generation: int, driver: str) -> None:
    for number in range(0, len(refs), 500):
        some = [Wish(ref, "package_menu", driver, PROJECT, generation) for ref in refs[number : number + 500]]
        database.write(_wishing(some))


def _wishing(some: list[Wish]) -> Callable[[Any], None]:
    return lambda connection: wish(connection, some)


_DONE = """
insert into glance_related_deliveries (
    id, nova_installation_uuid, instance_id, driver, item, system, project_id, action, is_pulled, generation, state,
    attempts, losses, due_at, claim, claimed_by, claimed_generation, applied_generation, message, created_at, wished_at,
    updated_at)
select
    concat('done-', number), 'other', concat('server-', number), 'file', '', 'package_menu',
    concat('project-', mod(number, 1000)), 'settings', 0, 1, 'delivered', 0, 0, null, '', 'w', 1, 1, '', 0, 0, 0
"""
_SERIES = {
    "postgresql": "from generate_series(1, {many}) as series(number)",
    "mariadb": "from (select seq as number from seq_1_to_{many}) as series",
}


def _add_done(connection: Any, server: str) -> None:
    """What has been handed over before, by every driver."""
    series = _SERIES[server].format(many=_MANY)
    cursor = connection.cursor()
    cursor.execute(f"{_DONE} {series}")
    connection.commit()
    if server == "postgresql":
        connection.autocommit = True
    cursor.execute("analyze table glance_related_deliveries" if server == "mariadb" else "vacuum analyze")
    connection.close()
