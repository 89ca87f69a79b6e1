"""Glance's own tables on every database that Glance may lie in: read in batches, never written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from glance_related.db import glance_tables
from glance_related.db.database import DatabaseDown
from glance_related.db.glance_tables import GlanceTables

NAMES = ("nova_installation_uuid", "instance_id")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/glance.sqlite"
    return str(request.getfixturevalue(request.param).new_database())


@pytest.fixture
def glance(url: str) -> Iterator[sa.Engine]:
    """Glance's tables with seven images, two of them deleted; every image has both properties and another."""
    engine = sa.create_engine(url)
    glance_tables._metadata.create_all(engine)
    with engine.begin() as connection:
        for number in range(7):
            deleted = number in (2, 6)
            connection.execute(sa.insert(glance_tables._images).values(id=f"{number}a0e-B", deleted=deleted))
            for name in (*NAMES, "INSTANCE_ID", "os_distro"):
                connection.execute(
                    sa.insert(glance_tables._properties).values(
                        image_id=f"{number}a0e-B", name=name, value=f"{name} {number}", deleted=deleted
                    )
                )
    yield engine
    engine.dispose()


def test_only_our_names_of_images_that_are_there_are_read_each_image_once(url, glance, monkeypatch):
    monkeypatch.setattr(glance_tables, "_BATCH", 2)
    tables = GlanceTables(url)
    assert tables.are_there()
    assert tables.images() == 5
    batches = list(tables.properties(NAMES))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    read = {image_id: properties for batch in batches for image_id, properties in batch.items()}
    assert read == {f"{n}a0e-B": {name: f"{name} {n}" for name in NAMES} for n in (0, 1, 3, 4, 5)}
    tables.dispose()


def test_the_database_itself_refuses_a_write(url, glance):
    tables = GlanceTables(url)
    for statement in ("delete from images", "update image_properties set value = 'x'", "create table x (y integer)"):
        with pytest.raises(DatabaseDown):
            tables._read(lambda connection, statement=statement: _written(connection, statement))
    tables.dispose()
    with glance.connect() as connection:
        assert connection.execute(sa.text("select count(*) from images")).scalar_one() == 7
        assert connection.execute(sa.text("select count(*) from image_properties where value = 'x'")).scalar_one() == 0


def test_a_database_without_glances_tables_is_not_glances(url):
    sa.create_engine(url).connect().close()  # SQLite's file is there from now on
    tables = GlanceTables(url)
    assert not tables.are_there()
    tables.dispose()


def _written(connection: sa.Connection, statement: str) -> None:
    connection.execute(sa.text(statement))
    connection.commit()
