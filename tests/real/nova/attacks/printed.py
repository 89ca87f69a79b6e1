"""The table attack x server: filled while the attacks run, printed at the end; an empty cell fails the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.real.nova.attacks.table import ATTACKS, Attack

#: What the nova-api stands under that is attacked.
SERVERS = ("gunicorn", "pyuwsgi")

#: The last one: the attack reaches its aim, in each of its forms, where its defence is away.
COLUMNS = (*SERVERS, "undefended")


def forms_of(attacks: Sequence[Attack]) -> list[tuple[Attack, str]]:
    """Every form of every attack."""
    return [(attack, form) for attack in attacks for form in attack.forms or ("",)]


FORMS = forms_of(ATTACKS)


class Table:
    """What became of each form of an attack in each column: `fails` (in the last one `succeeds`) is as it should be.

    :param marker: what marks the tests of its cells
    :param title: on what the attacks are
    """

    def __init__(
        self,
        attacks: Sequence[Attack] = ATTACKS,
        marker: str = "nova_attack_cell",
        title: str = "attacks on Nova's side",
    ) -> None:
        self.attacks = attacks
        self.marker = marker
        self.title = title
        self.verdicts: dict[tuple[str, str, str], str] = {}
        self.whole = True
        self.asked = False

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.whole = self.whole and not any(self._place(item) for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.asked = any(self._place(item) for item in session.items) and not session.config.option.collectonly
        # a test that was asked for by its name is asked for alone
        self.whole = self.whole and not any("::" in word for word in session.config.args)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Any:
        report = yield
        place = self._place(item)
        if place and (report.failed or (report.when == "call" and report.passed)):
            well = "succeeds" if place[2] == COLUMNS[-1] else "fails"
            self.verdicts[place] = "BROKEN" if report.failed else well
        return report

    def empty(self) -> list[tuple[str, str, str]]:
        places = [(attack.name, form, column) for attack, form in forms_of(self.attacks) for column in COLUMNS]
        return [place for place in places if place not in self.verdicts]

    def cell(self, attack: Attack, column: str) -> str:
        """What is printed: one word where all forms agree, else how many of them went as they should."""
        found = [self.verdicts.get((attack.name, form, column), "") for form in attack.forms or ("",)]
        if len(set(found)) == 1:
            return found[0]
        return "BROKEN" if "BROKEN" in found else f"{sum(map(bool, found))} of {len(found)}"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.asked and self.whole and self.empty() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.asked:
            return
        terminalreporter.section(f"{self.title}: with all defences, and without the one that counts")
        width = max(len(attack.name) for attack in self.attacks)
        terminalreporter.line(f"{'':<{width}}  forms  " + "".join(f"{column:<12}" for column in COLUMNS))
        for attack in self.attacks:
            cells = [self.cell(attack, column) for column in COLUMNS]
            if any(cells) or self.whole:
                line = "".join(f"{cell or '-':<12}" for cell in cells)
                terminalreporter.line(f"{attack.name:<{width}}  {len(attack.forms) or 1:>5}  {line}{attack.defence}")
        if self.whole and self.empty():
            terminalreporter.line(f"empty cells, which fail the run: {self.empty()}")

    def _place(self, item: pytest.Item) -> tuple[str, str, str] | None:
        """Attack, form and column of a test, if it is one of the table's."""
        marker = item.get_closest_marker(self.marker)
        callspec = getattr(item, "callspec", None)
        if marker is None or callspec is None:
            return None
        return callspec.params["attack"].name, callspec.params["form"], marker.args[0]
