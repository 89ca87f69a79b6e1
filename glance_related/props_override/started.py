"""With what each side has started: so that ``config check`` on one host can say that two do not fit.

In front of Glance: which property protections that Glance has itself. In front of Nova: of which protections a copy is
read there, and by whose table image properties are judged.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg

from glance_related.db.database import Database, DatabaseDown
from glance_related.db.facts import read_fact, set_fact

LOG = logging.getLogger(__name__)

#: The fingerprint of protections that are not there.
NONE = "none"
#: That of protections that cannot be read here.
UNREAD = "unread"

_AT_GLANCE = "props_override.glance"


@dataclass(frozen=True)
class AtNova:
    """What the filter in front of a Nova has started with.

    :param protections: the fingerprint of its copy, or `NONE`
    :param source: whose table of image properties it judges by, in words
    """

    protections: str
    source: str


def record_at_glance(database: Database) -> None:
    """Leave word of Glance's own protections; a database that is down does not stop a start."""
    _leave_word(database, lambda: set_fact(database, _AT_GLANCE, _glances_protections()))


def record_at_nova(database: Database, installation: str, started: AtNova) -> None:
    """Leave word of what a Nova's side goes by; a database that is down does not stop a start."""
    value = f"{started.protections} {started.source}"[:255]
    _leave_word(database, lambda: set_fact(database, _at_nova(installation), value))


def recorded_at_glance(database: Database) -> str | None:
    """The fingerprint of Glance's protections, or `NONE`, or `UNREAD`; None: the filter has never started there.

    :raises DatabaseDown:
    """
    return read_fact(database, _AT_GLANCE)


def recorded_at_nova(database: Database, installation: str) -> AtNova | None:
    """What the filter in front of a Nova has started with last; None: it never has.

    :raises DatabaseDown:
    """
    value = read_fact(database, _at_nova(installation))
    if value is None:
        return None
    protections, _, source = value.partition(" ")
    return AtNova(protections, source)


def _at_nova(installation: str) -> str:
    return f"props_override.{installation}"


def _leave_word(database: Database, tell: Callable[[], None]) -> None:
    try:
        tell()
    except DatabaseDown:
        LOG.info("what props_override has started with was not recorded: the database is down")
    finally:
        database.dispose()  # a worker that is forked later makes connections of its own


def _glances_protections() -> str:
    """By the host's own options, which are only read: a name without a folder is looked for beside its own file."""
    try:
        name, files = cfg.CONF.property_protection_file, cfg.CONF.config_file or ()
    except (cfg.NoSuchOptError, cfg.NotInitializedError):
        return NONE
    if not name:
        return NONE
    for folder in (Path(), *(Path(file).parent for file in files)):
        try:
            return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16]
        except OSError:
            continue
    return UNREAD
