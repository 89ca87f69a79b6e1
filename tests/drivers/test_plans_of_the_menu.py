"""What the package menu and its workers ask is answered from an index, however many servers there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import (
    deliveries,
    package_history,
    package_instance_states,
    package_instances,
    riders,
    utcnow,
)
from glance_related.deliveries.delivery import Done
from glance_related.deliveries.store import DeliveryStore
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.riders.store import RiderStore
from glance_related.testing.statements import statements
from glance_related.testing.store_suite import NOVA
from tests.drivers.test_plans import full_scans, plans_of

ROWS = 20_000
REF = InstanceRef(NOVA, "server-00042")
REFS = [InstanceRef(NOVA, f"server-{number:05}") for number in range(50)]
BEGINNING = InstanceRef("", "")
TABLES = (deliveries, package_instances, package_instance_states, package_history, riders)

QUESTIONS: dict[str, Callable[[Database], Any]] = {
    "claim": lambda database: DeliveryStore(database).claim("file", "w", 50, 60),
    "claim of a driver with nothing due": lambda database: DeliveryStore(database).claim("ldap", "w", 50, 60),
    "what waits": lambda database: DeliveryStore(database).waiting(["file", "ldap"]),
    "what has failed": lambda database: DeliveryStore(database).failed(["file", "ldap"]),
    "boots that are open": lambda database: RiderStore(database).open_number(),
    "the first of them": lambda database: RiderStore(database).open_before("packages", utcnow(), 10),
    "deliveries of a server": lambda database: DeliveryStore(database).of(REF),
    "read": lambda database: DeliveryStore(database).read(REF, "file", 1),
    "told": lambda database: DeliveryStore(database).told(REF, "file", 1, Done()),
    "a server": lambda database: InstanceStore(database).get(REF),
    "servers of a batch": lambda database: InstanceStore(database).some(REFS),
    "servers in order": lambda database: InstanceStore(database).after(REF, 50),
    "servers of a project in order": lambda database: InstanceStore(database).after(REF, 50, project_id="project-7"),
    "servers by hostname": lambda database: InstanceStore(database).named(NOVA, {"hostname": "host-42"}),
    "servers by request": lambda database: InstanceStore(database).made_by(NOVA, "req-42"),
    "who chose an entry": lambda database: InstanceStore(database).choosing("rare", BEGINNING, 50),
    "history": lambda database: InstanceStore(database).history(REF, "", 50),
}


@pytest.fixture(scope="module")
def filled(backend: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with many servers, each with choices, a history and something that was handed over."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/db"
    else:
        new = request.getfixturevalue(backend).new_database()
        url = new if isinstance(new, str) else new[0]
    database = Database(DatabaseSettings(url, timeout=30))
    migration.upgrade(database.engine)
    rows: dict[sa.Table, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for number in range(ROWS):
        server = {"nova_installation_uuid": NOVA, "instance_id": f"server-{number:05}"}
        project = f"project-{number % 200}"
        rows[package_instances].append({
            **server, "project_id": project, "name": "one", "hostname": f"host-{number}", "os_distro": "",
            "generation": 1, "request_id": f"req-{number}", "created_at": utcnow(),
        })  # fmt: skip
        name = "rare" if number % 1000 == 0 else f"package-{number % 100}"
        rows[package_instance_states].append({**server, "name": name, "is_on": 1})
        rows[package_history].append({
            **server, "id": f"{number}", "generation": 1, "user_id": "alice", "changes": "[]", "created_at": number,
        })  # fmt: skip
        rows[riders].append({
            "request_id": f"req-{number}", "kind": "packages", "own_request_id": f"own-{number}",
            "nova_installation_uuid": NOVA, "project_id": project, "user_id": "alice", "content": "{}",
            "created_at": utcnow(), "is_open": int(number % 1000 == 0),
        })  # fmt: skip
        rows[deliveries].append({
            **server, "id": f"{number}", "driver": "file", "item": "", "system": "package_menu", "project_id": project,
            "action": "settings", "is_pulled": 0, "generation": 1, "state": "delivered", "attempts": 0, "losses": 0,
            "due_at": 1 if number % 1000 == 0 else None, "claim": "", "claimed_by": "", "claimed_generation": 1,
            "message": "", "created_at": 0, "wished_at": 0, "updated_at": 0,
        })  # fmt: skip
    with database.engine.begin() as connection:
        for table, some in rows.items():
            connection.execute(sa.insert(table), some)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            verb = "ANALYZE TABLE" if connection.dialect.name == "mysql" else "ANALYZE"
            connection.exec_driver_sql(f"{verb} {table.name}")
    return database


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table(question: str, filled: Database) -> None:
    with statements(filled) as asked:
        QUESTIONS[question](filled)
    plans = plans_of(filled, asked, *TABLES)
    assert plans
    assert {statement: lines for statement, lines in plans.items() if full_scans(filled, lines)} == {}


def test_what_is_due_is_looked_up_by_its_time(filled: Database) -> None:
    """Else a worker that finds little reads everything that was ever handed over."""
    with statements(filled) as asked:
        DeliveryStore(filled).claim("file", "w", 50, 60)
    first = next(iter(plans_of(filled, asked, deliveries).values()))
    lines = "\n".join(first).replace("\\'", "'")
    bounds = {
        "sqlite": "driver=? AND due_at<?",
        "postgresql": "Index Cond: (((driver)::text = 'file'::text) AND (due_at <=",
        "mysql": "'type': 'range'",
    }
    assert bounds[filled.engine.dialect.name] in lines


def test_what_waits_is_counted_in_the_index_alone_and_without_what_has_arrived(filled: Database) -> None:
    with statements(filled) as asked:
        assert DeliveryStore(filled).waiting(["file", "ldap"]).number == ROWS // 1000
    (lines,) = plans_of(filled, asked, deliveries).values()
    said = "\n".join(lines)
    signs = {
        "sqlite": ("COVERING INDEX glance_related_deliveries_due (driver=? AND due_at>?)",),
        "postgresql": ("Index Only Scan using glance_related_deliveries_due", "AND (due_at IS NOT NULL)"),
        "mysql": ("'key': 'glance_related_deliveries_due'", "'type': 'range'", "Using index"),
    }
    assert [sign for sign in signs[filled.engine.dialect.name] if sign not in said] == [], said
