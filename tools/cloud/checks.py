"""What tools/test runs in its environments: ruff, mypy, pytest, in this order, all of them whatever they say."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloud.environment import CLIENTS, COMPUTE, PROJECT, SERVICES, TESTED, Environment, version_of
from cloud.progress import Progress

# What one whole cloud with a Nova in it is started for.
_WITH_NOVA = "tests/real/nova"
# What may turn out otherwise with another Python: what is said of files, of rules over generated input, and of the
# guest's program, which is tested with Python 3.6 too, is the same with each; and what filters do to requests stands on
# the same rooms as unit tests.
_OF_EVERY_PYTHON = ("tests/unit", "tests/pipeline", "--ignore=tests/unit/guest")

# All others end before those with a real Nova, which run one by one and are what everybody waits for at the end.
_YIELDING = ("nice", "-n", "3")

EXTRAS = ("test", "mysql", "osc", "postgresql")


def make_environment(python: str, progress: Progress) -> Path:
    """One venv for each Python, with the working tree in it."""
    version = version_of(python)
    logs = PROJECT / "var" / "log" / f"test-{version}"
    environment = Environment(PROJECT / f".venv-{version}", logs, progress, python)
    environment.make([*SERVICES, *COMPUTE, *CLIENTS, *TESTED], EXTRAS, editable=True)
    return environment.path


def run_all(venv: Path, others: Sequence[Path], progress: Progress, kind: str, words: Sequence[str]) -> int:
    """Exit code: 0 only where all are content.

    :param others: environments of other Pythons
    :param kind: fast, usual or long
    """
    env = _environment(venv)
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
    if words or kind == "fast":
        code = _pytest(venv, env, *_selection(kind), *words)
    else:
        code = _beside_nova(venv, others, kind, env, progress)
    return code or (1 if failed else 0)


def _environment(venv: Path) -> dict[str, str]:
    return os.environ | {
        "PATH": f"{venv}/bin:{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(venv),
        # pytest finds our part of it there.
        "PYTHONPATH": str(PROJECT / "tools"),
    }


def _pytest_command(venv: Path) -> list[str]:
    return [f"{venv}/bin/python", "-m", "pytest", "-p", "cloud.reporting"]


def _pytest(venv: Path, env: Mapping[str, str], *words: str, before: Sequence[str] = ()) -> int:
    return subprocess.call([*before, *_pytest_command(venv), *words], cwd=PROJECT, env=env)


def _beside_nova(venv: Path, others: Sequence[Path], kind: str, env: Mapping[str, str], progress: Progress) -> int:
    """The tests with a real Nova beside all others, which take as long: told one after the other.

    Of the others the fast ones come first, with every Python, and then those with other real servers.
    """
    log = PROJECT / "var" / "log" / "test-nova.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        beside = subprocess.Popen(
            [*_pytest_command(venv), *_selection(kind), "-o", "cache_dir=.pytest_cache/nova", _WITH_NOVA],
            cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        aside = functools.partial(_pytest, before=_YIELDING)
        try:
            code = aside(venv, env, *_selection("fast"))
            for other in others:
                progress.say(f"pytest in {other.name}, what may be otherwise there")
                code = aside(other, _environment(other), *_selection("fast"), *_OF_EVERY_PYTHON) or code
            progress.say("pytest with other real servers")
            code = aside(venv, env, *_selection(kind, "real"), f"--ignore={_WITH_NOVA}") or code
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
    if only:
        # two at a time: each starts servers of its own, and mostly waits for them
        return ["-m", "real or long" if kind == "long" else "real and not long", "-n", "2", "--dist", "loadfile"]
    return [] if kind == "long" else ["-m", "not long"]
