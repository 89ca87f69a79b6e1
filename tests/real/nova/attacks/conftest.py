"""Prints the table attack x server when attacks have run, and fails a run that leaves a cell of it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.nova.attacks.printed import Table
from tests.real.nova.attacks.stage import Stage
from tests.real.nova.nova_cloud import NovaCloud


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "nova_attack_cell(column): a form of an attack in a column of Nova's table")
    config.pluginmanager.register(Table(), "nova-attack-table")


@pytest.fixture(scope="session")
def stage(nova_cloud: NovaCloud) -> Iterator[Stage]:
    made = Stage(nova_cloud)
    try:
        yield made
    finally:
        made.stop()
