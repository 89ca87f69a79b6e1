"""The table attack x server: filled while the attacks run, printed at the end; an empty cell fails the run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.real.attacks.table import ATTACKS
from tests.real.cloud_of_tests import SERVERS

#: The last one: the attack reaches its aim where its defence is away.
COLUMNS = (*SERVERS, "undefended")


class Table:
    """What became of each attack in each column: `fails` (and `succeeds` in the last one) is as it should be."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], str] = {}
        self.whole = True
        self.asked = False

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.whole = self.whole and not any(_cell(item) for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.asked = any(_cell(item) for item in session.items) and not session.config.option.collectonly
        # a test that was asked for by its name is asked for alone
        self.whole = self.whole and not any("::" in word for word in session.config.args)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Any:
        report = yield
        cell = _cell(item)
        if cell and (report.failed or (report.when == "call" and report.passed)):
            self.cells[cell] = "BROKEN" if report.failed else "succeeds" if cell[1] == COLUMNS[-1] else "fails"
        return report

    def empty(self) -> list[tuple[str, str]]:
        return [(attack.name, column) for attack in ATTACKS for column in COLUMNS
                if (attack.name, column) not in self.cells]  # fmt: skip

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.asked and self.whole and self.empty() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.asked:
            return
        terminalreporter.section("attacks: with all defences, and without the one that counts")
        width = max(len(attack.name) for attack in ATTACKS)
        terminalreporter.line(f"{'':<{width}}  " + "".join(f"{column:<12}" for column in COLUMNS))
        for attack in ATTACKS:
            cells = [self.cells.get((attack.name, column), "") for column in COLUMNS]
            if any(cells) or self.whole:
                line = "".join(f"{cell or '-':<12}" for cell in cells)
                terminalreporter.line(f"{attack.name:<{width}}  {line}{attack.defence}")
        if self.whole and self.empty():
            terminalreporter.line(f"empty cells, which fail the run: {self.empty()}")


def _cell(item: pytest.Item) -> tuple[str, str] | None:
    """Attack and column of a test, if it is one of the table's."""
    marker = item.get_closest_marker("attack_cell")
    callspec = getattr(item, "callspec", None)
    if marker is None or callspec is None:
        return None
    column = marker.args[0] if marker.args else callspec.params["glance"]
    return callspec.params["attack"].name, column
