"""The lines under *Try it* in a system's manual, typed into a shell beside a running tools/serve."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.project.source import systems
from tests.real.test_serve import Serve, free_port_base

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

# What a person must be shown for each step, in this order; a step is a comment and the lines below it.
SHOWN = {
    "instance_aware": (
        ("The backup scheduler", r"queued|active"),
        ("One question", r"monday"),
        ("The same with curl", r'.*"images": \[\{.*"instance_id": "web-1".*'),
        ("Alice is a customer", r""),
        ("Nor may she say", r"refused"),
        ("The scheduler takes", r""),
        ("What the operator sees", r"uuid .*trusted_programs\n.*\n[0-9a-f-]{36} .*"),
    ),
}


def steps(system: str) -> list[tuple[str, str]]:
    """The steps of a manual: what each says, and its lines."""
    manual = inspect.getdoc(importlib.import_module(f"glance_related.{system}")) or ""
    (part,) = re.findall(r"(?ms)^Try it\n=+\n(.*?)^\S[^\n]*\n=+$", manual)
    typed = "\n".join(line[4:] for line in part.splitlines() if line.startswith("    "))
    found = re.findall(r"(?m)^# (.+)\n((?:(?!# ).*\n?)+)", typed)
    return [(says, lines) for says, lines in found]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    one = Serve(tmp_path_factory.mktemp("manual"), free_port_base())
    one.start()
    yield one
    one.stop(signal.SIGTERM)


@pytest.mark.parametrize("system", systems())
def test_what_a_manual_says_to_try_shows_what_it_promises(serve: Serve, system: str) -> None:
    told = steps(system)
    assert len(told) == len(SHOWN[system])
    assert all(says.startswith(begins) for (says, _), (begins, _) in zip(told, SHOWN[system], strict=True))
    marked = "".join(f"echo '== {number}'\n{lines}\n" for number, (_, lines) in enumerate(told))
    done = serve.run("/bin/sh", "-e", "-c", marked)
    assert done.returncode == 0, done.stderr
    shown = [part.strip() for part in re.split(r"(?m)^== \d+$", done.stdout)[1:]]
    for answer, (says, promised) in zip(shown, SHOWN[system], strict=True):
        assert re.fullmatch(promised, answer), f"{says}: {answer}"
    # and the refusal was ours, not a mistake in the line
    assert "set by trusted programs and administrators only" in done.stderr


def test_nothing_of_it_stays(serve: Serve) -> None:
    about = json.loads((serve.var / "ready").read_text())
    with closing(sqlite3.connect(about["suite_database"])) as ours:
        (rows,) = ours.execute(
            "SELECT count(*) FROM glance_related_image_instances WHERE instance_id = 'web-1'"
        ).fetchone()
    with closing(sqlite3.connect(about["glance_database"])) as glances:
        made = dict(glances.execute("SELECT name, deleted FROM images WHERE name IN ('monday', 'mine')"))
    assert rows == 0
    assert made == {"monday": 1}
