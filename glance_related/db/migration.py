"""``db upgrade`` and ``db version``."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from oslo_db import exception as db_exception

from glance_related.db.engine import begin_writing

VERSION_TABLE = "glance_related_alembic_version"

#: Seconds between the tries of an upgrade.
_PAUSES = (0.5, 1.0, 2.0)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic").replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision that this release of the suite knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def knows(revision: str) -> bool:
    """Whether this release ships a revision; a newer release may have upgraded the database already."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def version(connection: sa.Connection) -> str | None:
    """The revision that the database is at, or None where it was never upgraded."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def is_current(connection: sa.Connection) -> bool:
    """Whether the schema has all that this release needs: it is at our head, or at one newer than we know.

    Migrations expand first and contract a release later, so versions N and N+1 run side by side.
    """
    revision = version(connection)
    return revision is not None and (revision == head() or not knows(revision))


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the schema to a revision; on a schema that is there already, or newer than we know, nothing happens.

    Two upgrades at once are as good as one: the slower one stumbles over what the other has just made, and
    looks again. A lock would be neater, but Galera has none that holds on all nodes.
    """
    for pause in (*_PAUSES, None):
        try:
            _upgrade(engine, revision)
        except (db_exception.DBError, sa.exc.SQLAlchemyError, CommandError):
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def _upgrade(engine: sa.Engine, revision: str) -> None:
    with engine.connect() as connection:
        begin_writing(connection)
        present = version(connection)
        if present is not None and not knows(present):
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
