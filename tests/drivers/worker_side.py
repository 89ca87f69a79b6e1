"""Workers in processes of their own, a receiver that writes down what it is handed, and customers who change settings.

Every process has its own way to the database, as on a host of its own; what they note lies in files, in the order in
which it happened.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import webtest

from glance_related.db import migration
from glance_related.db.database import DatabaseDown
from glance_related.db.models import package_instances, utcnow
from glance_related.deliveries.delivery import Delivery, Done
from glance_related.deliveries.fanouts import FanoutStore
from glance_related.deliveries.store import DeliveryStore
from glance_related.deliveries.worker import Worker
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.deliverable import generation_of
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.package_menu_filter import filter_factory
from glance_related.package_menu.rules import DEFAULT, ProjectState
from glance_related.package_menu.store import CLOUD
from glance_related.suite import open_suite
from tests.filters.acting_nova import OWN_ID, ActingNova, Server
from tests.filters.conftest import MEMBER, NOVA

PROJECT = "alice-project"
#: What customers set: each of them one of these.
VARIABLES = ("port", "other")

Act = Callable[[Instance], None]


def now() -> int:
    """Nanoseconds of a clock that all processes of this machine share, and no test sets."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


@dataclass
class Handing:
    """A receiver was handed the settings of a server.

    :param ended: None: it was never said that it has them
    """

    driver: str
    server: str
    pid: int
    generation: int
    began: int
    values: Mapping[str, Any]
    ended: int | None = None


class Recorder(PackageDriver):
    """A receiver: notes when it is handed what by whom, and when it has it.

    :param act: what it does between; may take its time, raise, or end the process
    """

    def __init__(self, name: str, path: Path, act: Act) -> None:
        super().__init__({})
        self._name = name
        self._path = path
        self._act = act

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        values = {variable.name: variable.value for variable in variables}
        self._note("began", instance, values)
        self._act(instance)
        self._note("ended", instance, values)
        return Done()

    def _note(self, what: str, instance: Instance, values: Mapping[str, Any]) -> None:
        note(
            self._path,
            {
                "driver": self._name, "what": what, "server": instance.ref.instance_id, "pid": os.getpid(),
                "generation": instance.generation, "values": values,
            },
        )  # fmt: skip

    def remove(self, instance: Instance) -> Done:
        return Done()

    def check(self) -> list[str]:
        return []


