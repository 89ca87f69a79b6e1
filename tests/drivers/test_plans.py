"""Every question that a request waits for is answered from an index, however many images are bound."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import image_instances, pending_images, utcnow
from glance_related.instance_aware.rules import Wanted
from glance_related.instance_aware.store import Row, Store
from glance_related.instance_ref import InstanceRef
from glance_related.testing.statements import statements
from glance_related.testing.store_suite import NOVA, OTHER_NOVA

ROWS = 20_000
SERVERS = 400
LONG_AGO = datetime.datetime(2020, 1, 1)

IMAGE = "image-00042"
REF = InstanceRef(NOVA, "server-42")

QUESTIONS: dict[str, Callable[[Store], Any]] = {
    "refs of one": lambda store: store.refs([IMAGE]),
    "refs of a page": lambda store: store.refs([f"image-{number:05}" for number in range(100)]),
    "images of a server": lambda store: store.images_of(Wanted(NOVA, REF.instance_id, False), 10_001),
    "images of a server of any Nova": lambda store: store.images_of(Wanted(None, REF.instance_id, False), 10_001),
    "some images of a small Nova": lambda store: store.images_of(Wanted(OTHER_NOVA, None, False), 10_001),
    "bind": lambda store: store.bind(IMAGE, REF),
    "unbind": lambda store: store.unbind(IMAGE),
    "sweep": lambda store: store.sweep(Row(IMAGE, REF, LONG_AGO)),
    "rows of the sweep": lambda store: store.rows_after("image-10000", utcnow(), 100),
    "old attempts": lambda store: store.pending(before=LONG_AGO),
    "confirm": lambda store: store.confirm("attempt-00042", IMAGE, REF),
    "abandon": lambda store: store.abandon("attempt-00042"),
}


@pytest.fixture(scope="module")
def filled(backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with many images of one Nova, a few of another, and many attempts."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/db"
    else:
        new = request.getfixturevalue(backend).new_database()
        url = new if isinstance(new, str) else new[0]
    database = Database(DatabaseSettings(url, timeout=30))
    migration.upgrade(database.engine)
    images = [
        {
            "image_id": f"image-{number:05}",
            "nova_installation_uuid": NOVA if number % 1000 else OTHER_NOVA,
            "instance_id": f"server-{number % SERVERS}",
            "created_at": utcnow(),
        }
        for number in range(ROWS)
    ]
    attempts = [{**row, "attempt_id": row["image_id"].replace("image", "attempt"), "owner": None} for row in images]
    with database.engine.begin() as connection:
        connection.execute(sa.insert(image_instances), images)
        connection.execute(sa.insert(pending_images), attempts)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (image_instances, pending_images):
            verb = "ANALYZE TABLE" if connection.dialect.name == "mysql" else "ANALYZE"
            connection.exec_driver_sql(f"{verb} {table.name}")
    return database


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table(question: str, filled: Database) -> None:
    with statements(filled) as asked:
        QUESTIONS[question](Store(filled))
    plans = plans_of(filled, asked, image_instances, pending_images)
    assert plans
    assert {statement: lines for statement, lines in plans.items() if full_scans(filled, lines)} == {}


def test_a_question_that_has_no_index_is_found_out(filled: Database) -> None:
    lines = plan(filled, "select image_id from glance_related_image_instances where created_at = '2020-01-01'", ())
    assert full_scans(filled, lines)


def plans_of(database: Database, asked: Iterable[tuple[str, Any]], *tables: sa.Table) -> dict[str, Sequence[str]]:
    """How the database goes about those statements that are about some tables, those with the many rows."""
    return {
        statement: plan(database, statement, parameters)
        for statement, parameters in asked
        if any(table.name in statement for table in tables)
    }


def plan(database: Database, statement: str, parameters: Any) -> Sequence[str]:
    """How the database goes about a statement."""
    explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    with database.engine.connect() as connection:
        result = connection.exec_driver_sql(f"{explain} {statement}", parameters)
        return [str(dict(row._mapping)) for row in result]


def full_scans(database: Database, lines: Sequence[str]) -> list[str]:
    """The lines of a plan that say: the whole table."""
    sign = {"sqlite": "SCAN ", "postgresql": "Seq Scan", "mysql": "'type': 'ALL'"}[database.engine.dialect.name]
    # MariaDB shows an INSERT as a plan of its own, which reads nothing
    return [line for line in lines if sign in line and "'select_type': 'INSERT'" not in line]
