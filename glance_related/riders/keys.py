"""With which keys each side has started, told by their fingerprints, so that one side can see the other's.

A mark that the other side does not know is no error that anyone meets: the request goes on, and what rode on
it is found by nobody. So each side leaves word, for ``config check`` to compare; of several Novas each its own.
"""

from __future__ import annotations

import logging
from typing import Protocol

from glance_related.db.database import Database, DatabaseDown
from glance_related.db.facts import read_fact, set_fact
from glance_related.riders.mark import Marks

LOG = logging.getLogger(__name__)

#: The two sides: in front of Glance marks are known, in front of Nova they are made.
GLANCE, NOVA = "glance", "nova"

# As many as a fact has room for; nobody has that many keys.
_MOST = 15


class _Suite(Protocol):
    """What is needed of a suite."""

    @property
    def database(self) -> Database: ...

    @property
    def marks(self) -> Marks: ...

    def installation(self) -> str: ...


def record_mark_keys(suite: _Suite, side: str) -> None:
    """Leave word of the keys that a filter starts with; a database that is down does not stop it.

    :param suite: in front of Nova it knows which one
    :param side: `GLANCE` or `NOVA`
    """
    fact = _fact(side, suite.installation() if side == NOVA else None)
    try:
        set_fact(suite.database, fact, ",".join(suite.marks.fingerprints()[:_MOST]))
    except DatabaseDown:
        LOG.info("the fingerprints of [riders] mark_keys were not recorded: the database is down")
    finally:
        suite.database.dispose()  # a worker that is forked later makes connections of its own


def recorded_mark_keys(database: Database, side: str, installation: str | None = None) -> tuple[str, ...] | None:
    """The fingerprints that a side has started with last, the one that makes marks first; None: it never has.

    :param side: `GLANCE` or `NOVA`
    :param installation: the UUID of the Nova, where it is `NOVA`
    :raises DatabaseDown:
    """
    value = read_fact(database, _fact(side, installation))
    return None if value is None else tuple(value.split(",")) if value else ()


def _fact(side: str, installation: str | None) -> str:
    return f"mark_keys.{side}" if installation is None else f"mark_keys.{side}.{installation}"
