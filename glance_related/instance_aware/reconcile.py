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
import enum
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from glance_related.db.glance_tables import GlanceTables
from glance_related.db.models import utcnow
from glance_related.hosts.account import Answer, Unreachable
from glance_related.hosts.glance.routes import ABOUT, IMAGES
from glance_related.instance_aware.options import InstanceAwareSettings
from glance_related.instance_aware.store import Pending, Row, Store
from glance_related.instance_aware.strangers import Kind, read_strangers

LOG = logging.getLogger(__name__)

#: How many rows are looked at together, which is how many ids one list asks for.
BATCH = 100
#: After so many failures in a row Glance is not asked any more.
PATIENCE = 5

# The only ids that Glance gives to images.
_IMAGE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class Glance(Protocol):
    """What is asked here of `glance_related.hosts.account.GlanceAccount`."""

    def get(self, path: str) -> Answer:
        """GET a path of Glance's API; `Unreachable` where nobody answers."""


class Refused(Exception):
    """Nothing that this Glance says may be acted on; the text says why, and what to mend."""


@dataclass
class Report:
    """What was done; with ``dry_run``, what would be.

    :param looked_at: rows that were old enough to be looked at
    :param swept: rows removed, because their image is gone
    :param undecided: rows whose image Glance said nothing certain about; they stay
    :param confirmed: attempts to create an image that had made it, and are bound now
    :param abandoned: attempts that had made nothing
    :param left: attempts that Glance said nothing certain about; they stay
    :param imported: native tuples taken over
    :param not_imported: native properties of our names that were not, and why
    :param stopped: why the rest was not looked at, in one sentence
    """

    dry_run: bool
    looked_at: int = 0
    swept: int = 0
    undecided: int = 0
    confirmed: int = 0
    abandoned: int = 0
    left: int = 0
    imported: int = 0
    not_imported: dict[str, int] | None = None
    stopped: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything was looked at and decided."""
        return self.stopped is None and not self.undecided and not self.left


def nothing(_done: int, _total: int) -> None:
    """No progress is shown."""


def reconcile(
    store: Store,
    account: Glance,
    settings: InstanceAwareSettings,
    *,
    dry_run: bool = False,
    import_native: GlanceTables | None = None,
    progress: Callable[[int, int], None] = nothing,
    clock: Callable[[], datetime.datetime] = utcnow,
) -> Report:
    """Bring our rows and Glance's images together again.

    :param import_native: where to take native tuples over from; None: they stay what they are
    :param progress: told how many of how many rows (or, importing, images) have been looked at
    :param clock: UTC, naive, as the tables keep it
    :raises Refused: nothing was changed
    :raises DatabaseDown: what was done stays done
    :raises ConfigError: of the account
    """
    report = Report(dry_run)
    before = clock() - datetime.timedelta(seconds=settings.grace_seconds)
    asked = _Asked(account, store)
    asked.prove()
    try:
        _finish_pending(store, asked, before, report)
        _sweep(store, asked, before, report, progress)
    except (_Exhausted, Refused) as error:
        report.stopped = str(error)
        return report
    if import_native is not None:
        _import(store, import_native, report, progress)
    return report


def prove(account: Glance, store: Store) -> None:
    """Make sure that Glance uses this database and takes the account for an administrator.

    :raises Refused: it does not, or does not say
    """
    try:
        answer = account.get(ABOUT)
    except Unreachable as error:
        raise Refused(str(error)) from None
    if answer.status == 404:
        raise Refused(
            f"Glance answers 404 to {ABOUT}: the filter instance_aware is not in its pipeline, or glance_endpoint in "
            "[account] is not Glance's; put it right."
        )
    if answer.status == 503:
        raise Refused("Glance's filter says that its database is down; start it, or mend the filter's config_file.")
    if answer.status in (401, 403):
        raise Refused(f"Glance refuses the account ({answer.status}); give the user in [account] the role admin.")
    if answer.status != 200 or not isinstance(answer.document, dict):
        raise Refused(f"Glance answers {answer.status} to {ABOUT}, which says nothing; see its log.")
    if answer.document.get("is_admin") is not True:
        raise Refused(
            "Glance does not take the account for an administrator, and so hides images from it; give the user in "
            "[account] the role that Glance's policy context_is_admin names."
        )
    if answer.document.get("database_id") != store.state()["database_id"]:
        raise Refused(
            "the filter in that Glance uses another database than [database] connection here; make both the same, "
            "or point [account] at the other Glance."
        )


class _Exhausted(Exception):
    """Glance has failed too often in a row."""


class _Certainty(enum.Enum):
    GONE = "Glance says that there is no such image"
    UNKNOWN = "Glance says nothing certain"


class _Asked:
    """Glance, asked until it has failed too often in a row."""

    def __init__(self, account: Glance, store: Store) -> None:
        self._account = account
        self._store = store
        self._failures = 0

    def prove(self) -> None:
        """See `prove`."""
        prove(self._account, self._store)

    def image(self, image_id: str) -> dict[str, Any] | _Certainty:
        """An image, or what is known where there is none.

        :raises _Exhausted:
        """
        answer = self._get(f"{IMAGES}/{quote(image_id, safe='')}")
        if answer.status == 200 and isinstance(answer.document, dict):
            self._failures = 0
            return answer.document
        if answer.status == 404 and answer.is_from_service:
            self._failures = 0
            return _Certainty.GONE
        self._failed(answer)
        return _Certainty.UNKNOWN

    def listed(self, image_ids: Sequence[str]) -> set[str]:
        """Those of some images that are certainly there; of the others nothing is known.

        :raises _Exhausted:
        """
        found: set[str] = set()
        for hidden in ("false", "true"):
            rest = [image_id for image_id in image_ids if image_id not in found and _IMAGE_ID.fullmatch(image_id)]
            if not rest:
                break
            query = f"id=in:{','.join(rest)}&visibility=all&os_hidden={hidden}&limit={len(rest)}"
            answer = self._get(f"{IMAGES}?{query}")
            if answer.status == 200 and isinstance(answer.document, dict):
                found |= {image["id"] for image in answer.document.get("images", ())}
            else:
                self._failed(answer)
        return found

    def _get(self, path: str) -> Answer:
        try:
            return self._account.get(path)
        except Unreachable as error:
            LOG.info("%s", error)
            return Answer(0)

    def _failed(self, answer: Answer) -> None:
        self._failures += 1
        if self._failures >= PATIENCE:
            what = f"the last answer was {answer.status}" if answer.status else "it does not answer"
            raise _Exhausted(f"Glance failed {self._failures} times in a row, {what}; see its log and run this again.")


# -- what a crash left


def _finish_pending(store: Store, asked: _Asked, before: datetime.datetime, report: Report) -> None:
    attempts = store.pending(before)
    verdicts = [_verdict(asked, attempt) for attempt in attempts]
    if _Certainty.GONE in verdicts:
        asked.prove()
    bound: set[str] = set()
    for attempt, verdict in zip(attempts, verdicts, strict=True):
        if verdict is _Certainty.UNKNOWN:
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


def _verdict(asked: _Asked, attempt: Pending) -> dict[str, Any] | _Certainty:
    if not _IMAGE_ID.fullmatch(attempt.image_id):
        return _Certainty.GONE  # Glance makes no image with such an id, and in a path it could mean another thing
    return asked.image(attempt.image_id)


def _was_made_by(image: dict[str, Any], attempt: Pending, store: Store, bound: Iterable[str]) -> bool:
    """Whether an attempt made an image, and nobody has bound the image since."""
    if image.get("owner") != attempt.owner or _seconds(image["created_at"]) < attempt.created_at:
        return False  # somebody else's, or older than the attempt
    return image["id"] not in bound and not store.refs([image["id"]])


def _seconds(text: str) -> datetime.datetime:
    """A time of Glance's as our tables keep times."""
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).replace(tzinfo=None, microsecond=0)


# -- rows whose image is gone


def _sweep(
    store: Store,
    asked: _Asked,
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
            if verdict is _Certainty.GONE:
                gone.append(row)
            elif verdict is _Certainty.UNKNOWN:
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
