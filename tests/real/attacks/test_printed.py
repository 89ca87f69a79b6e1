"""The table fails a run that has left a cell empty, and only such a run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.real.attacks.printed import COLUMNS, Table
from tests.real.attacks.table import ATTACKS


@pytest.fixture
def full() -> Table:
    table = Table()
    table.asked = True
    table.cells = {(attack.name, column): "fails" for attack in ATTACKS for column in COLUMNS}
    return table


def _verdict(table: Table) -> int:
    session = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    table.pytest_sessionfinish(session)
    return session.exitstatus


def test_a_full_table_is_content(full: Table) -> None:
    assert _verdict(full) == pytest.ExitCode.OK


def test_one_empty_cell_fails_the_run_and_is_named(full: Table) -> None:
    del full.cells["smuggling", "pyuwsgi"]
    assert _verdict(full) == pytest.ExitCode.TESTS_FAILED
    lines: list[str] = []
    full.pytest_terminal_summary(SimpleNamespace(section=lines.append, line=lines.append))
    assert "[('smuggling', 'pyuwsgi')]" in lines[-1]


def test_who_asks_for_some_attacks_only_is_not_told_of_the_others(full: Table) -> None:
    full.cells.clear()
    full.whole = False
    assert _verdict(full) == pytest.ExitCode.OK


def test_a_run_without_attacks_has_no_table(full: Table) -> None:
    full.asked = False
    full.cells.clear()
    assert _verdict(full) == pytest.ExitCode.OK
    full.pytest_terminal_summary(None)
