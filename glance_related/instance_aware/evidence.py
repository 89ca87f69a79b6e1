"""Which images an instance's own record proves to be of that instance: a plain function on plain data.

Nova records an action for each image that it makes of a server: who asked, for which project, under which
request id, and when the request came, which is a moment before Glance is asked for the image. What an image
says of itself may be a customer's word; the record is Nova's.

An image is proved by the action that bears the request id under which Nova asked Glance for it, unless there
are more certain images than actions that could have made them: then one of them shows the id of another's
request. Where the id is not known, or a client chose another for Glance to see, the images that could be an
action's and the actions that could be an image's are looked at together: as many images as actions, which can
be told apart in pairs, are proved; a single one too many on either side, and none of them is.

What cannot be told from outside: a customer who says of one image that it is of another server *of the same
project*, in the same minutes in which an image was made of that server and deleted again, or in which that server
was snapshot or shelved and is volume-backed: such an image does not say whose it is, and such a shelve makes none.
"""

from __future__ import annotations

import datetime
import enum
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: What Nova calls the actions that make an image, in its API as in its record.
MAKING_IMAGES = ("createImage", "createBackup", "shelve")
#: How long before Glance made the image Nova may have taken the request.
BEFORE = datetime.timedelta(seconds=120)
#: How far Nova's clock may be ahead of Glance's, which keeps whole seconds.
AHEAD = datetime.timedelta(seconds=2)


@dataclass(frozen=True)
class Claim:
    """An image that is, or is said to be, of a server.

    :param user_id: who Nova said had asked for it, where the image says so
    :param created_at: UTC, when Glance made it
    :param request_id: under which Glance was asked for it, where that is known
    :param is_open: whether it awaits a verdict; what is bound, gone or too young is only looked at beside others
    """

    image_id: str
    owner: str | None
    user_id: str | None
    created_at: datetime.datetime
    request_id: str = ""
    is_open: bool = True


@dataclass(frozen=True)
class Action:
    """What Nova has recorded of a server.

    :param instance_id: the server, as Nova spells it
    :param started_at: UTC, when Nova took the request
    """

    instance_id: str
    name: str
    request_id: str
    project_id: str | None
    user_id: str | None
    started_at: datetime.datetime


class Verdict(enum.Enum):
    """What a server's record says of an image."""

    PROVED = "the image is of this server"
    UNPROVED = "no action can have made it"
    AMBIGUOUS = "which images the actions have made cannot be told"


def judge(claims: Sequence[Claim], actions: Sequence[Action]) -> dict[str, Verdict]:
    """What one server's record says of the images that claim to be of it.

    :param claims: all of them, whoever bound them and however they came to say so
    :param actions: all that lie in the time of the claims
    :returns: by image id, for those that are open
    """
    making = [action for action in actions if action.name in MAKING_IMAGES]
    verdicts, rest, left = _by_request_id(claims, making)
    certain = [claim for claim in claims if verdicts.get(claim.image_id) is Verdict.PROVED or not claim.is_open]
    for some, theirs in _entangled(certain, making):
        if len(some) > len(theirs):  # one of them shows the id of a request that made another
            verdicts |= dict.fromkeys((claim.image_id for claim in some), Verdict.AMBIGUOUS)
    for some, theirs in _entangled(rest, left):
        verdict = _told_apart(some, theirs)
        verdicts |= {claim.image_id: verdict for claim in some}
    is_open = {claim.image_id for claim in claims if claim.is_open}
    return {image_id: verdict for image_id, verdict in verdicts.items() if image_id in is_open}


def _by_request_id(
    claims: Sequence[Claim], actions: Sequence[Action]
) -> tuple[dict[str, Verdict], list[Claim], list[Action]]:
    """What request ids decide; and the claims and actions that they do not decide."""
    told = Counter(claim.request_id for claim in claims if claim.request_id)
    verdicts: dict[str, Verdict] = {}
    rest, left = [], list(actions)
    for claim in claims:
        mine = [action for action in actions if action.request_id == claim.request_id and _could(claim, action)]
        if not mine:
            rest.append(claim)
            continue
        # one request makes one image: of two that show its id, one repeats what another was told
        verdicts[claim.image_id] = Verdict.PROVED if told[claim.request_id] == 1 else Verdict.AMBIGUOUS
        left = [action for action in left if action not in mine]
    return verdicts, rest, left


def _could(claim: Claim, action: Action) -> bool:
    """Whether an action may have made an image: for the same project, by the same user, in the same moments."""
    return (
        claim.owner is not None
        and claim.owner == action.project_id
        and claim.user_id in (None, action.user_id)
        and action.started_at - AHEAD <= claim.created_at <= action.started_at + BEFORE
    )


def _entangled(claims: Sequence[Claim], actions: Sequence[Action]) -> Iterator[tuple[list[Claim], list[Action]]]:
    """The claims with the actions that could have made them, in groups that have nothing to do with each other."""
    makers = [{number for number, action in enumerate(actions) if _could(claim, action)} for claim in claims]
    made: dict[int, set[int]] = {}
    for claim, numbers in enumerate(makers):
        for number in numbers:
            made.setdefault(number, set()).add(claim)
    waiting = set(range(len(claims)))
    while waiting:
        some, theirs, fresh = set[int](), set[int](), {waiting.pop()}
        while fresh:
            some |= fresh
            more = set().union(*(makers[claim] for claim in fresh)) - theirs
            theirs |= more
            fresh = set().union(*(made[number] for number in more)) - some
        waiting -= some
        yield [claims[claim] for claim in some], [actions[number] for number in theirs]


def _told_apart(claims: Sequence[Claim], actions: Sequence[Action]) -> Verdict:
    if not actions:
        return Verdict.UNPROVED
    if len(claims) != len(actions):
        return Verdict.AMBIGUOUS
    in_order = zip(
        sorted(claims, key=lambda claim: claim.created_at),
        sorted(actions, key=lambda action: action.started_at),
        strict=True,
    )
    return Verdict.PROVED if all(_could(claim, action) for claim, action in in_order) else Verdict.AMBIGUOUS
