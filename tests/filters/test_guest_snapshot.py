"""A server is made of a snapshot: its disk has what the program on another one left there, its settings are its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.filters.guest_side import GuestSide, make
from tests.filters.serving import serving
from tests.unit.guest.machine import Machine

WEB = {"name": "web", "kind": "package", "realisations": {"guest": {"*": "apache2"}}}
LOGS = {"name": "logs", "kind": "package", "realisations": {"guest": {"*": "rsyslog"}}}
BASE = {"name": "base", "kind": "package", "on_by_default": True, "realisations": {"guest": {"*": "vim"}}}


@dataclass
class Disk:
    """A disk with the program on it; `server` is the one that has it now.

    :param is_heard: whether its reports arrive
    """

    side: GuestSide
    machine: Machine
    server: str = ""
    is_heard: bool = True

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and not self.is_heard:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        for name, value in self.side.guest(self.server).items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return self.side.meta.app(environ, start_response)  # type: ignore[no-any-return]

    def pull(self, server: str, *, check: bool = True) -> dict[str, Any]:
        """The server asks; what is known of it then."""
        self.server = server
        self.machine.run("pull", check=check)
        return self.side.delivery(server)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    side = make(tmp_path)
    side.menu.publish(WEB, LOGS, BASE)
    side.menu.offer("web", "logs")
    made = Disk(side, Machine(tmp_path / "guest"))
    with serving(made) as url:
        made.machine.environment["GLANCE_RELATED_METADATA_URL"] = url
        yield made


def test_the_new_server_has_what_is_chosen_for_it_and_says_so(disk: Disk) -> None:
    old, new = disk.side.menu.booted(packages=["web"]), disk.side.menu.booted(packages=["logs"])
    assert disk.side.menu.settings(old)["generation"] == disk.side.menu.settings(new)["generation"]
    assert disk.pull(old)["applied"] == {"packages": ["base", "web"]}
    (disk.machine.recorder / "there" / "his-own").touch()
    told = disk.pull(new)
    assert (told["state"], told["is_current"], told["applied"]) == ("confirmed", True, {"packages": ["base", "logs"]})
    # what the program has installed on this disk goes where it is not chosen, and nothing else
    assert disk.machine.there() == {"rsyslog", "vim", "his-own"}
    disk.machine.calls()
    disk.pull(new)
    assert disk.machine.calls() == [], "and then it has it"


def test_what_was_still_to_be_told_of_the_old_server_is_never_told_of_the_new(disk: Disk) -> None:
    old, new = disk.side.menu.booted(packages=["web"]), disk.side.menu.booted(packages=["logs"])
    disk.is_heard = False
    disk.pull(old, check=False)
    (disk.machine.recorder / "broken" / "rsyslog").touch()
    disk.is_heard = True
    told = disk.pull(new, check=False)
    assert (told["state"], told["message"]) == ("failed", "rsyslog: E: Unable to locate package rsyslog")
    assert disk.side.delivery(old)["state"] == "read"
