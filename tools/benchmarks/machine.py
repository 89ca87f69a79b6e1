"""What a figure is worth nothing without: of which commit, when, on what."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.options import Options
from cloud.environment import PROJECT


def run_facts(options: Options) -> dict[str, Any]:
    """Commit, date, sizes, machine and versions of this run."""
    return {
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "images": list(options.images),
        "rows": list(options.rows),
        "pool_mb": options.pool_mb,
        "databases": list(options.databases),
        "machine": {
            "processor": _processor(),
            "processors": os.cpu_count(),
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "system": platform.platform(),
            "load_at_start": round(os.getloadavg()[0], 2),
        },
        "python": platform.python_version(),
        "glance": importlib.metadata.version("glance"),
    }


def _commit() -> str | None:
    """With a + behind it where the working tree is another; None where this is no checkout."""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
