"""What tools/test runs in its environment: ruff, mypy, pytest, in this order, all of them whatever they say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloud.environment import CLIENTS, COMPUTE, PROJECT, SERVICES, TESTED, Environment, version_of
from cloud.progress import Progress

# What starts a whole cloud with a Nova in it.
_WITH_NOVA = ("tests/real/nova", "tests/real/test_serve_cloud.py")

EXTRAS = ("test", "mysql", "osc", "postgresql")


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
    # whoever names tests wants to know of those
    checks = () if words else (("ruff", ["ruff", "check", ".", *_commands()]), ("mypy", ["mypy"]))
    for name, argv in checks:
        progress.say(name)
        if subprocess.call([f"{venv}/bin/{argv[0]}", *argv[1:]], cwd=PROJECT, env=env) != 0:
            failed.append(name)
    progress.say("pytest")
    if failed:
        env["GLANCE_RELATED_CHECKS_FAILED"] = ", ".join(failed)
    if kind == "long":
        env["GLANCE_RELATED_LONG"] = "1"
    pytest = [f"{venv}/bin/python", "-m", "pytest", "-p", "cloud.reporting"]
    if words or kind == "fast":
        code = subprocess.call([*pytest, *_selection(kind), *words], cwd=PROJECT, env=env)
    else:
        code = _beside_nova(pytest, kind, env, PROJECT / "var" / "log" / "test-nova.log", progress)
    return code or (1 if failed else 0)


def _beside_nova(pytest: Sequence[str], kind: str, env: Mapping[str, str], log: Path, progress: Progress) -> int:
    """The tests with a real Nova beside all others, which take as long: told one after the other.

    Of the others the fast ones come first, on every core, and then those with other real servers.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    real = [*_selection(kind, "real"), *(f"--ignore={path}" for path in _WITH_NOVA)]
    with log.open("wb") as out:
        beside = subprocess.Popen(
            [*pytest, *_selection(kind), "-o", "cache_dir=.pytest_cache/nova", *_WITH_NOVA],
            cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            code = subprocess.call([*pytest, *_selection("fast")], cwd=PROJECT, env=env)
            code = subprocess.call([*pytest, *real], cwd=PROJECT, env=env) or code
            progress.say(f"pytest with a real Nova, which ran at the same time ({log.relative_to(PROJECT)})")
            code = beside.wait() or code
        except BaseException:
            beside.send_signal(signal.SIGINT)  # it stops what it has started
            beside.wait()
            raise
    sys.stdout.flush()
    sys.stdout.buffer.write(log.read_bytes())
    sys.stdout.flush()
    return code


def _commands() -> list[str]:
    """Our own commands, whose names do not tell ruff that they are Python."""
    return sorted(str(path) for path in (PROJECT / "tools").iterdir() if path.is_file() and not path.suffix)


def _selection(kind: str, only: str = "") -> list[str]:
    """Which tests: real servers cost seconds each, the long runs minutes.

    :param only: "real": those that are not among the fast ones
    """
    if kind == "fast":
        # on every core: nothing here starts a server, and a file keeps its order and its fixtures
        return ["-m", "not long and not real", "--ignore=tests/real", "-n", "auto", "--dist", "loadfile"]
    if kind == "long":
        return ["-m", "real or long"] if only else []
    return ["-m", "real and not long" if only else "not long"]
