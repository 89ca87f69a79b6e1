"""In front of which Novas the filter has started: only those are asked what has become of their servers.

A Nova may be registered for the sake of another system alone, and need not even be reached from here.
"""

from __future__ import annotations

import logging

from glance_related.db.database import Database, DatabaseDown
from glance_related.db.facts import facts_under, set_fact

LOG = logging.getLogger(__name__)

_PREFIX = "package_menu.nova."


def record_at_nova(database: Database, installation: str) -> None:
    """Leave word that the filter stands in front of a Nova; a database that is down does not stop a start."""
    try:
        set_fact(database, _PREFIX + installation, "1")
    except DatabaseDown:
        LOG.info("that package_menu has started was not recorded: the database is down")


def recorded_at_novas(database: Database) -> set[str]:
    """The installations in front of which the filter has started.

    :raises DatabaseDown:
    """
    return {name.removeprefix(_PREFIX) for name in facts_under(database, _PREFIX)}
