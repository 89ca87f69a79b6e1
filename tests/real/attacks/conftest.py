"""Prints the table attack x server when attacks have run, and fails a run that leaves a cell of it empty."""

from __future__ import annotations

import pytest

from tests.real.attacks.printed import Table


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "attack_cell(column): a cell of the attack table; by default the server's")
    config.pluginmanager.register(Table(), "attack-table")
