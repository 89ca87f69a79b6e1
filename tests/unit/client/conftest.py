"""The client, an openstacksdk as it is, and a `FakeGlance` at the other end of the wire."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from keystoneauth1.noauth import NoAuth
from keystoneauth1.session import Session
from openstack.connection import Connection

from glance_related.client import InstanceAwareImageService
from glance_related.testing.fake_glance import FakeGlance

NOVA = "11111111-2222-3333-4444-555555555555"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def glance() -> FakeGlance:
    return FakeGlance()


@pytest.fixture
def connection(glance: FakeGlance) -> Iterator[Connection]:
    server = make_server("127.0.0.1", 0, glance, handler_class=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    version = {"id": "v2.17", "status": "CURRENT", "links": [{"rel": "self", "href": f"{url}/v2/"}]}
    for path in ("/", "/v2", "/v2/"):
        glance.answers("GET", path, status="300 Multiple Choices", json={"versions": [version]})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Connection(session=Session(auth=NoAuth()), image_endpoint_override=url)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def service(connection: Connection) -> InstanceAwareImageService:
    return InstanceAwareImageService(connection, NOVA)
