"""The lines under *Try it* in a system's manual, typed into a shell beside a running tools/serve."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.project.source import systems
from tests.real.manual_steps import SHOWN, assert_shows_what_it_promises
from tests.real.test_serve import Serve

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    one = Serve(tmp_path_factory.mktemp("manual"))
    one.start()
    yield one
    one.stop(signal.SIGTERM)


def test_what_the_manual_says_to_try_shows_what_it_promises(serve: Serve) -> None:
    assert_shows_what_it_promises(serve, "instance_aware", "set by trusted programs and administrators only")


def test_every_system_s_manual_is_tried_somewhere() -> None:
    assert set(SHOWN) == set(systems()), "what needs a Nova is tried in test_serve_cloud.py"


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
