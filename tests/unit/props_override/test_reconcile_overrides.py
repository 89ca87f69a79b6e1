"""What a crash left open is settled by Nova's record, and nothing is forgotten that may still be there."""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.db.models import utcnow
from glance_related.hosts.account import Answer
from glance_related.instance_ref import InstanceRef
from glance_related.props_override.override import OVERRIDE, Override
from glance_related.props_override.reconcile import OverridesReport, reconcile_overrides
from glance_related.props_override.store import Kept, OverrideStore
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore

NOVA = "11111111-2222-3333-4444-555555555555"
PROPERTIES = {"hw_video_model": "virtio"}
HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)
GONE = Answer(404, {"x-openstack-request-id": "req-1"})


@dataclass
class Novas:
    """A Nova that an administrator asks."""

    installations: tuple[str, ...] = (NOVA,)
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    actions: dict[str, list[str]] = field(default_factory=dict)
    silent: bool = False
    page: int = 2
    asked: list[str] = field(default_factory=list)

    def add(self, *actions: str, at: datetime.datetime | None = None, **more: Any) -> str:
        server_id = str(uuid.uuid4())
        created = (at or utcnow()).strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"id": server_id, "tenant_id": "alice-project", "status": "ACTIVE", "created": created}
        self.servers[server_id] = {**about, "OS-EXT-STS:task_state": None, **more}
        self.actions[server_id] = list(actions)
        return server_id

    def answer(self, installation: str, path: str) -> Answer | None:
        assert installation in self.installations
        self.asked.append(path)
        if self.silent:
            return None
        if path.startswith("/servers/detail?"):
            ids = sorted(self.servers)
            marker = re.search("marker=([^&]+)", path)
            rest = ids[ids.index(marker[1]) + 1 :] if marker else ids
            more = {"servers_links": [{"rel": "next"}]} if len(rest) > self.page else {}
            return Answer(200, {}, {"servers": [self.servers[one] for one in rest[: self.page]], **more})
        _, _, server_id, *action = path.split("/")
        if server_id not in self.servers:
            return GONE
        if action:
            return Answer(200) if action[-1] in self.actions[server_id] else GONE
        return Answer(200, {}, {"server": self.servers[server_id]})


@dataclass
class Site:
    store: OverrideStore
    riders: RiderStore
    novas: Novas

    def rider(self, *, age: datetime.timedelta = 2 * MINUTE, several: bool = False, **more: Any) -> Rider:
        override = replace(Override(PROPERTIES, "image-1", "image-1", several=several), **more)
        made = Rider(
            request_id=f"req-{uuid.uuid4()}",
            kind=OVERRIDE,
            own_request_id=f"req-{uuid.uuid4()}",
            nova_installation_uuid=NOVA,
            project_id="alice-project",
            user_id="alice",
            content=override.content(),
            created_at=utcnow() - age,
            is_open=True,
        )
        self.riders.add(made)
        return made

    def run(self, **options: Any) -> OverridesReport:
        return reconcile_overrides(self.store, self.riders, self.novas, HOUR, **options)

    def kept(self, server_id: str) -> Kept | None:
        return self.store.get(InstanceRef(NOVA, server_id))

    def open(self) -> int:
        return len(self.riders.open_of(OVERRIDE, NOVA, ["alice-project"]))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    database = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(database.engine)
    return Site(OverrideStore(database), RiderStore(database), Novas())


def test_the_server_of_a_boot_whose_answer_was_lost_is_found_among_all_of_the_project(site: Site) -> None:
    rider = site.rider()
    for _ in range(5):
        site.novas.add("req-of-another")
    mine = site.novas.add(rider.own_request_id)
    report = site.run()
    assert (report.found, report.unsettled, report.is_complete) == (1, 0, True)
    kept = site.kept(mine)
    assert kept is not None
    assert (kept.properties, kept.request_id) == (PROPERTIES, rider.own_request_id)
    assert site.store.count() == 1
    assert site.open() == 0


def test_every_server_of_one_request_is_found_and_it_stays_open_while_more_may_come(site: Site) -> None:
    rider = site.rider(several=True)
    mine = [site.novas.add(rider.own_request_id) for _ in range(3)]
    assert site.run().found == 3
    assert all(site.kept(one) for one in mine)
    assert site.open() == 1
    site.rider(several=True, age=2 * HOUR)
    assert site.run().abandoned == 1
    assert site.open() == 1


