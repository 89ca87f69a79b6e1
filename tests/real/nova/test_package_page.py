"""The page of the package menu in real Chromium, beside an unmodified Nova, with Keystone's own people and tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from cloud import web
from cloud.paste import PAGE
from glance_related.db.database import Database, DatabaseSettings
from glance_related.package_menu.page.session_store import SessionStore
from glance_related.package_menu.page.sessions import Sessions
from glance_related.settings.keys import Keys
from tests.filters.page_side import Person
from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.page.chromium import chromium, complaints
from tests.real.page.menu_page import MenuPage


@pytest.fixture
def page(nova_cloud: NovaCloud) -> Iterator[MenuPage]:
    """A browser of its own, which has nothing to complain of in the end."""
    with chromium() as driver:
        page = MenuPage(driver, f"{nova_cloud.nova.url}{PAGE}")
        yield page
        assert [one for one in complaints(driver) if "status of 4" not in one] == []


def person(cloud: NovaCloud, name: str, project: str | None = None) -> Person:
    return Person(name, cloud.keystone.passwords[name], project or name, "")


def test_alice_logs_in_changes_her_server_and_sees_it_delivered(
    page: MenuPage, menu: Menu, nova_cloud: NovaCloud
) -> None:
    server = nova_cloud.boot("alice", "of-the-page")
    page.log_in(person(nova_cloud, "alice"))
    page.driver.find_element(By.LINK_TEXT, "of-the-page").click()
    page.wait(lambda: page.heading == "of-the-page")
    assert (page.is_on("apache"), page.is_on("monitoring")) == (False, True)
    page.turn("apache")
    page.fill("apache_port", "8443")
    page.fill("token", "s3cret-of-alice")
    page.save()
    assert page.done() == "Saved. What was changed is on its way."
    assert nova_cloud.worker.pid
    page.wait(lambda: page.deliveries()["file"] == "delivered", "the page does not tell that it has arrived")
    document = menu.delivered(server, variables={"apache_port": 8443, "token": "s3cret-of-alice"})
    assert document["packages"] == {"apache": "httpd", "monitoring": "monitoring"}
    assert nova_cloud.server("alice", server)["packages"] == ["apache", "monitoring"]
    assert "s3cret-of-alice" not in page.driver.page_source
    history = menu.need("alice", "GET", f"/servers/{server}/packages/history")["history"]
    assert history[0]["user_id"] == nova_cloud.accounts.users["alice"]
    nova_cloud.delete_server("alice", server)


def test_of_two_tabs_the_second_is_shown_both_and_chooses(page: MenuPage, menu: Menu, nova_cloud: NovaCloud) -> None:
    server = nova_cloud.boot("alice", packages=["apache"])
    page.log_in(person(nova_cloud, "alice"))
    page.open(server)
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open(server)
    page.fill("apache_port", "8001")
    page.save()
    page.driver.switch_to.window(first)
    page.fill("apache_port", "8002")
    page.save()
    assert page.heading == "Somebody else has changed these settings"
    assert menu.settings("alice", server)["package_variables"]["apache_port"] == 8001
    page.driver.find_element(By.CSS_SELECTOR, "[name='k.apache_port'][value=mine]").click()
    page.click_first(".save button.first")
    assert page.done()
    assert menu.settings("alice", server)["package_variables"]["apache_port"] == 8002
    nova_cloud.delete_server("alice", server)


def test_what_the_api_refuses_stands_at_its_field_and_nothing_is_changed(
    page: MenuPage, menu: Menu, nova_cloud: NovaCloud
) -> None:
    server = nova_cloud.boot("alice", packages=["apache"])
    page.log_in(person(nova_cloud, "alice"))
    page.open(server)
    page.fill("apache_port", "99999")
    page.fill("motd", "<script>alert(1)</script>")
    page.save()
    assert page.fault("apache_port") == "it must be at most 65535"
    assert page.value("motd") == "<script>alert(1)</script>"
    assert menu.settings("alice", server)["package_variables"] == {"apache_port": 80}
    nova_cloud.delete_server("alice", server)


def test_bob_sees_nothing_of_it(page: MenuPage, menu: Menu, nova_cloud: NovaCloud) -> None:
    server = nova_cloud.boot("alice", "hidden-from-bob", packages=["apache"])
    page.log_in(person(nova_cloud, "bob"))
    assert "hidden-from-bob" not in page.text
    for path in ("", "/history", "/copy"):
        page.open(server, path)
        assert page.heading == "There is nothing here"
        assert "hidden-from-bob" not in page.driver.page_source
    page.driver.get(f"{page.url}/project")
    assert "Apache" not in page.text
    nova_cloud.delete_server("alice", server)


def test_a_wrong_password_and_a_project_that_is_not_ones_own_are_told_alike(
    page: MenuPage, menu: Menu, nova_cloud: NovaCloud
) -> None:
    told = []
    for one in (
        Person("alice", "wrong", "alice", ""),
        person(nova_cloud, "alice", "bob"),
        Person("nobody", "x", "y", ""),
    ):
        page.driver.get(f"{page.url}/login")
        for name, text in (("user", one.name), ("password", one.password), ("project", one.project)):
            page.type(name, text)
        page.click_first("form[action$='/login'] button.first")
        told.append(page.driver.find_element(By.CSS_SELECTOR, "[role=alert]").text)
    assert len(set(told)) == 1


def test_logging_out_ends_the_session_and_the_token_at_keystone(
    page: MenuPage, menu: Menu, nova_cloud: NovaCloud
) -> None:
    page.log_in(person(nova_cloud, "alice"))
    cookie = page.driver.get_cookie("package-menu")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", PAGE)
    token = kept_token(nova_cloud, cookie["value"])
    assert is_good(nova_cloud, token)
    page.log_out()
    assert not is_good(nova_cloud, token)
    page.driver.add_cookie({"name": cookie["name"], "value": cookie["value"], "path": PAGE})
    page.driver.get(f"{page.url}/")
    assert page.heading == "Log in"


def kept_token(cloud: NovaCloud, cookie: str) -> str:
    """The token behind a cookie, which only whoever has the keys and the cookie can read."""
    database = Database(DatabaseSettings(cloud.suite.database))
    try:
        session = Sessions(SessionStore(database), Keys(str(cloud.suite.keys)), 3600).find(cookie)
        assert session is not None
        rows = cloud.suite_rows("select content from glance_related_page_sessions")
        assert rows
        assert session.token not in str(rows)
        return session.token
    finally:
        database.dispose()


def is_good(cloud: NovaCloud, token: str) -> bool:
    """Whether Keystone takes a token."""
    asked = {"X-Subject-Token": token}
    reply = web.request("GET", f"{cloud.keystone.url}/auth/tokens", token=cloud.token("admin"), headers=asked)
    assert reply.status in (200, 404), reply
    return reply.status == 200
