"""System 2 where Nova does not tell, where two hosts do not agree, and where somebody writes what nobody expects."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import webob
import webob.exc

from glance_related.db.models import utcnow
from glance_related.props_override import riding
from glance_related.props_override.override import OVERRIDE
from tests.filters.conftest import ADMIN, NOVA
from tests.filters.override_side import IMAGE, OTHER_IMAGE, OverrideSide, make
from tests.filters.test_override_actions import PROTECTIONS

CODE = "X-Glance-Related-Code"
FIRST, SECOND = {"hw_video_model": "virtio"}, {"os_command_line": "quiet"}
OWN = {"hw_disk_bus": "virtio"}
BOB = {"X-User-Id": "bob", "X-Project-Id": "bob-project", "X-Roles": "member,reader"}


@pytest.fixture
def side(tmp_path: Path) -> OverrideSide:
    return make(tmp_path)


@pytest.fixture
def protected(tmp_path: Path) -> OverrideSide:
    (tmp_path / "protections.conf").write_text(PROTECTIONS)
    return make(tmp_path, f"[props_override]\nproperty_protection_file = {tmp_path}/protections.conf\n")


def fails(side: OverrideSide, path_ends: str, status: type[webob.exc.HTTPException], times: int = 99) -> None:
    """Nova answers a GET of that with a failure, so many times."""
    answer, left = side.nova._answer, [times]

    def failing(request: webob.Request, path: list[str]) -> webob.Response:
        if request.method == "GET" and "/".join(path).endswith(path_ends) and left[0]:
            left[0] -= 1
            raise status("a failure of Nova's")
        return answer(request, path)

    side.nova._answer = failing  # type: ignore[method-assign]


def rebuild(side: OverrideSide, server_id: str, image: str = IMAGE, **more: Any) -> Any:
    return side.act(server_id, {"rebuild": {"imageRef": image, **more}})


@pytest.mark.parametrize("below", ["x" * 40, "", OTHER_IMAGE.upper(), "../../x"])
def test_what_an_image_says_of_itself_is_only_text(side: OverrideSide, below: str) -> None:
    snapshot = "0a1b2c3d-1111-4222-8333-aaaabbbbcccc"
    side.glance.answers("GET", f"/v2/images/{snapshot}", json={"id": snapshot, "base_image_ref": below})
    kept = side.kept(side.booted(FIRST, imageRef=snapshot))
    assert kept is not None
    assert kept.rescue_image_id == (OTHER_IMAGE if below == OTHER_IMAGE.upper() else snapshot)


@pytest.mark.parametrize("more", [{}, {"image_props_override": SECOND}, {"image_props_override": {}}])
def test_a_rebuild_waits_until_nova_shows_the_server(side: OverrideSide, more: Any) -> None:
    server_id = side.booted(FIRST)
    fails(side, f"servers/{server_id}", webob.exc.HTTPInternalServerError, times=1)
    assert rebuild(side, server_id, **more).status_int == 500
    assert side.nova.servers[server_id].properties == {**OWN, **FIRST}
    assert len(side.nova.posted) == 1


def test_a_rebuild_is_refused_where_nova_does_not_tell_what_made_the_server(side: OverrideSide) -> None:
    side.boot(FIRST, min_count=2)
    second = list(side.nova.servers)[1]
    fails(side, "os-instance-actions", webob.exc.HTTPForbidden)
    reply = rebuild(side, second)
    assert (reply.status_int, reply.headers[CODE]) == (503, "props_override.undecided")
    assert side.shown(second) is None
    assert side.act(second, {"rescue": None}).status_int == 200
    assert rebuild(side, next(iter(side.nova.servers))).status_int == 202, "the first one is known"


def test_every_server_of_a_boot_is_judged_by_what_it_carries(protected: OverrideSide) -> None:
    admin = {**ADMIN, "X-Project-Id": "alice-project"}
    protected.boot(FIRST, who=admin, min_count=3)
    for server_id in protected.nova.servers:
        reply = protected.act(server_id, {"createImage": {"name": "snap"}})
        assert (reply.status_int, reply.headers[CODE]) == (403, "props_override.snapshot_forbidden")


def test_nobody_is_told_of_a_server_that_he_does_not_see(protected: OverrideSide) -> None:
    server_id = protected.booted(FIRST, who={**ADMIN, "X-Project-Id": "alice-project"})
    fails(protected, f"servers/{server_id}", webob.exc.HTTPNotFound)
    reply = protected.act(server_id, {"createImage": {"name": "snap"}}, who=BOB)
    assert "hw_video_model" not in reply.text
    assert CODE not in reply.headers


def test_an_image_is_the_same_in_upper_case(side: OverrideSide) -> None:
    side.glance.answers("GET", f"/v2/images/{IMAGE.upper()}", json={"id": IMAGE, **OWN})
    server_id = side.booted(FIRST, imageRef=IMAGE.upper())
    assert side.shown(server_id) == FIRST
    assert rebuild(side, server_id).status_int == 202
    assert side.nova.servers[server_id].properties == {**OWN, **FIRST}


def test_a_later_request_counts_though_its_host_s_clock_is_behind(
    side: OverrideSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_id = side.booted(FIRST)
    monkeypatch.setattr(riding, "utcnow", lambda: utcnow() - datetime.timedelta(seconds=30))
    assert rebuild(side, server_id, image_props_override={}).status_int == 202
    assert side.shown(server_id) is None
    assert rebuild(side, server_id, image_props_override=SECOND).status_int == 202
    assert side.shown(server_id) == SECOND
    assert rebuild(side, server_id).status_int == 202
    assert side.nova.servers[server_id].properties == {**OWN, **SECOND}


def test_a_boot_is_closed_when_as_many_servers_are_known_as_it_makes(side: OverrideSide) -> None:
    side.boot(FIRST, min_count=3)
    for server_id in side.nova.servers:
        assert len(side.riders.open_of(OVERRIDE, NOVA, ["alice-project"])) == 1
        assert side.shown(server_id) == FIRST
    assert side.riders.open_of(OVERRIDE, NOVA, ["alice-project"]) == []


def test_whoever_looks_while_another_finds_out_sees_it_too(side: OverrideSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other keeps it, and closes what was open, while the first is between his two looks."""
    side.boot(FIRST, return_reservation_id=True)
    (server_id,) = side.nova.servers
    assert side.kept(server_id) is None
    tracing = side.app.app._kept._tracing
    plain = tracing.open_of

    def after_another(projects: set[str]) -> Any:
        monkeypatch.setattr(tracing, "open_of", plain)
        assert side.shown(server_id) == FIRST
        return plain(projects)

    monkeypatch.setattr(tracing, "open_of", after_another)
    assert side.shown(server_id) == FIRST


