"""The logs of Nova and Glance hold no error that the same actions do not leave in those of a stock cloud."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from tests.real.nova.known import backup, shelve, snapshot, unshelve

if TYPE_CHECKING:
    from pathlib import Path

_BAD = re.compile(r"\b(?:ERROR|CRITICAL|Traceback)\b.*")
_OF_THIS_RUN = re.compile(r"\b(?:req-)?[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b|\[None [^]]*\]|\d+")


def errors(text: str) -> set[str]:
    """What a log complains of, without what is another in each run."""
    return {_OF_THIS_RUN.sub("*", found.group()) for found in _BAD.finditer(text)}


def test_an_error_is_found_and_is_the_same_in_every_run():
    line = "2026-11-20 20:02:57.779 {} ERROR nova.api [None req-{}-78c6-4195-8c6d-dbe9630c81ad a b] server {} is lost"
    one = line.format(12, "1f6aa636", "495e011f-63a0-46b8-8c00-06ca6fe3bd4b")
    other = line.format(7, "4e2d3b4a", "281b0647-aa50-4669-954d-98fdc4a4dde5")
    assert errors(one) == errors(other) == {"ERROR nova.api * server * is lost"}
    assert errors("Traceback (most recent call last):")
    assert errors("INFO nova.api all is well") == set()


def test_our_filters_leave_no_error_in_any_log(nova_cloud):
    """Both clouds anew, so that what they say when they start counts too."""
    site = nova_cloud.compute.sites[0]
    filtered = (
        nova_cloud.extra_api("logged-nova-api", filters="instance_aware_nova", suite_conf=site.suite.conf),
        nova_cloud.extra_glance("logged-glance"),
    )
    stock = (
        nova_cloud.extra_api("logged-stock-nova-api"),
        nova_cloud.extra_glance("logged-stock-glance", filters=""),
    )
    ours, theirs = _said(nova_cloud, *filtered), _said(nova_cloud, *stock)
    assert ours - theirs == set()


def _said(cloud, nova, glance):
    """Everything that a story leaves in the logs of these two and of what works behind them."""
    behind = [cloud.nova.conductor.log, cloud.nova.scheduler.log, cloud.nova.compute.log]
    begun = [log.stat().st_size for log in behind]
    with _catalogued(cloud, glance):
        _story(cloud, nova)
    own = [nova.log, nova.service.log, glance.log, glance.service.log]
    assert "POST" in glance.access_log.read_text(), "the images were made there"
    assert "/action" in nova.access_log.read_text()
    texts = [_text(log, 0) for log in own] + [_text(log, start) for log, start in zip(behind, begun, strict=True)]
    return set().union(*map(errors, texts))


def _text(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return file.read().decode()


@contextlib.contextmanager
def _catalogued(cloud, glance):
    """All of Nova goes where the catalogue of a caller's token leads."""
    _lead_to(cloud, glance)
    try:
        yield
    finally:
        _lead_to(cloud, cloud.glance)


def _lead_to(cloud, glance):
    cloud.accounts.endpoint("image", "glance", glance.url)
    cloud.keystone.token("alice", "alice", fresh=True)


def _story(cloud, nova):
    server = cloud.boot("alice", "logged", on=nova)
    image_id = snapshot(cloud, "alice", server, on=nova)
    for number in range(2):
        backup(cloud, "alice", server, f"backup {number}", 1, on=nova)
    shelve(cloud, "alice", server, on=nova)
    unshelve(cloud, "alice", server, on=nova)
    assert cloud.action("alice", server, {"rebuild": {"imageRef": image_id}}, on=nova).status == 202
    cloud.wait_for_server("alice", server, "ACTIVE", on=nova)
    refused = cloud.action("alice", server, {"createImage": {"name": ""}}, on=nova)
    assert refused.status == 400, refused
    cloud.delete_server("alice", server, on=nova)
