"""Workers whose database is lost in the middle, and a receiver that was away while very much piled up."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glance_related.deliveries.delivery import DELIVERED, Unavailable
from glance_related.package_menu.drivers.driver import Instance
from tests.drivers.asking import SERVERS, Server
from tests.drivers.worker_side import Act, Customer, Handing, Site, most_at_once, now, working
from tests.servers.server import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Callable[..., Site]]:
    """A site whose receiver ``file`` does something, with some options."""
    made: list[Site] = []

    def make(act: Act, options: str = "") -> Site:
        made.append(Site(tmp_path, [url], {"file": act}, options, patience=2))
        return made[-1]

    yield make
    for one in made:
        one.dispose()


# -- the database


@SERVERS
@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_workers_outlive_their_database_and_nothing_is_lost(
    way: str, site: Callable[..., Site], server: Server
) -> None:
    made = site(lambda _: time.sleep(0.04), "lease_seconds = 3\n")
    servers = made.add_servers(400)
    customer = Customer(made, 0, servers)
    with working(made), working(made):
        made.change_project(1)
        wait_until(lambda: made.begun() > 100, "nothing is handed over")
        server.kill() if way == "killed" else server.freeze()
        try:
            assert customer.set(servers[0], "other", 1) == 503
            assert customer.ask("GET", servers[0]).status_int == 503
            time.sleep(2)  # until what the workers have in hand has been handed over, which they cannot record
            before = made.begun()
        finally:
            server.start() if way == "killed" else server.thaw()
        back = now()
        wait_until(lambda: customer.set(servers[0], "other", 2) == 200, "customers are refused for ever")
        told = {row.ref.instance_id for row in made.rows() if row.state == DELIVERED}
        assert told <= {one.server for one in made.handed() if one.ended}, "what was not handed over is said to be"
        wait_until(made.is_settled, "not everything is delivered")
    assert before < len(servers), "the database was lost too late, so nothing was proven"
    assert made.faults() == []
    handed = [one for one in made.handed() if one.server != servers[0]]
    assert len({one.pid for one in handed}) == 2
    for mine in by_server(handed).values():
        # by who could not record it, by who took it up then, and once more for nobody knows which came last
        assert len(mine) <= 3
        assert len(mine) == 1 or mine[0].began < back, "what was handed over in peace was handed over twice"


# -- a receiver


AWAY = 10_000


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
def test_what_has_piled_up_while_a_receiver_was_away_goes_out_without_a_stampede(site: Callable[..., Site]) -> None:
    def act(_: Instance) -> None:
        time.sleep(0.001)
        if is_away.exists():
            raise Unavailable("the receiver is away")

    made = site(act)
    is_away = made.folder / "is-away"
    is_away.touch()
    servers = made.add_servers(AWAY)
    customer = Customer(made, 0, servers)
    began = time.monotonic()
    with working(made), working(made):
        made.change_project(1)
        wait_until(lambda: made.states() == {"pending": AWAY}, "not everything is to be delivered")
        assert any(row.message == "the receiver is away" for row in made.rows())
        asked, waited = made.handed(), time.monotonic() - began
        # both workers with all that they may hand over at once, and then one thing after each pause
        assert len(asked) <= 2 * (8 + waited / 0.5)
        is_away.unlink()
        back = now()
        wait_until(lambda: made.begun() > len(asked) + 500, "nothing is handed over")
        changed = servers[:: AWAY // 20]
        assert {customer.set(one, "other", 5) for one in changed} == {200}
        wait_until(made.is_settled, "not everything is delivered", 120)
    assert made.faults() == []
    handed = [one for one in made.handed() if one.began > back]
    by_pid = [[one for one in handed if one.pid == pid] for pid in {one.pid for one in handed}]
    assert len(by_pid) == 2
    for mine in by_pid:
        assert min(len(mine), AWAY - len(mine)) > AWAY // 10, "one worker has done it all"
        assert most_at_once(mine) <= 4
        assert [most_at_once(mine[:number]) for number in (1, 2)] == [1, 1], "a receiver that is just back is not tried"
    for one, mine in by_server(handed).items():
        assert most_at_once(mine) == 1
        assert [each.generation for each in mine] == sorted(each.generation for each in mine)
        assert len(mine) <= (2 if one in changed else 1), "something was handed over twice"


def by_server(handed: list[Handing]) -> dict[str, list[Handing]]:
    ordered = sorted(handed, key=lambda one: one.server)
    return {server: list(mine) for server, mine in itertools.groupby(ordered, key=lambda one: one.server)}
