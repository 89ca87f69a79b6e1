"""A real cloud with Nova for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.nova.nova_cloud import NovaCloud


@pytest.fixture(scope="session")
def nova_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NovaCloud]:
    """Keystone, Glance and a Nova with our filters in both pipelines; a second Nova when one asks for it."""
    made = NovaCloud(tmp_path_factory.mktemp("nova-cloud"))
    try:
        made.start()
        yield made
    finally:
        made.stop()
