"""Where workers of nova-api are killed over a boot with packages, and what comes of it there."""

from __future__ import annotations

from collections.abc import Mapping

#: Nova knows nothing of the request: what it asks for is being kept, as its rider.
BEFORE = ("arrival", "in transaction 1", "before COMMIT 1", "after COMMIT 1", "before Nova")
#: Nova has begun, and nobody goes on: for good, as without us.
WITHIN = ("server noted",)
#: Nova has answered; that the rider names the server is being kept.
ANSWERED = ("after Nova", "in transaction 2", "before COMMIT 2", "after COMMIT 2", "reply")
#: The customer has his answer. Nova is asked for the server, it is bound, and the rider is closed.
SENT = (
    *("before proof", "after proof"),
    *("in transaction 3", "before COMMIT 3", "after COMMIT 3"),
    *("in transaction 4", "before COMMIT 4", "after COMMIT 4"),
)

#: Boots of one server, of two, and of two of which the answer names none.
ONE, TWO, RESERVED = "boot", "boot of two", "boot of two, reserved"

#: What the body of each has more.
MORE: Mapping[str, Mapping[str, object]] = {
    ONE: {},
    TWO: {"min_count": 2, "max_count": 2},
    RESERVED: {"min_count": 2, "max_count": 2, "return_reservation_id": True},
}

#: All places of each: of two servers one is named, and its rider stays open; of those that are reserved, none.
PLACES: Mapping[str, tuple[str, ...]] = {
    ONE: (*BEFORE, *WITHIN, *ANSWERED, *SENT),
    TWO: (*BEFORE, *ANSWERED, *SENT[:5]),
    RESERVED: ("after COMMIT 1", "before Nova", "after Nova", "reply"),
}

#: Those of the ordinary run, apart by who finds out with what servers were made.
BY_A_WORKER: Mapping[str, tuple[str, ...]] = {ONE: PLACES[ONE]}
BY_RECONCILE: Mapping[str, tuple[str, ...]] = {
    ONE: ("in transaction 1", "after COMMIT 1", "before Nova", "server noted", "after Nova", "after COMMIT 2"),
    TWO: ("before Nova", "after Nova", "after COMMIT 2", "after proof", "after COMMIT 3"),
    RESERVED: ("after Nova", "reply"),
}


def count_of(story: str) -> int:
    """How many servers a request makes."""
    return 1 if story == ONE else 2


def is_asked(point: str) -> bool:
    """Whether Nova has taken the request where nova-api is killed at a point."""
    return point not in BEFORE


def is_sent(point: str) -> bool:
    """Whether the customer has his answer where nova-api is killed at a point."""
    return point in SENT
