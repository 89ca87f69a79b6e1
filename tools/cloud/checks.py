"""What tools/test runs in its environment: ruff, mypy, pytest, in this order, all of them whatever they say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cloud.environment import CLIENTS, COMPUTE, PROJECT, SERVICES, TESTED, Environment, version_of
from cloud.progress import Progress

EXTRAS = ("test", "mysql", "postgresql")


def make_environment(python: str, progress: Progress) -> Path:
    """One venv for each Python, with the working tree in it."""
    version = version_of(python)
    logs = PROJECT / "var" / "log" / f"test-{version}"
    environment = Environment(PROJECT / f".venv-{version}", logs, progress, python)
    environment.make([*SERVICES, *COMPUTE, *CLIENTS, *TESTED], EXTRAS, editable=True)
    return environment.path


def run_all(venv: Path, progress: Progress, kind: str, words: Sequence[str]) -> int:
    """Exit code: 0 only where all three are content. `kind` is fast, usual or long."""
    env = os.environ | {
        "PATH": f"{venv}/bin:{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(venv),
        # pytest finds our part of it there.
        "PYTHONPATH": str(PROJECT / "tools"),
    }
    failed = []
    for name, argv in (("ruff", ["ruff", "check", ".", *_commands()]), ("mypy", ["mypy"])):
        progress.say(name)
        if subprocess.call([f"{venv}/bin/{argv[0]}", *argv[1:]], cwd=PROJECT, env=env) != 0:
            failed.append(name)
    progress.say("pytest")
    if failed:
        env["GLANCE_RELATED_CHECKS_FAILED"] = ", ".join(failed)
    if kind == "long":
        env["GLANCE_RELATED_LONG"] = "1"
    argv = [f"{venv}/bin/python", "-m", "pytest", "-p", "cloud.reporting", *_selection(kind), *words]
    code = subprocess.call(argv, cwd=PROJECT, env=env)
    return code or (1 if failed else 0)


def _commands() -> list[str]:
    """Our own commands, whose names do not tell ruff that they are Python."""
    return sorted(str(path) for path in (PROJECT / "tools").iterdir() if path.is_file() and not path.suffix)


def _selection(kind: str) -> list[str]:
    """Which tests: real servers cost seconds each, the long runs minutes."""
    if kind == "long":
        return []
    if kind == "fast":
        # on every core: nothing here starts a server, and a file keeps its order and its fixtures
        return ["-m", "not long and not real", "--ignore=tests/real", "-n", "auto", "--dist", "loadfile"]
    return ["-m", "not long"]
