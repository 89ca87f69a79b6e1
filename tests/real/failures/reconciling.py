"""`glance-related-manage reconcile` without the hour of patience that it has in an ordinary cloud."""

from __future__ import annotations

import datetime
import sqlite3
from contextlib import closing

import sqlalchemy as sa

from glance_related.db.models import image_instances, pending_images, utcnow
from glance_related.hosts.account import GlanceAccount
from glance_related.instance_aware import reconcile as library
from glance_related.settings.options import load
from tests.real.failures.site import Site

_HOURS = 2


def reconcile(site: Site) -> str:
    """All that has happened so far is made two hours old, then the command is run; what it said."""
    age(site)
    done = site.suite.manage("reconcile")
    assert done.returncode == 0, f"reconcile failed: {done.stdout} {done.stderr}"
    return done.stdout


def reconcile_in(hours: int, site: Site) -> None:
    """The same as a library call, which believes that it is later already."""
    settings = load(str(site.suite.conf))
    later = datetime.timedelta(hours=hours)
    report = library.reconcile(
        site.store, GlanceAccount(settings), settings.instance_aware, clock=lambda: utcnow() + later
    )
    assert report.is_complete, report


def age(site: Site) -> None:
    """Images and rows alike, so that which was first stays as it was."""
    with closing(sqlite3.connect(site.glance_database, timeout=30)) as glance:
        glance.execute(
            f"update images set created_at = strftime('%Y-%m-%d %H:%M:%f000', created_at, '-{_HOURS} hours')"
        )
        glance.commit()
    back = datetime.timedelta(hours=_HOURS)
    with site.database.engine.begin() as ours:
        for table in (image_instances, pending_images):
            (key,) = table.primary_key.columns
            for row in ours.execute(sa.select(key, table.c.created_at)).all():
                ours.execute(sa.update(table).where(key == row[0]).values(created_at=row[1] - back))


def rows_left(site: Site) -> tuple[list[str], list[str]]:
    """The images that our tables speak of: bound ones, and those of attempts that nobody has finished."""
    with site.database.engine.connect() as ours:
        bound = [row[0] for row in ours.execute(sa.select(image_instances.c.image_id))]
        return bound, [row[0] for row in ours.execute(sa.select(pending_images.c.image_id))]
