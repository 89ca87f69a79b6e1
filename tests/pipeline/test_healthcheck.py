"""The healthcheck plugin inside oslo.middleware's own application: every shape of the answer, every state."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import webtest
from oslo_middleware import Healthcheck

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import deliveries, utcnow
from glance_related.deliveries.delivery import Done, Wish
from glance_related.deliveries.store import DeliveryStore, Failed
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.started import record_at_nova
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.suite import open_suite
from glance_related.testing.statements import statements
from tests.pipeline.cloud import ADMIN, ALICE, NOVA
from tests.servers.server import wait_until

REF = InstanceRef(NOVA, "i-1")


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "glance-related.conf"
    path.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/ours.sqlite\nbreaker_seconds = 0.1\n")
    return path


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(database.engine)
    return database


@pytest.fixture
def app() -> Callable[..., webtest.TestApp]:
    """The application as Glance's paste file makes it, found by the entry point's name alone."""

    def make(conf: Path, **more: str) -> webtest.TestApp:
        options = {"backends": "glance_related", "detailed": "true", "glance_related_config_file": str(conf), **more}
        return webtest.TestApp(Healthcheck.app_factory({}, **options))

    return make


def asked(app: webtest.TestApp, accept: str = "application/json") -> Any:
    return app.get("/healthcheck", headers={"Accept": accept}, status="*")


def reason(app: webtest.TestApp) -> tuple[int, str, str]:
    """Status, reason and detail of the one backend."""
    reply = asked(app)
    (one,) = reply.json["reasons"]
    return reply.status_int, one["reason"], one["details"]


def test_a_database_that_is_there_is_well_and_the_detail_counts(app, conf, database):
    store = Store(database)
    store.begin("11111111-0000-0000-0000-000000000000", "alice-project", REF)
    store.bind("22222222-0000-0000-0000-000000000000", REF)
    (row,) = store.rows_after("", datetime.datetime(2999, 1, 1), 1)
    store.sweep(row)
    status, why, detail = reason(app(conf))
    assert (status, why) == (200, "OK")
    assert detail == (
        "glance_related: bound=0 refused=0 listed=0 riding=0 merged=0 launched=0 vendordata=0 vendordata_failed=0 "
        "settings=0 reports=0 pending=1 swept=1 waiting=0 oldest_seconds=0 failed_deliveries=0 open_boots=0"
    )


def test_every_media_type_says_the_same(app, conf, database):
    well = app(conf)
    assert asked(well, "text/plain").text == "OK"
    html = asked(well, "text/html")
    assert html.content_type == "text/html"
    assert "glance_related: bound=0" in html.text
    assert asked(well, "application/json").json["reasons"][0]["details"].startswith("glance_related: bound=0")
    assert well.head("/healthcheck").status_int in (200, 204)


def test_without_detail_nothing_is_counted_out_loud(app, conf, database):
    short = app(conf, detailed="false")
    for accept in ("text/plain", "text/html", "application/json"):
        reply = asked(short, accept)
        assert reply.status_int == 200
        assert "bound=" not in reply.text


def test_without_detail_the_database_is_asked_for_nothing_but_its_version(app, conf, database):
    asked_of = open_suite(str(conf)).database
    for detailed, is_asked in (("true", True), ("false", False)):
        one = app(conf, detailed=detailed)
        with statements(asked_of) as sent:
            assert asked(one).status_int == 200
        text = " ".join(statement for statement, _ in sent)
        tables = ("facts", "pending_images", "riders")
        assert [f"glance_related_{table}" in text for table in tables] == [is_asked] * len(tables), text
        assert "glance_related_alembic_version" in text
        assert "glance_related_deliveries" not in text, "there is no menu"


def test_the_detail_says_how_much_of_the_menu_is_on_its_way(app, conf, database):
    record_at_nova(database, NOVA, ["file", "ldap"])
    store, servers = DeliveryStore(database), [InstanceRef(NOVA, f"i-{number}") for number in range(4)]
    store.add([Wish(one, "package_menu", "file", "alice-project", 1) for one in servers])
    store.add([Wish(servers[0], "package_menu", driver, "alice-project", 1) for driver in ("ldap", "gone")])
    claim, (done, failed) = store.claim("file", "w", 2, 60)
    store.finish(claim, [(done, Done()), (failed, Failed("no", None))])
    with database.engine.begin() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.driver == "ldap").values(wished_at=0))
    riders = RiderStore(database)
    for number in range(3):
        riders.add(
            Rider(f"req-{number}", "packages", "req", NOVA, "alice-project", "alice", {"server_id": None}, utcnow(),
                  is_open=number > 0)
        )  # fmt: skip
    figures = counted(reason(app(conf))[2])
    assert (figures["waiting"], figures["failed_deliveries"], figures["open_boots"]) == (3, 1, 2)
    assert figures["oldest_seconds"] == pytest.approx(time.time(), abs=60)


def test_tables_that_are_missing_are_unwell_and_the_detail_names_the_command(app, conf):
    status, why, detail = reason(app(conf))
    assert (status, why) == (503, "glance_related: SCHEMA NOT CURRENT")
    assert "db upgrade" in detail


def test_an_older_schema_is_unwell(app, conf, database, monkeypatch):
    monkeypatch.setattr(migration, "head", lambda: "9999")
    assert reason(app(conf))[:2] == (503, "glance_related: SCHEMA NOT CURRENT")


def test_a_database_that_is_down_is_unwell_until_it_answers_again(app, conf, database, tmp_path):
    one = app(conf)
    assert reason(one)[0] == 200
    (tmp_path / "ours.sqlite").rename(tmp_path / "away")
    (tmp_path / "ours.sqlite").mkdir()
    open_suite(str(conf)).database.dispose()
    assert reason(one)[:2] == (503, "glance_related: DATABASE DOWN")
    assert asked(one, "text/plain").text == "glance_related: DATABASE DOWN"
    (tmp_path / "ours.sqlite").rmdir()
    (tmp_path / "away").rename(tmp_path / "ours.sqlite")
    wait_until(lambda: reason(one)[0] == 200, "it stays unwell")


def test_a_wrong_configuration_is_unwell_and_not_left_out_in_silence(app, tmp_path):
    status, why, detail = reason(app(tmp_path / "nowhere.conf"))
    assert (status, why) == (503, "glance_related: NOT CONFIGURED")
    assert "does not exist" in detail


def test_it_stands_beside_the_stock_backends(app, conf, database, tmp_path):
    both = app(conf, backends="disable_by_file, glance_related", disable_by_file_path=str(tmp_path / "disabled"))
    assert [one["reason"] for one in asked(both).json["reasons"]] == ["OK", "OK"]
    (tmp_path / "disabled").touch()
    reply = asked(both)
    assert reply.status_int == 503
    assert [one["reason"] for one in reply.json["reasons"]] == ["DISABLED BY FILE", "OK"]


def test_it_counts_what_the_filters_of_this_process_did(app, cloud):
    config_file = cloud.root / "glance-related.conf"
    health = app(config_file)
    before = counted(reason(health)[2])
    cloud.image(ADMIN, nova_installation_uuid=NOVA, instance_id="i-1")
    assert cloud.post(ALICE, {"name": "x", "nova_installation_uuid": NOVA, "instance_id": "i-1"}).status_int == 403
    cloud.ids(ALICE, "?instance_id=i-1")
    after = counted(reason(health)[2])
    grown = {name: after[name] - before[name] for name in before}
    assert {name: number for name, number in grown.items() if number} == {"bound": 1, "refused": 1, "listed": 1}


def test_the_answer_holds_no_secret(app, tmp_path):
    conf = tmp_path / "secret.conf"
    conf.write_text("[database]\nconnection = postgresql+psycopg2://ours:a-secret@127.0.0.1:9/ours\ntimeout = 1\n")
    reply = asked(app(conf))
    assert reply.status_int == 503
    assert "a-secret" not in json.dumps(reply.json["reasons"])


def counted(detail: str) -> dict[str, int]:
    """The figures of a detail."""
    pairs = [word.split("=") for word in detail.split() if "=" in word]
    return {name: int(number) for name, number in pairs}
