"""``db upgrade`` on every database, alone and beside real Glance's tables."""

from __future__ import annotations

import datetime
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from glance_related.cmd.manage import main
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.db.engine import open_engine
from glance_related.db.models import metadata
from glance_related.deliveries.store import DeliveryStore
from glance_related.instance_aware.adoptions import Adoption, AdoptionStore
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.package_menu.instance_store import Kept as KeptSettings
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.store import MenuStore
from glance_related.props_override.store import Kept, OverrideStore
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.settings.options import ConfigError
from glance_related.suite import open_suite
from glance_related.testing.store_suite import NOVA, SERVER, new_id
from tests.servers.strange import MySQLServer

pytestmark = pytest.mark.real

REVISIONS = list(reversed(list(ScriptDirectory.from_config(migration._config()).walk_revisions())))
NOW = datetime.datetime(2024, 2, 29, 12, 0, 0)


def upgraded(url: str) -> sa.Engine:
    engine = open_engine(url, seconds=None)
    migration.upgrade(engine)
    return engine


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def test_the_models_are_what_the_migrations_make(url: str) -> None:
    with upgraded(url).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
            },
        )
        assert compare_metadata(context, metadata) == []
        assert tables(connection.engine) == {*metadata.tables, migration.VERSION_TABLE}


@pytest.mark.parametrize("backend", ["mariadb", "galera"], indirect=True, scope="session")
def test_every_text_column_on_mariadb_tells_case_and_trailing_spaces_apart(url: str) -> None:
    with upgraded(url).connect() as connection:
        columns = connection.exec_driver_sql(
            "select table_name, column_name, collation_name from information_schema.columns "
            "where table_schema = database() and collation_name is not null and table_name != %s",
            (migration.VERSION_TABLE,),
        ).all()
    text = {(table.name, column.name) for table in metadata.sorted_tables for column in table.columns
            if isinstance(column.type, sa.String)}  # fmt: skip
    assert {(row[0], row[1]) for row in columns} == text
    assert {row[2] for row in columns} == {"utf8mb4_nopad_bin"}


def test_an_upgrade_may_be_repeated_and_keeps_what_is_there(url: str) -> None:
    engine = upgraded(url)
    store = Store(Database(DatabaseSettings(url)))
    image, state = new_id(), store.state()
    store.bind(image, SERVER)
    migration.upgrade(engine)
    assert store.refs([image]) == {image: SERVER}
    assert store.state() == state


