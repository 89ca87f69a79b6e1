"""What a worker sees to beside is done once at a time, and what fails there fails there."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from glance_related.db.database import DatabaseDown
from glance_related.deliveries.aside import Aside


def test_it_is_done_once_at_a_time_and_nobody_waits() -> None:
    go_on, begun = threading.Event(), []

    def work() -> None:
        begun.append(1)
        assert go_on.wait(10)

    aside = Aside(work)
    assert not aside.wait(0)
    for _ in range(3):
        aside.begin()
    assert aside.wait(0.01)
    go_on.set()
    assert aside.wait(10), "what came of it is not known yet"
    assert not aside.wait(0)
    aside.begin()
    assert aside.wait(10)
    assert len(begun) == 2


@pytest.mark.parametrize("error", [DatabaseDown("gone"), KeyError("servers")])
def test_what_fails_is_said_and_done_again(error: Exception, caplog: Any) -> None:
    errors, done = [error], []

    def work() -> None:
        if errors:
            raise errors.pop()
        done.append(1)

    aside = Aside(work)
    for _ in range(2):
        aside.begin()
        assert aside.wait(10)
    assert done == [1]
    assert ("KeyError" in caplog.text) == isinstance(error, KeyError)
