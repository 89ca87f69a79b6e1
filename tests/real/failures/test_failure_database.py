"""Our database killed, or hanging, while Glance serves: what needs it is refused, everything else goes on.

The databases are real ones, ended with SIGKILL or held with SIGSTOP.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.failures.outages import (
    AT_ONCE,
    BREAKER,
    CONF,
    FIRST,
    WAYS,
    is_refused_for_the_database,
    or_skip,
    outage,
    timed,
    warnings,
)
from tests.real.failures.reconciling import reconcile, rows_left
from tests.real.failures.site import Site, as_properties, running, tuple_of
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.server import Server

if TYPE_CHECKING:
    from cloud.glance import Glance

# What has been committed survives a kill of the server.
_SERVERS = {
    "postgresql": lambda: PostgreSQL(synchronous_commit="on"),
    "mariadb": lambda: MariaDB(**{"innodb-flush-log-at-trx-commit": "2"}),
}


@dataclass(frozen=True)
class Place:
    """A Glance with one worker, and the database of its filter."""

    site: Site
    glance: Glance
    server: Server

    def outage(self, way: str) -> Any:
        return outage(self.site, self.glance, self.server, way)

    def bound(self, name: str, instance: str) -> str:
        made = self.site.create(self.glance, {"name": name, **as_properties(self.site.ref(instance))})
        assert made.status == 201, made
        return str(made.json()["id"])

    def shown(self, image_id: str) -> Any:
        return tuple_of(self.site.show(self.glance, image_id).json())


@pytest.fixture(scope="module", params=list(_SERVERS))
def place(cloud: Any, request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with or_skip(_SERVERS[request.param]) as server:
        root = tmp_path_factory.mktemp(request.param)
        with running(Site(root, cloud, database=server.new_database(), conf_extra=CONF)) as site:
            yield Place(site, site.glance(threads=8), server)


def _needy(place: Place, image_id: str, chosen: str) -> dict[str, Any]:
    """Requests that cannot be served without the database, by what they are."""
    site, glance = place.site, place.glance
    tuple_ = as_properties(site.ref("i-new"))
    changes = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in tuple_.items()]
    removal = [{"op": "remove", "path": f"/{name}"} for name in tuple_]
    renamed = [{"op": "replace", "path": "/name", "value": "renamed"}]
    return {
        "create": lambda: site.create(glance, {"name": "needy", **tuple_}),
        "create under a chosen id": lambda: site.create(glance, {"name": "needy", "id": chosen, **tuple_}),
        "update": lambda: site.patch(glance, image_id, renamed + changes),
        "update that removes": lambda: site.patch(glance, image_id, renamed + removal),
        "list of an instance": lambda: site.ask(glance, "alice", "GET", "/v2/images?instance_id=i-old"),
        "about, with the database's id": lambda: site.ask(glance, "admin", "GET", "/v2/glance-related"),
    }


@pytest.mark.parametrize("way", WAYS)
def test_what_needs_the_database_is_refused_and_nothing_is_changed(place, way):
    """Seen to fail (PostgreSQL, frozen) without the watchdog."""
    image_id, chosen = place.bound("needed", "i-old"), str(uuid.uuid4())
    before = place.site.images(place.glance)
    rows = rows_left(place.site)
    with place.outage(way):
        answers = {what: timed(ask) for what, ask in _needy(place, image_id, chosen).items()}
    assert [what for what, (answer, _) in answers.items() if not is_refused_for_the_database(answer)] == []
    assert max(seconds for _, seconds in answers.values()) < FIRST
    assert place.site.images(place.glance) == before
    assert rows_left(place.site) == rows
    assert place.shown(image_id) == place.site.ref("i-old")


def _plain(place: Place, image_id: str) -> dict[str, tuple[int, Any]]:
    """Requests that do without the database: the status that each must have, and what it is."""
    site, glance = place.site, place.glance
    image = f"/v2/images/{image_id}"
    formats = [
        {"op": "add", "path": "/disk_format", "value": "raw"},
        {"op": "add", "path": "/container_format", "value": "bare"},
    ]
    data = {"Content-Type": "application/octet-stream"}
    return {
        "list": (200, lambda: site.ask(glance, "alice", "GET", "/v2/images")),
        "show": (200, lambda: site.show(glance, image_id)),
        "create": (201, lambda: site.create(glance, {"name": "plain"}, who="alice")),
        "update": (200, lambda: site.patch(glance, image_id, formats)),
        "upload": (204, lambda: site.ask(glance, "scheduler", "PUT", f"{image}/file", body=b"data", headers=data)),
        "download": (200, lambda: site.ask(glance, "scheduler", "GET", f"{image}/file")),
        "schema": (200, lambda: site.ask(glance, "alice", "GET", "/v2/schemas/image")),
        "about, for a customer": (200, lambda: site.ask(glance, "alice", "GET", "/v2/glance-related")),
        "delete": (204, lambda: site.ask(glance, "scheduler", "DELETE", image)),
    }


@pytest.mark.parametrize("way", WAYS)
def test_everything_else_goes_on_without_additions_and_waits_once(place, way):
    """Seen to fail (frozen) without the breaker."""
    image_id = place.bound("plain", "i-plain")
    with place.outage(way):
        answers = {what: (status, *timed(ask)) for what, (status, ask) in _plain(place, image_id).items()}
    assert {what: answer.status for what, (_, answer, _) in answers.items()} == {
        what: status for what, (status, _, _) in answers.items()
    }
    assert tuple_of(answers["show"][1].json()) is None
    assert answers["download"][1].body == b"data"
    first, *others = took = [seconds for _, _, seconds in answers.values()]
    assert first < FIRST
    waited = [seconds for seconds in others if seconds > AT_ONCE]
    assert len(waited) <= sum(took) / BREAKER, "only the first request waits, and who looks again after a while"


@pytest.mark.parametrize("way", WAYS)
def test_novas_snapshot_is_made_without_a_tuple_and_never_refused(place, way):
    """Seen to fail where a tuple of Nova's is refused as anybody's is."""
    snapshot = {"name": f"snapshot while {way}", **as_properties(place.site.ref("i-of-a-customer"))}
    with place.outage(way):
        made, seconds = timed(lambda: place.site.create(place.glance, snapshot, who="alice", service_token="nova"))
    assert made.status == 201, made
    assert seconds < FIRST
    assert tuple_of(made.json()) is None
    (image,) = place.site.images(place.glance)[snapshot["name"]]
    assert tuple_of(image) is None


@pytest.mark.parametrize("way", WAYS)
def test_one_outage_is_one_warning_and_the_return_another(place, way):
    """Seen to fail where every failure is warned of."""
    gone, back = warnings(place.glance)
    with place.outage(way):
        deadline = time.monotonic() + 1.5 * BREAKER  # long enough to look a second time whether it is back
        while time.monotonic() < deadline:
            time.sleep(0.2)
            assert place.site.ask(place.glance, "alice", "GET", "/v2/images").status == 200
            place.site.ask(place.glance, "alice", "GET", "/v2/images?instance_id=i")
    assert warnings(place.glance) == (gone + 1, back + 1)


@pytest.mark.parametrize("way", WAYS)
def test_when_the_database_is_back_tuples_are_bound_and_shown_as_before(place, way):
    old = place.bound("before", f"i-before-{way}")
    with place.outage(way):
        shown = place.site.show(place.glance, old)
        assert shown.status == 200
        assert tuple_of(shown.json()) is None
    assert place.shown(old) == place.site.ref(f"i-before-{way}")
    assert place.shown(place.bound("afterwards", "i-after")) == place.site.ref("i-after")


@pytest.mark.parametrize("way", WAYS)
def test_the_row_of_an_image_deleted_meanwhile_is_swept_later(place, way):
    image_id = place.bound("to go", "i-to-go")
    with place.outage(way):
        assert place.site.ask(place.glance, "scheduler", "DELETE", f"/v2/images/{image_id}").status == 204
    assert image_id in rows_left(place.site)[0]
    reconcile(place.site)
    assert image_id not in rows_left(place.site)[0]


def test_twenty_requests_at_once_do_not_queue_behind_each_other_while_the_database_hangs(place):
    """Seen to fail without the breaker."""
    place.bound("listed", "i-listed")

    def plain(_: int) -> tuple[Any, float]:
        return timed(lambda: place.site.ask(place.glance, "scheduler", "GET", "/v2/images"))

    with place.outage("frozen"), ThreadPoolExecutor(20) as twenty:
        began = time.monotonic()
        answers = list(twenty.map(plain, range(20)))
        whole = time.monotonic() - began
    assert {answer.status for answer, _ in answers} == {200}
    # eight threads of one worker: one after the other they would have waited three times
    assert whole < FIRST


@pytest.mark.parametrize("way", WAYS)
def test_an_update_whose_database_fails_behind_glances_answer_is_told_the_truth(place, way):
    """Seen to fail where this is answered as any other outage."""
    image_id = place.bound("torn", "i-torn")
    changes = [
        {"op": "add", "path": "/touched", "value": "yes"},
        {"op": "replace", "path": "/instance_id", "value": "i-lost"},
    ]
    held = place.site.held(
        lambda: place.site.patch(place.glance, image_id, changes, headers={"X-Test-Fault": "wait after"})
    )
    with ExitStack() as until_told:
        with held as answer:
            until_told.enter_context(place.outage(way))
        refused = answer.result(60)
    assert (refused.status, refused.code) == (503, "instance_aware.not_recorded"), refused
    assert "Nothing was changed" not in refused.text
    image = place.site.show(place.glance, image_id).json()
    assert (image["touched"], tuple_of(image)) == ("yes", place.site.ref("i-torn"))
