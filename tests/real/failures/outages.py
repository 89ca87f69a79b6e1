"""A database that is not there, or hangs, and comes back; what a client is told meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.real.failures.site import Site
from tests.servers import MissingProgram
from tests.servers.server import Server, wait_until

if TYPE_CHECKING:
    from cloud.glance import Glance
    from tests.real.http import Answer

S = TypeVar("S")

#: Seconds: how long our filter waits for an answer of its database, and how long it does not ask again.
TIMEOUT, BREAKER = 1, 4
CONF = f"[database]\ntimeout = {TIMEOUT}\nbreaker_seconds = {BREAKER}\n"

#: Seconds that a request may take that is the first to find out. Twice the timeout, for a new connection may be
#: tried (libpq waits two seconds for one at least), and something for a busy machine.
FIRST = 2 * TIMEOUT + 3
#: Seconds that a request may take that waits for nothing, on a busy machine: less than the timeout.
AT_ONCE = 0.9 * TIMEOUT

#: How a database fails: the process is gone, or it is there and says nothing.
WAYS = ("killed", "frozen")

_GONE = "the database of glance_related is down"
_BACK = "the database of glance_related answers again"


def or_skip(make: Callable[[], S]) -> S:
    """A server, or a skip that names what is not installed."""
    try:
        return make()
    except MissingProgram as missing:
        pytest.skip(str(missing))


@contextmanager
def outage(site: Site, glance: Glance, server: Server, way: str) -> Iterator[None]:
    """The database fails in this way; afterwards it is back, and Glance's worker, never restarted, has seen it."""
    (worker,) = glance.worker_pids()
    server.kill() if way == "killed" else server.freeze()
    try:
        yield
    finally:
        server.start() if way == "killed" else server.thaw()
    wait_until(lambda: is_back(site, glance), "the filter does not find its database again", 10 * BREAKER)
    assert glance.worker_pids() == [worker], "it recovers without a restart"


def is_back(site: Site, glance: Glance) -> bool:
    """Whether the filter of this Glance has its database."""
    return site.ask(glance, "admin", "GET", "/v2/glance-related").status == 200


def warnings(glance: Glance) -> tuple[int, int]:
    """How often Glance's log says that the database is down, and that it answers again."""
    lines = glance.log.read_text().splitlines()
    return sum(_GONE in line for line in lines), sum(_BACK in line for line in lines)


def timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    began = time.monotonic()
    answer = ask()
    return answer, time.monotonic() - began


def is_refused_for_the_database(answer: Answer) -> bool:
    """503 in Glance's own shape of an error, with our code."""
    document = answer.json()
    return (
        answer.status == 503
        and answer.code == "glance_related.database_down"
        and set(document) == {"message", "code", "title"}
        and document["code"] == "503 Service Unavailable"
        and "Nothing was changed" in document["message"]
    )
