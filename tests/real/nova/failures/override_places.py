"""Where workers of nova-api are killed over an override, and what comes of the request there."""

from __future__ import annotations

from collections.abc import Mapping

from tests.real.nova.failures.places import ACTIVE, State

_RIDER = ("in transaction 1", "before COMMIT 1", "after COMMIT 1")
_KEPT = ("in transaction 2", "before COMMIT 2", "after COMMIT 2")
_CLOSED = ("in transaction 3", "before COMMIT 3", "after COMMIT 3")

#: Nova knows nothing of the request.
BEFORE = ("arrival", "before look-up", "after look-up", *_RIDER, "before proof", "after proof", "before Nova")
#: Nova has answered.
AFTER = ("after Nova", *_KEPT, *_CLOSED, "reply")
#: Nova has begun, and nobody goes on: for good, as without us.
WITHIN_REBUILD = ("task noted", "action noted")
WITHIN_BOOT = ("server noted",)

#: What the servers of an interrupted request are left in, by Nova alone.
INTERRUPTED: Mapping[str, State] = {
    "server noted": ("BUILD", "scheduling"),
    **dict.fromkeys(WITHIN_REBUILD, ("REBUILD", "rebuilding")),
}

#: The requests: what makes one server, or two at once; a rebuild with other properties, or with the image's own.
BOOT, BOOT_OF_TWO, REBUILD, CLEAR = "boot", "boot of two", "rebuild", "rebuild to none"

#: All places of each: of two servers Nova names one, and the rider stays open; ``{}`` needs no proof.
PLACES: Mapping[str, tuple[str, ...]] = {
    BOOT: (*BEFORE, *WITHIN_BOOT, *AFTER),
    BOOT_OF_TWO: (*BEFORE, "after Nova", *_KEPT, "reply"),
    REBUILD: (*BEFORE, *WITHIN_REBUILD, *AFTER),
    CLEAR: ("arrival", "before look-up", *_RIDER, "before Nova", *WITHIN_REBUILD, *AFTER),
}

#: Those of the ordinary run.
SOME: Mapping[str, tuple[str, ...]] = {
    BOOT: PLACES[BOOT],
    BOOT_OF_TWO: ("after Nova", "after COMMIT 2"),
    REBUILD: ("after COMMIT 1", "after proof", *WITHIN_REBUILD, "after Nova", "before COMMIT 2", "after COMMIT 2"),
    CLEAR: ("after COMMIT 1", "action noted", "after Nova"),
}


def is_asked(point: str) -> bool:
    """Whether Nova has taken the request where nova-api is killed at a point."""
    return point not in BEFORE


def state_after(point: str) -> State:
    """What a server is left in where nova-api is killed at a point."""
    return INTERRUPTED.get(point, ACTIVE)


def is_recorded(point: str) -> bool:
    """Whether Nova's record of a server has the properties of a rebuild that is interrupted at a point."""
    return is_asked(point) and point != "task noted"
