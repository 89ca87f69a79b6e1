"""The suite's account against a small Keystone and Glance of this process: every failure is one sentence."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from glance_related.hosts.account import Answer, GlanceAccount, Unreachable
from glance_related.settings.options import ConfigError, load

SECRET = "a-password-that-nobody-may-see"


class Services:
    """Keystone under /v3, Glance under /v2; `replies` says what is answered instead, by path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.replies: dict[str, tuple[int, dict[str, str], Any]] = {}
        services = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                services.answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                services.answer(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.catalog = [
            {"type": "image", "endpoints": [self._endpoint("internal", f"{self.url}/v2/")]},
            {"type": "identity", "endpoints": [self._endpoint("public", f"{self.url}/v3")]},
        ]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: Any) -> None:
        self.asked.append((request.command, request.path, request.headers.get("X-Auth-Token")))
        status, headers, document = self.replies.get(request.path) or self._usual(request)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def paths(self, method: str = "GET") -> list[str]:
        return [path for asked, path, _ in self.asked if asked == method]

    def _usual(self, request: Any) -> tuple[int, dict[str, str], Any]:
        if request.path == "/v3/auth/tokens":
            token = {
                "methods": ["password"],
                "issued_at": "2024-01-01T00:00:00Z",
                "expires_at": "2999-01-01T00:00:00Z",
                "user": {"id": "u", "name": "u", "domain": {"id": "default", "name": "Default"}},
                "catalog": self.catalog,
            }
            return 201, {"X-Subject-Token": "the-token"}, {"token": token}
        return 200, {"X-Openstack-Request-Id": "req-1"}, {"path": request.path}

    @staticmethod
    def _endpoint(interface: str, url: str) -> dict[str, str]:
        return {"interface": interface, "url": url, "region": "One", "region_id": "One", "id": interface}


@pytest.fixture
def services() -> Iterator[Services]:
    running = Services()
    yield running
    running.stop()


@pytest.fixture
def account(tmp_path: Path, services: Services) -> Callable[..., GlanceAccount]:
    """The account of a configuration; an option that is None is left out."""

    def make(**options: str | None) -> GlanceAccount:
        group: dict[str, str | None] = {
            "auth_type": "v3password",
            "auth_url": f"{services.url}/v3",
            "username": "glance-related",
            "password": SECRET,
            "user_domain_name": "Default",
            "project_name": "service",
            "project_domain_name": "Default",
            "region_name": "One",
            "timeout": "2",
            **options,
        }
        lines = [f"{name} = {value}" for name, value in group.items() if value is not None]
        file = tmp_path / "glance-related.conf"
        file.write_text("\n".join([f"[database]\nconnection = sqlite:///{tmp_path}/x\n[account]", *lines]))
        return GlanceAccount(load(str(file)))

    return make


def test_an_answer_has_status_headers_and_document(account, services):
    answer = account().get("/v2/images/x")
    assert (answer.status, answer.document) == (200, {"path": "/v2/images/x"})
    assert answer.headers["x-openstack-request-id"] == "req-1"
    assert answer.is_from_glance
    assert services.asked[-1] == ("GET", "/v2/images/x", "the-token")


def test_the_catalogs_endpoint_may_end_in_a_version(account, services):
    assert account().endpoint() == services.url


def test_an_endpoint_in_the_configuration_comes_before_the_catalogs(account, services):
    services.catalog = []
    assert account(glance_endpoint=f"{services.url}/image/v2.1/").endpoint() == f"{services.url}/image"


def test_one_token_serves_many_requests(account, services):
    one = account()
    for _ in range(3):
        one.get("/v2/images")
    assert services.paths("POST") == ["/v3/auth/tokens"]


@pytest.mark.parametrize("status", [300, 302, 404, 409, 500])
def test_every_status_is_an_answer_and_no_redirect_is_followed(account, services, status):
    services.replies["/v2/images/x"] = (status, {"Location": f"{services.url}/v2/elsewhere"}, {})
    answer = account().get("/v2/images/x")
    assert answer.status == status
    assert not answer.is_from_glance
    assert "/v2/elsewhere" not in services.paths()


def test_what_is_no_json_is_no_document(account, services):
    services.replies["/v2/html"] = (200, {"Content-Type": "text/html"}, b"<html>")
    services.replies["/v2/broken"] = (200, {}, b"{")
    assert account().get("/v2/html").document is None
    assert account().get("/v2/broken").document is None


def test_a_503_is_asked_again_a_few_times(account, services):
    services.replies["/v2/busy"] = (503, {}, {})
    assert account().get("/v2/busy").status == 503
    assert services.paths().count("/v2/busy") == 3


@pytest.mark.parametrize(("status", "exists"), [(200, True), (404, False), (403, None), (500, None)])
def test_whether_a_user_exists_is_keystones_word(account, services, status, exists):
    services.replies["/v3/users/u1"] = (status, {}, {})
    assert account(valid_interfaces="internal,public").user_exists("u1") is exists


def test_a_glance_that_hangs_is_waited_for_no_longer_than_the_timeout(account, services):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="Glance does not answer"):
            account(glance_endpoint=url, timeout="0.2").get("/v2/images")


def test_a_keystone_that_is_not_there_is_unreachable(account):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v3"
    with pytest.raises(Unreachable, match="Keystone does not answer"):
        account(auth_url=url).get("/v2/images")


def test_a_wait_is_bounded_where_the_configuration_says_nothing(account):
    assert account(timeout=None)._session.timeout == 30


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"auth_type": None}, "auth_type is not set"),
        ({"auth_type": "no-such-type"}, "there is no auth_type 'no-such-type'"),
        ({"auth_url": None}, "missing: auth_url"),
        ({"user_domain_name": None}, "user_domain_name"),
        ({"auth_url": "https://127.0.0.1:9/v3", "cafile": "/nowhere/ca.pem"}, "cafile"),
    ],
)
def test_a_wrong_setting_is_one_sentence(account, options, said):
    with pytest.raises(ConfigError) as raised:
        account(**options).get("/v2/images")
    _is_one_sentence(raised.value, said)


def test_a_refused_password_is_one_sentence_without_the_password(account, services):
    services.replies["/v3/auth/tokens"] = (401, {}, {"error": {"message": SECRET, "code": 401}})
    with pytest.raises(ConfigError) as raised:
        account().get("/v2/images")
    _is_one_sentence(raised.value, "Keystone refuses the account")


def test_a_catalog_without_glance_is_one_sentence(account, services):
    services.catalog = []
    with pytest.raises(ConfigError) as raised:
        account().endpoint()
    _is_one_sentence(raised.value, "set glance_endpoint")
    assert account().user_exists("u1") is None


def test_a_404_of_a_proxy_is_not_glances():
    assert not Answer(404, {"server": "a proxy"}).is_from_glance


def _is_one_sentence(error: Exception, said: str) -> None:
    text = str(error)
    assert said in text
    assert text.count("\n") == 0
    assert text.endswith(".")
    assert "[account]" in text
    assert SECRET not in text
