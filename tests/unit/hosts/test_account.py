"""The suite's account against a small Keystone and Glance of this process: every failure is one sentence."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glance_related.hosts.account import Answer, GlanceAccount, Unreachable
from glance_related.settings.options import ConfigError, load
from tests.unit.hosts.services import Services

SECRET = "a-password-that-nobody-may-see"


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
    assert answer.is_from_service
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
    assert not answer.is_from_service
    assert "/v2/elsewhere" not in services.paths()


def test_what_is_no_json_is_no_document(account, services):
    services.replies["/v2/html"] = (200, {"Content-Type": "text/html"}, b"<html>")
    services.replies["/v2/broken"] = (200, {}, b"{")
    assert account().get("/v2/html").document is None
    assert account().get("/v2/broken").document is None


@pytest.mark.real  # it waits for seconds
def test_a_503_is_asked_again_a_few_times(account, services):
    services.replies["/v2/busy"] = (503, {}, {})
    assert account().get("/v2/busy").status == 503
    assert services.paths().count("/v2/busy") == 3


@pytest.mark.parametrize(("status", "exists"), [(200, True), (404, False), (403, None), (500, None)])
def test_whether_a_user_exists_is_keystones_word(account, services, status, exists):
    services.replies["/v3/users/u1"] = (status, {}, {})
    assert account(valid_interfaces="internal,public").user_exists("u1") is exists


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ({}, "/v3/users?name=nova+east"),
        ({"domain_id": "default"}, "/v3/users?name=nova+east&domain_id=default"),
        ({"domain_name": "Default"}, "/v3/users?name=nova+east&domain_id=d1"),
    ],
)
def test_the_ids_of_a_name_are_keystones_word(account, services, domain, asked):
    services.replies["/v3/domains?name=Default"] = (200, {}, {"domains": [{"id": "d1"}]})
    services.replies[asked] = (200, {}, {"users": [{"id": "u1"}]})
    assert account(valid_interfaces="internal,public").user_ids("nova east", **domain) == ["u1"]


@pytest.mark.parametrize(
    ("status", "document", "known"),
    [(200, {"users": []}, []), (403, {"error": {}}, None), (500, {}, None), (200, b"{", None)],
)
def test_a_name_that_keystone_does_not_know_is_nobodys_and_one_that_it_does_not_tell_is_unknown(
    account, services, status, document, known
):
    services.replies["/v3/users?name=nova"] = (status, {}, document)
    assert account(valid_interfaces="internal,public").user_ids("nova") == known


def test_a_domain_that_keystone_does_not_know_has_no_users(account, services):
    services.replies["/v3/domains?name=Nowhere"] = (200, {}, {"domains": []})
    assert account(valid_interfaces="internal,public").user_ids("nova", domain_name="Nowhere") == []
    assert not [path for path in services.paths() if path.startswith("/v3/users")]


@pytest.mark.real  # it waits for seconds
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
    assert account().user_ids("nova") is None


def test_a_404_of_a_proxy_is_not_glances():
    assert not Answer(404, {"server": "a proxy"}).is_from_service


def _is_one_sentence(error: Exception, said: str) -> None:
    text = str(error)
    assert said in text
    assert text.count("\n") == 0
    assert text.endswith(".")
    assert "[account]" in text
    assert SECRET not in text
