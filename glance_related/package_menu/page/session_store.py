"""`SessionStore`: who is logged in on the page, by the hash of what his browser's cookie says."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from glance_related.db.database import Database
from glance_related.db.models import page_sessions, utcnow

_ROWS = page_sessions.c


class SessionStore:
    """Every method is one short transaction, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, id_hash: str, content: str, expires_at: datetime.datetime) -> None:
        """Keep a session.

        :param content: what is kept of it, encrypted
        :param expires_at: UTC; from then on it is not there any more
        """
        values = {"id_hash": id_hash, "content": content, "expires_at": expires_at}
        self._database.write(lambda connection: connection.execute(sa.insert(page_sessions), values))

    def get(self, id_hash: str) -> str | None:
        """What is kept of a session that is not over."""
        query = sa.select(_ROWS.content).where(_ROWS.id_hash == id_hash, _ROWS.expires_at > utcnow())
        return self._database.read(lambda connection: connection.execute(query).scalar_one_or_none())

    def remove(self, id_hash: str) -> None:
        """Somebody has logged out."""
        statement = sa.delete(page_sessions).where(_ROWS.id_hash == id_hash)
        self._database.write(lambda connection: connection.execute(statement))

    def purge(self) -> int:
        """Forget the sessions that are over; how many."""
        statement = sa.delete(page_sessions).where(_ROWS.expires_at <= utcnow())
        return self._database.write(lambda connection: connection.execute(statement).rowcount)
