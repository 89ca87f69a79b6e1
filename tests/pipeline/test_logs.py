"""What our code says in Glance's own log: each line with its request's id, none with anything secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import webtest
from paste.deploy import loadapp

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from tests.pipeline.cloud import ADMIN, ALICE, NOVA, NOVA_FOR_ALICE, Cloud
from tests.pipeline.conftest import PASTE

TOKEN = "gAAAA-the-callers-own-token"
SERVICE_TOKEN = "gAAAA-the-services-token"
IN_BODY = "what-only-the-body-says"
SECRETS = (TOKEN, SERVICE_TOKEN, IN_BODY)


class Log:
    """The lines that ``glance.log`` got since this object was made and that our code wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._from = path.stat().st_size

    def whole(self) -> str:
        return self._path.read_text()[self._from :]

    def lines(self) -> list[str]:
        return [line for line in self.whole().splitlines() if " glance_related." in line]

    def of(self, request_id: str) -> list[str]:
        """Those that carry the id of one request."""
        return [line for line in self.lines() if f"[{request_id} " in line or f" {request_id} " in line]


@pytest.fixture
def own(cloud: Cloud, tmp_path: Path) -> Cloud:
    """The same Glance with a filter whose database can be taken away."""
    (tmp_path / "glance-related.conf").write_text(
        f"[database]\nconnection = sqlite:///{tmp_path}/ours.sqlite\nbreaker_seconds = 0.1\n"
    )
    (tmp_path / "paste.ini").write_text(PASTE.format(root=tmp_path))
    database = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(database.engine)
    Store(database).add_installation(Installation(NOVA, "nova", ("nova",), ("scheduler",)))
    app = webtest.TestApp(loadapp(f"config:{tmp_path}/paste.ini", name="glance-api-ours"), lint=True)
    return Cloud(cloud.root, app, cloud.stock, Store(database))


@pytest.fixture
def log(cloud: Cloud) -> Log:
    return Log(cloud.root / "glance.log")


def secretive(cloud: Cloud, who: Any, **image: str) -> Any:
    """A POST whose headers and body hold what nobody may read in a log."""
    headers = {"X-Auth-Token": TOKEN}
    if who.service_user:
        headers["X-Service-Token"] = SERVICE_TOKEN
    image = {"name": IN_BODY, "nova_installation_uuid": NOVA, "instance_id": IN_BODY, **image}
    return cloud.post(who, image, headers=headers)


def request_id(reply: Any) -> str:
    return str(reply.headers["X-Openstack-Request-Id"])


def take_away(folder: Path) -> None:
    """The database cannot be opened any more."""
    (folder / "ours.sqlite").unlink()
    (folder / "ours.sqlite").mkdir()


def test_a_refusal_is_logged_with_its_code_and_the_id_of_its_request(own, log):
    reply = secretive(own, ALICE)
    assert reply.status_int == 403
    (line,) = log.of(request_id(reply))
    assert "instance_aware.not_allowed" in line


def test_a_bad_value_is_refused_without_being_repeated_in_the_log(own, log):
    reply = secretive(own, ADMIN, nova_installation_uuid=IN_BODY)
    assert reply.status_int == 400
    assert "instance_aware.bad_installation" in "".join(log.of(request_id(reply)))
    assert not _told(log)


def test_a_database_that_is_down_is_logged_once_and_every_line_has_its_requests_id(own, log, tmp_path):
    take_away(tmp_path)
    replies = [secretive(own, ADMIN), secretive(own, NOVA_FOR_ALICE), own.get(ALICE, "/v2/images?instance_id=i-1")]
    assert [reply.status_int for reply in replies] == [503, 201, 503]
    warnings = [line for line in log.lines() if "the database of glance_related is down" in line]
    assert len(warnings) == 1
    assert " WARNING " in warnings[0]
    assert log.of(request_id(replies[0]))
    ids = {request_id(reply) for reply in replies}
    assert log.lines()
    assert all(re.search(r"req-[0-9a-f-]{36}", line)[0] in ids for line in log.lines())


def test_nothing_secret_is_in_any_line_of_ours(own, log, tmp_path):
    for who in (ALICE, ADMIN, NOVA_FOR_ALICE):
        secretive(own, who)
    secretive(own, ADMIN, instance_id="x" * 300)
    image_id = own.image(ALICE)
    own.patch(
        ALICE, image_id, [{"op": "add", "path": "/instance_id", "value": IN_BODY}], headers={"X-Auth-Token": TOKEN}
    )
    take_away(tmp_path)
    for who in (ALICE, ADMIN, NOVA_FOR_ALICE):
        secretive(own, who)
    own.patch(ADMIN, image_id, [{"op": "add", "path": "/instance_id", "value": IN_BODY}])
    own.delete(ALICE, image_id)
    assert len(log.lines()) > 4
    assert not _told(log)


def test_a_fault_of_our_own_is_logged_with_its_requests_id_and_answered_without_it(own, log, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("the-inside-of-the-house")

    monkeypatch.setattr(Store, "images_of", broken)
    reply = own.get(ALICE, "/v2/images?instance_id=i-1")
    assert reply.status_int == 500
    assert "the-inside-of-the-house" not in reply.text
    assert any("failed" in line for line in log.of(request_id(reply)))
    assert "the-inside-of-the-house" in log.whole()


def _told(log: Log) -> list[str]:
    """Our lines that hold something secret."""
    return [line for line in log.lines() if any(secret in line for secret in SECRETS)]
