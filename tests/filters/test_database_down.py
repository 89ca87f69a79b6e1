"""Without its database the filter refuses what needs it, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glance_related.db.database import DatabaseDown
from glance_related.instance_ref import InstanceRef
from tests.filters.conftest import ADMIN, MEMBER, NOVA, NOVAS, SCHEDULER, TUPLE, Setup, make

IMAGES = "/v2/images"
REF = InstanceRef(NOVA, "i-1")
CODE = "X-Glance-Related-Code"


@pytest.mark.parametrize(
    ("who", "method", "path", "document"),
    [
        pytest.param(ADMIN, "POST", IMAGES, TUPLE, id="a tuple"),
        pytest.param(SCHEDULER, "POST", IMAGES, {"id": "x", **TUPLE}, id="a tuple and an id"),
        pytest.param(ADMIN, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": "/instance_id"}], id="a change"),
        pytest.param(MEMBER, "GET", f"{IMAGES}?instance_id=i-1", None, id="a narrowed list"),
        pytest.param(ADMIN, "GET", "/v2/glance-related", None, id="our own route"),
    ],
)
def test_what_needs_the_database_is_503_and_changes_nothing(
    without_database: Setup, who: dict[str, str], method: str, path: str, document: Any
) -> None:
    without_database.glance.answers("GET", f"{IMAGES}/x", json={"id": "x"})
    reply = without_database.request(who, method, path, document)
    assert (reply.status_int, reply.headers[CODE]) == (503, "glance_related.database_down")
    assert all(call.method == "GET" for call in without_database.glance.calls)


def test_everything_else_goes_through_without_our_additions_and_with_one_warning(
    without_database: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    glance = without_database.glance
    glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "instance_id": "native"})
    glance.answers("GET", IMAGES, json={"images": [{"id": "x", "instance_id": "native"}]})
    glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})
    glance.answers("DELETE", f"{IMAGES}/x", status="204 No Content")
    request = without_database.request
    for _ in range(5):
        assert request(MEMBER, "GET", f"{IMAGES}/x").json == {"id": "x"}
        assert request(MEMBER, "GET", IMAGES).json == {"images": [{"id": "x"}]}
        assert request(MEMBER, "POST", IMAGES, {"name": "a"}).status_int == 201
        assert request(MEMBER, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": "/x"}]).status_int == 200
        assert request(MEMBER, "DELETE", f"{IMAGES}/x").status_int == 204
        assert request(MEMBER, "GET", "/v2/glance-related").status_int == 200
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "down" in warnings[0].message


def test_novas_snapshot_goes_through_without_its_tuple(without_database: Setup) -> None:
    without_database.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    reply = without_database.request(NOVAS, "POST", IMAGES, {"name": "snapshot", **TUPLE})
    assert reply.status_int == 201
    assert without_database.glance.calls[0].json == {"name": "snapshot"}


def test_novas_users_are_remembered_while_the_database_is_down(tmp_path: Path) -> None:
    setup = make(tmp_path)
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": "x"})
    setup.glance.answers("GET", IMAGES, json={"images": [{"id": "x"}]})
    setup.request(MEMBER, "GET", IMAGES)  # reads who is registered
    setup.suite.database.dispose()
    (tmp_path / "ours.sqlite").unlink()
    (tmp_path / "ours.sqlite").mkdir()
    nova_itself = {"X-User-Id": "nova", "X-Project-Id": "service-project", "X-Roles": "service,admin"}
    assert setup.request(nova_itself, "POST", IMAGES, {"name": "s", **TUPLE}).status_int == 201
    program = {**NOVAS, "X-Service-User-Id": "scheduler"}
    assert setup.request(program, "POST", IMAGES, {"name": "b", **TUPLE}).status_int == 503


def test_a_database_that_fails_behind_glances_201_leaves_the_attempt_for_reconcile(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    setup.glance.answers("POST", IMAGES, status="201 Created", json={"id": image_id})

    def down(*_: object) -> None:
        raise DatabaseDown

    monkeypatch.setattr("glance_related.instance_aware.store.Store.confirm", down)
    assert setup.request(ADMIN, "POST", IMAGES, {"id": image_id, **TUPLE}).status_int == 201
    assert [one.image_id for one in setup.store.pending()] == [image_id]


def test_a_database_that_fails_behind_an_update_is_said_in_words_that_do_not_hide_it(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.store.bind("x", REF)
    setup.glance.answers("GET", f"{IMAGES}/x", json={"id": "x", "owner": "p"})
    setup.glance.answers("PATCH", f"{IMAGES}/x", json={"id": "x"})

    def down(*_: object) -> None:
        raise DatabaseDown

    monkeypatch.setattr("glance_related.instance_aware.store.Store.rebind", down)
    reply = setup.request(ADMIN, "PATCH", f"{IMAGES}/x", [{"op": "remove", "path": f"/{name}"} for name in TUPLE])
    assert (reply.status_int, reply.headers[CODE]) == (503, "instance_aware.not_recorded")
    assert "was updated" in reply.text
    assert setup.store.refs(["x"]) == {"x": REF}
