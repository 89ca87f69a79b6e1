"""Kill workers of nova-api over boots with packages, place after place and several at a time; look at every server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.failures.report import Kill
from tests.real.nova.failures.basis import WHO
from tests.real.nova.failures.kills import AT_ONCE, killed_at_nova, killed_once_it_is_told
from tests.real.nova.failures.package_places import BEFORE, MORE, WITHIN, count_of, is_asked, is_sent
from tests.real.nova.failures.packaged_servers import OF_PROJECT, Packaged, handed, of_its_own, shown_of
from tests.real.nova.failures.places import ACTIVE

if TYPE_CHECKING:
    from tests.real.nova.failures.site import Site

#: After how many boots with packages there is one that says nothing of them.
_PLAIN = 8

#: How long a worker has for all of it.
_SECONDS = 90

_NOTHING: dict[str, Any] = {"packages": [], "package_variables": {}}


@dataclass
class Attempt:
    """One boot, and what came of it.

    :param name: of the servers that it makes
    :param count: how many there are in the end
    :param is_plain: it says nothing of packages, and nobody is killed over it
    :param is_looked_at: by its owner, before anybody else finds out what it was made with
    """

    name: str
    count: int
    is_plain: bool = False
    is_looked_at: bool = False
    point: str = ""
    kill: Kill | None = None
    servers: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        where = f"killed at '{self.point}' of a {self.kill.story}" if self.kill is not None else "nobody was killed"
        return f"{self.name} ({where})"

    @property
    def own(self) -> dict[str, Any]:
        """What is kept of its servers."""
        return _NOTHING if self.is_plain else of_its_own(self.name)

    @property
    def handed(self) -> dict[str, Any]:
        """What its servers are handed."""
        return OF_PROJECT if self.is_plain else handed(self.name)


class PackageCampaign:
    """A series of kills at one site.

    :param packaged: with whose name those of its servers begin
    """

    def __init__(self, site: Site, packaged: Packaged) -> None:
        self.site = site
        self.packaged = packaged
        self.attempts: list[Attempt] = []
        self._numbers = itertools.count(1)

    @property
    def kills(self) -> list[Kill]:
        return [attempt.kill for attempt in self.attempts if attempt.kill is not None]

    def run(self, places: Mapping[str, tuple[str, ...]]) -> None:
        """Kill at each place once, some at a time; the first exception is raised when all are done."""
        with ThreadPoolExecutor(AT_ONCE) as together:
            for one in [together.submit(job) for job in self._jobs(places)]:
                one.result()

    def _jobs(self, places: Mapping[str, tuple[str, ...]]) -> Iterator[Callable[[], None]]:
        """Every other one is looked at afterwards, and of those that come to nothing every other is tried again."""
        pairs = [(story, point) for story, points in places.items() for point in points]
        for number, (story, point) in enumerate(pairs):
            is_even = number % 2 == 0
            yield partial(self._at_boot, story, point, looked_at=is_even, again=point in BEFORE and is_even)
            if number % _PLAIN == 0:
                yield self._plain

    def _at_boot(self, story: str, point: str, *, looked_at: bool, again: bool) -> None:
        """nova-api ends over a boot with packages."""
        name = f"{self.packaged.name}-{next(self._numbers):04}"
        boot = partial(self.packaged.boot, name, of_its_own(name), **MORE[story])
        killed = killed_once_it_is_told if is_sent(point) else killed_at_nova
        pid, after = killed(self.site, name, point, partial(boot, attempt=name))
        kill = Kill(f"Nova: {story}", point, pid, after)
        there = count_of(story) if is_asked(point) else 0
        if again:
            answer = boot()
            kill.retried = str(answer.status)
            assert answer.status == 202, f"{story}, {point}: {answer}"
            there += count_of(story)
        self.attempts.append(Attempt(name, there, is_looked_at=looked_at, point=point, kill=kill))

    def _plain(self) -> None:
        """A boot that says nothing of packages, among those of the same project that do."""
        name = f"{self.packaged.name}-{next(self._numbers):04}-plain"
        answer = self.packaged.boot(name)
        assert answer.status == 202, answer
        self.attempts.append(Attempt(name, 1, is_plain=True, is_looked_at=True))

    # -- looking

    def settle(self) -> list[str]:
        """Wait until Nova has done what it will do; what there is that should not be.

        The owners of servers that nobody makes, as with Nova alone, remove them.
        """
        wrong = []
        for attempt in self.attempts:
            attempt.servers = self.packaged.named(attempt.name)
            if len(attempt.servers) != attempt.count:
                wrong.append(f"{attempt}: {len(attempt.servers)} servers")
            for server_id in attempt.servers:
                self.packaged.wait_for(server_id, ("BUILD", "scheduling") if attempt.point in WITHIN else ACTIVE)
            if attempt.point in WITHIN:
                for server_id in attempt.servers:
                    self.packaged.cloud.delete_server(WHO, server_id)
                attempt.servers = []
        return wrong

    def look(self) -> list[str]:
        """The owners look at some of the servers; what they should not have seen."""
        wrong = []
        for attempt in self.attempts:
            expected = shown_of(attempt.handed)
            for server_id in attempt.servers if attempt.is_looked_at else ():
                shown = self.packaged.shown(server_id)
                if shown != expected:
                    wrong.append(f"{attempt}: at the first look {server_id} is shown with {shown}")
        return wrong

    def kept(self) -> list[str]:
        """What is wrong with what is kept of the servers; the report's last column is filled in."""
        wrong = []
        for attempt in self.attempts:
            kept = {server_id: self.packaged.kept(server_id) for server_id in attempt.servers}
            found = [f"of {one} is kept {kept[one]}" for one in kept if kept[one] != attempt.own]
            if attempt.kill is not None:
                outcome = f"{len(attempt.servers)} servers with its packages" if attempt.servers else "no server"
                attempt.kill.outcome = f"WRONG: {found}" if found else outcome
            wrong += [f"{attempt}: {what}" for what in found]
        return wrong

    def not_handed(self) -> list[str]:
        """What the driver has not, or otherwise, of the servers, once a worker has had its time."""
        end = time.monotonic() + _SECONDS
        while (missing := self._missing()) and time.monotonic() < end:
            time.sleep(0.5)
        return missing

    def _missing(self) -> list[str]:
        return [
            f"{attempt}: the driver has {document} of {server_id}"
            for attempt in self.attempts
            for server_id in attempt.servers
            if (document := self.packaged.document(server_id)) != attempt.handed
        ]
