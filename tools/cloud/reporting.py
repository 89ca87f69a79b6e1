"""tools/test's part inside pytest (`-p cloud.reporting`): who was skipped is named, and in CI it is a failure."""

from __future__ import annotations

import os
from typing import Any

import pytest

_SKIPPED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SKIPPED] = []
    config.pluginmanager.register(_Reporting(config), "glance-related-reporting")


class _Reporting:
    def __init__(self, config: pytest.Config) -> None:
        self._skipped = config.stash[_SKIPPED]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # An expected failure reports itself as skipped, but it has run.
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(f"{report.nodeid}: {_reason(report)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(f"{report.nodeid}: {_reason(report)}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._skipped and in_ci() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Just above pytest's own last line."""
        before = os.environ.get("GLANCE_RELATED_CHECKS_FAILED")
        if before:
            terminalreporter.section("failed before the tests: " + before)
        if self._skipped:
            verdict = "not run, which in CI is a failure" if in_ci() else "not run here"
            terminalreporter.section(f"{len(self._skipped)} {verdict}")
            for line in self._skipped:
                terminalreporter.line(line)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """What was said when it was skipped."""
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return str(text).removeprefix("Skipped: ")
