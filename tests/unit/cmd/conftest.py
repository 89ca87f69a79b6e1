"""``glance-related-manage`` in this process, with a configuration and an SQLite database of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glance_related.cmd import manage
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.instance_aware.store import Store


@dataclass(frozen=True)
class Done:
    """What a command has done: exit code, and what it said where."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def codes(self, severity: str | None = None) -> list[str]:
        """The codes that ``config check -f json`` has found."""
        return [row["code"] for row in self.json() if severity in (None, row["severity"])]

    def text(self, code: str) -> str:
        """The sentence of one finding, which must be there exactly once."""
        (row,) = [row for row in self.json() if row["code"] == code]
        return str(row["text"])


class Manage:
    """An operator's folder: `conf` is the suite's configuration, `run` the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.conf = folder / "glance-related.conf"
        self.database = Database(DatabaseSettings(f"sqlite:///{folder}/ours.sqlite"))
        self.store = Store(self.database)
        self._capsys = capsys
        self.write(f"[database]\nconnection = sqlite:///{folder}/ours.sqlite\n")

    def write(self, text: str, name: str = "glance-related.conf") -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def upgraded(self) -> Manage:
        migration.upgrade(self.database.engine)
        return self

    def run(self, *words: str | Path) -> Done:
        self._capsys.readouterr()
        code = manage.main(["--config-file", str(self.conf), *map(str, words)])
        said = self._capsys.readouterr()
        return Done(code, said.out, said.err)

    def check(self, *words: str | Path) -> Done:
        """``config check`` as JSON."""
        done = self.run("config", "check", *words, "-f", "json")
        assert done.err == ""
        return done


@pytest.fixture
def manage_(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Manage:
    monkeypatch.setenv("OS_GLANCE_CONFIG_DIR", str(tmp_path / "no-glance-here"))
    monkeypatch.setenv("OS_NOVA_CONFIG_DIR", str(tmp_path / "no-nova-here"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Manage(tmp_path, capsys)


@pytest.fixture
def operator(manage_: Manage) -> Manage:
    """Who has run ``db upgrade``."""
    return manage_.upgraded()
