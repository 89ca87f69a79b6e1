"""The page in real headless Chromium: a person logs in, changes something, and sees it come true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.filters.page_side import ALICE, BOB, MALLORY, PAGE, RITA
from tests.real.page.chromium import chromium, complaints, emulate
from tests.real.page.cloud import Cloud
from tests.real.page.looks import has_visible_focus
from tests.real.page.menu_page import MenuPage
from tests.real.page.menus import prepare, server
from tests.real.page.site import Site
from tests.servers.ports import free_port


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("page") / "site", free_port()) as running:
        prepare(Cloud(f"{running.url}/identity/v3", f"{running.url}/v2.1"))
        yield running


@pytest.fixture(scope="module")
def cloud(site: Site) -> Cloud:
    return Cloud(f"{site.url}/identity/v3", f"{site.url}/v2.1")


@pytest.fixture
def page(site: Site) -> Iterator[MenuPage]:
    """A browser of its own, which has nothing to complain of in the end."""
    with chromium() as driver:
        page = MenuPage(driver, f"{site.url}{PAGE}")
        yield page
        # a form that is refused is an answer with a status, which Chromium calls a failed load
        assert [one for one in complaints(driver) if "status of 4" not in one] == []


def test_somebody_logs_in_changes_a_server_and_sees_it_arrive(page: MenuPage, site: Site, cloud: Cloud) -> None:
    web = server(cloud, "web-1")
    page.log_in(ALICE)
    page.driver.find_element(By.LINK_TEXT, "web-1").click()
    page.wait(lambda: page.heading == "web-1")
    assert (page.is_on("apache"), page.whose("apache")) == (True, "on, the project's default")
    page.turn("postgresql")
    page.fill("postgresql_password", "s3cret")
    page.fill("postgresql_version", "16")
    page.fill("apache_port", "8443")
    assert "4 changes not saved" in page.text
    page.save()
    assert page.done() == "Saved. What was changed is on its way."
    assert [page.whose(name) for name in ("postgresql", "postgresql_password", "apache_port")] == [
        "on, this server's own", "set, this server's own", "this server's own",
    ]  # fmt: skip
    assert cloud.settings(ALICE, web)["package_variables"]["apache_port"] == 8443
    assert page.deliveries() == {"file": "waiting to be handed over"}
    site.deliver()
    page.wait(
        lambda: page.deliveries() == {"file": "delivered"}, "the page does not tell by itself that it has arrived"
    )
    assert page.driver.find_element(By.ID, "live").text == "file: delivered"
    assert "s3cret" not in page.driver.page_source
    page.log_out()
    page.open(web)
    assert page.heading == "Log in"


def test_what_is_wrong_stands_at_its_field(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(ALICE)
    page.open(server(cloud, "web-2"))
    page.fill("apache_port", "99999")
    page.fill("apache_docroot", "/Not/Lower")
    page.fill("motd", "kept")
    page.save()
    assert page.driver.switch_to.active_element.get_attribute("id") == "refused"
    assert page.fault("apache_port") == "it must be at most 65535"
    assert page.fault("apache_docroot") == "it does not match /[a-z/]*"
    assert [page.value(name) for name in ("apache_port", "apache_docroot", "motd")] == ["99999", "/Not/Lower", "kept"]
    page.driver.find_element(By.LINK_TEXT, "Port").click()
    assert page.driver.switch_to.active_element.get_attribute("id") == "f.apache_port"
    field = page.driver.find_element(By.ID, "f.apache_port")
    described = [page.driver.find_element(By.ID, one).text for one in field.get_attribute("aria-describedby").split()]
    assert described[-1] == "it must be at most 65535"
    page.fill("apache_port", "443")
    page.fill("apache_docroot", "")
    page.save()
    assert page.done()


def test_what_is_no_number_at_all_is_told_before_it_is_sent(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(ALICE)
    page.open(server(cloud, "web-3", package_variables={"apache_port": 81}))
    page.fill("apache_port", "1e")
    page.driver.find_element(By.CSS_SELECTOR, "#menu .save button").click()
    assert page.fault("apache_port") == "it must be a number"
    assert page.driver.switch_to.active_element.get_attribute("id") == "f.apache_port"


def test_what_is_more_than_nova_takes_is_said_to_be(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(ALICE)
    page.open(server(cloud, "web-12"))
    page.driver.execute_script("document.getElementById('f.motd').value = 'ü'.repeat(60000)")
    page.save()
    assert "This is more than Nova takes in one request" in page.text
    assert len(page.value("motd")) == 60000, "what was typed is kept"


def test_two_tabs_that_change_the_same_thing_are_shown_both(page: MenuPage, cloud: Cloud) -> None:
    web = server(cloud, "web-4")
    page.log_in(ALICE)
    page.open(web)
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open(web)
    page.fill("apache_port", "8001")
    page.turn("redis")
    page.save()
    page.driver.switch_to.window(first)
    page.fill("apache_port", "8002")
    page.turn("varnish")
    page.save()
    assert page.heading == "Somebody else has changed these settings"
    choices = page.driver.find_element(By.CSS_SELECTOR, "fieldset.choose").text
    assert "Yours: 8002" in choices
    assert "As it is now: 8001 (changed meanwhile)" in choices
    assert cloud.settings(ALICE, web)["package_variables"]["apache_port"] == 8001
    page.driver.find_element(By.CSS_SELECTOR, "[name='k.apache_port'][value=mine]").click()
    page.click_first(".save button.first")
    assert page.done()
    chosen = cloud.settings(ALICE, web)["chosen"]
    assert chosen == {"packages": {"redis": True, "varnish": True}, "package_variables": {"apache_port": 8002}}


def test_another_customer_sees_nothing_of_it(page: MenuPage, cloud: Cloud) -> None:
    web = server(cloud, "hidden-from-bob", package_variables={"motd": "hidden-from-bob"})
    page.log_in(BOB)
    assert "This project has no servers yet." in page.text
    for path in ("", "/history", "/copy"):
        page.open(web, path)
        assert page.heading == "There is nothing here"
        assert "hidden-from-bob" not in page.driver.page_source
    page.driver.get(f"{page.url}/project")
    assert "Apache" not in page.text, "another project's menu"


def test_readers_see_and_cannot_change(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(RITA)
    page.open(server(cloud, "web-5"))
    assert "cannot change them: Policy does not allow" in page.text
    assert not page.driver.find_element(By.ID, "f.apache").is_enabled()
    assert page.driver.find_elements(By.CSS_SELECTOR, "#menu button, [name^='r.']") == []


def test_a_manager_changes_the_projects_menu(page: MenuPage, cloud: Cloud) -> None:
    web = server(cloud, "web-6")
    page.log_in(MALLORY)
    page.driver.find_element(By.LINK_TEXT, "Project menu").click()
    page.wait(lambda: page.heading == "Menu of the project")
    page.driver.find_element(By.CSS_SELECTOR, f"a[href='{PAGE}/project/filebeat']").click()
    page.wait(lambda: page.heading == "Filebeat")
    page.driver.find_element(By.CSS_SELECTOR, "[name=state][value=default]").click()
    page.click_first("main form button.first")
    assert page.done().startswith("Saved.")
    assert "filebeat" in cloud.settings(ALICE, web)["packages"]


def test_the_keyboard_alone_does(page: MenuPage, cloud: Cloud) -> None:
    web = server(cloud, "web-7")
    page.driver.get(f"{page.url}/servers/{web}")
    for name, text in (("user", "alice"), ("password", ALICE.password), ("project", "alice")):
        page.tab_to(name)
        assert has_visible_focus(page.driver)
        page.press(*text)
    page.press(Keys.ENTER)
    page.wait(lambda: page.heading == "web-7")
    page.press(Keys.TAB)
    assert page.driver.switch_to.active_element.text == "Skip to the content"
    page.press(Keys.ENTER, Keys.TAB)
    assert page.driver.execute_script("return document.querySelector('main').contains(document.activeElement)")
    page.tab_to("f.varnish")
    assert has_visible_focus(page.driver)
    page.press(Keys.SPACE)
    seen = _tabs_until(page, "Save")
    assert all(visible for _, visible in seen)
    page.press(Keys.ENTER)
    page.wait(lambda: page.done() != "")
    assert cloud.settings(ALICE, web)["chosen"]["packages"] == {"varnish": True}


def _tabs_until(page: MenuPage, text: str) -> list[tuple[str, bool]]:
    """Where the keyboard leads, and whether that is seen."""
    seen = []
    for _ in range(100):
        page.press(Keys.TAB)
        element = page.driver.switch_to.active_element
        seen.append((str(element.get_attribute("id")), has_visible_focus(page.driver)))
        if element.text == text:
            return seen
    raise AssertionError(f"the keyboard does not lead to {text}")


def test_the_menu_is_searched_while_one_types(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(ALICE)
    page.open(server(cloud, "web-8"))
    everything = page.entries()
    web = page.driver.find_element(By.XPATH, "//details[.//h2='Web']")
    page.click(web.find_element(By.TAG_NAME, "summary"))
    page.type("q", "postgres")
    page.wait(lambda: len(page.entries()) < len(everything))
    assert page.entries() == ["lamp", "postgresql", "postgresql_password", "postgresql_memory", "postgresql_version"]
    assert "5 of 16 entries" in page.text
    page.type("category", "Databases")
    page.wait(lambda: "lamp" not in page.entries())
    page.type("category", "")
    field = page.driver.find_element(By.ID, "q")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    page.wait(lambda: page.entries() == everything)
    assert web.get_attribute("open") is None, "what was folded is folded again"
    page.turn("varnish")
    page.type("q", "postgres")
    page.wait(lambda: len(page.entries()) < len(everything))
    page.save()
    assert page.is_on("varnish"), "what a search hides is sent all the same"


def test_nobody_loses_what_was_typed_by_going_away(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(ALICE)
    page.open(server(cloud, "web-9"))
    leaves = "const event = new Event('beforeunload', {cancelable: true}); return window.dispatchEvent(event)"
    assert page.driver.execute_script(leaves), "nothing was typed, and nobody is asked"
    page.fill("motd", "typed")
    assert not page.driver.execute_script(leaves)
    page.save()
    assert page.driver.execute_script(leaves)


def test_it_works_without_scripts(site: Site, cloud: Cloud) -> None:
    web = server(cloud, "web-10", package_variables={"motd": "kept"})
    with chromium(scripts=False) as driver:
        page = MenuPage(driver, f"{site.url}{PAGE}")
        page.log_in(ALICE)
        page.open(web)
        page.type("q", "redis")
        page.click_first("#filter button")
        assert page.entries() == ["redis"]
        page.turn("redis")
        page.save()
        assert page.done().startswith("Saved.")
        assert page.entries() == ["redis"]
        assert cloud.settings(ALICE, web)["chosen"] == {
            "packages": {"redis": True}, "package_variables": {"motd": "kept"},
        }  # fmt: skip
        site.deliver()
        driver.find_element(By.LINK_TEXT, "Refresh").click()
        page.wait(lambda: page.deliveries() == {"file": "delivered"})
        page.open(web)
        page.fill("apache_docroot", "NO")
        page.save()
        assert page.fault("apache_docroot") == "it does not match /[a-z/]*"
        page.fill("apache_docroot", "")
        page.reset("motd")
        page.save()
        assert cloud.settings(ALICE, web)["chosen"]["package_variables"] == {}
        assert complaints(driver) == [] or all("status of 400" in one for one in complaints(driver))


def test_text_that_is_a_script_elsewhere_is_text_here(page: MenuPage, cloud: Cloud) -> None:
    hostile = '"><img src=x onerror="window.broken=1"><script>window.broken=1</script>'
    web = server(cloud, hostile, package_variables={"motd": f"</textarea>{hostile}", "ntp_servers": [hostile]})
    page.log_in(ALICE)
    for path in ("/servers", f"/servers/{web}", f"/servers/{web}/history", f"/servers/{web}/copy"):
        page.driver.get(page.url + path)
        assert page.driver.execute_script("return window.broken") is None
    page.open(web)
    assert page.heading == hostile
    assert page.value("motd") == f"</textarea>{hostile}"
    page.fill("apache_docroot", hostile)
    page.save()
    assert page.value("apache_docroot") == hostile
    assert page.driver.execute_script("return window.broken") is None


def test_a_policy_that_is_broken_would_be_seen(site: Site) -> None:
    """Else the browsers' silence in the other tests would prove nothing."""
    with chromium() as driver:
        driver.get(f"{site.url}{PAGE}/login")
        driver.execute_script(
            "const script = document.createElement('script'); script.textContent = 'window.broken = 1';"
            "document.body.append(script);"
        )
        assert driver.execute_script("return window.broken") is None
        assert any("Content Security Policy" in one for one in complaints(driver))


