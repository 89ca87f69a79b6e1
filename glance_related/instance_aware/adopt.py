"""`adopt`: images of a registered Nova that nobody has bound are bound where Nova's own record proves it.

There are two kinds of them. Of some, Glance's side has noted what Nova said, because no filter of ours stands
in front of that Nova: they await their proof. Others have no row at all, because our database was down when
Glance made them; they are found by walking the images that Glance has made lately, and say themselves which
server they are of. Neither is believed: each server's record decides (`glance_related.instance_aware.evidence`),
and the server's id is bound as that record spells it.

A row that is there is never changed, and what cannot be told is left. An image of a volume-backed server is
not looked for: what such an image says of its server was inherited from the image of its volume.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from glance_related.instance_aware import rules
from glance_related.instance_aware.adoptions import Adoption, AdoptionStore
from glance_related.instance_aware.asked_glance import AskedGlance, Certainty, seconds
from glance_related.instance_aware.asked_novas import AskedNovas, Nova, Unasked
from glance_related.instance_aware.evidence import AHEAD, BEFORE, Action, Claim, Verdict, judge
from glance_related.instance_aware.report import Report
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef

LOG = logging.getLogger(__name__)

#: How far back images without a row are looked for where nobody says.
SINCE = datetime.timedelta(days=7)
#: How many of what awaits its proof are read together.
BATCH = 1000


@dataclass(frozen=True)
class Adopting:
    """What it takes to look for a Nova's images.

    :param adoptions: what awaits its proof
    :param open_nova: the Nova of a region, None being that of ``[account]``
    :param since: how far back images without a row are looked for
    """

    adoptions: AdoptionStore
    open_nova: Callable[[str | None], Nova]
    since: datetime.timedelta = SINCE


@dataclass
class _Image:
    """An image that is, or is said to be, of a server; of one installation, or of any."""

    claim: Claim
    server: str
    installation: str | None
    adoption: Adoption | None = None


@dataclass
class _Work:
    """One run: the images by server, and what has come of them."""

    store: Store
    asked: AskedGlance
    adoptions: AdoptionStore
    before: datetime.datetime
    report: Report
    servers: dict[str, list[_Image]] = field(default_factory=dict)
    gone: list[Adoption] = field(default_factory=list)

    def add(self, image: _Image) -> None:
        self.servers.setdefault(image.server.lower(), []).append(image)


def adopt(
    store: Store,
    asked: AskedGlance,
    adopting: Adopting,
    times: tuple[datetime.datetime, datetime.datetime],
    report: Report,
    progress: Callable[[int, int], None],
) -> None:
    """Bind what Nova's record proves; see the module.

    :param times: now, and before when an image must have been made, UTC
    :param progress: told how many of how many servers have been asked about
    :raises Exhausted: Glance failed too often; nothing was bound
    :raises Refused: what Glance says may not be acted on any more
    """
    now, before = times
    installations = [one for one in store.installations() if one.service_users]
    waiting = {one.image_id: one for one in _waiting(adopting.adoptions)}
    if not installations and not waiting:
        return
    work = _Work(store, asked, adopting.adoptions, before, report)
    oldest = min([now - adopting.since, *(one.created_at for one in waiting.values())])
    _gather(work, oldest - BEFORE - AHEAD, waiting)
    _forget_gone(work)
    novas = AskedNovas(installations, adopting.open_nova)
    undecided = [images for images in work.servers.values() if any(image.claim.is_open for image in images)]
    for done, images in enumerate(undecided, 1):
        _decide(work, novas, images)
        progress(done, len(undecided))
    report.novas = sorted(novas.troubles.values())


# -- which images there are


def _waiting(adoptions: AdoptionStore) -> Iterator[Adoption]:
    some = adoptions.after("", BATCH)
    while some:
        yield from some
        some = adoptions.after(some[-1].image_id, BATCH)


def _gather(work: _Work, since: datetime.datetime, waiting: dict[str, Adoption]) -> None:
    """Every image of the time that is of a server or says so, bound ones too: they may be another's proof."""
    rest = dict(waiting)
    for images in work.asked.made_since(since):
        refs = work.store.refs([image["id"] for image in images])
        for image in images:
            _add(work, image, refs.get(image["id"]), rest.pop(image["id"], None))
    for image_id, adoption in rest.items():
        answer = work.asked.image(image_id)
        if isinstance(answer, dict):
            _add(work, answer, work.store.refs([image_id]).get(image_id), adoption)
            continue
        if answer is Certainty.GONE:
            work.gone.append(adoption)
        else:
            work.report.unasked += 1
        claim = Claim(image_id, adoption.owner, None, adoption.created_at, adoption.request_id, is_open=False)
        work.add(_Image(claim, adoption.instance_id, adoption.installation))


