"""`GuestPart`: what a system gives guests. This room knows none of the systems: they come by an entry point."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from glance_related.instance_ref import InstanceRef
from glance_related.riders.tracing import Record
from glance_related.settings.plugins import load_all

if TYPE_CHECKING:
    from glance_related.suite import Suite

#: The group of entry points: ``name = package.module:opened``, called with the suite and the UUID of the Nova; None
#: where the configuration has the system hand nothing to guests.
ENTRY_POINTS = "glance_related.guest_parts"


@dataclass(frozen=True)
class Guest:
    """Who asks, by Nova's word.

    :param hostname: by which it may know itself; "" where that is not known
    """

    ref: InstanceRef
    project_id: str
    hostname: str = ""

    @property
    def word(self) -> str:
        """By which its program knows settings of its own from those of the server whose disk this was before."""
        return hashlib.sha256(self.ref.instance_id.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Offer:
    """What a system has for a guest.

    :param generation: whatever changes the content makes it higher
    :param content: plain JSON
    :param interval_seconds: how often the guest should ask
    """

    generation: int
    content: Mapping[str, Any]
    interval_seconds: int


@dataclass(frozen=True)
class Report:
    """What a guest says became of an offer; nothing of it is true of anybody else.

    :param packages: what it says that it has, by the names of the menu; None: it does not say
    :param message: its own words, in one printable line
    """

    generation: int
    is_done: bool
    packages: Mapping[str, str] | None = None
    message: str = ""


class NotNow(Exception):
    """What a guest is to have cannot be told yet; the sentence says why, for the log."""


class NotGiven(Exception):
    """A report is of something that was never offered."""


class Nova(Protocol):
    """The Nova that asks."""

    def as_caller(self, user_id: str, project_id: str) -> Record:
        """Its record of servers' actions, asked in the name of a customer, with a reader's right."""

    def described(self, server_id: str, project_id: str) -> Mapping[str, Any] | None:
        """A server as a reader of its project sees it; None where it is not shown."""


class GuestPart(ABC):
    """See the module. Every method may raise `glance_related.db.database.DatabaseDown`."""

    @abstractmethod
    def wanted(self, guest: Guest, nova: Nova | None) -> Offer | None:
        """What a guest is to have; None: nothing, and nothing is said of it.

        :param nova: where a guest that is not known may be found out about; None: it cannot be asked now
        :raises NotNow:
        """

    @abstractmethod
    def read(self, guest: Guest, generation: int) -> None:
        """An offer was handed over."""

    @abstractmethod
    def told(self, guest: Guest, report: Report) -> bool:
        """A guest has said what became of an offer; False where it is to have nothing.

        :raises NotGiven:
        """


def open_parts(suite: Suite, installation: str) -> dict[str, GuestPart]:
    """What the installed systems give the guests of a Nova, by name.

    :raises ConfigError: one sentence that names the fix
    """
    opened = {name: opens(suite, installation) for name, opens in load_all(ENTRY_POINTS).items()}
    return {name: part for name, part in opened.items() if part is not None}