def test_behind_tls_no_script_and_no_other_path_has_the_cookie(tmp_path: Path) -> None:
    with Site(tmp_path / "site", free_port(), tls=True) as site, chromium(certificates=False) as driver:
        page = MenuPage(driver, f"{site.url}{PAGE}")
        page.log_in(ALICE)
        cookies = driver.get_cookies()
        assert sorted(cookie["name"] for cookie in cookies) == ["__Secure-package-menu", "__Secure-package-menu-device"]
        for cookie in cookies:
            assert {name: cookie[name] for name in ("path", "secure", "httpOnly", "sameSite")} == {
                "path": PAGE, "secure": True, "httpOnly": True, "sameSite": "Strict",
            }  # fmt: skip
        assert driver.execute_script("return document.cookie") == ""
        driver.get(f"{site.url}/v2.1/servers")
        assert driver.get_cookies() == []
        page.driver.get(f"{page.url}/servers")
        page.log_out()
        left = {cookie["name"] for cookie in driver.get_cookies()}
        assert left - {"__Secure-package-menu-login"} == {"__Secure-package-menu-device"}, "the browser is known"


def test_who_wants_nothing_to_move_sees_nothing_move(page: MenuPage, cloud: Cloud) -> None:
    page.log_in(ALICE)
    page.open(server(cloud, "web-11"))
    moves = (
        "return Array.from(document.querySelectorAll('*')).flatMap((one) => [getComputedStyle(one), "
        "getComputedStyle(one, '::before')]).filter((style) => parseFloat(style.transitionDuration) > 0 || "
        "parseFloat(style.animationDuration) > 0).length"
    )
    assert page.driver.execute_script(moves) > 0
    emulate(page.driver, 1280, 900, still=True)
    assert page.driver.execute_script(moves) == 0
