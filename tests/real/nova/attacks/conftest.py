"""Prints the tables attack x server when attacks have run, and fails a run that leaves a cell of one empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.nova.attacks.overrides.stage import OverrideStage
from tests.real.nova.attacks.overrides.table import ATTACKS as ON_OVERRIDES
from tests.real.nova.attacks.printed import Table
from tests.real.nova.attacks.stage import Stage
from tests.real.nova.nova_cloud import NovaCloud

_OVERRIDES = "override_attack_cell"


def pytest_configure(config: pytest.Config) -> None:
    for name in ("nova_attack_cell", _OVERRIDES):
        config.addinivalue_line("markers", f"{name}(column): a form of an attack in a column of its table")
    config.pluginmanager.register(Table(), "nova-attack-table")
    config.pluginmanager.register(Table(ON_OVERRIDES, _OVERRIDES, "attacks on overrides"), "override-attack-table")


@pytest.fixture(scope="session")
def stage(nova_cloud: NovaCloud) -> Iterator[Stage]:
    made = Stage(nova_cloud)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def override_stage(nova_cloud: NovaCloud) -> Iterator[OverrideStage]:
    """Nobody else looks at the servers that are attacked: what nobody has found out yet is what is attacked."""
    nova_cloud.dismiss_worker()
    made = OverrideStage(nova_cloud)
    try:
        yield made
    finally:
        made.stop()
