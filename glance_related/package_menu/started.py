"""In front of which Novas the filter has started, and with which drivers.

Only those are asked what has become of their servers: a Nova may be registered for the sake of another system alone,
and need not even be reached from here. And hosts without the menu's configuration, as Glance's, know the drivers.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from glance_related.db.database import Database, DatabaseDown
from glance_related.db.facts import facts_under, set_fact

LOG = logging.getLogger(__name__)

_PREFIX = "package_menu.nova."


def record_at_nova(database: Database, installation: str, drivers: Collection[str]) -> None:
    """Leave word that the filter stands in front of a Nova; a database that is down does not stop a start.

    :param drivers: the names of those whom settings are handed to
    """
    try:
        set_fact(database, _PREFIX + installation, ",".join(sorted(drivers))[:255])
    except DatabaseDown:
        LOG.info("that package_menu has started was not recorded: the database is down")


def recorded_at_novas(database: Database) -> set[str]:
    """The installations in front of which the filter has started.

    :raises DatabaseDown:
    """
    return {name.removeprefix(_PREFIX) for name in facts_under(database, _PREFIX)}


def recorded_drivers(database: Database) -> set[str]:
    """The names of the drivers that the filter has started with, in front of whichever Nova.

    :raises DatabaseDown:
    """
    return {name for value in facts_under(database, _PREFIX).values() for name in value.split(",") if name}