def note(path: Path, row: Mapping[str, Any]) -> None:
    """Add a line to a file; whole, whoever else does."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, f"{json.dumps({**row, 'at': now()})}\n".encode())
    finally:
        os.close(file)


def notes(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def nothing(_: Instance) -> None:
    """A receiver that has it at once."""


@dataclass
class Site:
    """A database with a menu and servers, whoever works on it.

    :param urls: ways to it, which processes take turns to use
    :param acts: what the receivers do that workers hand over to, by name
    :param options: more of the configuration
    :param patience: seconds after which a database that does not answer is down, and one that is busy told to be so
    """

    folder: Path
    urls: Sequence[str]
    acts: Mapping[str, Act]
    options: str = ""
    patience: int = 15
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "settings").mkdir()
        for number, url in enumerate(self.urls):
            self.conf(number).write_text(
                f"[database]\nconnection = {url}\ntimeout = {self.patience}\nbreaker_seconds = 0.3\n"
                f"[instance_aware]\nnova_installation_uuid = {NOVA}\n[riders]\nmark_keys = {'k' * 32}\n"
                f"[package_menu_file]\nfolder = {self.folder}/settings\n"
                "[deliveries]\npoll_seconds = 0.05\nretry_seconds = 0.3\nretry_seconds_max = 1\nconcurrency = 4\n"
                f"{self.options}"
            )
        self.books = self.opened(0)
        migration.upgrade(self.books.suite.database.engine)
        cloud = self.books.menu.of_project(CLOUD).cloud
        self.books.menu.publish(
            cloud, [Entry(name, "variable", type="integer", default=0, on_by_default=True) for name in VARIABLES]
        )
        self.worker(self.books, "first").drain()  # it has to reach nobody yet
        Store(self.books.suite.database).add_installation(Installation(NOVA, "nova", ("nova",), ("scheduler",)))

    def conf(self, number: int) -> Path:
        """A configuration with one of the ways to the database."""
        return self.folder / f"glance-related-{number % len(self.urls)}.conf"

    @property
    def path(self) -> Path:
        """Where receivers note what they are handed."""
        return self.folder / "handed"

    def opened(self, number: int) -> Books:
        """What a process has of its own."""
        drivers = {name: Recorder(name, self.path, act) for name, act in self.acts.items()}
        return Books(open_suite(str(self.conf(number))), drivers)

    def worker(self, books: Books, name: str, clock: Callable[[], float] = time.monotonic) -> Worker:
        settings = books.suite.settings.deliveries
        return Worker(DeliveryStore(books.suite.database), [PackageCarrier(books)], settings, name, clock)

    def dispose(self) -> None:
        self.books.suite.database.dispose()

    # -- what there is

    def add_servers(self, number: int) -> list[str]:
        """Servers that have what the project has; nobody is told of them yet."""
        ids = [f"00000000-0000-4000-8000-{one:012}" for one in range(number)]
        rows = [
            {
                "nova_installation_uuid": NOVA, "instance_id": one, "project_id": PROJECT, "name": "one",
                "hostname": "one", "os_distro": "", "generation": 1, "request_id": "r", "created_at": utcnow(),
            }
            for one in ids
        ]  # fmt: skip
        for first in range(0, number, 1000):
            some = rows[first : first + 1000]
            self.books.suite.database.write(lambda connection: connection.execute(sa.insert(package_instances), some))  # noqa: B023
        return ids

    def change_project(self, value: int) -> None:
        """Change what all servers have, by one row; workers see to the rest."""
        as_of = self.books.menu.of_project(PROJECT)
        self.books.menu.say(PROJECT, as_of, {"port": ProjectState(DEFAULT, value)})

    def rows(self) -> list[Delivery]:
        found: list[Delivery] = []
        while page := self.books.deliveries.some(found[-1].id if found else "", 1000):
            found += page
        return found

    def known(self, refs: Sequence[InstanceRef]) -> dict[InstanceRef, Kept]:
        """What is kept of servers."""
        found: dict[InstanceRef, Kept] = {}
        for first in range(0, len(refs), 500):
            found |= self.books.instances.some(refs[first : first + 500])
        return found

    def states(self) -> dict[str, int]:
        """How many deliveries are in which state."""
        counts: dict[str, int] = {}
        for depth in self.books.deliveries.depths():
            counts[depth.state] = counts.get(depth.state, 0) + depth.number
        return counts

    def is_settled(self) -> bool:
        """Whether everybody has everything; not while that cannot be found out."""
        try:
            if FanoutStore(self.books.suite.database).count() or self.books.deliveries.waiting(self.acts).number:
                return False
            return set(self.states()) == {"delivered"}
        except DatabaseDown:
            return False

    # -- what receivers were handed

    def begun(self) -> int:
        """How often receivers were handed something."""
        return self.path.read_bytes().count(b'"began"') if self.path.exists() else 0

    def handed(self) -> list[Handing]:
        """In the order in which it began."""
        found: list[Handing] = []
        under_way: dict[tuple[Any, ...], Handing] = {}
        for row in notes(self.path):
            key = (row["driver"], row["server"], row["pid"])
            if row["what"] == "began":
                made = Handing(
                    row["driver"], row["server"], row["pid"], row["generation"], row["at"], row["values"]
                )  # fmt: skip
                under_way[key] = made
                found.append(made)
            else:
                under_way.pop(key).ended = row["at"]
        return found

    def faults(self) -> list[str]:
        """What receivers have that they should not have, once everything is settled."""
        last = {(one.driver, one.server): one for one in self.handed() if one.ended is not None}
        rows = {(row.driver, row.ref.instance_id): row for row in self.rows()}
        found = [f"{key} has no delivery" for key in last if key not in rows]
        as_of, known = self.books.menu.of_project(PROJECT), self.known([row.ref for row in rows.values()])
        for (driver, server), row in rows.items():
            kept = known[row.ref]
            wanted = {one.entry.name: one.value for one in as_of.menu.settings(kept.choices).variables}
            has = last.get((driver, server))
            if has is None or has.values != wanted:
                found.append(f"{driver} has {has} of {server}, which is to have {wanted}")
            if row.applied_generation != generation_of(kept, as_of) or (row.applied or {}).get("variables") != wanted:
                found.append(f"{server} is said to have {row}, and is to have {wanted}")
        return found


def most_at_once(handed: Sequence[Handing]) -> int:
    """How many of these were under way at the same time."""
    moments = [(one.began, 1) for one in handed] + [(one.ended, -1) for one in handed if one.ended is not None]
    count = most = 0
    for _, step in sorted(moments):
        count += step
        most = max(most, count)
    return most


# -- processes


@contextmanager
def process(run: Callable[[], None]) -> Iterator[BaseProcess]:
    """Something in a process of its own; when the block is left it is gone."""
    made = multiprocessing.get_context("fork").Process(target=run)
    made.start()
    try:
        yield made
    finally:
        if made.is_alive():
            made.kill()
        made.join(30)


@contextmanager
def working(
    site: Site, number: int = 0, clock: Callable[[], float] = time.monotonic, before: Callable[[], None] = lambda: None
) -> Iterator[BaseProcess]:
    """A worker; at the end it is told to stop, and must.

    :param number: which of the ways to the database is its own
    :param before: what happens to its process first
    """

    def run() -> None:
        before()
        worker = site.worker(site.opened(number), f"worker-{number}", clock)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run()

    site.dispose()
    with process(run) as made:
        yield made
        assert made.is_alive(), f"a worker has ended with {made.exitcode}"
        made.terminate()
        made.join(40)
        assert made.exitcode == 0, f"a worker that was told to stop has ended with {made.exitcode}"


class Customer:
    """Changes settings of servers through our filter in front of Nova.

    :param number: which of the ways to the database the filter has
    """

    def __init__(self, site: Site, number: int, servers: Sequence[str]) -> None:
        nova = ActingNova(lambda *_: (200, "", {}))
        made = "2026-01-01T00:00:00Z"
        nova.servers = {one: Server(one, PROJECT, "an image", {}, made, name="one") for one in servers}
        self._app = webtest.TestApp(filter_factory({}, config_file=str(site.conf(number)))(nova))

    def ask(self, method: str, server: str, behind: str = "", document: Any = None) -> Any:
        """One request about a server's settings."""
        headers = {"X-Identity-Status": "Confirmed", **MEMBER}
        environ = {"keystone.token_auth": object(), OWN_ID: f"req-{uuid.uuid4()}"}
        more = {} if document is None else {"body": json.dumps(document).encode(), "content_type": "application/json"}
        path = f"/servers/{server}/packages{behind}"
        return self._app.request(path, method=method, headers=headers, environ=environ, status="*", **more)

    def set(self, server: str, variable: str, value: int) -> int:
        """Which status it is answered with."""
        return int(self.ask("PUT", server, f"/{variable}", {"value": value}).status_int)


