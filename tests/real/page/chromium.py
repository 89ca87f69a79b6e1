"""A headless Chromium of a test's own, with what it has logged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)
#: Seconds until a page must be there: the machine may be busy.
PATIENCE = 60


@contextmanager
def chromium(
    *, width: int = 1280, height: int = 900, scripts: bool = True, dark: bool = False, certificates: bool = True
) -> Iterator[Any]:
    """A browser in a profile of its own.

    :param scripts: whether pages may run any
    :param certificates: whether those of strangers are refused
    """
    with tempfile.TemporaryDirectory(prefix="glance-related-chromium-") as profile:
        options = webdriver.ChromeOptions()
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.binary_location = "/usr/bin/chromium"
        options.accept_insecure_certs = not certificates
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService("/usr/bin/chromedriver", log_output=str(Path(profile) / "chromedriver.log"))
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_page_load_timeout(PATIENCE)
            emulate(driver, width, height, dark=dark)
            if not scripts:
                driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
            yield driver
        finally:
            driver.quit()


def emulate(driver: Any, width: int, height: int, *, dark: bool = False, still: bool = False) -> None:
    """A screen of this size, light or dark; and whether its owner wants nothing to move."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    features += [{"name": "prefers-reduced-motion", "value": "reduce"}] if still else []
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def complaints(driver: Any) -> list[str]:
    """What the browser has complained of: violations of the policy, errors of scripts, files that are not there."""
    return [
        entry["message"]
        for entry in driver.get_log("browser")
        if entry["level"] in ("SEVERE", "WARNING") or "Content Security Policy" in entry["message"]
    ]
