"""Looking around where a Nova is slow, says odd things, or has another clock; and where several workers do so."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from glance_related.db.models import utcnow
from glance_related.db.turns import Turns
from glance_related.deliveries.worker import Worker
from glance_related.hosts.account import Answer
from glance_related.package_menu import look_around as module
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.package_menu.look_around import LookAround, last_look, reconcile_packages
from glance_related.settings.options import ConfigError
from tests.filters.conftest import NOVA
from tests.filters.menu_side import MenuSide, make
from tests.unit.deliveries.carrying import until
from tests.unit.package_menu.test_look_around import HOUR, MINUTE, Clock, Novas

Ask = Callable[[str, str], Answer | None]


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.publish({"name": "web", "kind": "package", "on_by_default": True})
    return made


@pytest.fixture
def novas() -> Novas:
    return Novas()


@contextmanager
def working(side: MenuSide, novas: Novas) -> Iterator[Worker]:
    """A worker that looks around at once."""
    carrier = PackageCarrier(side.books, LookAround(side.books, lambda: novas))
    worker = Worker(side.deliveries, [carrier], side.suite.settings.deliveries, "w")
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
        assert thread.is_alive(), "the worker has ended"
    finally:
        worker.stop()
        thread.join(30)


def lists(answer: Ask, instead: Callable[[str, str], Answer | None]) -> Ask:
    """A Nova that answers otherwise when it is asked for a list."""
    return lambda installation, path: (instead if "/detail" in path else answer)(installation, path)


# -- what a worker does meanwhile


def test_nobody_waits_for_a_worker_that_looks_around(side: MenuSide, novas: Novas) -> None:
    is_asked, go_on = threading.Event(), threading.Event()
    answer = novas.answer

    def slow(installation: str, path: str) -> Answer | None:
        is_asked.set()
        assert go_on.wait(30)
        return answer(installation, path)

    novas.answer = lists(answer, slow)  # type: ignore[method-assign]
    past = novas.add()
    with working(side, novas):
        assert is_asked.wait(10)
        server = side.booted()
        until(lambda: side.delivered(server) is not None)
        assert side.kept(past) is None
        go_on.set()
        until(lambda: side.delivered(past) is not None)


def test_who_is_to_end_when_nothing_is_due_ends_when_he_has_looked_around(side: MenuSide, novas: Novas) -> None:
    answer = novas.answer
    novas.answer = lists(answer, lambda *words: (time.sleep(0.3), answer(*words))[1])  # type: ignore[method-assign]
    servers = [novas.add() for _ in range(3)]
    carrier = PackageCarrier(side.books, LookAround(side.books, lambda: novas))
    Worker(side.deliveries, [carrier], side.suite.settings.deliveries, "w").drain()
    assert all(side.delivered(one) is not None for one in servers)


# -- what is odd


@pytest.mark.parametrize("document", [None, [], {}, {"servers": None}, {"servers": [None]}, {"servers": [{"id": 7}]}])
def test_an_odd_list_is_none_and_is_asked_for_again(side: MenuSide, novas: Novas, document: Any) -> None:
    answer, clock = novas.answer, Clock()
    server = novas.add()
    novas.answer = lists(answer, lambda *_: Answer(200, {}, document))  # type: ignore[method-assign]
    look = LookAround(side.books, lambda: novas, clock)
    look()
    assert (side.kept(server), last_look(side.suite.database, NOVA)) == (None, None)
    assert not reconcile_packages(side.books, novas, HOUR).is_complete
    novas.answer = answer  # type: ignore[method-assign]
    clock.now += 60
    look()
    assert side.kept(server) is not None


@pytest.mark.parametrize("odd", [{"tenant_id": {"odd": 1}}, {"image": {"properties": "odd"}}])
def test_an_odd_server_is_passed_over_and_others_are_seen(
    side: MenuSide, novas: Novas, caplog: Any, odd: dict[str, Any]
) -> None:
    servers = sorted(novas.add() for _ in range(5))
    novas.servers[servers[0]] |= odd
    LookAround(side.books, lambda: novas)()
    assert [side.kept(one) is not None for one in servers] == [False, True, True, True, True]
    assert "tenant_id" not in odd or "shows 1 servers that are none" in caplog.text
    assert "image" not in odd or f"server {servers[0]} has failed" in caplog.text
    assert last_look(side.suite.database, NOVA) is not None


@pytest.mark.parametrize("error", [KeyError("odd"), ConfigError("[account]: Keystone refuses the account.")])
def test_nothing_that_is_odd_about_a_nova_ends_a_worker(
    side: MenuSide, novas: Novas, caplog: Any, error: Exception
) -> None:
    def failing(*_: Any) -> Answer:
        raise error

    novas.answer = lists(novas.answer, failing)  # type: ignore[method-assign]
    with working(side, novas):
        server = side.booted()
        until(lambda: side.delivered(server) is not None)
        until(lambda: str(error) in caplog.text)


# -- several workers


def test_two_workers_do_not_look_around_at_one_nova_at_the_same_time(side: MenuSide, novas: Novas) -> None:
    for _ in range(5):
        novas.add()
    other_asked: list[int] = []
    answer = novas.answer

    def meanwhile(installation: str, path: str) -> Answer | None:
        before = len(novas.asked)
        novas.answer = answer  # type: ignore[method-assign]
        LookAround(side.books, lambda: novas)()
        other_asked.append(len([one for one in novas.asked[before:] if "/detail" in one]))
        return answer(installation, path)

    novas.answer = lists(answer, meanwhile)  # type: ignore[method-assign]
    LookAround(side.books, lambda: novas)()
    assert other_asked == [0]
    before = len(novas.asked)
    LookAround(side.books, lambda: novas)()
    assert len(novas.asked) > before, "its turn is over when it has looked"


def test_a_worker_that_is_told_to_stop_while_it_looks_leaves_it_to_others_at_once(side: MenuSide, novas: Novas) -> None:
    is_asked, go_on = threading.Event(), threading.Event()
    answer, server = novas.answer, novas.add()

    def slow(installation: str, path: str) -> Answer | None:
        novas.answer = answer  # type: ignore[method-assign]
        is_asked.set()
        assert go_on.wait(30)
        return answer(installation, path)

    novas.answer = lists(answer, slow)  # type: ignore[method-assign]
    with working(side, novas):
        assert is_asked.wait(10)
    LookAround(side.books, lambda: novas)()
    assert side.kept(server) is not None
    go_on.set()


def test_a_worker_that_died_while_it_looked_is_not_waited_for_longer_than_its_lease(
    side: MenuSide, novas: Novas
) -> None:
    turn = Turns(side.suite.database, 60).take(f"package_menu.looking.{NOVA}")
    assert turn is not None
    server, clock = novas.add(), Clock()
    look = LookAround(side.books, lambda: novas, clock)
    look()
    assert side.kept(server) is None
    Turns(side.suite.database, 0.1).keep(turn)
    time.sleep(0.2)
    clock.now += 60
    look()
    assert side.kept(server) is not None


def test_who_was_taken_for_dead_stops_looking_and_notes_nothing(side: MenuSide, novas: Novas) -> None:
    for _ in range(6):
        novas.add()
    clock, answer = Clock(), novas.answer

    def slow(installation: str, path: str) -> Answer | None:
        clock.now += 1000
        with side.suite.database.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE glance_related_facts SET value = '99999999999999 another' WHERE name LIKE '%looking%'"
            )
        return answer(installation, path)

    novas.answer = lists(answer, slow)  # type: ignore[method-assign]
    LookAround(side.books, lambda: novas, clock)()
    assert len([path for path in novas.asked if "/detail" in path]) == 1
    assert last_look(side.suite.database, NOVA) is None


# -- clocks


@pytest.mark.parametrize("says_date", [True, False], ids=["with a date", "without"])
@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_whatever_a_workers_clock_says_it_sees_everything(
    side: MenuSide, novas: Novas, monkeypatch: pytest.MonkeyPatch, minutes: int, says_date: bool
) -> None:
    now, clock = [utcnow()], Clock()
    novas.clock = lambda: now[0]
    novas.says_date = says_date
    monkeypatch.setattr(module, "utcnow", lambda: now[0] + minutes * MINUTE)
    look, made = LookAround(side.books, lambda: novas, clock), []
    for _ in range(20):
        made.append(novas.add(at=now[0]))
        now[0] += MINUTE
        clock.now += 60
        look()
    assert [side.kept(one) is not None for one in made] == [True] * 20
    looked = last_look(side.suite.database, NOVA)
    assert looked is not None
    assert abs(looked - now[0] - minutes * MINUTE) < datetime.timedelta(seconds=1)
    del novas.asked[:]
    clock.now += 60
    look()
    assert len([path for path in novas.asked if "/detail" in path]) < 5, "what was seen is not asked for for ever"
