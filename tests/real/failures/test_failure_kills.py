"""``kill -9`` of a worker at every step of create, update and delete: nothing that was acknowledged is lost.

The workers are real ones of gunicorn, and they die of SIGKILL. The ordinary run kills 100 times and
more, on SQLite; ``GLANCE_RELATED_LONG=1`` kills 1,000 times.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.failures import report
from tests.real.failures.kills import Campaign
from tests.real.failures.reconciling import reconcile, rows_left
from tests.real.failures.site import Site, running
from tests.real.failures.stories import PLACES
from tests.real.failures.writer import Writer


@pytest.fixture
def site(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(Site(tmp_path_factory.mktemp("kills"), cloud)) as site:
        yield site


def _kill_everywhere(site: Site, rounds: int, file: Path) -> tuple[Campaign, Writer]:
    """Every place is killed at, `rounds` times; in every second round the client tries again."""
    glance = site.glance(workers=2, gunicorn_words="--preload")
    campaign, writer = Campaign(site, glance), Writer(site, glance)
    writer.start()
    try:
        for number in range(rounds):
            for story, point in PLACES:
                campaign.kill(story, point, retry=bool(number % 2))
    finally:
        writer.stop()
        file.write_text(report.table(campaign.kills))
    return campaign, writer


def _prove(site: Site, rounds: int, reports: report.Reports) -> None:
    file = site.root / "kills.txt"
    campaign, writer = _kill_everywhere(site, rounds, file)
    reconcile(site)
    wrong = campaign.check() + writer.wrong(campaign.glance)
    file.write_text(f"{report.table(campaign.kills)}\n\n{report.by_place(campaign.kills)}\n")
    beside = f"{writer.acknowledged} requests acknowledged beside them, {writer.broken} broken"
    reports.append(("kill -9", file, f"{len(campaign.kills)} workers killed, {beside}"))
    assert wrong == []
    assert writer.refused == []
    assert writer.acknowledged > len(campaign.kills)
    bound, pending = rows_left(site)
    assert pending == []
    gone = [image_id for image_id in bound if site.show(campaign.glance, image_id, who="admin").status != 200]
    assert gone == [], "a tuple points to an image that does not exist"


def test_no_kill_of_a_worker_loses_a_tuple_or_leaves_one_that_points_to_nothing(site, reports):
    _prove(site, 2, reports)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not os.environ.get("GLANCE_RELATED_LONG"), reason="GLANCE_RELATED_LONG is not set")
def test_a_thousand_kills_lose_nothing_either(site, reports):
    _prove(site, -(-1000 // len(PLACES)), reports)
