"""Drivers that are named later, or by some workers only: every server is handed over to each of them in the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glance_related.deliveries.worker import Worker
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu import catch_up
from glance_related.package_menu.books import Books
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.catch_up import CatchUp
from glance_related.package_menu.drivers.driver import PackageDriver
from glance_related.package_menu.drivers.file import FileDriver
from glance_related.package_menu.servers import forget
from tests.filters.conftest import NOVA
from tests.filters.menu_side import MenuSide, make

PORT = {"name": "port", "kind": "variable", "type": "integer", "default": 80, "on_by_default": True}


class Second(FileDriver):
    """Another folder, to which settings are pushed, or from which somebody comes for them."""

    def __init__(self, folder: Path, *, pulled: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__({"folder": str(folder), "format": "json"})
        self.folder = folder
        self._pulled = pulled

    @property
    def is_pulled(self) -> bool:
        return self._pulled

    def has(self, server: str) -> Any:
        path = self.folder / NOVA / f"{server}.json"
        return json.loads(path.read_text())["variables"] if path.exists() else None


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.publish(PORT)
    return made


@pytest.fixture
def second(tmp_path: Path) -> Second:
    return Second(tmp_path / "second")


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody rests."""
    monkeypatch.setattr(catch_up, "_REST", 0.0)
    monkeypatch.setattr(catch_up, "_SHARE", 0)


def work(side: MenuSide, **drivers: PackageDriver) -> None:
    """Let a worker that names these drivers do what is due."""
    books = Books(side.suite, drivers)
    Worker(books.deliveries, [PackageCarrier(books)], side.suite.settings.deliveries, "w").drain()


def rows(side: MenuSide, server: str) -> dict[str, tuple[str, str]]:
    return {one.driver: (one.action, one.state) for one in side.deliveries.of(InstanceRef(NOVA, server))}


def test_a_driver_that_is_named_later_has_every_server(side: MenuSide, second: Second, tmp_path: Path) -> None:
    servers = [side.booted() for _ in range(3)]
    side.deliver()
    asked = Second(tmp_path / "third", pulled=True)
    work(side, **side.books.drivers, second=second, asked=asked)
    assert [second.has(one) for one in servers] == [{"port": 80}] * 3
    for server in servers:
        assert rows(side, server) == {
            "asked": ("settings", "offered"),
            "file": ("settings", "delivered"),
            "second": ("settings", "delivered"),
        }


def test_a_driver_that_is_pushed_to_from_now_on_has_every_server(side: MenuSide, second: Second) -> None:
    pulled = Second(second.folder, pulled=True)
    server = side.booted()
    work(side, second=pulled)
    assert (rows(side, server)["second"], second.has(server)) == (("settings", "offered"), None)
    work(side, second=second)
    assert (rows(side, server)["second"], second.has(server)) == (("settings", "delivered"), {"port": 80})


@pytest.mark.usefixtures("restless")
def test_workers_that_name_some_of_the_drivers_each_reach_them_all(side: MenuSide, second: Second) -> None:
    server = side.booted()
    work(side, **side.books.drivers)
    work(side, second=second)
    assert second.has(server) == {"port": 80}
    side.publish({**PORT, "default": 81})
    work(side, **side.books.drivers)  # it turns the change into deliveries
    assert (side.delivered(server)["variables"], second.has(server)) == ({"port": 81}, {"port": 80})
    work(side, second=second)
    assert second.has(server) == {"port": 81}
    forget(side.books, InstanceRef(NOVA, server), "alice-project", 99)  # by somebody who does not name it either
    for _ in range(2):
        work(side, **side.books.drivers)
        work(side, second=second)
    assert (side.delivered(server), second.has(server)) == (None, None)
    assert rows(side, server) == {"file": ("remove", "delivered"), "second": ("remove", "delivered")}


@pytest.mark.usefixtures("restless")
def test_where_nothing_is_missing_nothing_is_handed_over_again(side: MenuSide, second: Second) -> None:
    server = side.booted()
    work(side, **side.books.drivers, second=second)
    before = side.deliveries.of(InstanceRef(NOVA, server))
    time.sleep(0.01)
    work(side, **side.books.drivers, second=second)
    assert side.deliveries.of(InstanceRef(NOVA, server)) == before


def test_a_server_that_goes_meanwhile_is_not_wished_for(side: MenuSide, second: Second) -> None:
    server, other = side.booted(), side.booted()
    side.deliver()
    books = Books(side.suite, {"second": second})
    of_projects = books.menu.of_projects

    def meanwhile(ids: Any) -> Any:
        forget(side.books, InstanceRef(NOVA, server), "alice-project", 99)
        return of_projects(ids)

    books.menu.of_projects = meanwhile  # type: ignore[method-assign]
    CatchUp(books)()
    assert "second" not in rows(side, server)
    assert rows(side, other)["second"] == ("settings", "pending")


def test_what_was_looked_through_a_moment_ago_rests(side: MenuSide, second: Second) -> None:
    clock: Callable[[], float] = iter(range(0, 10**6, 1000)).__next__
    looked: list[str] = []

    def look(name: str) -> None:
        books = Books(side.suite, {"second": second})
        after = books.instances.after
        books.instances.after = lambda *words: looked.append(name) or after(*words)  # type: ignore[method-assign,func-returns-value]
        CatchUp(books, clock)()

    look("first")
    look("other")
    assert set(looked) == {"first"}


def test_it_is_asked_for_now_and_then(side: MenuSide) -> None:
    now = [0.0]
    chore = CatchUp(side.books, lambda: now[0])
    assert chore.is_due
    chore()
    assert not chore.is_due
    now[0] += 61
    assert chore.is_due