def _add(work: _Work, image: dict[str, Any], ref: InstanceRef | None, adoption: Adoption | None) -> None:
    server: str | None
    installation: str | None
    if ref is not None:
        server, installation = ref.instance_id, ref.nova_installation_uuid
        if adoption is not None and not work.report.dry_run:
            work.adoptions.forget(adoption.image_id)  # somebody has bound it meanwhile
    elif adoption is not None:
        server, installation = adoption.instance_id, adoption.installation
    else:
        server, installation = rules.claimed_instance(image), None
    if server is None:
        return
    created_at = seconds(image["created_at"])
    claim = Claim(
        image["id"],
        image.get("owner"),
        image.get("user_id"),
        created_at,
        adoption.request_id if adoption else "",
        is_open=ref is None and created_at < work.before,
    )
    work.add(_Image(claim, server, installation, adoption))


def _forget_gone(work: _Work) -> None:
    if work.gone:
        work.asked.prove()
    for adoption in work.gone:
        work.report.forgotten += 1
        if not work.report.dry_run:
            work.adoptions.forget(adoption.image_id)


# -- what each server's record says


class _Records:
    """What the Novas have recorded of one server, each asked once, and what follows for its images."""

    def __init__(self, novas: AskedNovas, images: Sequence[_Image]) -> None:
        self._novas = novas
        self._images = images
        self._since = min(image.claim.created_at for image in images) - BEFORE - AHEAD
        self._actions: dict[str, list[Action] | None] = {}
        self._verdicts: dict[str, dict[str, Verdict]] = {}

    def of(self, installation: str) -> list[Action] | None:
        """The actions; None where that Nova has no such server.

        :raises Unasked:
        """
        if installation not in self._novas.installations:
            return None  # it is not registered any more
        if installation not in self._actions:
            self._actions[installation] = self._novas.actions(installation, self._images[0].server, self._since)
        return self._actions[installation]

    def verdict(self, installation: str, image: _Image) -> Verdict:
        """What the actions say of one image, beside all others of the server."""
        if installation not in self._verdicts:
            claims = [other.claim for other in self._images if other.installation in (None, installation)]
            self._verdicts[installation] = judge(claims, self.of(installation) or [])
        return self._verdicts[installation][image.claim.image_id]


def _decide(work: _Work, novas: AskedNovas, images: list[_Image]) -> None:
    """Decide about the open images of one server."""
    records = _Records(novas, images)
    for image in images:
        if not image.claim.is_open:
            continue
        candidates = novas.installations if image.installation is None else (image.installation,)
        try:
            known = [one for one in candidates if records.of(one) is not None]
        except Unasked:
            work.report.unasked += 1
            continue
        if len(known) != 1:  # no Nova has such a server, or two say that it is theirs
            _left(work, image, Verdict.AMBIGUOUS if known else Verdict.UNPROVED)
            continue
        verdict, actions = records.verdict(known[0], image), records.of(known[0])
        if verdict is Verdict.PROVED and actions:
            _bound(work, image, InstanceRef(known[0], actions[0].instance_id))
        else:
            _left(work, image, verdict)


def _bound(work: _Work, image: _Image, ref: InstanceRef) -> None:
    if not _bind(work, image, ref):
        return  # by a request, a moment ago
    LOG.info("image %s is bound to instance %s", image.claim.image_id, ref.instance_id)
    if image.adoption is None:
        work.report.found += 1
    else:
        work.report.adopted += 1


def _bind(work: _Work, image: _Image, ref: InstanceRef) -> bool:
    if work.report.dry_run:
        return True
    if image.adoption is None:
        return work.store.bind_unbound(image.claim.image_id, ref)
    return work.adoptions.settle(replace(image.adoption, instance_id=ref.instance_id), bind=True)


def _left(work: _Work, image: _Image, verdict: Verdict) -> None:
    """The image stays unbound; what Nova said of it will not be proved any more."""
    LOG.info("image %s is not bound to instance %s: %s", image.claim.image_id, image.server, verdict.value)
    if verdict is Verdict.AMBIGUOUS:
        work.report.ambiguous += 1
    else:
        work.report.unproved += 1
    if image.adoption is not None and not work.report.dry_run:
        work.adoptions.settle(image.adoption, bind=False)
