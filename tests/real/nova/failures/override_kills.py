"""Kill workers of nova-api over overrides, place after place and several at a time, and look at every server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.real.failures.report import Kill
from tests.real.nova.failures.basis import WHO
from tests.real.nova.failures.kills import AT_ONCE, killed_at_nova
from tests.real.nova.failures.overridden_servers import Overridden, kept_of
from tests.real.nova.failures.override_places import (
    BOOT_OF_TWO,
    CLEAR,
    WITHIN_BOOT,
    is_asked,
    is_recorded,
    state_after,
)
from tests.real.nova.failures.places import ACTIVE

if TYPE_CHECKING:
    from tests.real.nova.failures.site import Site


@dataclass
class Attempt:
    """One request with an override, and what came of it.

    :param name: of the servers that it makes, or of the one that it rebuilds
    :param has: the properties that they have in the end, by Nova's record
    :param count: how many servers there are in the end
    :param is_looked_at: by its owner before reconcile; else reconcile alone finds it out
    """

    story: str
    point: str
    name: str
    has: Mapping[str, str]
    count: int
    is_looked_at: bool
    kill: Kill
    servers: list[str] = field(default_factory=list)


class OverrideCampaign:
    """A series of kills at one site.

    :param name: of this series alone
    """

    def __init__(self, site: Site, name: str) -> None:
        self.site = site
        self.overridden = Overridden(site)
        self.attempts: list[Attempt] = []
        self._name = name
        self._numbers = itertools.count(1)
        self._spare: list[tuple[str, str]] = []
        self.first = {"os_command_line": f"{name} first", "hw_video_model": "virtio"}

    @property
    def kills(self) -> list[Kill]:
        return [attempt.kill for attempt in self.attempts]

    def run(self, *jobs: Callable[[], None]) -> None:
        """Some at a time; the first exception is raised when all are done."""
        with ThreadPoolExecutor(AT_ONCE) as together:
            for one in [together.submit(job) for job in jobs]:
                one.result()

    def prepare(self, rebuilds: int) -> None:
        """Servers to be rebuilt, each made with `first`, and known to be."""
        self.run(*(partial(self._spare_one, f"{self._name}-rebuilt-{number:04}") for number in range(rebuilds)))

    def _spare_one(self, name: str) -> None:
        (server_id,) = self.overridden.booted(name, self.first)
        assert self.overridden.recorded(server_id) == self.first
        self._spare.append((name, server_id))

    # -- killing

    def at_boot(self, story: str, point: str, *, looked_at: bool = True, again: bool = False) -> None:
        """nova-api ends over a boot."""
        number = next(self._numbers)
        name, count = f"{self._name}-boot-{number:04}", 2 if story == BOOT_OF_TWO else 1
        override = {"os_command_line": f"ks=http://{name}?a=b&c", "hw_video_model": "virtio"}
        boot = partial(self.overridden.boot, name, override, min_count=count, max_count=count)
        kill = self._killed(story, point, name, partial(boot, attempt=name))
        there = count if is_asked(point) else 0
        if again:
            answer = boot()
            kill.retried = str(answer.status)
            assert answer.status == 202, f"{story}, {point}: {answer}"
            there += count
        has = {} if point in WITHIN_BOOT else override  # who shall make it does not know of it
        self.attempts.append(Attempt(story, point, name, has, there, looked_at, kill))

    def at_rebuild(self, story: str, point: str, *, looked_at: bool = True, again: bool = False) -> None:
        """nova-api ends over a rebuild."""
        name, server_id = self._spare.pop()
        override = {} if story == CLEAR else {"os_command_line": f"ks=http://{name}", "hw_disk_bus": "scsi"}
        rebuild = partial(self.overridden.rebuild, server_id, override)
        kill = self._killed(story, point, name, partial(rebuild, attempt=name))
        has = override if is_recorded(point) else self.first
        if again:
            self.overridden.wait_for(server_id)
            answer = rebuild()
            kill.retried = str(answer.status)
            assert answer.status == 202, f"{story}, {point}: {answer}"
            has = override
        self.attempts.append(Attempt(story, point, name, has, 1, looked_at, kill, [server_id]))

    def _killed(self, story: str, point: str, name: str, ask: Callable[[], object]) -> Kill:
        pid, after = killed_at_nova(self.site, name, point, ask)
        return Kill(f"Nova: {story}", point, pid, after)

    # -- looking

    def settle(self) -> list[str]:
        """Wait until Nova has done what it will do; what its own record says that should not be."""
        wrong = []
        for attempt in self.attempts:
            state = ACTIVE if attempt.kill.retried != "-" else state_after(attempt.point)
            attempt.servers = attempt.servers or self.overridden.named(attempt.name)
            if len(attempt.servers) != attempt.count:
                wrong.append(f"{attempt}: {len(attempt.servers)} servers")
            for server_id in attempt.servers:
                self.overridden.wait_for(server_id, state)
                recorded = self.overridden.recorded(server_id)
                if recorded != attempt.has:
                    wrong.append(f"{attempt}: Nova has recorded {recorded}")
        return wrong

    def look(self) -> list[str]:
        """The owners look at some of the servers; what they should not have seen."""
        wrong = []
        for attempt in self.attempts:
            for server_id in attempt.servers if attempt.is_looked_at else ():
                shown = self.overridden.shown(server_id)
                attempt.kill.at_once = _said(shown)
                if shown != attempt.has:
                    wrong.append(f"{attempt}: at the first look {server_id} is shown with {shown}")
        return wrong

    def give_up(self) -> None:
        """The owners of servers that nobody makes remove them."""
        for attempt in self.attempts:
            if attempt.point in WITHIN_BOOT:
                for server_id in attempt.servers:
                    self.overridden.cloud.delete_server(WHO, server_id)
                attempt.servers = []

    def check(self) -> list[str]:
        """What is wrong once all is reconciled; the report's last column is filled in."""
        wrong = []
        for attempt in self.attempts:
            # what no look has found reconcile must have: the row is read before anybody looks
            kept = {server_id: kept_of(self.site.basis, server_id) for server_id in attempt.servers}
            found = [f"{one} is kept as {kept[one]}" for one in kept if kept[one] != attempt.has]
            attempt.kill.outcome = f"WRONG: {found}" if found else _outcome(attempt)
            wrong += [f"{attempt}: {what}" for what in found]
        return wrong


def _outcome(attempt: Attempt) -> str:
    return f"{len(attempt.servers)} servers, {_said(attempt.has)}" if attempt.servers else "no server"


def _said(properties: Mapping[str, str]) -> str:
    return ", ".join(sorted(properties)) or "none of its own"
