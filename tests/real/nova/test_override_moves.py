"""A server with overridden image properties keeps them when it moves to another host: by Nova's record, not by us."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from cloud.nova_programs import Daemon
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.nova.overridden import assert_has, booted

OVERRIDE = {"hw_video_model": "virtio", "os_command_line": "quiet"}
OTHER = "other-host"


class OtherCompute(Daemon):
    """A second compute host."""

    def __init__(self, first: Daemon) -> None:
        super().__init__(first.nova, "nova-compute-other", first.command, first.files[:-1])

    def write_config(self) -> None:
        super().write_config()
        state = self.nova.data.with_name(OTHER)
        for folder in ("lock", "instances"):
            (state / folder).mkdir(parents=True, exist_ok=True)
        own = f"[DEFAULT]\nhost = {OTHER}\nstate_path = {state}\n[oslo_concurrency]\nlock_path = {state}/lock\n"
        self.conf.write_text(self.conf.read_text() + own)


@pytest.fixture(scope="module")
def other_host(nova_cloud: NovaCloud) -> Iterator[str]:
    nova = nova_cloud.nova
    other = OtherCompute(nova.compute)
    other.write_config()
    other.start()
    try:
        (nova.data / "host-discovered").unlink()
        nova.discover()
        nova_cloud.wait_for(lambda: _service(nova_cloud, OTHER).get("state") == "up", "the second host is not up")
        yield OTHER
    finally:
        service = _service(nova_cloud, OTHER)
        other.stop()
        nova_cloud.compute_call("admin", "PUT", f"/os-services/{service['id']}", {"forced_down": True})
        nova_cloud.compute_call("admin", "DELETE", f"/os-services/{service['id']}")


def _service(cloud: NovaCloud, host: str) -> dict:
    answer = cloud.compute_call("admin", "GET", f"/os-services?binary=nova-compute&host={host}")
    assert answer.status == 200, answer
    return dict(answer.json()["services"][0]) if answer.json()["services"] else {}


def _host(cloud: NovaCloud, server_id: str) -> str:
    return str(cloud.server("admin", server_id)["OS-EXT-SRV-ATTR:host"])


@contextlib.contextmanager
def _dead(cloud: NovaCloud) -> Iterator[None]:
    """The first host's nova-compute is gone, and Nova has been told."""
    service = _service(cloud, cloud.nova.host)
    cloud.nova.compute.kill9()
    path = f"/os-services/{service['id']}"
    assert cloud.compute_call("admin", "PUT", path, {"forced_down": True}).status == 200
    try:
        yield
    finally:
        cloud.nova.compute.start()
        assert cloud.compute_call("admin", "PUT", path, {"forced_down": False}).status == 200
        cloud.wait_for(lambda: _service(cloud, cloud.nova.host)["state"] == "up", "the first host is not up again")


def test_a_migration_and_an_evacuation_keep_it(nova_cloud: NovaCloud, other_host: str) -> None:
    first = nova_cloud.nova.host
    server = nova_cloud.boot("alice", "moving", image_props_override=OVERRIDE)
    if _host(nova_cloud, server) == first:
        _migrate(nova_cloud, server, other_host)
    _migrate(nova_cloud, server, first)
    with _dead(nova_cloud):
        answer = nova_cloud.action("admin", server, {"evacuate": {"host": other_host}})
        assert answer.status == 200, answer
        nova_cloud.wait_for(lambda: _host(nova_cloud, server) == other_host, "it is not evacuated", seconds=120)
        nova_cloud.wait_for_server("alice", server, "ACTIVE", "SHUTOFF", seconds=120)
        _is_defined(nova_cloud, server, other_host)
        assert_has(nova_cloud, "alice", server, OVERRIDE)
    nova_cloud.delete_server("alice", server)


def _migrate(cloud: NovaCloud, server: str, host: str) -> None:
    answer = cloud.action("admin", server, {"migrate": {"host": host}})
    assert answer.status == 202, answer
    cloud.wait_for_server("alice", server, "VERIFY_RESIZE", seconds=120)
    assert cloud.action("alice", server, {"confirmResize": None}).status == 204
    cloud.wait_for_server("alice", server, "ACTIVE")
    assert _host(cloud, server) == host
    _is_defined(cloud, server, host)
    assert_has(cloud, "alice", server, OVERRIDE)


def _is_defined(cloud: NovaCloud, server: str, host: str) -> None:
    """That host's driver was told of the override."""
    state = cloud.nova.data.with_name(OTHER) if host == OTHER else cloud.nova.data
    told = json.loads((state / "instances" / server / "machine.json").read_text())
    assert {name: told[name] for name in OVERRIDE} == OVERRIDE


def test_nothing_of_it_needed_us(nova_cloud: NovaCloud, other_host: str) -> None:
    """The same through a nova-api without any filter of ours."""
    stock = nova_cloud.stock_nova
    server = booted(nova_cloud, "alice", OVERRIDE)
    host = other_host if _host(nova_cloud, server) != other_host else nova_cloud.nova.host
    assert nova_cloud.action("admin", server, {"migrate": {"host": host}}, on=stock).status == 202
    nova_cloud.wait_for_server("alice", server, "VERIFY_RESIZE", seconds=120)
    assert nova_cloud.action("alice", server, {"confirmResize": None}, on=stock).status == 204
    nova_cloud.wait_for_server("alice", server, "ACTIVE")
    assert_has(nova_cloud, "alice", server, OVERRIDE)
    nova_cloud.delete_server("alice", server)
