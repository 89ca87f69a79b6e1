"""What an error of the database means: down, in another's way, or refused because of what was asked."""

from __future__ import annotations

import sqlalchemy as sa
from oslo_db import exception as db_exception

#: PostgreSQL: serialization failure, deadlock, lock not available.
_POSTGRESQL_CONFLICTS = ("40001", "40P01", "55P03")
#: MariaDB, beyond what every oslo.db knows: the row has changed since the transaction read it.
_MARIADB_CONFLICTS = (1020,)

#: Every error that a database, its driver or the pool may raise.
ANY = (db_exception.DBError, db_exception.DBInvalidUnicodeParameter, sa.exc.SQLAlchemyError, OSError)

_ABOUT_ROWS = (db_exception.DBDuplicateEntry, db_exception.DBReferenceError, db_exception.DBConstraintError)


def is_about_rows(error: Exception) -> bool:
    """Whether a constraint speaks: the database is well, and the caller may know what to do."""
    return isinstance(error, _ABOUT_ROWS)


def is_about_values(error: Exception) -> bool:
    """Whether a value can be neither stored nor compared: too long, or with a NUL."""
    if isinstance(error, db_exception.DBDataError | db_exception.DBInvalidUnicodeParameter):
        return True
    return isinstance(_inner(error), sa.exc.DataError | ValueError)


def is_conflict(error: Exception) -> bool:
    """Whether another transaction was in the way, here or (Galera) on another node; it may be tried again."""
    if isinstance(error, db_exception.DBDeadlock):
        return True
    driver = _driver(error)
    code = driver.args[0] if driver is not None and driver.args else None
    return getattr(driver, "pgcode", None) in _POSTGRESQL_CONFLICTS or code in _MARIADB_CONFLICTS


def is_disconnection(error: Exception) -> bool:
    """Whether the connection is gone; another may do."""
    return isinstance(error, db_exception.DBConnectionError)


def sentence(error: Exception) -> str:
    """The driver's own message in one line, without the statement and its parameters."""
    lines = str(_driver(error) or _inner(error)).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def _inner(error: BaseException) -> BaseException:
    return getattr(error, "inner_exception", None) or error


def _driver(error: BaseException) -> BaseException | None:
    return getattr(_inner(error), "orig", None)
