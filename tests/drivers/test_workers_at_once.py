"""Several workers and several customers at the same servers, on one database and on two nodes, in any order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from glance_related.db.models import utcnow
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.deliverable import generation_of, wishes
from glance_related.package_menu.drivers.driver import Instance
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.rules import Choice
from tests.drivers.asking import NO_SQLITE, SERVERS
from tests.drivers.worker_side import PROJECT, Act, Handing, Site, changing, lost, most_at_once, notes, nothing, working
from tests.filters.conftest import NOVA
from tests.servers.galera import Galera
from tests.servers.server import wait_until

pytestmark = pytest.mark.real

HOUR = 3600.0


@pytest.fixture
def site(tmp_path: Path, empty: list[str]) -> Iterator[Callable[..., Site]]:
    """A site whose receiver ``file`` does something, with some options."""
    made: list[Site] = []

    def make(act: Act = nothing, options: str = "") -> Site:
        made.append(Site(tmp_path, empty[:2], {"file": act}, options))
        return made[-1]

    yield make
    for one in made:
        one.dispose()


def takes(seconds: float) -> Act:
    return lambda _: time.sleep(seconds)


def by_server(handed: list[Handing]) -> dict[str, list[Handing]]:
    servers: dict[str, list[Handing]] = {}
    for one in handed:
        servers.setdefault(one.server, []).append(one)
    return servers


# -- two of each


@NO_SQLITE
def test_of_two_customers_and_two_workers_nobody_undoes_what_another_has_done(
    site: Callable[..., Site], backend: str, request: pytest.FixtureRequest
) -> None:
    """On a cluster the first of each has one node, and the others have another."""
    made = site(takes(0.003))
    servers = made.add_servers(4)
    cluster: Galera | None = request.getfixturevalue("galera") if backend == "galera" else None
    before = conflicts(cluster)
    with working(made, 0), working(made, 1):
        with changing(made, 0, servers, "port") as first, changing(made, 1, servers, "other") as second:
            until_changed(first, second, 40)
            made.change_project(7)
            until_changed(first, second, 80)
            wait_until(lambda: len({one.pid for one in made.handed()}) == 2, "one worker had nothing to do")
            if cluster is not None:
                wait_until(lambda: conflicts(cluster) > before, "the nodes are never in each other's way")
        wait_until(made.is_settled, "not everything is delivered")
    assert lost(made, first, second) == []
    assert made.faults() == []
    handed = made.handed()
    assert {one["status"] for file in (first, second) for one in notes(file)} <= {200, 409}
    for server, mine in by_server(handed).items():
        assert most_at_once(mine) == 1, "two workers had the same"
        assert [one.generation for one in mine] == sorted(one.generation for one in mine), "an older thing came later"
        changes = [one for file in (first, second) for one in notes(file) if one["server"] == server]
        assert len(mine) <= len(changes) + 2, "what has not changed was handed over again"


def until_changed(first: Path, second: Path, number: int) -> None:
    wait_until(lambda: min(len(notes(first)), len(notes(second))) > number, "nobody changes anything")


def conflicts(cluster: Galera | None) -> int:
    """How often one node's transaction has had to give way to another's."""
    names = ("local_cert_failures", "local_bf_aborts")
    return sum(int(node.status(name) or 0) for node in (cluster.nodes if cluster else ()) for name in names)


# -- a menu that changes meanwhile


def test_a_change_that_was_judged_by_a_menu_of_yesterday_is_handed_over_all_the_same(
    site: Callable[..., Site],
) -> None:
    """It counts for as much as the menu's change that was handed over meanwhile."""
    made = site()
    (server,) = made.add_servers(1)
    made.change_project(1)
    deliver(made)
    books, ref = made.books, InstanceRef(NOVA, server)
    kept, as_of = books.instances.get(ref), books.menu.of_project(PROJECT)
    assert kept is not None
    made.change_project(2)
    deliver(made)
    assert made.faults() == []
    after = generation_of(replace(kept, generation=kept.generation + 1), as_of)
    books.instances.change(kept, {"other": Choice(value=5)}, wishes([(ref, PROJECT, after)], books.drivers), None)
    deliver(made)
    assert made.handed()[-1].values == {"port": 2, "other": 5}
    assert made.faults() == []


def test_a_server_that_was_made_while_the_menu_changed_is_known_to_have_the_menu_of_today(
    site: Callable[..., Site],
) -> None:
    made = site()
    made.add_servers(1)
    made.change_project(1)
    deliver(made)
    as_of = made.books.menu.of_project(PROJECT)
    made.change_project(2)
    deliver(made)
    kept = Kept(InstanceRef(NOVA, "i-new"), PROJECT, "one", "one", "", utcnow())
    wanted = wishes([(kept.ref, PROJECT, generation_of(kept, as_of))], made.books.drivers)
    assert made.books.instances.add(kept, wanted)
    deliver(made)
    assert made.handed()[-1].values == {"port": 2, "other": 0}
    assert made.faults() == []


def deliver(site: Site) -> None:
    site.worker(site.books, "w").drain()
    assert site.is_settled()


# -- clocks


@SERVERS
def test_it_is_the_databases_clock_that_counts(
    site: Callable[..., Site], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker's host is an hour ahead, the other's an hour behind; what takes longer than a lease is renewed."""
    slow, failing = 3, 6

    def act(instance: Instance) -> None:
        number = int(instance.ref.instance_id[-12:])
        both_are_there(made.folder)
        time.sleep(4 if number < slow else 0.05)
        if number < failing and number >= slow and once(made.folder / f"failed-{number}"):
            raise RuntimeError("the first time nothing works")

    made = site(act, "lease_seconds = 2\n")
    servers = made.add_servers(60)
    made.change_project(7)
    real = time.time

    def off(by: float) -> Callable[[], None]:
        return lambda: setattr(time, "time", lambda: real() + by)

    began = time.monotonic()
    with working(made, 0, off_by(HOUR), off(HOUR)), working(made, 1, off_by(-HOUR), off(-HOUR)):
        wait_until(made.is_settled, "not everything is delivered", 30)
    assert time.monotonic() - began < 30
    handed = made.handed()
    assert len({one.pid for one in handed}) == 2
    twice = {server for server, mine in by_server(handed).items() if len(mine) > 1}
    assert twice == set(servers[slow:failing]), "what was in one worker's hands was taken by another"
    assert made.faults() == []


def off_by(seconds: float) -> Callable[[], float]:
    return lambda: time.monotonic() + seconds


def both_are_there(folder: Path) -> None:
    """Nobody has done everything before the other has begun."""
    (folder / f"here-{os.getpid()}").touch()
    wait_until(lambda: len(list(folder.glob("here-*"))) == 2, "the other worker does not come", 20)


def once(path: Path) -> bool:
    """Whether this is the first time, in whatever process."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
