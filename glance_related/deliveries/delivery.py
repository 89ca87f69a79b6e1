"""`Delivery`: one thing for one receiver, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.instance_ref import InstanceRef

#: Of what is pushed.
PENDING, DELIVERING, DELIVERED, FAILED = "pending", "delivering", "delivered", "failed"
#: Of what is pulled.
OFFERED, READ, CONFIRMED = "offered", "read", "confirmed"

STATES = (PENDING, DELIVERING, DELIVERED, FAILED, OFFERED, READ, CONFIRMED)

#: What a receiver is to do: have the settings of a server, or forget it.
SETTINGS, REMOVE = "settings", "remove"

#: Longest text of a receiver's that is kept, in characters.
MESSAGE_MAX = 2000


@dataclass(frozen=True)
class Wish:
    """What a receiver shall have.

    :param system: whose thing it is
    :param driver: the receiver
    :param generation: of the server's settings; a lower one than the receiver is to have already changes nothing
    :param is_pulled: the receiver fetches it by itself
    :param item: tells several things for one receiver apart
    """

    ref: InstanceRef
    system: str
    driver: str
    project_id: str
    generation: int
    action: str = SETTINGS
    is_pulled: bool = False
    item: str = ""


@dataclass(frozen=True)
class Delivery:
    """One row of the outbox; times are milliseconds since 1970, of the database's clock.

    :param generation: what the receiver is to have
    :param attempts: how often it was taken up since it was last wished for
    :param losses: how many workers who had it, one after the other, were not heard of again when it was last taken up
    :param due_at: when it may be taken up; while somebody has it, when his claim ends; None: there is nothing to do
    :param claimed_by: which worker had it last
    :param applied_generation: what the receiver is known to have
    :param applied: that, as far as the receiver tells; without what is secret
    :param message: the receiver's own words
    :param wished_at: since when it is to have just this
    :param read_at: when a receiver that pulls has last read it
    :param confirmed_at: when a receiver has last said that it has it
    """

    id: str
    ref: InstanceRef
    system: str
    driver: str
    item: str
    project_id: str
    action: str
    is_pulled: bool
    generation: int
    state: str
    attempts: int
    losses: int
    due_at: int | None
    claimed_by: str
    applied_generation: int | None
    applied: Mapping[str, Any] | None
    message: str
    created_at: int
    wished_at: int
    updated_at: int
    read_at: int | None = None
    confirmed_at: int | None = None


@dataclass(frozen=True)
class Depth:
    """How much of one driver's is in one state.

    :param oldest: since how many seconds the first of it has been wished for
    """

    driver: str
    state: str
    number: int
    oldest: float


@dataclass(frozen=True)
class Waiting:
    """How much is still to be handed over.

    :param oldest: since how many seconds the first of it has been wished for; 0 where there is nothing
    """

    number: int = 0
    oldest: float = 0.0


@dataclass(frozen=True)
class Done:
    """A receiver has it.

    :param applied: what it has, without what is secret; None: it does not tell
    :param message: its own words, if any
    :param generation: of what it was handed, which may be newer than what it was to have; None: just that
    :param action: what it did; None: what it was to do
    """

    applied: Mapping[str, Any] | None = None
    message: str = ""
    generation: int | None = None
    action: str | None = None


def words(text: object) -> str:
    """What a receiver says, as it is kept: of its letters only those that every database takes, and not too many."""
    letters = str(text if text is not None else "")[:MESSAGE_MAX]
    return "".join(one if one.isprintable() or one in "\n\t" else " " for one in letters)


class Refused(Exception):
    """The receiver will not have it, and would not later either: somebody must change something first.

    The text is the receiver's own, for the customer to read; it holds nothing that is secret.
    """


class Unavailable(Exception):
    """The receiver does not answer, or not now; the same is true of everything else that it is to have."""
