"""What Nova is answered when it asks what a server's first boot shall do."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import webtest

from glance_related.db.database import DatabaseDown
from glance_related.db.models import riders
from glance_related.deliveries.delivery import READ
from glance_related.guest.vendordata_filter import filter_factory
from glance_related.package_menu.servers import PACKAGES
from glance_related.riders.store import RiderStore
from tests.filters.conftest import MEMBER, NOVA
from tests.filters.guest_side import SERVICE, GuestSide, make, unpacked
from tests.filters.menu_side import IMAGE, PORT, lose_database

WEB = {
    "name": "web",
    "kind": "package",
    "realisations": {"guest": {"debian": "apache2", "*": "httpd"}},
}
LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
UNKNOWN = "99999999-0000-4000-8000-000000000000"


@pytest.fixture
def side(tmp_path: Path) -> GuestSide:
    made = make(tmp_path)
    made.menu.publish(WEB, LOGS, PORT)
    made.menu.offer("web")
    return made


def names(settings: Any) -> dict[str, str]:
    return {one["name"]: one["package"] for one in settings["parts"]["package_menu"]["packages"]}


def test_the_first_boot_brings_the_program_and_what_the_server_is_to_have(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"], package_variables={"port": 8080})
    reply = side.ask(side.about(server))
    assert reply.status_int == 200
    (script,) = reply.json
    assert script.startswith("#!/bin/sh\n")
    brought = unpacked(script)
    compile(brought["program"], "program", "exec")
    generation = side.menu.settings(server)["generation"]
    word = hashlib.sha256(server.encode()).hexdigest()[:12]
    assert brought["settings"] == {
        "version": 1,
        "server": word,
        "have": f"{word}-{generation}",
        "interval_seconds": 600,
        "parts": {
            "package_menu": {
                "generation": generation,
                "packages": [{"name": "logs", "package": "logs"}, {"name": "web", "package": "httpd"}],
                "variables": {"port": 8080},
            }
        },
    }


def test_it_is_shown_as_read_and_not_yet_as_confirmed(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    before = side.delivery(server)
    side.booted(server)
    after = side.delivery(server)
    assert (before["state"], before["read_at"]) == ("offered", None)
    assert (after["state"], after["is_current"], after["confirmed_at"]) == (READ, False, None)
    assert after["read_at"]


def test_six_questions_of_any_workers_have_the_same_bytes_for_an_answer(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    other = another_worker(side, side.menu.suite.settings.config_file)
    workers = [side, side, side, other, other, other]
    assert len({worker.ask(side.about(server)).body for worker in workers}) == 1


def another_worker(side: GuestSide, config_file: str) -> GuestSide:
    """A filter of its own, over the same database."""
    app = webtest.TestApp(filter_factory({}, config_file=config_file)(side.menu.app.app))
    return GuestSide(side.menu, side.watched, side.metadata, app, side.meta)


def test_a_server_that_is_rebuilt_has_it_again(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    first = side.ask(side.about(server)).body
    assert side.menu.ask("POST", f"/servers/{server}/action", {"rebuild": {"imageRef": IMAGE}}).status_int == 202
    assert side.delivery(server)["state"] == "offered"
    assert side.ask(side.about(server)).body == first
    assert side.delivery(server)["state"] == READ


@pytest.mark.parametrize("path", ["/vendordata", "//vendordata", "/service-project/vendordata"])
def test_every_spelling_of_the_path_is_answered(side: GuestSide, path: str) -> None:
    server = side.menu.booted()
    reply = side.ask(side.about(server), path=path)
    assert names(unpacked(reply.json[0])["settings"]) == {"logs": "logs"}


# -- asked before anybody knows


def in_between(side: GuestSide, **more: Any) -> str:
    """A server of which Nova asks before its answer to the boot has been seen; the request is open."""
    asked: list[Any] = []

    def lose(*_: Any) -> Any:
        asked.append(None)
        raise DatabaseDown("lost")

    launch = side.menu.app.app.launch
    bind, tell = launch._servers.bind, launch._riders.tell
    launch._servers.bind = launch._riders.tell = lose
    try:
        server = side.menu.booted(**more)
    finally:
        launch._servers.bind, launch._riders.tell = bind, tell
    assert len(asked) == 2
    assert side.menu.kept(server) is None
    return server


def test_a_server_that_is_not_known_yet_is_found_in_novas_record(side: GuestSide) -> None:
    server = in_between(side, packages=["web"])
    assert names(side.booted(server)) == {"logs": "logs", "web": "httpd"}
    kept = side.menu.kept(server)
    assert kept
    assert kept.request_id == side.menu.nova.servers[server].actions[0]
    assert kept.hostname == "one"
    assert side.menu.riders.open_of(PACKAGES, NOVA, ["alice-project"]) == []
    # and it is not asked for again
    assert len(side.watched.asked) == 1
    side.booted(server)
    assert len(side.watched.asked) == 1


def test_a_server_that_novas_answer_has_named_needs_no_record(side: GuestSide) -> None:
    """Nova records nothing of a server before it has a host."""
    side.watched.tells = False
    launch = side.menu.app.app.launch
    launch._bind = lambda *_: None  # it comes behind the answer, and this is before
    server = side.menu.booted(packages=["web"])
    assert side.menu.kept(server) is None
    assert names(side.booted(server)) == {"logs": "logs", "web": "httpd"}
    assert side.watched.asked == []


def test_a_server_that_says_nothing_is_called_by_its_operating_system_from_the_first_question_on(
    side: GuestSide,
) -> None:
    launch = side.menu.app.app.launch
    launch._adopt = lambda *_: None
    side.menu.offer("web", state="default")
    server = side.menu.booted()
    side.menu.nova.servers[server].properties["os_distro"] = "debian"
    assert names(side.booted(server)) == {"logs": "logs", "web": "apache2"}


def test_novas_record_is_asked_as_who_sent_the_request_with_a_readers_right_and_no_token(side: GuestSide) -> None:
    server = in_between(side, packages=["web"])
    side.ask(side.about(server), who={**SERVICE, "X-Service-Token": "t", "X-Service-Roles": "service"})
    (asked,) = side.watched.asked
    assert asked["REQUEST_METHOD"] == "GET"
    assert asked["HTTP_X_USER_ID"] == MEMBER["X-User-Id"]
    assert asked["HTTP_X_PROJECT_ID"] == MEMBER["X-Project-Id"]
    assert asked["HTTP_X_ROLES"] == "reader"
    assert asked["wsgi.input"].read() == b""
    names_ = [name for name in asked if name.startswith(("HTTP_X_", "keystone."))]
    assert sorted(names_) == ["HTTP_X_IDENTITY_STATUS", "HTTP_X_PROJECT_ID", "HTTP_X_ROLES", "HTTP_X_USER_ID"]


def test_it_is_asked_with_a_project_in_front_where_the_target_has_one(side: GuestSide) -> None:
    server = in_between(side, packages=["web"])
    side.ask(side.about(server), path="/service-project/vendordata")
    (asked,) = side.watched.asked
    assert asked["PATH_INFO"] == f"/alice-project/servers/{server}/os-instance-actions"


def test_each_of_several_servers_of_one_boot_has_what_the_boot_asked_for(side: GuestSide) -> None:
    side.menu.booted(packages=["web"], min_count=3)
    assert len(side.menu.nova.servers) == 3
    for server in side.menu.nova.servers:
        assert names(side.booted(server)) == {"logs": "logs", "web": "httpd"}
    assert side.menu.riders.open_of(PACKAGES, NOVA, ["alice-project"]) == []


def test_servers_of_one_boot_have_one_operating_system(side: GuestSide) -> None:
    first = side.menu.booted(packages=["web"], min_count=2)
    side.menu.books.instances.describe(side.menu.kept(first).ref, os_distro="debian")  # type: ignore[union-attr]
    (second,) = set(side.menu.nova.servers) - {first}
    assert names(side.booted(second))["web"] == "apache2"


def test_where_nova_does_not_say_yet_the_program_comes_and_is_to_ask(side: GuestSide) -> None:
    server = in_between(side, packages=["web"])
    side.watched.tells = False
    assert side.booted(server) is None
    assert side.menu.kept(server) is None
    assert side.pull(server).status_int == 503
    side.watched.tells = True
    assert names(side.booted(server)) == {"logs": "logs", "web": "httpd"}
    assert names(side.pull(server).json) == {"logs": "logs", "web": "httpd"}


def test_another_request_of_the_same_project_has_nothing_to_do_with_it(side: GuestSide) -> None:
    mine = side.menu.booted()
    side.menu.books.instances.remove(side.menu.kept(mine).ref, [])  # type: ignore[union-attr]
    in_between(side, packages=["web"])
    assert names(side.booted(mine)) == {"logs": "logs"}
    assert len(side.menu.riders.open_of(PACKAGES, NOVA, ["alice-project"])) == 1


def test_a_server_that_is_not_known_and_no_request_is_open_has_what_its_project_has(side: GuestSide) -> None:
    server = side.menu.booted()
    side.menu.books.instances.remove(side.menu.kept(server).ref, [])  # type: ignore[union-attr]
    assert names(side.booted(server)) == {"logs": "logs"}
    assert side.watched.asked == []
    kept = side.menu.kept(server)
    assert kept
    assert (kept.project_id, kept.hostname, kept.request_id) == ("alice-project", "one", "")
    assert side.delivery(server)["state"] == READ
    side.menu.deliver()
    assert side.menu.delivered(server)["packages"] == {"logs": "logs"}


def test_who_is_seen_by_the_boot_afterwards_is_known_better_and_told_anew(side: GuestSide) -> None:
    server = in_between(side, packages=["web"])
    assert names(side.booted(server))["web"] == "httpd"
    before = side.menu.settings(server)["generation"]
    (rider,) = [RiderStore(side.menu.suite.database).get(one, PACKAGES) for one in _rider_ids(side)]
    described = {**side.menu.nova.servers[server].shown(), "image": {"properties": {"os_distro": "debian"}}}
    assert rider
    side.menu.app.app.launch._servers.bind(described, rider)
    assert side.menu.settings(server)["generation"] > before
    assert names(side.booted(server))["web"] == "apache2"


def _rider_ids(side: GuestSide) -> list[str]:
    query = sa.select(riders.c.request_id)
    return side.menu.suite.database.read(lambda connection: list(connection.execute(query).scalars()))


# -- nothing


def test_a_guest_to_whose_project_nothing_is_offered_gets_nothing(tmp_path: Path) -> None:
    side = make(tmp_path)
    assert side.ask(side.about(UNKNOWN)).json == []
    side.menu.publish(WEB)
    assert side.ask(side.about(UNKNOWN)).json == []
    assert side.menu.kept(UNKNOWN) is None
    side.menu.offer("web")
    assert len(side.ask(side.about(UNKNOWN)).json) == 1


def test_a_server_of_another_project_than_nova_says_is_given_nothing(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    side.menu.offer("web", project="bob-project")
    assert side.ask(side.about(server, **{"project-id": "bob-project"})).json == []


def test_where_the_driver_guest_is_not_named_guests_get_nothing(tmp_path: Path) -> None:
    side = make(tmp_path, "[package_menu]\npackage_management_driver = file\n")
    side.menu.publish(LOGS)
    server = side.menu.booted()
    assert side.ask(side.about(server)).json == []
    assert side.pull(server).status_int == 404


def test_more_settings_than_may_come_along_are_fetched_by_the_guest(tmp_path: Path) -> None:
    side = make(tmp_path, "[guest]\nmax_vendordata_bytes = 1000\n")
    side.menu.publish(LOGS, {"name": "motto", "kind": "variable", "type": "text", "on_by_default": True})
    server = side.menu.booted(package_variables={"motto": "x" * 1000})
    assert side.booted(server) is None
    assert side.delivery(server)["state"] == "offered"
    assert side.pull(server).json["parts"]["package_menu"]["variables"] == {"motto": "x" * 1000}


# -- when things are down


def test_without_a_database_nova_is_told_so(side: GuestSide) -> None:
    server = side.menu.booted(packages=["web"])
    lose_database(side.menu)
    reply = side.ask(side.about(server))
    assert (reply.status_int, reply.headers["X-Glance-Related-Code"]) == (503, "glance_related.database_down")
    assert side.menu.suite.counters["vendordata_failed"] == 1


def test_a_secret_that_cannot_be_read_here_is_asked_for_later(side: GuestSide, tmp_path: Path) -> None:
    side.menu.publish({"name": "token", "kind": "variable", "type": "secret", "on_by_default": True})
    server = side.menu.booted(package_variables={"token": "open sesame"})
    assert side.booted(server)["parts"]["package_menu"]["variables"] == {"token": "open sesame"}
    config = tmp_path / "without.conf"
    config.write_text(Path(side.menu.suite.settings.config_file).read_text().replace("[keys]\nfolder", "[keys]\n#"))
    bare = another_worker(side, str(config))
    assert bare.booted(server) is None
    assert "sesame" not in bare.ask(side.about(server)).text
