"""A host tells of its keys though nobody there has a secret to do with: so a staged key can be promoted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from glance_related.settings import keys as module
from glance_related.settings.keys import describe
from glance_related.suite import recorded_keys, this_host
from tests.filters.menu_side import MenuSide, make


@pytest.fixture
def side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MenuSide:
    monkeypatch.setattr(module, "_NOW_AND_THEN", 0.0)
    made = make(tmp_path)
    made.publish({"name": "web", "kind": "package", "on_by_default": True})
    return made


@pytest.mark.parametrize(
    "happens",
    [
        lambda side: side.deliver(),
        lambda side: side.booted(),
        lambda side: side.ask("GET", "/package-menu"),
    ],
    ids=["a worker", "a boot", "a look at the menu"],
)
def test_a_staged_key_is_told_of(side: MenuSide, tmp_path: Path, happens: Callable[[MenuSide], object]) -> None:
    (tmp_path / "keys" / "0").write_bytes(Fernet.generate_key())
    staged = next(key.fingerprint for key in describe(tmp_path / "keys") if key.role == "staged")
    assert staged not in recorded_keys(side.suite.database)[this_host()]
    happens(side)
    assert recorded_keys(side.suite.database)[this_host()][-1] == staged