def test_upgrades_at_once_are_as_good_as_one(empty: list[str], tmp_path: Path) -> None:
    command = [Path(sys.executable).parent / "glance-related-manage", "--config-file"]
    started = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        conf = configured(empty[number % len(empty)], folder)
        started.append(
            subprocess.Popen([*command, conf, "db", "upgrade"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
    told = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], told
    engine = open_engine(empty[-1], seconds=None)
    with engine.connect() as connection:
        assert connection.execute(sa.text(f"select version_num from {migration.VERSION_TABLE}")).scalars().all() == [
            migration.head()
        ]
    assert uuid.UUID(Store(Database(DatabaseSettings(empty[-1]))).state()["database_id"])


def test_an_upgrade_that_was_killed_half_way_is_finished_by_the_next(url: str) -> None:
    engine = upgraded(url)
    database_id = Store(Database(DatabaseSettings(url))).state()["database_id"]
    with engine.begin() as connection:  # as MariaDB is left between two of its tables
        connection.execute(sa.text(f"drop table {migration.VERSION_TABLE}"))
        connection.execute(sa.text("drop table glance_related_pending_images"))
        connection.execute(sa.text("delete from glance_related_facts where name = 'swept'"))
    migration.upgrade(engine)
    state = Store(Database(DatabaseSettings(url))).state()
    assert (state["database_id"], state["swept"], state["pending"]) == (database_id, "0", "0")


# -- every revision, with data

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

#: For each revision: rows as that revision's tables take them, and what a store must say of them at the
#: newest one. A new revision adds its line here, or `test_every_revision_is_walked` fails.
WALK: dict[str, tuple[Rows, Callable[[Database], bool]]] = {
    "0001": (
        {
            "glance_related_installations": [
                {"nova_installation_uuid": NOVA, "name": "Z\u00fcrich", "created_at": NOW},
            ],
            "glance_related_service_users": [
                {"nova_installation_uuid": NOVA, "user_id": "nova", "trusted_program": False},
                {"nova_installation_uuid": NOVA, "user_id": "scheduler", "trusted_program": True},
            ],
            "glance_related_image_instances": [
                {"image_id": "image-1", "nova_installation_uuid": NOVA, "instance_id": "\U0001f600 ",
                 "created_at": NOW},
            ],
            "glance_related_pending_images": [
                {"attempt_id": "attempt-1", "image_id": "image-2", "owner": None, "nova_installation_uuid": NOVA,
                 "instance_id": "i-2", "created_at": NOW},
            ],
        },
        lambda database: (
            Store(database).refs(["image-1"]) == {"image-1": InstanceRef(NOVA, "\U0001f600 ")}
            and [one.name for one in Store(database).installations()] == ["Z\u00fcrich"]
            and len(Store(database).registrations()) == 2
            and [one.created_at for one in Store(database).pending()] == [NOW]
        ),
    ),
    "0002": (
        {
            "glance_related_installations": [
                {"nova_installation_uuid": NOVA, "name": "east", "created_at": NOW, "region_name": "RegionTwo"},
            ],
            "glance_related_riders": [
                {"request_id": "req-1", "kind": "snapshot", "own_request_id": "req-2", "nova_installation_uuid": NOVA,
                 "project_id": "alice-project", "user_id": "alice", "content": '{"instance_id": "i-1"}',
                 "created_at": NOW},
            ],
            "glance_related_adoptions": [
                {"image_id": "image-3", "nova_installation_uuid": NOVA, "instance_id": "i-3", "request_id": "req-3",
                 "owner": None, "created_at": NOW},
            ],
        },
        lambda database: (
            [one.region_name for one in Store(database).installations()] == ["RegionTwo"]
            and RiderStore(database).get("req-1", "snapshot")
            == Rider("req-1", "snapshot", "req-2", NOVA, "alice-project", "alice", {"instance_id": "i-1"}, NOW)
            and AdoptionStore(database).after("", 9) == [Adoption("image-3", NOVA, "i-3", "req-3", None, NOW)]
        ),
    ),
    "0003": (
        {
            "glance_related_riders": [
                {"request_id": "req-4", "kind": "override", "own_request_id": "req-5", "nova_installation_uuid": NOVA,
                 "project_id": "alice-project", "user_id": "alice", "content": "{}", "created_at": NOW, "is_open": 1},
            ],
            "glance_related_server_overrides": [
                {"nova_installation_uuid": NOVA, "instance_id": "i-4", "project_id": "alice-project",
                 "image_id": "image-4", "rescue_image_id": "image-5", "properties": '{"hw_disk_bus": "scsi"}',
                 "request_id": "req-5", "made_at": NOW},
            ],
        },
        lambda database: (
            [one.is_open for one in RiderStore(database).open_of("override", NOVA, ["alice-project"])] == [True]
            and OverrideStore(database).get(InstanceRef(NOVA, "i-4"))
            == Kept(InstanceRef(NOVA, "i-4"), "alice-project", "image-4", "image-5", {"hw_disk_bus": "scsi"}, "req-5",
                    NOW)
        ),
    ),
    "0004": (
        {
            "glance_related_package_scopes": [{"scope": "", "version": 1, "generation": 1, "said": 0}],
            "glance_related_package_entries": [
                {"name": "web", "kind": "package", "title": "Gr\u00fcn", "description": "", "category": "",
                 "required": 0, "on_by_default": 1, "enabled": 1, "details": "{}", "version": 1},
            ],
            "glance_related_package_instances": [
                {"nova_installation_uuid": NOVA, "instance_id": "i-6", "project_id": "alice-project", "name": "one",
                 "hostname": "one", "os_distro": "debian", "generation": 3, "request_id": "req-6", "created_at": NOW},
            ],
            "glance_related_package_instance_states": [
                {"nova_installation_uuid": NOVA, "instance_id": "i-6", "name": "web", "is_on": 0},
            ],
            "glance_related_deliveries": [
                {"id": "delivery-1", "nova_installation_uuid": NOVA, "instance_id": "i-6", "driver": "file", "item": "",
                 "system": "package_menu", "project_id": "alice-project", "action": "settings", "is_pulled": 0,
                 "generation": 3, "state": "failed", "attempts": 2, "losses": 0, "claim": "", "claimed_by": "w",
                 "claimed_generation": 3, "message": "no", "created_at": 1, "wished_at": 2, "updated_at": 3},
            ],
        },
        lambda database: (
            [entry.title for entry in MenuStore(database).of_project("").menu.menu.entries.values()] == ["Gr\u00fcn"]
            and InstanceStore(database).get(InstanceRef(NOVA, "i-6"))
            == KeptSettings(InstanceRef(NOVA, "i-6"), "alice-project", "one", "one", "debian", NOW, "req-6", 3,
                            {"web": Choice(None, False, None)})
            and [(one.state, one.wished_at, one.message) for one in DeliveryStore(database).some()]
            == [("failed", 2, "no")]
        ),
    ),
}  # fmt: skip


def test_every_revision_is_walked() -> None:
    assert list(WALK) == [script.revision for script in REVISIONS]


@pytest.mark.parametrize("revision", WALK)
def test_what_a_revision_stored_the_newest_one_still_knows(revision: str, url: str) -> None:
    engine = open_engine(url, seconds=None)
    migration.upgrade(engine, revision)
    rows, still_known = WALK[revision]
    there = sa.MetaData()
    with engine.begin() as connection:
        for name, values in rows.items():
            connection.execute(sa.insert(sa.Table(name, there, autoload_with=connection)), list(values))
    for script in REVISIONS:
        migration.upgrade(engine, script.revision)
    database = Database(DatabaseSettings(url))
    assert still_known(database)


# -- beside Glance's own tables


def glance_manage(url: str, folder: Path) -> None:
    conf = folder / "glance-api.conf"
    conf.write_text(f"[database]\nconnection = {url}\n")
    command = [Path(sys.executable).parent / "glance-manage", "--config-file", conf, "db_sync"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("backend", ["sqlite", "postgresql", "mariadb"], indirect=True, scope="session")
@pytest.mark.parametrize("glance_first", [True, False], ids=["glance first", "ours first"])
def test_our_tables_live_beside_real_glances(glance_first: bool, url: str, tmp_path: Path) -> None:
    steps: list[Callable[[], object]] = [lambda: glance_manage(url, tmp_path), lambda: upgraded(url)]
    for step in steps if glance_first else reversed(steps):
        step()
    both = version_of(url, "alembic_version"), version_of(url, migration.VERSION_TABLE)
    for step in steps:
        step()
    assert (version_of(url, "alembic_version"), version_of(url, migration.VERSION_TABLE)) == both
    assert both[0] is not None
    assert both[1] == migration.head()
    assert {"images", "image_properties", *metadata.tables} <= tables(open_engine(url, seconds=None))
    store = Store(Database(DatabaseSettings(url)))
    image = new_id()
    store.bind(image, SERVER)
    assert store.refs([image]) == {image: SERVER}


def version_of(url: str, table: str) -> str | None:
    with open_engine(url, seconds=None).connect() as connection:
        return MigrationContext.configure(connection, opts={"version_table": table}).get_current_revision()


# -- what is told


def configured(url: str, folder: Path) -> str:
    conf = folder / "glance-related.conf"
    conf.write_text(f"[database]\nconnection = {url}\ntimeout = 2\n")
    return str(conf)


def test_a_schema_that_was_never_upgraded_stops_the_start_in_one_sentence(url: str, tmp_path: Path) -> None:
    conf = configured(url, tmp_path)
    with pytest.raises(ConfigError) as raised:
        open_suite(conf).check_schema()
    sentence = str(raised.value)
    assert f"glance-related-manage --config-file {conf} db upgrade" in sentence
    assert sentence.count("\n") == 0
    assert main(["--config-file", conf, "db", "upgrade"]) == 0
    open_suite(conf).check_schema()


def test_a_schema_that_a_newer_release_has_upgraded_counts_as_current(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = configured(url, tmp_path)
    engine = upgraded(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"update {migration.VERSION_TABLE} set version_num = '9999'"))
    open_suite(conf).check_schema()
    assert main(["--config-file", conf, "db", "upgrade"]) == 0
    assert "9999" in capsys.readouterr().out
    assert version_of(url, migration.VERSION_TABLE) == "9999"


def test_mysql_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with MySQLServer() as server:
        url = f"mysql+pymysql://app:secret@127.0.0.1:{server.port}/app"
        assert main(["--config-file", configured(url, tmp_path), "db", "upgrade"]) == 1
        told = capsys.readouterr().err
        assert "this is MySQL, which is not supported" in told
        assert told.strip().count("\n") == 0
        database = Database(DatabaseSettings(url, timeout=2))
        with pytest.raises(DatabaseDown, match="MySQL"):
            database.read(migration.version)
