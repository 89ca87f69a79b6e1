"""Passwords: random for each installation, made when first asked for, readable by their owner only."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path


class Passwords:
    """A file of passwords by name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> str:
        return self._known_or_made(name, 18)

    def key(self, name: str) -> str:
        """One of 43 characters, for what is computed with and typed by nobody."""
        return self._known_or_made(name, 32)

    def _known_or_made(self, name: str, size: int) -> str:
        known: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(size)
            write_private(self._path, json.dumps(known, indent=1))
        return known[name]


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    fresh.replace(path)
