"""Where workers are killed, and what a Nova without us is left with there."""

from __future__ import annotations

from collections.abc import Mapping

#: What ends in an image of a server, by the name of the action; of what is shelved Nova chooses the image's name.
ACTIONS = ("createImage", "createBackup", "shelve")

#: What Nova says of a server: its status, and what is being done to it.
State = tuple[str, str | None]

ACTIVE: State = ("ACTIVE", None)

#: Once it is done.
DONE: Mapping[str, State] = {
    "createImage": ACTIVE,
    "createBackup": ACTIVE,
    "shelve": ("SHELVED_OFFLOADED", None),
}

#: Where nova-api ends once it has noted the task and before nova-compute knows of it: for good.
INTERRUPTED: Mapping[str, State] = {
    "createImage": ("ACTIVE", "image_snapshot_pending"),
    "createBackup": ("ACTIVE", "image_backup"),
    "shelve": ("ACTIVE", "shelving"),
}

_RIDER = ("in transaction 1", "before COMMIT 1", "after COMMIT 1")
_NOVA = ("before Nova", "Nova asks Glance", "task noted", "after Nova")

#: Of one request to Nova, in order, but for shelve: there Nova notes the task first.
AT_NOVA = ("arrival", *_RIDER, *_NOVA, "reply")
#: The same where no filter of ours stands.
AT_STOCK_NOVA = ("arrival", *_NOVA, "reply")
#: Of a request that Nova refuses: what rides on it is forgotten again.
AT_REFUSAL = (
    "arrival",
    "after COMMIT 1",
    "after Nova",
    "in transaction 2",
    "before COMMIT 2",
    "after COMMIT 2",
    "reply",
)
#: Of Nova's POST to Glance.
AT_GLANCE = (
    "arrival",
    "rider found",
    "in transaction 1",
    "before COMMIT 1",
    "after COMMIT 1",
    "before Glance",
    "after Glance",
    "reply",
)


def state_after(action: str, point: str) -> State:
    """What a server is left in where nova-api is killed at a point."""
    if point == "task noted" or (action, point) == ("shelve", "Nova asks Glance"):
        return INTERRUPTED[action]
    return DONE[action] if point in ("after Nova", "reply") else ACTIVE


def makes_image(action: str, point: str) -> bool:
    """Whether there is an image where nova-api is killed at a point."""
    return point in ("after Nova", "reply") or (point == "task noted" and action != "shelve")
