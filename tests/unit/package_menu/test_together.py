"""What several ask for at the same time is done once for all of them, and never too early for one of them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from glance_related.package_menu.drivers.together import Together


class Disk:
    """It has what was written before it was last asked to settle; how long that takes is the test's."""

    def __init__(self) -> None:
        self.written: set[int] = set()
        self.settled: set[int] = set()
        self.times = 0
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.is_broken = False

    def settle(self) -> None:
        seen = set(self.written)
        self.times += 1
        self.begun.release()
        assert self.go_on.acquire(timeout=20)
        if self.is_broken:
            self.is_broken = False  # a kernel tells it once
            raise OSError("the disk is broken")
        self.settled |= seen


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def together(disk: Disk) -> Together:
    return Together(disk.settle)


def asked(pool: ThreadPoolExecutor, disk: Disk, together: Together, number: int) -> Future[bool]:
    """Somebody writes, and asks; whether it was settled when he was told so. Back when he waits."""
    wrote = threading.Event()

    def write() -> bool:
        disk.written.add(number)
        wrote.set()
        together()
        return number in disk.settled

    told = pool.submit(write)
    assert wrote.wait(20)
    return told


def begun_and_waiting(
    pool: ThreadPoolExecutor, disk: Disk, together: Together
) -> tuple[Future[bool], list[Future[bool]]]:
    """One who is being served, and eight who came meanwhile."""
    first = asked(pool, disk, together, 0)
    assert disk.begun.acquire(timeout=20)
    others = [asked(pool, disk, together, number) for number in range(1, 9)]
    time.sleep(0.2)  # they have written, and most of them wait
    return first, others


def test_whoever_asks_alone_is_served_each_time(disk: Disk, together: Together) -> None:
    for _ in range(3):
        disk.go_on.release()
        together()
    assert disk.times == 3


def test_all_who_ask_while_one_is_under_way_are_served_by_the_next(disk: Disk, together: Together) -> None:
    with ThreadPoolExecutor(10) as pool:
        first, others = begun_and_waiting(pool, disk, together)
        assert not any(one.done() for one in (first, *others)), "what began before they wrote does not serve them"
        disk.go_on.release()
        assert first.result(20)
        assert disk.begun.acquire(timeout=20)
        assert not any(one.done() for one in others)
        disk.go_on.release(10)
        assert all(one.result(20) for one in others)
    assert 2 <= disk.times < 1 + len(others)


def test_where_it_fails_all_are_told_whom_it_was_to_serve_and_nobody_else(disk: Disk, together: Together) -> None:
    with ThreadPoolExecutor(10) as pool:
        first, others = begun_and_waiting(pool, disk, together)
        disk.go_on.release()
        assert first.result(20)
        assert disk.begun.acquire(timeout=20)
        disk.is_broken = True
        disk.go_on.release(10)
        told = [one.exception(20) for one in others]
        assert [type(one) for one in told].count(OSError) >= 2, "not only who did it"
        assert all(one.result(20) for one in others if not one.exception())
        assert asked(pool, disk, together, 100).result(20)


def test_however_many_ask_each_is_told_only_when_his_is_settled() -> None:
    disk = Disk()
    together = Together(disk.settle)
    disk.go_on.release(2000)

    def write(number: int) -> bool:
        disk.written.add(number)
        together()
        return number in disk.settled

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(write, range(2000)))
