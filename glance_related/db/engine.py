"""`open_engine`: an engine with bounded waits, whatever the driver."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import engines

#: A connection that was used a moment ago is not asked whether it is still alive: that would be one round
#: trip more for every look-up. Where it has died since, the call is repeated on a new one (`database`).
_FRESH_SECONDS = 1.0

_NOT_MARIADB = "this is MySQL, which is not supported, for it has no collation for exact ids: use MariaDB"


class NotMariaDB(db_exception.DBNotSupportedError):  # type: ignore[misc]
    """The server speaks MySQL's protocol, and is not MariaDB."""


def open_engine(connection: str, seconds: float | None, pool_size: int = 10) -> sa.Engine:
    """An engine; nothing is connected before its first use.

    :param connection: SQLAlchemy URL
    :param seconds: how long a connection, and each answer, is waited for; None where work may take
        long, as that of ``db upgrade``
    """
    url = _url(connection, seconds)
    engine: sa.Engine = engines.create_engine(
        url.render_as_string(hide_password=False),
        sqlite_fk=True,
        max_pool_size=pool_size,
        max_overflow=pool_size * 4,
        pool_timeout=None if url.get_backend_name() == "sqlite" else seconds,  # SQLite's pool keeps nothing
        max_retries=0,
        mysql_sql_mode="TRADITIONAL",
        thread_checkin=False,  # else every call sleeps a moment, for the sake of eventlet
    )
    engine.hide_parameters = True  # what is stored does not belong into logs
    if engine.dialect.name == "mysql":
        sa.event.listen(engine, "connect", _check_mariadb, insert=True)
        sa.event.listen(engine, "connect", _mariadb_session(seconds))
    elif engine.dialect.name == "postgresql" and seconds is not None:
        sa.event.listen(engine, "connect", _postgresql_session(seconds))
        sa.event.listen(engine, "checkin", _end_reading)
    return engine


def _url(connection: str, seconds: float | None) -> sa.URL:
    url = sa.make_url(connection)
    backend, plus, driver = url.drivername.partition("+")
    whole = None if seconds is None else str(max(1, math.ceil(seconds)))
    if backend in ("mysql", "mariadb"):
        # under its other name oslo.db would not know the dialect, and not its deadlocks
        url = url.set(drivername=f"mysql{plus}{driver}").update_query_dict({"charset": "utf8mb4"})
        if whole is not None:
            url = url.update_query_dict({f"{what}_timeout": whole for what in ("connect", "read", "write")})
    elif backend == "postgresql" and whole is not None:
        url = url.update_query_dict({"connect_timeout": str(max(2, int(whole)))})  # libpq takes 1 for 2
    elif backend == "sqlite":
        url = url.update_query_dict({"timeout": whole or "60"})
    return url


def _lock_seconds(seconds: float) -> float:
    # less than an answer is waited for: who waits for another's row is told so, and the connection stays
    return max(1.0, seconds / 2)


def _check_mariadb(dbapi_connection: Any, _record: Any) -> None:
    # The greeting costs nothing; a proxy in front says what it likes in it, so a "no" is asked again.
    if "mariadb" in str(dbapi_connection.get_server_info()).lower():
        return
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        row = cursor.fetchone()
    if row is None or "mariadb" not in str(row[0]).lower():
        raise NotMariaDB(Exception(_NOT_MARIADB))


def _mariadb_session(seconds: float | None) -> Callable[[Any, Any], None]:
    # On Galera a transaction then waits for what other nodes have acknowledged before it, whether it begins with a
    # read (1), or with an UPDATE or DELETE (2) that would not find its row. An INSERT is told by the cluster.
    variables = "wsrep_sync_wait = 3"
    if seconds is not None:
        variables += f", innodb_lock_wait_timeout = {int(_lock_seconds(seconds))}"

    def set_variables(dbapi_connection: Any, _record: Any) -> None:
        with dbapi_connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {variables}")

    return set_variables


def _postgresql_session(seconds: float) -> Callable[[Any, Any], None]:
    milliseconds = int(_lock_seconds(seconds) * 1000)

    def set_variables(dbapi_connection: Any, _record: Any) -> None:
        with dbapi_connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {milliseconds}")
        dbapi_connection.commit()

    return set_variables


def begin_reading(connection: sa.Connection) -> None:
    """Say that what follows only reads: on PostgreSQL one statement is then one round trip, not three.

    The driver's own switch asks the server nothing; SQLAlchemy's isolation level costs two questions more.
    """
    if connection.dialect.name == "postgresql":
        connection.connection.driver_connection.autocommit = True  # type: ignore[union-attr]


def _end_reading(dbapi_connection: Any, _record: Any) -> None:
    if dbapi_connection is not None and not dbapi_connection.closed:
        dbapi_connection.autocommit = False


def begin_writing(connection: sa.Connection) -> None:
    """Begin a transaction that is going to write.

    On SQLite one that reads first and writes later fails at once where another has written between: so it
    takes its turn before it reads.
    """
    if connection.dialect.name == "sqlite":
        connection.info["in_transaction"] = True  # oslo.db's word for: it need not begin one of its own
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Pings:
    """Asks a pooled connection whether it is alive only where it has been idle for a while.

    :param seconds: how long an answer is waited for
    :param asked: told before a ping
    """

    def __init__(self, engine: sa.Engine, seconds: float, asked: Callable[[Any], None] | None) -> None:
        self._seconds = seconds
        self._used: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        self._asked = asked
        self._ping = engine.dialect.do_ping
        setattr(engine.dialect, "do_ping", self._ping_if_idle)  # noqa: B010  (the dialect's hook for this)
        sa.event.listen(engine, "checkin", self._returned)

    def _returned(self, dbapi_connection: Any, _record: Any) -> None:
        if dbapi_connection is not None:
            self._used[dbapi_connection] = time.monotonic()

    def _ping_if_idle(self, dbapi_connection: Any) -> bool:
        now = time.monotonic()
        if now - self._used.get(dbapi_connection, 0.0) < _FRESH_SECONDS:
            return True
        if self._asked is not None:
            self._asked(dbapi_connection)
        try:
            return self._ping(dbapi_connection)
        except Exception as error:
            if time.monotonic() - now < self._seconds / 2:
                raise  # the connection is lost, and the pool makes another
            raise db_exception.DBConnectionError(error) from None  # the server hangs: another would hang too
