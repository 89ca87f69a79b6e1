"""Glance's own tables, read and never written: what was stored there before the suite came.

Over HTTP nobody sees a native property of our names, for the filter shows those from its own table
only. So whoever has to know of them (``config check``, ``reconcile --import``) looks here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa

from glance_related.db import failures
from glance_related.db.database import DatabaseDown

T = TypeVar("T")

#: The properties of some images: by id of the image, then by name.
Properties = dict[str, Mapping[str, str | None]]

_BATCH = 500

_metadata = sa.MetaData()
_images = sa.Table(
    "images", _metadata, sa.Column("id", sa.String(36), primary_key=True), sa.Column("deleted", sa.Boolean)
)
_properties = sa.Table(
    "image_properties",
    _metadata,
    sa.Column("image_id", sa.String(36)),
    sa.Column("name", sa.String(255)),
    sa.Column("value", sa.Text),
    sa.Column("deleted", sa.Boolean),
)


class Unreadable(Exception):
    """Nobody can connect with this URL; the text says why, and shows nothing of the URL."""


class GlanceTables:
    """Glance's database.

    :param connection: its SQLAlchemy URL
    :param timeout: seconds to wait for a connection, and for each answer
    :raises Unreadable: the URL is none, or its driver is not installed
    """

    def __init__(self, connection: str, timeout: float = 5.0) -> None:
        try:
            self._engine = _reading_engine(connection, timeout)
        except sa.exc.ArgumentError:
            raise Unreadable("it is no SQLAlchemy URL") from None
        except (sa.exc.NoSuchModuleError, ImportError) as error:
            raise Unreadable(f"its driver cannot be loaded ({type(error).__name__})") from None

    def are_there(self) -> bool:
        """Whether these are Glance's tables at all.

        :raises DatabaseDown:
        """
        names = ("images", "image_properties")
        return self._read(lambda connection: all(sa.inspect(connection).has_table(name) for name in names))

    def images(self) -> int:
        """How many images there are.

        :raises DatabaseDown:
        """
        query = sa.select(sa.func.count()).select_from(_images).where(_images.c.deleted.is_(sa.false()))
        return self._read(lambda connection: int(connection.execute(query).scalar_one()))

    def properties(self, names: Collection[str]) -> Iterator[Properties]:
        """The images that are not deleted, some at a time in the order of their ids, each with those of its
        properties that have one of these names.

        :raises DatabaseDown:
        """
        after = ""
        while True:
            batch = self._batch(after, names)
            if not batch:
                return
            yield batch
            after = list(batch)[-1]  # the last in the database's own order

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _batch(self, after: str, names: Collection[str]) -> Properties:
        # image by image along the primary key: no statement looks at more than a batch, whatever lies there
        ids = (
            sa.select(_images.c.id)
            .where(_images.c.id > after, _images.c.deleted.is_(sa.false()))
            .order_by(_images.c.id)
            .limit(_BATCH)
        )

        def work(connection: sa.Connection) -> Properties:
            found: dict[str, dict[str, str | None]] = {row[0]: {} for row in connection.execute(ids)}
            query = sa.select(_properties.c.image_id, _properties.c.name, _properties.c.value).where(
                _properties.c.image_id.in_(list(found)),
                _properties.c.name.in_(names),
                _properties.c.deleted.is_(sa.false()),
            )
            for image_id, name, value in connection.execute(query):
                if image_id in found and name in names:  # MariaDB finds INSTANCE_ID as well
                    found[image_id][name] = value
            return dict(found)

        return self._read(work)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return work(connection)
        except failures.ANY as error:
            raise DatabaseDown(failures.sentence(error)) from None


def _reading_engine(connection: str, timeout: float) -> sa.Engine:
    """An engine of its own: Glance's database may be a MySQL, and the database itself shall refuse a write."""
    url = sa.make_url(connection)
    backend, seconds = url.get_backend_name(), max(2, math.ceil(timeout))
    if backend == "postgresql":
        settings = {"default_transaction_read_only": "on", "statement_timeout": f"{seconds * 1000}"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        waits = {"connect_timeout": seconds, "tcp_user_timeout": seconds * 1000}
        return sa.create_engine(url, pool_size=1, connect_args={"options": options, **waits})
    if backend in ("mysql", "mariadb"):
        waits = {f"{what}_timeout": seconds for what in ("connect", "read", "write")}
        engine = sa.create_engine(url, pool_size=1, connect_args=waits)
        sa.event.listen(engine, "connect", _refuse_writes)
        return engine
    if backend == "sqlite" and url.database and not url.database.startswith("file:"):
        url = url.set(database=f"file:{quote(url.database)}").update_query_dict({"mode": "ro", "uri": "true"})
    return sa.create_engine(url)


def _refuse_writes(dbapi_connection: Any, _record: Any) -> None:
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
