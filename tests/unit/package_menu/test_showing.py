"""What a server has, as the API shows it: each thing is looked at once, and only what is asked for is shown."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import pytest

from glance_related.package_menu.entry import VARIABLE, Entry
from glance_related.package_menu.showing import server_document
from glance_related.package_menu.store import AsOf, Counts
from glance_related.wsgi.pages import Page
from tests.unit.package_menu.menus import package, project, variable

MANY = 300


class Counted(Entry):
    """An entry that counts how often each of its words is asked for."""

    asked: ClassVar[Counter[str]] = Counter()

    def __getattribute__(self, word: str) -> Any:
        Counted.asked[word] += 1
        return super().__getattribute__(word)


def shown(*entries: Entry, page: Page | None) -> Any:
    return server_document("s", None, AsOf(project(*entries), Counts(), Counts()), [], page)["server_packages"]


@pytest.mark.parametrize("page", [Page(5, "", {}), Page(5, "v100", {}), None], ids=["first", "next", "all"])
def test_it_takes_as_long_as_the_menu_and_no_longer(page: Page | None) -> None:
    entries = [Counted(f"v{number:03}", VARIABLE, type="integer", packages=("web",)) for number in range(MANY)]
    Counted.asked.clear()
    found = shown(package(), *entries, page=page)["entries"]
    assert len(found) == (5 if page else MANY + 1)
    assert Counted.asked["name"] < 30 * MANY
    assert Counted.asked["title"] <= len(found), "what is on no page is not made"


def test_a_variable_names_the_packages_that_its_server_may_have() -> None:
    menu = project(package("web"), package("hidden"), variable(packages=("web", "hidden")), hidden="unavailable")
    document = server_document("s", None, AsOf(menu, Counts(), Counts()), [], Page(1, "", {"kind": "variable"}))
    (entry,) = document["server_packages"]["entries"]
    assert (entry["name"], entry["packages"]) == ("port", ["web"])
    assert "entries_links" not in document["server_packages"]
