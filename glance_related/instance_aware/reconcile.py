"""``reconcile``: what a crash left is finished, and a row whose image is gone goes too.

A row may go only where it is certain that its image is gone, and only one answer says so: Glance's own
404 to an administrator's GET of that very image. A list is no proof, for it leaves out what is hidden;
neither is a 404 of a proxy, nor of a Glance that uses another database, nor one to somebody who may not
see every image. So Glance is asked first who it is and for whom it takes us, and again before every
removal.

Nothing here is locked and everything may be run twice, at once, and beside requests: a row younger than
``grace_seconds`` is left alone, and one that was bound anew meanwhile is not removed.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterable
from typing import Any

from glance_related.db.glance_tables import GlanceTables
from glance_related.db.models import utcnow
from glance_related.instance_aware.adopt import Adopting, adopt
from glance_related.instance_aware.asked_glance import (
    IMAGE_ID,
    AskedGlance,
    Certainty,
    Exhausted,
    Glance,
    Refused,
    prove,
    seconds,
)
from glance_related.instance_aware.options import InstanceAwareSettings
from glance_related.instance_aware.report import Report
from glance_related.instance_aware.store import Pending, Row, Store
from glance_related.instance_aware.strangers import Kind, read_strangers
from glance_related.riders.store import RiderStore

__all__ = ["BATCH", "Adopting", "Glance", "Refused", "Report", "prove", "reconcile"]

LOG = logging.getLogger(__name__)

#: How many rows are looked at together, which is how many ids one list asks for.
BATCH = 100
#: How many riders are forgotten together.
RIDERS = 1000


#: The riders, and for how many seconds they are believed.
Purging = tuple[RiderStore, int]


def nothing(_done: int, _total: int) -> None:
    """No progress is shown."""


def reconcile(
    store: Store,
    account: Glance,
    settings: InstanceAwareSettings,
    *,
    dry_run: bool = False,
    import_native: GlanceTables | None = None,
    adopting: Adopting | None = None,
    purging: Purging | None = None,
    progress: Callable[[int, int], None] = nothing,
    clock: Callable[[], datetime.datetime] = utcnow,
) -> Report:
    """Bring our rows and Glance's images together again.

    :param import_native: where to take native tuples over from; None: they stay what they are
    :param adopting: how images of a registered Nova that have no row are looked for; None: they are not
    :param purging: riders, and how long they are believed; None: they stay
    :param progress: told how many of how many rows (or, adopting, servers; importing, images) have been looked at
    :param clock: UTC, naive, as the tables keep it
    :raises Refused: nothing was changed
    :raises DatabaseDown: what was done stays done
    :raises ConfigError: of the account
    """
    report = Report(dry_run)
    now = clock()
    before = now - datetime.timedelta(seconds=settings.grace_seconds)
    asked = AskedGlance(account, store)
    asked.prove()
    try:
        _finish_pending(store, asked, before, report)
        _sweep(store, asked, before, report, progress)
        if adopting is not None:
            adopt(store, asked, adopting, (now, before), report, progress)
    except (Exhausted, Refused) as error:
        report.stopped = str(error)
    else:
        if import_native is not None:
            _import(store, import_native, report, progress)
    if purging is not None and not dry_run:
        _purge(*purging, before, report)
    return report


# -- what a crash left


def _finish_pending(store: Store, asked: AskedGlance, before: datetime.datetime, report: Report) -> None:
    attempts = store.pending(before)
    verdicts = [_verdict(asked, attempt) for attempt in attempts]
    if Certainty.GONE in verdicts:
        asked.prove()
    bound: set[str] = set()
    for attempt, verdict in zip(attempts, verdicts, strict=True):
        if verdict is Certainty.UNKNOWN:
            report.left += 1
        elif isinstance(verdict, dict) and _was_made_by(verdict, attempt, store, bound):
            # of two attempts at one id the older comes first, so it wins
            bound.add(verdict["id"])
            report.confirmed += 1
            LOG.info("image %s was made by an attempt and is bound", verdict["id"])
            if not report.dry_run:
                store.confirm(attempt.attempt_id, verdict["id"], attempt.ref)
        else:
            report.abandoned += 1
            LOG.info("an attempt at image %s made nothing", attempt.image_id)
            if not report.dry_run:
                store.abandon(attempt.attempt_id)


def _verdict(asked: AskedGlance, attempt: Pending) -> dict[str, Any] | Certainty:
    if not IMAGE_ID.fullmatch(attempt.image_id):
        return Certainty.GONE  # Glance makes no image with such an id, and in a path it could mean another thing
    return asked.image(attempt.image_id)


def _was_made_by(image: dict[str, Any], attempt: Pending, store: Store, bound: Iterable[str]) -> bool:
    """Whether an attempt made an image, and nobody has bound the image since."""
    if image.get("owner") != attempt.owner or seconds(image["created_at"]) < attempt.created_at:
        return False  # somebody else's, or older than the attempt
    return image["id"] not in bound and not store.refs([image["id"]])


# -- rows whose image is gone


def _sweep(
    store: Store,
    asked: AskedGlance,
    before: datetime.datetime,
    report: Report,
    progress: Callable[[int, int], None],
) -> None:
    total = store.count()
    rows = store.rows_after("", before, BATCH)
    while rows:
        there = asked.listed([row.image_id for row in rows])
        gone = []
        for row in rows:
            verdict = None if row.image_id in there else asked.image(row.image_id)
            if verdict is Certainty.GONE:
                gone.append(row)
            elif verdict is Certainty.UNKNOWN:
                report.undecided += 1
        if gone:
            asked.prove()
            _remove(store, gone, report)
        report.looked_at += len(rows)
        progress(report.looked_at, total)
        rows = store.rows_after(rows[-1].image_id, before, BATCH)


def _remove(store: Store, gone: Iterable[Row], report: Report) -> None:
    for row in gone:
        if report.dry_run or store.sweep(row):
            report.swept += 1
            LOG.info("image %s of instance %s is gone, and its row goes", row.image_id, row.ref.instance_id)


# -- what Glance's own tables hold


def _import(store: Store, tables: GlanceTables, report: Report, progress: Callable[[int, int], None]) -> None:
    report.not_imported = dict.fromkeys((kind.name.lower() for kind in Kind if kind is not Kind.IMPORTABLE), 0)
    for stranger in read_strangers(tables, store, progress):
        kind = stranger.kind
        if kind is Kind.IMPORTABLE and stranger.ref is not None:
            if report.dry_run or store.bind_unbound(stranger.image_id, stranger.ref):
                report.imported += 1
                LOG.info("image %s is bound to instance %s", stranger.image_id, stranger.ref.instance_id)
                continue
            kind = Kind.BOUND  # by a request, a moment ago
        report.not_imported[kind.name.lower()] += 1


# -- what nobody asks for any more


def _purge(riders: RiderStore, lifetime_seconds: int, before: datetime.datetime, report: Report) -> None:
    gone = purged = riders.purge(before - datetime.timedelta(seconds=lifetime_seconds), RIDERS)
    while gone == RIDERS:
        gone = riders.purge(before - datetime.timedelta(seconds=lifetime_seconds), RIDERS)
        purged += gone
    report.purged = purged
