"""What becomes of a delivery that a worker had: the statements by which it is recorded.

Something else may have been wished for meanwhile: then that is due at once, whatever became of the former thing.
MariaDB assigns from left to right: what is asked about comes last.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from glance_related.db.models import deliveries
from glance_related.deliveries.delivery import DELIVERED, DELIVERING, FAILED, OFFERED, PENDING, words

_ROWS = deliveries.c
_IS_OLD = _ROWS.generation != _ROWS.claimed_generation
# a receiver that was pushed to may come for it by itself from now on
_STATE_AGAIN = sa.case((_ROWS.is_pulled == 1, OFFERED), else_=PENDING)

Now = sa.ColumnElement[Any]


def _due_again(when: Now | None) -> sa.ColumnElement[Any]:
    return sa.case((_ROWS.is_pulled == 1, None), else_=when)


def done(claim: str, now: Now) -> Any:
    """A receiver has ``asked_id``.

    With it are told ``had``, which generation; ``said``, what that was; ``words``, the receiver's own; ``asked``, what
    it was to do; ``did``, what it did.
    """
    had, asked = sa.bindparam("had", type_=sa.BigInteger), sa.bindparam("asked", type_=sa.String)
    is_asked = _ROWS.action == asked
    is_newer = sa.and_(sa.not_(_IS_OLD), _ROWS.generation < had)
    return (
        sa.update(deliveries)
        .where(_ROWS.id == sa.bindparam("asked_id"), _ROWS.claim == claim)
        .ordered_values(
            (_ROWS.due_at, sa.case((_IS_OLD, _due_again(now)), else_=None)),
            (_ROWS.state, sa.case((_IS_OLD, _STATE_AGAIN), else_=DELIVERED)),
            (_ROWS.attempts, 0),
            # of a server that came back meanwhile the receiver has forgotten everything, or nothing
            (_ROWS.applied_generation, sa.case((is_asked, had), else_=None)),
            (_ROWS.applied, sa.case((is_asked, sa.bindparam("said", type_=sa.Text)), else_=None)),
            (_ROWS.message, sa.bindparam("words")),
            (_ROWS.confirmed_at, now),
            (_ROWS.updated_at, now),
            (_ROWS.claim, ""),
            (_ROWS.action, sa.case((_IS_OLD, _ROWS.action), else_=sa.bindparam("did", type_=sa.String))),
            # what it was handed may be newer than what it was to have: that is wished for no more
            (_ROWS.generation, sa.case((is_newer, had), else_=_ROWS.generation)),
        )
    )


def failed(claim: str, now: Now, *, message: str, delay: float | None, counts: bool) -> Any:
    """``asked_id`` was not handed over; see `glance_related.deliveries.store.Failed`."""
    attempts: Any = _ROWS.attempts
    state, later = FAILED, None
    if delay is not None:
        state, later = PENDING, now + int(delay * 1000)
    if not counts:
        attempts = sa.case((_ROWS.attempts > 0, _ROWS.attempts - 1), else_=0)
    return (
        sa.update(deliveries)
        .where(_ROWS.id == sa.bindparam("asked_id"), _ROWS.claim == claim)
        .ordered_values(
            (_ROWS.due_at, sa.case((_IS_OLD, _due_again(now if counts else later)), else_=later)),
            (_ROWS.state, sa.case((_IS_OLD, _STATE_AGAIN), else_=state)),
            (_ROWS.attempts, sa.case((_IS_OLD, 0), else_=attempts)),
            (_ROWS.message, words(message)),
            (_ROWS.updated_at, now),
            (_ROWS.claim, ""),
        )
    )


def again(now: Now) -> Any:
    """What may have been overwritten is handed over once more; who has it now does that himself afterwards."""
    is_his = _ROWS.state == DELIVERING
    return (
        sa.update(deliveries)
        .where(_ROWS.id == sa.bindparam("asked_id"), _ROWS.state != FAILED)
        .ordered_values(
            (_ROWS.claimed_generation, -1),
            (_ROWS.due_at, sa.case((is_his, _ROWS.due_at), else_=_due_again(now))),
            (_ROWS.state, sa.case((is_his, _ROWS.state), else_=_STATE_AGAIN)),
        )
    )
