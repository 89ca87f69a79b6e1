"""Debian's cloud-init, unpacked: it is not installed, for it would take this machine over at its next start."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.project.source import PROJECT

#: Where the packages are kept; `.ci/run` fetches them.
FOLDER = PROJECT / "var" / "debs"
_NEEDED = ("unshare", "mount", "ip", "dpkg-deb", "tar")


def packages() -> Path:
    """The folder with cloud-init and whatever of it this machine has not; skips where it cannot be had."""
    if os.geteuid() != 0:
        pytest.skip("only root makes namespaces, and a root of its own in them")
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if missing:
        pytest.skip(f"there is no {missing[0]}")
    if not any(FOLDER.glob("cloud-init_*.deb")):
        pytest.skip(f"Debian's package cloud-init is not in {FOLDER.relative_to(PROJECT)}")
    return FOLDER
