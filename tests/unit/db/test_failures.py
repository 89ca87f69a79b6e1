"""What an error means, and what of it is told."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db import failures


def operational(*arguments: object, pgcode: str | None = None) -> sa.exc.OperationalError:
    """An error as SQLAlchemy wraps a driver's."""
    driver = type("OperationalError", (Exception,), {"pgcode": pgcode})(*arguments)
    return sa.exc.OperationalError("select secret", {"parameter": "secret"}, driver)


@pytest.mark.parametrize(
    "error",
    [
        db_exception.DBDeadlock(operational(1213, "Deadlock found")),
        operational(1020, "Record has changed since last read"),
        operational("could not serialize access", pgcode="40001"),
        operational("deadlock detected", pgcode="40P01"),
        operational("canceling statement due to lock timeout", pgcode="55P03"),
    ],
    ids=str,
)
def test_what_another_transaction_caused_may_be_tried_again(error: Exception) -> None:
    assert failures.is_conflict(error)
    assert not failures.is_about_values(error)


@pytest.mark.parametrize(
    "error",
    [
        db_exception.DBConnectionError(operational(2013, "Lost connection")),
        operational("database is locked"),
        operational("the database system is starting up", pgcode="57P03"),
        db_exception.DBError(),
        OSError(),
    ],
    ids=repr,
)
def test_everything_else_is_a_database_that_is_down(error: Exception) -> None:
    assert isinstance(error, failures.ANY)
    judgements = (failures.is_conflict, failures.is_about_values, failures.is_about_rows)
    assert [judgement(error) for judgement in judgements] == [False, False, False]


@pytest.mark.parametrize(
    "error",
    [
        db_exception.DBDataError(operational(1406, "Data too long")),
        db_exception.DBError(ValueError("A string literal cannot contain NUL (0x00) characters.")),
        db_exception.DBError(sa.exc.DataError("insert", {}, Exception("value too long"))),
        db_exception.DBInvalidUnicodeParameter(),
    ],
    ids=repr,
)
def test_a_bad_value_is_the_callers_mistake(error: Exception) -> None:
    assert failures.is_about_values(error)


def test_what_is_told_is_one_line_without_the_statement() -> None:
    told = failures.sentence(db_exception.DBConnectionError(operational(2003, "Can't connect\n to db")))
    assert "Can't connect" in told
    assert "\n" not in told
    assert "secret" not in told


@pytest.mark.parametrize("error", [OSError(), db_exception.DBError()], ids=repr)
def test_an_error_without_a_text_still_has_a_name(error: Exception) -> None:
    assert failures.sentence(error)
