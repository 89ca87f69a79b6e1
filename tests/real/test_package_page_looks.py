"""How the page looks and sounds: to people who hear it, see badly or hold a phone; and how soon it is there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.filters.page_side import ALICE, MALLORY, PAGE, RITA, ROOT, Person
from tests.real.page.chromium import chromium, complaints, emulate
from tests.real.page.cloud import Cloud
from tests.real.page.looks import faults, nodes, sideways
from tests.real.page.menu_page import MenuPage
from tests.real.page.menus import THOUSAND, prepare, server
from tests.real.page.site import Site
from tests.servers.ports import free_port

#: Most seconds and bytes until the first view of a menu of a thousand entries.
MOST_MILLISECONDS, MOST_BYTES = 1000, 150 * 1024


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("page") / "site", free_port()) as running:
        prepare(_cloud(running))
        yield running


def _cloud(site: Site) -> Cloud:
    return Cloud(f"{site.url}/identity/v3", f"{site.url}/v2.1")


@pytest.fixture(scope="module")
def web(site: Site) -> str:
    """A server with something of everything: delivered, changed, in want of something."""
    cloud = _cloud(site)
    server(cloud, "a-server-with-a-name-that-does-not-end-before-the-screen-of-a-telephone-does-0123456789")
    values = {"postgresql_password": "s3cret", "apache_port": 8443, "motd": "w" * 200, "ntp_servers": ["n" * 120]}
    made = server(cloud, "web-1", packages=["postgresql", "redis"], package_variables=values)
    site.deliver()
    cloud.change(ALICE, made, {"packages": {"redis": True, "filebeat": False}, "package_variables": values})
    cloud.say(ROOT, ALICE.project_id, "redis", "unavailable")
    return made


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as made:
        yield made


@pytest.fixture
def page(site: Site, driver: Any) -> MenuPage:
    driver.get(f"{site.url}{PAGE}/login")
    driver.delete_all_cookies()
    emulate(driver, 1280, 900)
    return MenuPage(driver, f"{site.url}{PAGE}")


def _views(page: MenuPage, web: str, person: Person) -> Iterator[str]:
    """Every page that this person may come to, one after the other; what it is."""
    page.driver.get(f"{page.url}/login")
    yield "the login"
    page.log_in(person)
    for path in (
        "/servers", "/servers?q=none", f"/servers/{web}", f"/servers/{web}?q=none", f"/servers/{web}/history",
        f"/servers/{web}/copy", "/project", "/project/apache_port", "/project/postgresql_password", "/nothing",
    ):  # fmt: skip
        page.driver.get(page.url + path)
        yield path
    if person is RITA:
        return
    page.open(web)
    page.fill("apache_port", "0")
    page.save()
    yield "what is wrong"
    page.open(web)
    port = _cloud_of(page).settings(ALICE, web)["package_variables"]["apache_port"]
    values = {"apache_port": port + 1, "postgresql_password": None}
    _cloud_of(page).change(ALICE, web, {"packages": {"redis": True}, "package_variables": values})
    page.fill("apache_port", "9")
    page.turn("varnish")
    page.save()
    assert page.heading.startswith("Somebody else")
    yield "two who differ"
    page.log_out()
    page.log_in(person)
    page.driver.delete_all_cookies()
    page.driver.find_element(By.CSS_SELECTOR, "form.who button").click()
    page.wait(lambda: page.heading == "Log in")
    yield "a session that is over"


def _cloud_of(page: MenuPage) -> Cloud:
    root = page.url.removesuffix(PAGE)
    return Cloud(f"{root}/identity/v3", f"{root}/v2.1")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("person", [ALICE, MALLORY, RITA], ids=lambda person: person.name)
def test_everybody_is_told_what_is_where_and_can_read_it(page: MenuPage, web: str, person: Person, dark: bool) -> None:
    emulate(page.driver, 1280, 900, dark=dark)
    seen = {view: faults(page.driver) for view in _views(page, web, person)}
    assert {view: wrong for view, wrong in seen.items() if wrong} == {}
    assert len(seen) > 10


def test_the_measurements_see_what_is_wrong(page: MenuPage) -> None:
    page.driver.get(f"{page.url}/login")
    assert faults(page.driver) == []
    page.driver.execute_script(
        "document.querySelector('label').remove(); document.querySelector('h1').id = 'user';"
        "const pale = document.querySelector('.soft').style; pale.setProperty('color', 'rgb(160, 160, 160)');"
        "document.querySelector('main').append(document.createElement('h4'));"
        "document.querySelector('button').textContent = '';"
    )
    wrong = "\n".join(faults(page.driver))
    for part in ("a textbox without a name", "a button without a name", "twice: user", "headings of levels", "text "):
        assert part in wrong, wrong
    assert sideways(page.driver) == []
    page.driver.execute_script("document.querySelector('main').style.setProperty('min-width', '2000px')")
    assert sideways(page.driver)


def test_the_places_of_a_page_have_names(page: MenuPage, web: str) -> None:
    page.log_in(ALICE)
    page.open(web)
    found = nodes(page.driver)
    places = [(role, name) for role, name in found if role in ("banner", "navigation", "main", "search", "region")]
    assert sorted(places) == [
        ("banner", ""), ("main", ""), ("navigation", "Of this server"), ("navigation", "Pages"),
        ("navigation", "You are here"), ("region", "Delivery"), ("region", "Not in order"), ("search", ""),
    ]  # fmt: skip
    assert ("spinbutton", "Port") in found
    assert ("checkbox", "Reset Port to 8000 (the project's)") in found


@pytest.mark.parametrize("width", [320, 390, 768], ids=lambda width: f"{width} pixels")
def test_nobody_scrolls_sideways(page: MenuPage, web: str, width: int) -> None:
    emulate(page.driver, width, 844)
    for view in _views(page, web, ALICE):
        assert sideways(page.driver) == [], view


def test_text_twice_as_large_stays_on_the_page(page: MenuPage, web: str) -> None:
    emulate(page.driver, 640, 450)  # what is left of 1280 x 900 at 200 %
    for view in _views(page, web, RITA):
        assert sideways(page.driver) == [], view


def test_no_page_makes_the_browser_complain(page: MenuPage, web: str) -> None:
    complaints(page.driver)
    for view in _views(page, web, ALICE):
        assert [one for one in complaints(page.driver) if "status of 4" not in one] == [], view


#: Set to a folder, it gets the pictures of the manual anew.
PICTURES = "GLANCE_RELATED_PICTURES"


def test_the_pictures_of_the_manual_can_be_taken_again(tmp_path: Path) -> None:
    folder = Path(os.environ.get(PICTURES, tmp_path))
    with Site(tmp_path / "site", free_port()) as site, chromium() as driver:
        cloud = _cloud(site)
        prepare(cloud)
        page = MenuPage(driver, f"{site.url}{PAGE}")

        def take(name: str, width: int, height: int, *, dark: bool = False) -> None:
            emulate(driver, width, height, dark=dark)
            driver.save_screenshot(str(folder / f"package-menu-{name}.png"))
            emulate(driver, 1280, 900)

        values = {"apache_port": 8443, "postgresql_password": "s3cret", "postgresql_version": "16"}
        made = server(cloud, "web-1", packages=["postgresql", "redis"], package_variables=values)
        site.deliver()
        page.log_in(ALICE)
        page.open(made)
        take("server", 1100, 840)
        take("dark", 1100, 840, dark=True)
        take("phone", 390, 844)
        cloud.change(ALICE, made, {"packages": ["redis"], "package_variables": {"apache_port": 8001}})
        page.fill("apache_port", "8444")
        page.turn("varnish")
        page.save()
        take("conflict", 1040, 660)
    pictures = list(folder.glob("package-menu-*.png"))
    assert len(pictures) == 4
    assert [picture.name for picture in pictures if picture.stat().st_size > 100 * 1024] == []


def test_the_first_view_of_a_thousand_entries_is_there_at_once(tmp_path: Path, reports: Any) -> None:
    with Site(tmp_path / "site", free_port()) as site:
        cloud = _cloud(site)
        cloud.publish(ROOT, *THOUSAND)
        made = server(cloud, "web-1")
        milliseconds, size, number = min(_first_view(site, made) for _ in range(3))
    assert number == 1000
    told = tmp_path / "page.json"
    told.write_text(json.dumps({"milliseconds": milliseconds, "bytes": size, "entries": number}))
    reports.append(("the page", told, "the first view of a menu of 1,000 entries, the quickest of three"))
    assert size <= MOST_BYTES
    assert milliseconds <= MOST_MILLISECONDS


def _first_view(site: Site, web: str) -> tuple[float, int, int]:
    """Milliseconds until something is seen, bytes over the wire, and entries; in a browser that has nothing yet."""
    with chromium() as driver:
        page = MenuPage(driver, f"{site.url}{PAGE}")
        page.log_in(ALICE)
        driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        driver.get_log("performance")
        page.open(web)
        script = (
            "return [performance.getEntriesByName('first-contentful-paint')[0].startTime, "
            "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]"
        )
        page.wait(lambda: driver.execute_script("return performance.getEntriesByType('paint').length > 0"))
        painted, ready = driver.execute_script(script)
        return max(painted, ready), _received(driver), len(driver.find_elements(By.CSS_SELECTOR, "#menu .e"))


def _received(driver: Any) -> int:
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    done = [event["params"] for event in events if event["method"] == "Network.loadingFinished"]
    assert len(done) >= 3, "the page, its style and its script"
    return int(sum(one["encodedDataLength"] for one in done))
