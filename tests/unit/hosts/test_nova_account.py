"""The suite's account at a small Keystone and Nova of this process: which Nova is asked, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from glance_related.hosts.account import Unreachable
from glance_related.hosts.nova.account import NovaAccount
from glance_related.settings.options import ConfigError, load
from tests.unit.hosts.test_account import Services, services

__all__ = ["services"]


@pytest.fixture
def nova(tmp_path: Path, services: Services):
    """The Nova of a region, in a catalog that has one in One and one in Two."""
    places = {"One": f"{services.url}/one/v2.1", "Two": f"{services.url}/two/v2.1/"}
    endpoints = [
        {"interface": "public", "url": url, "region": region, "region_id": region, "id": region}
        for region, url in places.items()
    ]
    services.catalog.append({"type": "compute", "endpoints": endpoints})

    def make(region: str | None, auth_url: str = f"{services.url}/v3") -> NovaAccount:
        file = tmp_path / "glance-related.conf"
        file.write_text(
            f"[database]\nconnection = sqlite:///{tmp_path}/x\n[account]\nauth_type = v3password\n"
            f"auth_url = {auth_url}\nusername = u\npassword = p\nuser_domain_name = Default\n"
            "project_name = service\nproject_domain_name = Default\nregion_name = One\ntimeout = 2\n"
        )
        return NovaAccount(load(str(file)), region)

    return make


@pytest.mark.parametrize(("region", "place"), [(None, "/one/v2.1"), ("One", "/one/v2.1"), ("Two", "/two/v2.1")])
def test_the_nova_of_the_region_is_asked_behind_its_version(services, nova, region, place):
    answer = nova(region).get("/servers/1/os-instance-actions?limit=1")
    assert answer.status == 200
    assert answer.document == {"path": f"{place}/servers/1/os-instance-actions?limit=1"}
    assert answer.is_from_service
    assert services.paths() == [f"{place}/servers/1/os-instance-actions?limit=1"]


def test_it_is_asked_with_our_token_and_at_a_microversion_that_tells_of_deleted_servers(services, nova):
    seen = []
    usual = services.answer
    services.answer = lambda request: (seen.append(dict(request.headers)), usual(request))
    nova(None).get("/servers")
    (asked,) = [headers for headers in seen if "X-Auth-Token" in headers]
    assert asked["X-Auth-Token"] == "the-token"
    assert asked["OpenStack-API-Version"] == "compute 2.98"


def test_an_older_nova_is_asked_as_it_knows_and_no_more_as_it_does_not(services, nova):
    seen = []
    usual = services.answer

    def answer(request):
        version = request.headers.get("OpenStack-API-Version")
        if version is not None:
            seen.append(version)
        if version == "compute 2.98":
            services.replies["/one/v2.1/servers"] = (406, {}, {})
        else:
            services.replies.pop("/one/v2.1/servers", None)
        return usual(request)

    services.answer = answer
    one = nova(None)
    assert one.get("/servers").status == 200
    assert one.get("/servers").status == 200
    assert seen == ["compute 2.98", "compute 2.58", "compute 2.58"]


def test_a_region_without_a_nova_has_no_endpoint_and_no_answer(services, nova):
    nowhere = nova("Three")
    assert nowhere.endpoint() is None
    answer = nowhere.get("/servers")
    assert (answer.status, answer.document, answer.is_from_service) == (0, None, False)
    assert services.paths() == []


def test_a_keystone_that_does_not_answer_is_one_sentence(nova):
    with pytest.raises(Unreachable, match="Keystone does not answer"):
        nova(None, auth_url="http://127.0.0.1:9/v3").get("/servers")


@pytest.mark.real  # it waits for seconds
def test_a_nova_that_does_not_answer_is_one_sentence(services, nova):
    services.catalog[-1]["endpoints"][0]["url"] = "http://127.0.0.1:9/v2.1"
    with pytest.raises(Unreachable, match="Nova does not answer"):
        nova(None).get("/servers")


def test_an_account_that_keystone_refuses_is_told_to_the_operator(services, nova):
    services.replies["/v3/auth/tokens"] = (401, {}, {"error": {"code": 401, "message": "no", "title": "Unauthorized"}})
    with pytest.raises(ConfigError, match=r"\[account\]"):
        nova(None).get("/servers")