@contextmanager
def changing(site: Site, number: int, servers: Sequence[str], variable: str) -> Iterator[Path]:
    """A customer who goes on changing one variable of servers, and notes how each change was answered."""
    path = site.folder / f"changed-{number}"
    is_over = site.folder / f"over-{number}"

    def run() -> None:
        customer, value = Customer(site, number, servers), 0
        while not is_over.exists():
            value += 1
            server = random.choice(servers)
            status = customer.set(server, variable, value)
            note(path, {"server": server, "variable": variable, "value": value, "status": status})

    site.dispose()
    with process(run) as made:
        yield path
        is_over.touch()
        made.join(30)
        assert made.exitcode == 0, f"a customer has ended with {made.exitcode}"


def lost(site: Site, *paths: Path) -> list[str]:
    """Changes that were acknowledged, and that nothing is left of."""
    found = []
    last: dict[tuple[str, str], dict[str, Any]] = {}
    may: dict[tuple[str, str], set[int]] = {}
    for row in (row for path in paths for row in notes(path)):
        key = (row["server"], row["variable"])
        if row["status"] == 200:
            last[key], may[key] = row, {row["value"]}
        elif row["status"] == 503:  # nobody knows whether it was written
            may.setdefault(key, set()).add(row["value"])
    for key in last:
        kept = site.books.instances.get(InstanceRef(NOVA, key[0]))
        if kept is None or kept.choices[key[1]].value not in may[key]:
            found.append(f"{key} was set to one of {may[key]}, and is {kept}")
    return found