@pytest.mark.parametrize("index", ["00", "-0", 0.0, " 0 "])
def test_a_root_disk_is_one_however_its_index_is_written(side: OverrideSide, index: Any) -> None:
    disk = {"boot_index": index, "uuid": IMAGE, "source_type": "image", "destination_type": "volume"}
    reply = side.boot(FIRST, block_device_mapping_v2=[disk])
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.from_volume")


def test_disks_of_the_older_form_beside_an_image_are_refused(side: OverrideSide) -> None:
    reply = side.boot(FIRST, block_device_mapping=[{"device_name": "vda", "volume_id": OTHER_IMAGE}])
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.from_volume")


def test_an_image_of_a_volume_is_refused(side: OverrideSide) -> None:
    snapshot = "0a1b2c3d-1111-4222-8333-aaaabbbbcccc"
    side.glance.answers("GET", f"/v2/images/{snapshot}", json={"id": snapshot, "block_device_mapping": "[]"})
    reply = side.boot(FIRST, imageRef=snapshot)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.from_volume")


def test_half_a_surrogate_pair_is_told_and_not_a_failure(side: OverrideSide) -> None:
    body = b'{"server": {"imageRef": "%s", "image_props_override": {"\\ud800": "x"}}}' % IMAGE.encode()
    reply = side.ask("POST", "/servers", body=body)
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.refused")


def test_a_glance_that_fails_is_nova_s_own_answer(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    fails(side, f"images/{IMAGE}", webob.exc.HTTPServiceUnavailable)
    assert side.boot(FIRST).status_int == 503
    assert rebuild(side, server_id, image_props_override=SECOND).status_int == 503
    assert len(side.nova.posted) == 1


def test_a_rebuild_from_an_image_that_is_gone_is_nova_s_own_refusal(side: OverrideSide) -> None:
    server_id = side.booted(FIRST)
    side.glance._answers.clear()
    reply = rebuild(side, server_id)
    assert reply.status_int == 404
    assert CODE not in reply.headers
    assert side.shown(server_id) == FIRST


def test_what_the_image_says_already_is_no_change_of_the_placing(side: OverrideSide) -> None:
    placed = "0a1b2c3d-1111-4222-8333-aaaabbbbcccc"
    side.glance.answers("GET", f"/v2/images/{placed}", json={"id": placed, "hw_numa_nodes": "2"})
    server_id = side.booted(None, imageRef=placed)
    assert rebuild(side, server_id, placed, image_props_override={"hw_numa_nodes": "2"}).status_int == 202
    reply = rebuild(side, server_id, placed, image_props_override={"hw_numa_nodes": "1"})
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.refused")


@pytest.mark.parametrize("action", ["rescue", "createImage", "os-start"])
def test_in_another_action_nobody_would_read_it(side: OverrideSide, action: str) -> None:
    reply = side.act(side.booted(), {action: {"name": "x", "image_props_override": FIRST}})
    assert (reply.status_int, reply.headers[CODE]) == (400, "props_override.elsewhere")


def test_to_delete_a_server_without_an_override_nova_is_asked_for_nothing_else(side: OverrideSide) -> None:
    server_id = side.booted()
    asked: list[str] = []
    answer = side.nova._answer

    def counted(request: webob.Request, path: list[str]) -> webob.Response:
        asked.append(request.method)
        return answer(request, path)

    side.nova._answer = counted  # type: ignore[method-assign]
    assert side.ask("DELETE", f"/servers/{server_id}").status_int == 204
    assert asked == ["DELETE"]
