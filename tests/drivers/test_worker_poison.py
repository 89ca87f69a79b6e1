"""A delivery that ends the process of whoever hands it over, or never comes back: no other waits or fails for it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glance_related.deliveries.delivery import DELIVERED, DELIVERING, FAILED, Delivery
from glance_related.package_menu.drivers.driver import Instance
from tests.drivers.asking import SERVERS
from tests.drivers.worker_side import Act, Site, nothing, process
from tests.servers.server import wait_until

pytestmark = [pytest.mark.real, SERVERS]


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Callable[..., Site]]:
    """A site with some receivers and options."""
    made: list[Site] = []

    def make(options: str, **acts: Act) -> Site:
        made.append(Site(tmp_path, [url], acts, options))
        return made[-1]

    yield make
    for one in made:
        one.dispose()


def test_what_ends_its_workers_takes_no_other_with_it(site: Callable[..., Site]) -> None:
    """Workers are started again at once, as systemd does; the delivery fails in the end."""

    def act(instance: Instance) -> None:
        time.sleep(0.005)
        if instance.ref.instance_id == poison:
            os.kill(os.getpid(), signal.SIGKILL)

    made = site("lease_seconds = 1\nmax_attempts = 3\nconcurrency = 8\n", file=act)
    poison, *others = made.add_servers(8)
    made.change_project(1)
    started = 0

    def has_ended() -> bool:
        rows = made.rows()
        return len(rows) == 8 and not any(row.due_at for row in rows)

    deadline = time.monotonic() + 60
    while not has_ended():
        assert time.monotonic() < deadline, made.rows()
        started += 1
        made.dispose()
        with process(lambda: made.worker(made.opened(0), f"worker-{started}").run()) as worker:  # noqa: B023
            wait_until(lambda: not worker.is_alive() or has_ended(), "neither dead nor done")
    rows = by_server(made.rows())
    assert {rows[one].state for one in others} == {DELIVERED}
    assert (rows[poison].state, rows[poison].attempts) == (FAILED, 4)
    assert "tried 3 times" in rows[poison].message
    assert started == 4
    assert len([one for one in made.handed() if one.server == poison]) == 3


def test_what_never_comes_back_holds_no_other_up(site: Callable[..., Site]) -> None:
    """Neither of its own receiver nor of another one."""

    def act(instance: Instance) -> None:
        if instance.ref.instance_id in stuck:
            time.sleep(3600)

    made = site("concurrency = 3\nlease_seconds = 3\n", ldap=act, file=nothing)
    servers = made.add_servers(60)
    stuck = servers[:2]

    def work() -> None:
        made.worker(made.opened(0), f"worker-{os.getpid()}").run()

    made.dispose()
    with process(work), process(work):
        made.change_project(1)
        wait_until(lambda: made.states() == {DELIVERED: 118, DELIVERING: 2}, "others wait for it")
        time.sleep(4)  # more than a lease
        held = [row for row in made.rows() if row.state == DELIVERING]
        assert {row.ref.instance_id for row in held} == set(stuck)
        assert {row.attempts for row in held} == {1}, "another worker has taken it up as well"


def by_server(rows: list[Delivery]) -> dict[str, Delivery]:
    return {row.ref.instance_id: row for row in rows}
