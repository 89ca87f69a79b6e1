"""`MenuPage`: the page as a person uses it, who knows its URL and a password; all else stands on the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.filters.page_side import Person
from tests.real.page.chromium import PATIENCE


class MenuPage:
    """See the module.

    :param driver: a browser
    :param url: of the page, as ``http://controller:8774/package-menu-ui``
    """

    def __init__(self, driver: Any, url: str) -> None:
        self.driver = driver
        self.url = url

    # -- going

    def log_in(self, person: Person) -> None:
        self.driver.get(f"{self.url}/login")
        for name, text in (("user", person.name), ("password", person.password), ("project", person.project)):
            self.type(name, text)
        self.click_first("form[action$='/login'] button.first")
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, "form.who"))

    def log_out(self) -> None:
        self.click_first("form.who button")
        self.wait(lambda: self.driver.find_elements(By.ID, "password"))

    def open(self, server_id: str, query: str = "") -> None:
        self.driver.get(f"{self.url}/servers/{server_id}{query}")

    # -- settings

    def turn(self, name: str) -> None:
        """Tick a package, or take the tick away."""
        self.unfold(f"f.{name}")
        self.click(self.driver.find_element(By.ID, f"f.{name}"))

    def reset(self, name: str) -> None:
        """Back to what the project has."""
        self.unfold(f"f.{name}")
        self.click(self.driver.find_element(By.NAME, f"r.{name}"))

    def fill(self, name: str, text: str) -> None:
        """A variable's value."""
        self.unfold(f"f.{name}")
        self.type(f"f.{name}", text)

    def save(self) -> None:
        self.click_first("#menu .save button.first")

    def is_on(self, name: str) -> bool:
        return bool(self.driver.find_element(By.ID, f"f.{name}").is_selected())

    def value(self, name: str) -> str:
        return str(self.driver.find_element(By.ID, f"f.{name}").get_property("value"))

    def whose(self, name: str) -> str:
        """What it is, and whose word that is."""
        self.unfold(f"f.{name}")
        return str(self.driver.find_element(By.ID, f"w.{name}").text)

    def fault(self, name: str) -> str:
        """What is wrong with it, beside its field; nothing where nothing is."""
        found = self.driver.find_elements(By.ID, f"x.{name}")
        return str(found[0].text) if found else ""

    def entries(self) -> list[str]:
        """The names of the entries that are shown."""
        fields = self.driver.find_elements(By.CSS_SELECTOR, "#menu .e:not([hidden]) [id^='f.']")
        return [field.get_attribute("id").removeprefix("f.") for field in fields]

    def done(self) -> str:
        """What was done, as the page says."""
        found = self.driver.find_elements(By.CSS_SELECTOR, ".note.good")
        return str(found[0].text) if found else ""

    def deliveries(self) -> dict[str, str]:
        """How far it has come, by receiver."""
        return {
            line.find_element(By.TAG_NAME, "b").text: line.find_element(By.TAG_NAME, "span").text
            for line in self.driver.find_elements(By.CSS_SELECTOR, ".delivery li")
        }

    # -- parts

    @property
    def heading(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "h1").text)

    @property
    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def type(self, field_id: str, text: str) -> None:
        field = self.driver.find_element(By.ID, field_id)
        if field.tag_name == "select":
            for option in field.find_elements(By.TAG_NAME, "option"):
                if option.get_attribute("value") == text:
                    option.click()
                    return
            raise NoSuchElementException(f"{field_id} has no {text}")
        field.clear()
        field.send_keys(text)

    def unfold(self, element_id: str) -> None:
        """Open the category that something stands in."""
        for group in self.driver.find_elements(By.XPATH, f"//*[@id='{element_id}']/ancestor::details[not(@open)]"):
            self.click(group.find_element(By.TAG_NAME, "summary"))

    def click(self, element: Any) -> None:
        """Press something, which is not under the bar at the bottom."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def click_first(self, selector: str) -> None:
        """Press a button that leads to another page, and wait until it is there."""
        button = self.driver.find_element(By.CSS_SELECTOR, selector)
        before = self.driver.find_element(By.TAG_NAME, "html").id
        button.click()
        self.wait(lambda: self.driver.find_element(By.TAG_NAME, "html").id != before)

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def tab_to(self, element_id: str, most: int = 200) -> None:
        """Reach something with the keyboard alone."""
        for _ in range(most):
            if self.driver.switch_to.active_element.get_attribute("id") == element_id:
                return
            self.press(Keys.TAB)
        raise AssertionError(f"the keyboard does not lead to {element_id}")

    def wait(self, happens: Callable[[], Any], otherwise: str = "the page does not come") -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if happens():
                    return
            except (NoSuchElementException, StaleElementReferenceException):
                pass
            assert time.monotonic() < end, otherwise
            time.sleep(0.05)
