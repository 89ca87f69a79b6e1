"""How commands and answers are printed for a person to type and compare."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def shown(path: Path) -> str:
    """As a person would type it from here."""
    near = os.path.relpath(path)
    return shlex.quote(str(path) if near.startswith("..") else near)


def indented(text: str) -> str:
    """An answer, below the command that got it."""
    return "\n".join(f"    {line}" for line in text.splitlines())
