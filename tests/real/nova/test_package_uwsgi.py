"""The package menu of an unmodified Nova whose API, page and metadata service stand under uWSGI, as Debian's do."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from selenium.webdriver.common.by import By

from cloud.nova_programs import Api
from cloud.paste import IN_METADATA, IN_NOVA, PAGE
from tests.real.nova.guests import Guests
from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.nova.test_package_page import person
from tests.real.page.chromium import chromium
from tests.real.page.menu_page import MenuPage


@pytest.fixture
def api(nova_cloud: NovaCloud) -> Iterator[Api]:
    made = nova_cloud.extra_api(
        "uwsgi-nova-api", server="pyuwsgi", workers=2, filters=" ".join(IN_NOVA), page=True,
        suite_conf=nova_cloud.compute.sites[0].suite.conf,
    )  # fmt: skip
    yield made
    made.stop()


@pytest.fixture
def guests(nova_cloud: NovaCloud) -> Iterator[Guests]:
    """Heard by a metadata service under uWSGI."""
    metadata = nova_cloud.extra_api(
        "uwsgi-nova-metadata", server="pyuwsgi", application="nova.wsgi.metadata:application",
        metadata_filters=" ".join(IN_METADATA), suite_conf=nova_cloud.compute.sites[0].suite.conf,
    )  # fmt: skip
    yield Guests(nova_cloud, SimpleNamespace(metadata=metadata, metadata_secret=nova_cloud.nova.metadata_secret))
    metadata.stop()


def test_what_a_server_was_made_with_is_kept_behind_the_answer(menu: Menu, nova_cloud: NovaCloud, api: Api) -> None:
    """Nobody looks at it, and the server under which Nova runs has to say that the answer is sent."""
    server = nova_cloud.boot("alice", on=api, wait=False, packages=["apache"], package_variables={"apache_port": 8080})

    def is_kept() -> bool:
        asked = "select request_id from glance_related_package_instances where instance_id = %s"
        return any(row["request_id"] for row in nova_cloud.suite_rows(asked, server))

    menu.until(is_kept, "it is kept")
    assert menu.open_boots() == 0
    nova_cloud.delete_server("alice", server)


def test_guests_have_their_settings_and_report(menu: Menu, nova_cloud: NovaCloud, api: Api, guests: Guests) -> None:
    server = nova_cloud.boot("alice", on=api, packages=["apache"])
    assert guests.ask(guests.headers(server), "/openstack/latest/meta_data.json").json()["uuid"] == server
    told = guests.settings(server)
    assert told.status == 200, told
    part = told.json()["parts"]["package_menu"]
    report = {"part": "package_menu", "server": told.json()["server"], "generation": part["generation"], "ok": True}
    assert guests.report(server, report).status == 200
    assert menu.delivery("alice", server, "guest")["state"] == "confirmed"
    forged = {**guests.headers(server), "X-Instance-ID": server[::-1]}
    assert guests.ask(forged, "/openstack/glance-related/v1/settings").status in (400, 403, 404)
    nova_cloud.delete_server("alice", server)


def test_the_page_is_there(menu: Menu, nova_cloud: NovaCloud, api: Api) -> None:
    server = nova_cloud.boot("alice", "of-uwsgi", on=api)
    with chromium() as driver:
        page = MenuPage(driver, f"{api.url}{PAGE}")
        page.log_in(person(nova_cloud, "alice"))
        page.driver.find_element(By.LINK_TEXT, "of-uwsgi").click()
        page.wait(lambda: page.heading == "of-uwsgi")
        page.turn("apache")
        page.fill("apache_port", "8443")
        page.save()
        assert page.done() == "Saved. What was changed is on its way."
        page.log_out()
    assert menu.settings("alice", server)["package_variables"]["apache_port"] == 8443
    nova_cloud.delete_server("alice", server)
