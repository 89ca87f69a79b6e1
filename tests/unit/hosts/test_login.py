"""Logging in at a small Keystone of this process, and out again."""

from __future__ import annotations

import datetime
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glance_related.hosts.account import Unreachable
from glance_related.hosts.login import Credentials, Login, LoginRefused, MoreAsked
from glance_related.settings.options import load
from tests.unit.hosts.services import Services

TYPED = Credentials("alice", "a-password-that-nobody-may-see", "Default", "web", "Default")
TOKENS = "/v3/auth/tokens?nocatalog"


def token(**more: Any) -> dict[str, Any]:
    domain = {"id": "default", "name": "Default"}
    return {
        "token": {
            "methods": ["password"],
            "issued_at": "2024-01-01T00:00:00.000000Z",
            "expires_at": "2999-01-02T03:04:05.000000Z",
            "user": {"id": "u-1", "name": "alice", "domain": domain},
            "project": {"id": "p-1", "name": "web", "domain": domain},
            **more,
        }
    }


@pytest.fixture
def services() -> Iterator[Services]:
    running = Services()
    running.replies[TOKENS] = (201, {"X-Subject-Token": "the-token"}, token())
    yield running
    running.stop()


@pytest.fixture
def login(tmp_path: Path, services: Services) -> Callable[..., Login]:
    def make(url: str | None = None, options: str = "timeout = 1\n") -> Login:
        file = tmp_path / "glance-related.conf"
        file.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/x\n[account]\n{options}")
        return Login(load(str(file)), f"{services.url}/v3" if url is None else url)

    return make


@pytest.mark.parametrize("behind", ["", "/", "/v3", "/v3/"])
def test_a_password_becomes_a_token_for_the_project(login: Any, services: Services, behind: str) -> None:
    user = login(services.url + behind).log_in(TYPED, "192.0.2.7")
    assert (user.token, user.user_id, user.user_name) == ("the-token", "u-1", "alice")
    assert (user.project_id, user.project_name) == ("p-1", "web")
    assert user.expires_at == datetime.datetime(2999, 1, 2, 3, 4, 5)
    assert services.paths("POST") == [TOKENS]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_whoever_is_refused_is_refused_alike(login: Any, services: Services, status: int) -> None:
    services.replies[TOKENS] = (status, {}, {"error": {"code": status, "message": "why"}})
    with pytest.raises(LoginRefused) as caught:
        login().log_in(TYPED)
    assert str(caught.value) == ""


def test_a_token_for_no_project_lets_nobody_in(login: Any, services: Services) -> None:
    unscoped = token()
    del unscoped["token"]["project"]
    services.replies[TOKENS] = (201, {"X-Subject-Token": "the-token"}, unscoped)
    with pytest.raises(LoginRefused):
        login().log_in(TYPED)


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, {}),
        (503, {}, {}),
        (404, {}, {}),
        (201, {}, token()),
        (201, {"X-Subject-Token": "t"}, {}),
        (200, {"X-Subject-Token": "t", "Content-Type": "text/html"}, b"<html>"),
        (302, {"Location": "/elsewhere"}, {}),
        (307, {"Location": "/elsewhere"}, {}),
        (201, {"X-Subject-Token": "t"}, token(expires_at="never")),
        (201, {"X-Subject-Token": "t"}, []),
        (201, {"X-Subject-Token": "t"}, {"token": "x"}),
        (201, {"X-Subject-Token": "t"}, {"token": []}),
        (201, {"X-Subject-Token": "t"}, {"token": None}),
        (201, {"X-Subject-Token": "t"}, token(user=None)),
        (201, {"X-Subject-Token": "t"}, token(user=[])),
        (201, {"X-Subject-Token": "t"}, token(user={})),
        (201, {"X-Subject-Token": "t"}, token(user={"id": 7, "name": None})),
        (201, {"X-Subject-Token": "t"}, token(project="web")),
        (201, {"X-Subject-Token": "t"}, token(project={"id": "p-1"})),
        (201, {"X-Subject-Token": "t"}, token(expires_at=7)),
        (401, {"Openstack-Auth-Receipt": "r"}, {"receipt": "x", "required_auth_methods": 7}),
    ],
    ids=str,
)
def test_a_keystone_that_answers_something_else_is_told_and_gets_no_password_twice(
    login: Any, services: Services, reply: Any
) -> None:
    services.replies[TOKENS] = reply
    with pytest.raises(Unreachable, match="Keystone does not answer as it should"):
        login().log_in(TYPED)
    assert services.paths("POST") == [TOKENS], "a redirect is not followed with a password"


def test_who_must_say_more_than_a_password_is_told_so(login: Any, services: Services) -> None:
    receipt = {name: token()["token"][name] for name in ("methods", "issued_at", "expires_at", "user")}
    asked = {"receipt": receipt, "required_auth_methods": [["password", "totp"]]}
    services.replies[TOKENS] = (401, {"Openstack-Auth-Receipt": "r"}, asked)
    with pytest.raises(MoreAsked):
        login().log_in(TYPED)
    assert services.paths("POST") == [TOKENS]


def test_waiting_has_an_end(login: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Unreachable):
            login(f"http://127.0.0.1:{silent.getsockname()[1]}/v3").log_in(TYPED)


def test_a_certificate_is_judged_as_the_account_says(tmp_path: Path, login: Any) -> None:
    assert login(options="")._verify is True
    assert login(options="cafile = /etc/ca.pem\n")._verify == "/etc/ca.pem"
    assert login(options="insecure = true\ncafile = /x\n")._verify is False


def test_a_logout_revokes_the_token_by_itself(login: Any, services: Services) -> None:
    services.replies["/v3/auth/tokens"] = (204, {}, b"")
    login().log_out("the-token")
    assert services.asked[-1] == ("DELETE", "/v3/auth/tokens", "the-token")


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_logout_is_one_whatever_keystone_says(login: Any, services: Services, status: int) -> None:
    services.replies["/v3/auth/tokens"] = (status, {}, {})
    login().log_out("the-token")
    login("http://127.0.0.1:1/v3").log_out("the-token")


def test_nothing_that_is_secret_is_logged_or_told(
    login: Any, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user = login().log_in(TYPED)
    login().log_out(user.token)
    text = caplog.text + repr(TYPED) + repr(user)
    assert TYPED.password not in text
    assert "the-token" not in text