def test_a_request_that_made_nothing_is_closed_once_nobody_could_be_served_by_it(site: Site) -> None:
    site.rider(age=30 * MINUTE)
    site.rider(age=2 * HOUR)
    site.novas.add("req-of-another")
    report = site.run()
    assert (report.abandoned, report.found) == (1, 0)
    assert site.open() == 1


def test_a_request_that_is_under_way_is_left_alone(site: Site) -> None:
    site.rider(age=datetime.timedelta(seconds=5))
    assert site.run() == OverridesReport(dry_run=False)
    assert site.open() == 1


def test_a_server_that_has_no_host_yet_may_still_be_the_one(site: Site) -> None:
    site.rider(age=30 * MINUTE)
    site.novas.add(at=utcnow() - 20 * MINUTE, **{"OS-EXT-STS:task_state": "scheduling"})
    report = site.run()
    assert (report.abandoned, report.unsettled, report.is_complete) == (0, 1, True)
    assert site.open() == 1


def test_a_server_that_nova_has_left_without_a_host_holds_nothing_open_for_ever(site: Site) -> None:
    site.rider(age=2 * HOUR)
    site.novas.add(at=utcnow() - 90 * MINUTE, **{"OS-EXT-STS:task_state": "scheduling"})
    report = site.run()
    assert (report.abandoned, report.unsettled, report.is_complete) == (1, 0, True)
    assert site.open() == 0


def test_what_a_newer_release_has_added_to_a_rider_is_left_aside(site: Site) -> None:
    rider = site.rider()
    newer = replace(rider, content={**rider.content, "something new": 1})
    site.riders.add(newer)
    mine = site.novas.add(rider.own_request_id)
    assert site.run().found == 1
    assert site.kept(mine) is not None


def test_a_deleted_server_and_one_from_before_are_none_of_it(site: Site) -> None:
    rider = site.rider()
    site.novas.add(rider.own_request_id, status="DELETED")
    site.novas.add(rider.own_request_id, at=utcnow() - HOUR)
    assert site.run().found == 0


@pytest.mark.parametrize("override", [PROPERTIES, {}])
def test_a_rebuild_is_settled_by_the_record_of_its_own_server(site: Site, override: dict[str, str]) -> None:
    server = site.novas.add("req-boot", at=utcnow() - HOUR)
    rider = site.rider(server_id=server, properties=override)
    site.novas.actions[server].append(rider.own_request_id)
    assert site.run().found == 1
    kept = site.kept(server)
    assert kept is not None
    assert kept.properties == override
    assert not any("detail" in path for path in site.novas.asked)


def test_a_nova_that_says_nothing_decides_nothing(site: Site) -> None:
    kept = replace(_kept("server-a"), made_at=utcnow() - HOUR)
    site.store.keep(kept)
    site.rider(age=2 * HOUR)
    site.rider(age=2 * HOUR, server_id="server-a")
    site.novas.silent = True
    report = site.run()
    assert (report.abandoned, report.gone, report.unsettled, report.is_complete) == (0, 0, 2, False)
    assert site.open() == 2
    assert site.kept("server-a") == kept


def test_the_riders_of_a_nova_that_nobody_registered_stay(site: Site) -> None:
    site.rider(age=2 * HOUR)
    site.novas.installations = ()
    report = site.run()
    assert (report.unsettled, report.is_complete) == (1, True)
    assert site.open() == 1


def test_what_was_kept_of_servers_that_are_gone_goes_and_of_no_other(site: Site) -> None:
    there = site.novas.add("req-boot")
    for server_id in (there, "gone", "gone a moment ago"):
        site.store.keep(replace(_kept(server_id), made_at=utcnow() - HOUR))
    site.store.keep(replace(_kept("gone a moment ago"), made_at=utcnow()))
    report = site.run()
    assert report.gone == 1
    assert site.kept("gone") is None
    assert site.kept(there) is not None
    assert site.kept("gone a moment ago") is not None


def test_a_dry_run_counts_and_changes_nothing(site: Site) -> None:
    rider = site.rider()
    site.rider(age=2 * HOUR)
    mine = site.novas.add(rider.own_request_id)
    site.store.keep(replace(_kept("gone"), made_at=utcnow() - HOUR))
    report = site.run(dry_run=True)
    assert (report.found, report.abandoned, report.gone) == (1, 1, 1)
    assert site.kept(mine) is None
    assert site.kept("gone") is not None
    assert site.open() == 2


def _kept(server_id: str) -> Kept:
    ref = InstanceRef(NOVA, server_id)
    return Kept(ref, "alice-project", "image-1", "image-1", PROPERTIES, "req-boot", utcnow())
