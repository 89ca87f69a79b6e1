"""``reconcile --import``: native tuples are taken over, and Glance's tables stay as they are."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing

import pytest
import sqlalchemy as sa

from glance_related.db import glance_tables
from glance_related.db.database import DatabaseDown
from glance_related.db.glance_tables import GlanceTables, Unreadable
from glance_related.db.models import utcnow
from glance_related.instance_aware.strangers import Kind, count_strangers
from glance_related.instance_ref import InstanceRef
from tests.unit.instance_aware.conftest import NOVA

UNREGISTERED = "99999999-8888-7777-6666-555555555555"


class GlanceDatabase:
    """Glance's two tables, as its migrations make them."""

    def __init__(self, path):
        self.path = path
        self._do(
            "create table images (id varchar(36) primary key, deleted boolean not null)",
            "create table image_properties (id integer primary key, image_id varchar(36) not null,"
            " name varchar(255) not null, value text, deleted boolean not null)",
        )

    def image(self, *, deleted=False, **properties):
        image_id = str(uuid.uuid4())
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("insert into images values (?, ?)", (image_id, deleted))
            for name, value in properties.items():
                connection.execute(
                    "insert into image_properties (image_id, name, value, deleted) values (?, ?, ?, ?)",
                    (image_id, name, value, deleted),
                )
        return image_id

    def content(self):
        with closing(sqlite3.connect(self.path)) as connection:
            return list(connection.iterdump())

    def _do(self, *statements):
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
def native(tmp_path):
    return GlanceDatabase(tmp_path / "glance.sqlite")


@pytest.fixture
def tables(native):
    return GlanceTables(f"sqlite:///{native.path}?timeout=30")


def test_a_whole_tuple_of_a_registered_nova_is_taken_over_and_every_other_is_counted(native, tables, store, run):
    good = native.image(nova_installation_uuid=NOVA.upper(), instance_id="i-1", os_distro="debian")
    bare = native.image(os_distro="debian")
    half = native.image(instance_id="i-1")
    invalid = native.image(nova_installation_uuid="no-uuid", instance_id="i-1")
    unregistered = native.image(nova_installation_uuid=UNREGISTERED, instance_id="i-1")
    deleted = native.image(deleted=True, nova_installation_uuid=NOVA, instance_id="i-1")
    ours = native.image(nova_installation_uuid=NOVA, instance_id="i-native")
    store.bind(ours, InstanceRef(NOVA, "i-ours"))
    before = native.content()
    report = run(import_native=tables, clock=utcnow)
    assert report.imported == 1
    assert report.not_imported == {"bound": 1, "unregistered": 1, "half": 1, "invalid": 1}
    assert store.refs([good, bare, half, invalid, unregistered, deleted, ours]) == {
        good: InstanceRef(NOVA, "i-1"),
        ours: InstanceRef(NOVA, "i-ours"),
    }
    assert native.content() == before


def test_a_dry_run_counts_and_binds_nothing(native, tables, store, run):
    good = native.image(nova_installation_uuid=NOVA, instance_id="i-1")
    assert run(import_native=tables, dry_run=True).imported == 1
    assert store.refs([good]) == {}


def test_without_import_native_properties_stay_what_they_are(native, store, run):
    good = native.image(nova_installation_uuid=NOVA, instance_id="i-1")
    report = run()
    assert (report.imported, report.not_imported) == (0, None)
    assert store.refs([good]) == {}


def test_a_second_import_finds_nothing_new(native, tables, glance, store, run):
    good = native.image(nova_installation_uuid=NOVA, instance_id="i-1")
    glance.has(good)
    assert run(import_native=tables).imported == 1
    again = run(import_native=tables)
    assert (again.imported, again.not_imported["bound"]) == (0, 1)


def test_a_refused_reconcile_imports_nothing(native, tables, glance, store, run):
    good = native.image(nova_installation_uuid=NOVA, instance_id="i-1")
    glance.about["database_id"] = "another"
    with pytest.raises(Exception, match="another database"):
        run(import_native=tables)
    assert store.refs([good]) == {}


def test_every_image_is_looked_at_however_many_there_are(native, tables, store, monkeypatch):
    monkeypatch.setattr(glance_tables, "_BATCH", 4)
    for number in range(11):
        native.image(nova_installation_uuid=NOVA, instance_id=f"i-{number}")
    shown = []
    counted = count_strangers(tables, store, lambda done, total: shown.append((done, total)))
    assert counted == {Kind.IMPORTABLE: 11}
    assert shown == [(4, 11), (8, 11), (11, 11)]


def test_properties_of_nearly_our_names_are_no_strangers(native, tables, store):
    native.image(Nova_Installation_UUID=NOVA, instance_uuid="i-1")
    assert count_strangers(tables, store, lambda *_: None) == {}


def test_glances_tables_cannot_be_written(native, tables):
    image_id = native.image()
    with pytest.raises(DatabaseDown):
        tables._read(lambda connection: connection.execute(sa.text("delete from images")))
    assert image_id in "".join(native.content())


def test_tables_of_somebody_else_are_not_glances(store, tmp_path):
    assert GlanceTables(f"sqlite:///{tmp_path}/ours.sqlite").are_there() is False


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(DatabaseDown):
        GlanceTables(f"sqlite:///{tmp_path}/nowhere.sqlite").are_there()
    assert not (tmp_path / "nowhere.sqlite").exists()


@pytest.mark.parametrize("url", ["no url", "oracle:///x", "mysql+nodriver://glance:secret@db/glance"])
def test_a_url_that_cannot_be_used_is_said_without_the_url(url):
    with pytest.raises(Unreadable) as raised:
        GlanceTables(url)
    assert "secret" not in str(raised.value)
