"""The table fails a run that has left a cell empty, and only such a run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.real.nova.attacks.printed import COLUMNS, FORMS, Table
from tests.real.nova.attacks.table import ATTACKS


@pytest.fixture
def full() -> Table:
    table = Table()
    table.asked = True
    table.verdicts = {(attack.name, form, column): "fails" for attack, form in FORMS for column in COLUMNS}
    return table


def _verdict(table: Table) -> int:
    session = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    table.pytest_sessionfinish(session)
    return session.exitstatus


def _printed(table: Table) -> list[str]:
    lines: list[str] = []
    table.pytest_terminal_summary(SimpleNamespace(section=lines.append, line=lines.append))
    return lines


def test_a_full_table_is_content(full: Table) -> None:
    assert _verdict(full) == pytest.ExitCode.OK
    assert len(_printed(full)) == 2 + len(ATTACKS)


def test_one_form_that_was_left_out_fails_the_run_and_is_named(full: Table) -> None:
    del full.verdicts["image_proxy", "image_type", "undefended"]
    assert _verdict(full) == pytest.ExitCode.TESTS_FAILED
    lines = _printed(full)
    assert "[('image_proxy', 'image_type', 'undefended')]" in lines[-1]
    (line,) = [one for one in lines if one.startswith("image_proxy ")]
    assert line.split()[:3] == ["image_proxy", "5", "fails"]
    assert "4 of 5" in line


def test_one_form_that_went_wrong_is_seen_in_its_attacks_cell(full: Table) -> None:
    full.verdicts["image_proxy", "image_type", "gunicorn"] = "BROKEN"
    (line,) = [one for one in _printed(full) if one.startswith("image_proxy ")]
    assert line.split()[2:4] == ["BROKEN", "fails"]


def test_who_asks_for_some_attacks_only_is_not_told_of_the_others(full: Table) -> None:
    full.verdicts.clear()
    full.whole = False
    assert _verdict(full) == pytest.ExitCode.OK


def test_a_run_without_attacks_has_no_table(full: Table) -> None:
    full.asked = False
    full.verdicts.clear()
    assert _verdict(full) == pytest.ExitCode.OK
    assert _printed(full) == []
