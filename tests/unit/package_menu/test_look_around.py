"""What happened past the API is seen: servers that were made, deleted, or whose answer was lost."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from glance_related.db.models import utcnow
from glance_related.hosts.account import Answer
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import carried
from glance_related.package_menu.look_around import LookAround, PackagesReport, reconcile_packages
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.servers import PACKAGES
from glance_related.riders.rider import Rider
from tests.filters.conftest import NOVA
from tests.filters.menu_side import MenuSide, make

HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)
GONE = Answer(404, {"x-openstack-request-id": "req-1"})


@dataclass
class Novas:
    """A Nova that an administrator asks."""

    installations: tuple[str, ...] = (NOVA,)
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    updated: dict[str, datetime.datetime] = field(default_factory=dict)
    clock: Callable[[], datetime.datetime] = utcnow
    says_date: bool = True
    actions: dict[str, list[str]] = field(default_factory=dict)
    silent: bool = False
    page: int = 2
    asked: list[str] = field(default_factory=list)

    def add(self, *actions: str, at: datetime.datetime | None = None, **more: Any) -> str:
        server_id = str(uuid.uuid4())
        created = (at or utcnow()).strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"id": server_id, "tenant_id": "alice-project", "status": "ACTIVE", "created": created, "name": "one"}
        about |= {"OS-EXT-SRV-ATTR:hostname": "one", "image": {"properties": {"os_distro": "debian"}}}
        self.servers[server_id] = {**about, "OS-EXT-STS:task_state": None, **more}
        self.actions[server_id] = list(actions)
        self.change(server_id)
        return server_id

    def change(self, server_id: str, **more: Any) -> None:
        """By its own clock, and as changes-since tells of it."""
        self.updated[server_id] = self.clock().replace(microsecond=0)
        self.servers[server_id] |= {"updated": self.updated[server_id].strftime("%Y-%m-%dT%H:%M:%SZ"), **more}

    def answer(self, installation: str, path: str) -> Answer | None:
        assert installation in self.installations
        self.asked.append(path)
        if self.silent:
            return None
        if path.startswith("/servers/detail?"):
            since = re.search("changes-since=([^&]+)Z", path)
            if since is None:
                ids = sorted(one for one, about in self.servers.items() if about["status"] != "DELETED")
            else:
                then = datetime.datetime.fromisoformat(unquote(since[1]))
                ids = sorted(one for one, at in self.updated.items() if at >= then)
            marker = re.search("marker=([^&]+)", path)
            rest = ids[ids.index(marker[1]) + 1 :] if marker else ids
            more = {"servers_links": [{"rel": "next"}]} if len(rest) > self.page else {}
            date = {"date": format_datetime(self.clock().replace(tzinfo=datetime.UTC), usegmt=True)}
            servers = [self.servers[one] for one in rest[: self.page]]
            return Answer(200, date if self.says_date else {}, {"servers": servers, **more})
        _, _, server_id, *action = path.split("/")
        if server_id not in self.servers or self.servers[server_id]["status"] == "DELETED":
            return GONE
        if action:
            return Answer(200) if action[-1] in self.actions[server_id] else GONE
        return Answer(200, {}, {"server": self.servers[server_id]})


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    made = make(tmp_path)
    made.publish({"name": "web", "kind": "package"}, {"name": "logs", "kind": "package", "on_by_default": True})
    made.offer("web")
    return made


@pytest.fixture
def novas() -> Novas:
    return Novas()


def rider(side: MenuSide, *, age: datetime.timedelta = 2 * MINUTE, **content: Any) -> Rider:
    made = Rider(
        request_id=f"req-{uuid.uuid4()}",
        kind=PACKAGES,
        own_request_id=f"req-{uuid.uuid4()}",
        nova_installation_uuid=NOVA,
        project_id="alice-project",
        user_id="alice",
        content={
            "server_id": None,
            "several": False,
            "most": 1,
            "choices": carried({"web": Choice(is_on=True)}),
            **content,
        },
        created_at=utcnow() - age,
        is_open=True,
    )
    side.riders.add(made)
    return made


def run(side: MenuSide, novas: Novas, **options: Any) -> PackagesReport:
    return reconcile_packages(side.books, novas, HOUR, **options)


def waiting(side: MenuSide) -> int:
    return len(side.riders.open_of(PACKAGES, NOVA, ["alice-project"]))


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_is_not_known_is_adopted_and_its_projects_defaults_handed_over(
    side: MenuSide, novas: Novas
) -> None:
    servers = [novas.add() for _ in range(5)]
    report = run(side, novas)
    assert (report.adopted, report.gone, report.is_complete) == (5, 0, True)
    side.deliver()
    document = side.delivered(servers[0])
    assert document["packages"] == {"logs": "logs"}
    assert document["instance"]["os_distro"] == "debian"
    assert run(side, novas).adopted == 0


def test_without_a_menu_nothing_is_adopted(tmp_path: Path, novas: Novas) -> None:
    side = make(tmp_path)
    novas.add()
    assert run(side, novas).adopted == 0
    assert side.books.instances.after(InstanceRef("", ""), 10) == []


def test_the_servers_of_a_boot_whose_answer_was_lost_are_found(side: MenuSide, novas: Novas) -> None:
    lost = rider(side, several=True, most=2)
    mine = [novas.add(lost.own_request_id), novas.add(lost.own_request_id)]
    other = novas.add("req-of-another")
    report = run(side, novas)
    assert (report.found, report.adopted, waiting(side)) == (2, 1, 0)
    side.deliver()
    assert [set(side.delivered(one)["packages"]) for one in mine] == [{"logs", "web"}] * 2
    assert set(side.delivered(other)["packages"]) == {"logs"}


def test_a_server_that_a_boot_may_have_made_is_not_adopted_before_that_is_known(side: MenuSide, novas: Novas) -> None:
    lost = rider(side, age=10 * datetime.timedelta(seconds=1))
    server = novas.add(**{"OS-EXT-STS:task_state": "scheduling"})
    assert run(side, novas).adopted == 0
    assert side.kept(server) is None
    novas.actions[server] = [lost.own_request_id]
    novas.servers[server]["OS-EXT-STS:task_state"] = None
    clock = Clock()
    look = LookAround(side.books, lambda: novas, clock)
    look()
    kept = side.kept(server)
    assert kept is not None
    assert kept.choices == {"web": Choice(is_on=True)}


def test_a_boot_that_made_nothing_is_given_up_after_a_while(side: MenuSide, novas: Novas) -> None:
    rider(side, age=2 * HOUR)
    report = run(side, novas)
    assert (report.abandoned, waiting(side)) == (1, 0)


def test_a_server_that_is_gone_is_forgotten_and_so_do_its_receivers(side: MenuSide, novas: Novas) -> None:
    server, other = novas.add(), novas.add()
    run(side, novas)
    side.deliver()
    for one in (server, other):  # it was made a while ago
        side.books.instances.describe(InstanceRef(NOVA, one), created_at=utcnow() - HOUR)
    del novas.servers[server]
    report = run(side, novas)
    assert (report.gone, report.adopted) == (1, 0)
    side.deliver()
    assert (side.delivered(server), side.kept(server)) == (None, None)
    assert side.delivered(other) is not None


def test_a_dry_run_changes_nothing_and_says_the_same(side: MenuSide, novas: Novas) -> None:
    lost = rider(side)
    server, _ = novas.add(lost.own_request_id), novas.add()
    report = run(side, novas, dry_run=True)
    assert (report.found, report.dry_run) == (1, True)
    assert (side.kept(server), waiting(side)) == (None, 1)
    assert side.books.instances.after(InstanceRef("", ""), 10) == []


def test_a_nova_that_says_nothing_leaves_everything_as_it_is(side: MenuSide, novas: Novas) -> None:
    server = novas.add()
    run(side, novas)
    rider(side)
    novas.silent = True
    report = run(side, novas)
    assert not report.is_complete
    assert side.kept(server) is not None
    assert waiting(side) == 1


# -- looking around


def test_a_worker_looks_when_it_is_time_at_what_has_changed_since(side: MenuSide, novas: Novas) -> None:
    clock = Clock()
    look = LookAround(side.books, lambda: novas, clock)
    server = novas.add()
    look()
    assert side.kept(server) is not None
    (asked,) = [path for path in novas.asked if path.startswith("/servers/detail")][:1]
    assert "changes-since" in asked
    assert "all_tenants=1" in asked
    del novas.asked[:]
    clock.now += 3
    look()
    assert novas.asked == []
    novas.change(server, status="DELETED")
    clock.now += 60
    look()
    assert side.kept(server) is None
    side.deliver()
    assert side.delivered(server) is None


def test_a_server_that_comes_back_has_its_projects_settings_again(side: MenuSide, novas: Novas) -> None:
    clock = Clock()
    look = LookAround(side.books, lambda: novas, clock)
    server = novas.add()
    for status, expected in (("ACTIVE", True), ("DELETED", False), ("ACTIVE", True), ("SOFT_DELETED", True)):
        novas.change(server, status=status)
        clock.now += 60
        look()
        side.deliver()
        assert (side.delivered(server) is not None) == expected, status


def test_what_could_not_be_seen_is_looked_at_again(side: MenuSide, novas: Novas) -> None:
    clock = Clock()
    look = LookAround(side.books, lambda: novas, clock)
    look()
    server = novas.add(at=utcnow())
    novas.silent = True
    clock.now += 60
    look()
    assert side.kept(server) is None
    novas.silent = False
    clock.now += 60
    look()
    assert side.kept(server) is not None


def test_an_open_boot_is_settled_soon(side: MenuSide, novas: Novas) -> None:
    clock = Clock()
    look = LookAround(side.books, lambda: novas, clock)
    look()
    lost = rider(side, age=10 * datetime.timedelta(seconds=1))
    server = novas.add(lost.own_request_id)
    clock.now += 6
    look()
    kept = side.kept(server)
    assert kept is not None
    assert (kept.request_id, waiting(side)) == (lost.own_request_id, 0)


@pytest.mark.parametrize("name", [None, "x" * 300, "gr\u00fcn\U0001f600", ""])
def test_whatever_nova_shows_of_a_server_can_be_kept(side: MenuSide, novas: Novas, name: Any) -> None:
    server = novas.add(name=name, image="")
    assert run(side, novas).adopted == 1
    kept = side.kept(server)
    assert kept is not None
    assert (len(kept.name) <= 255, kept.os_distro) == (True, "")


def test_a_nova_that_has_no_menu_is_not_even_asked(side: MenuSide) -> None:
    """It is registered for its images alone, and cannot be reached from here."""
    stranger = str(uuid.uuid4())
    novas = Novas((NOVA, stranger))
    novas.add()
    answer = novas.answer

    def answered(installation: str, path: str) -> Answer | None:
        assert installation == NOVA
        return answer(installation, path)

    novas.answer = answered  # type: ignore[method-assign]
    assert reconcile_packages(side.books, novas, HOUR).is_complete
    LookAround(side.books, lambda: novas)()
    assert novas.asked
