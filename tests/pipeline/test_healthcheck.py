"""The healthcheck plugin inside oslo.middleware's own application: every shape of the answer, every state."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import webtest
from oslo_middleware import Healthcheck

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.suite import open_suite
from tests.pipeline.cloud import ADMIN, ALICE, NOVA

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
    assert detail == "glance_related: bound=0 refused=0 listed=0 riding=0 merged=0 pending=1 swept=1"


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
    assert _soon(lambda: reason(one)[0] == 200)


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
    before = _counted(reason(health)[2])
    cloud.image(ADMIN, nova_installation_uuid=NOVA, instance_id="i-1")
    assert cloud.post(ALICE, {"name": "x", "nova_installation_uuid": NOVA, "instance_id": "i-1"}).status_int == 403
    cloud.ids(ALICE, "?instance_id=i-1")
    after = _counted(reason(health)[2])
    assert {name: after[name] - before[name] for name in before} == {
        "bound": 1,
        "refused": 1,
        "listed": 1,
        "riding": 0,
        "merged": 0,
        "pending": 0,
        "swept": 0,
    }


def test_the_answer_holds_no_secret(app, tmp_path):
    conf = tmp_path / "secret.conf"
    conf.write_text("[database]\nconnection = postgresql+psycopg2://ours:a-secret@127.0.0.1:9/ours\ntimeout = 1\n")
    reply = asked(app(conf))
    assert reply.status_int == 503
    assert "a-secret" not in json.dumps(reply.json["reasons"])


def _counted(detail: str) -> dict[str, int]:
    pairs = [word.split("=") for word in detail.split() if "=" in word]
    return {name: int(number) for name, number in pairs}


def _soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False
