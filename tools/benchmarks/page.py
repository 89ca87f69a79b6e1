"""The page of the package menu in Chromium: how soon a thousand entries are seen, and what goes over the wire."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

from benchmarks import catalogue
from benchmarks.bench import Bench
from benchmarks.clouds import WHO, NovaCloud
from benchmarks.figures import Figure
from benchmarks.measure import interval, median
from cloud import Trouble
from cloud.paste import PAGE

ENTRIES = 1000
_AT_ONCE = 200
_TYPES = ("integer", "string", "boolean", "list")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
# Of each turn most is not timed: a new browser, and a login.
_TIMES, _ROUNDS = 3, 15
_PATIENCE = 60


def measure(bench: Bench) -> list[Figure]:
    """Each view is the first of a browser that has nothing yet; its cookie alone is there."""
    cloud = bench.cloud()
    _publish(cloud, [_entry(number) for number in range(ENTRIES)])
    seen, sizes = [], []
    until = time.monotonic() + bench.options.seconds * _TIMES
    try:
        with bench.progress.step("first views in Chromium"):
            while not seen or (len(seen) < min(bench.options.rounds, _ROUNDS) and time.monotonic() < until):
                milliseconds, size = _first_view(cloud)
                seen.append(milliseconds)
                sizes.append(size / 1024)
    finally:
        _publish(cloud, [])
    what = f"first view of {ENTRIES} entries in Chromium, real cloud"
    return [
        Figure(f"{what}, until all of it is there", median(seen), catalogue.PAGE, {}, interval(seen), len(seen)),
        Figure(f"{what}, over the wire", median(sizes), catalogue.PAGE_SIZE, {}, interval(sizes), len(sizes)),
    ]


def _publish(cloud: NovaCloud, entries: list[dict[str, Any]]) -> None:
    """The cloud's menu is these, in as many requests as Nova's limit of their size wants."""
    for start in range(0, max(1, len(entries)), _AT_ONCE):
        document = {"entries": entries[start : start + _AT_ONCE], "remove_others": not start}
        reply = cloud.compute.sites[0].nova.call("POST", "/package-menu", document)
        if reply.status != 200:
            raise Trouble(f"a menu of {len(entries)} entries is answered {reply.status}: {reply.text}")


def _entry(number: int) -> dict[str, Any]:
    is_package = number % 3 > 0
    about = {
        "name": f"entry-{number:03}",
        "kind": "package" if is_package else "variable",
        "title": f"Entry {number}",
        "description": f"What number {number} is good for, in a sentence of usual length.",
        "category": f"Category {number % 20:02}",
        "on_by_default": True,
    }
    return about if is_package else about | {"type": _TYPES[number % 4]}


def _first_view(cloud: NovaCloud) -> tuple[float, int]:
    """Milliseconds until the menu is there and something of it is painted, and bytes over the wire."""
    with _chromium() as driver:
        _log_in(driver, cloud)
        driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        driver.get_log("performance")
        driver.get(f"{_url(cloud)}/servers/{cloud.ours.server}")
        _wait(lambda: driver.execute_script("return performance.getEntriesByType('paint').length > 0"), "is painted")
        shown = len(driver.find_elements(By.CSS_SELECTOR, "#menu .e"))
        if shown != ENTRIES:
            raise Trouble(f"the page shows {shown} entries of {ENTRIES}: {driver.title}")
        moments = driver.execute_script(
            "return [performance.getEntriesByName('first-contentful-paint')[0].startTime, "
            "performance.getEntriesByType('navigation')[0].loadEventEnd]"
        )
        return max(moments), _received(driver)


def _log_in(driver: Any, cloud: NovaCloud) -> None:
    driver.get(f"{_url(cloud)}/login")
    for field, text in (("user", WHO), ("password", cloud.keystone.passwords[WHO]), ("project", WHO)):
        driver.find_element(By.ID, field).clear()
        driver.find_element(By.ID, field).send_keys(text)
    driver.find_element(By.CSS_SELECTOR, "form[action$='/login'] button.first").click()
    _wait(lambda: bool(driver.find_elements(By.CSS_SELECTOR, "form.who")), f"lets {WHO} in")


def _received(driver: Any) -> int:
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    done = [event["params"] for event in events if event["method"] == "Network.loadingFinished"]
    if len(done) < 3:
        raise Trouble(f"of the page, its style and its script only {len(done)} were loaded")
    return int(sum(one["encodedDataLength"] for one in done))


def _url(cloud: NovaCloud) -> str:
    return f"{cloud.compute.sites[0].nova.url}{PAGE}"


def _wait(happens: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not happens():
        if time.monotonic() > until:
            raise Trouble(f"after {_PATIENCE} s it is not so that the page {what}")
        time.sleep(0.05)


@contextmanager
def _chromium() -> Iterator[Any]:
    """A browser in a profile of its own."""
    with tempfile.TemporaryDirectory(prefix="glance-related-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        service = webdriver.ChromeService("/usr/bin/chromedriver", log_output=str(Path(profile) / "chromedriver.log"))
        try:
            driver = webdriver.Chrome(options=options, service=service)
        except WebDriverException as error:
            raise Trouble(
                f"no Chromium (Debian's chromium and chromium-driver): {str(error).splitlines()[0]}"
            ) from None
        try:
            yield driver
        finally:
            driver.quit()
