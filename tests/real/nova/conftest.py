"""A real cloud with Nova for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Attacks and failures come last, for what they leave behind in the cloud they share is a strange sight.

    Whichever test comes first waits for a dozen servers, on a busy machine for minutes.
    """
    for item in items:
        if _HERE in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))
    items.sort(key=lambda item: _HERE in item.path.parents and item.path.parent != _HERE)


@pytest.fixture(scope="session")
def nova_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NovaCloud]:
    """Keystone, Glance and a Nova with our filters in both pipelines; a second Nova when one asks for it."""
    made = NovaCloud(tmp_path_factory.mktemp("nova-cloud"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def menu(nova_cloud: NovaCloud) -> Iterator[Menu]:
    """The package menu of these tests is published, and alice's project may have Apache; nothing of it stays."""
    made = Menu(nova_cloud)
    made.publish()
    made.offer("alice", "apache")
    yield made
    made.clear()
