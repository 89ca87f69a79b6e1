"""Reports of this folder's tests: each written to a file, and named at the end of the run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.real.failures.report import Reports

_REPORTS = pytest.StashKey[Reports]()


@pytest.fixture
def reports(request: pytest.FixtureRequest) -> Reports:
    """Where a test leaves what it wants to be read at the end."""
    return request.config.stash.setdefault(_REPORTS, [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for title, file, summary in config.stash.get(_REPORTS, []):
        terminalreporter.section(title)
        terminalreporter.write_line(f"{summary} ({file})")
        terminalreporter.write_line(file.read_text())
