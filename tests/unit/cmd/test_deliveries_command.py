"""``deliveries``, ``purge`` and ``glance-related-worker``, as an operator types them."""

from __future__ import annotations

import datetime
import json
import uuid
from dataclasses import replace

import pytest

from glance_related.cmd import worker as worker_command
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import REMOVE, Done, Wish
from glance_related.deliveries.fanouts import begin
from glance_related.deliveries.signs import last_sign
from glance_related.deliveries.store import DeliveryStore, Failed
from glance_related.deliveries.wish_store import wish
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import carried
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.instance_store import InstanceStore, Record
from glance_related.package_menu.rules import Choice
from glance_related.package_menu.showing import time_of
from glance_related.package_menu.started import record_at_nova
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.suite import open_suite
from glance_related.testing.instance_suite import kept
from tests.unit.cmd.test_commands import one_sentence

NOVA = "11111111-2222-3333-4444-555555555555"
ACCOUNT = (
    "[account]\nauth_type = v3password\nauth_url = http://127.0.0.1:9/v3\nusername = u\npassword = p\n"
    "user_domain_name = Default\nproject_name = service\nproject_domain_name = Default\n"
)


def put(operator, driver="file", action="settings"):
    ref = InstanceRef(NOVA, str(uuid.uuid4()))
    one = Wish(ref, "package_menu", driver, "alice-project", 1, action)
    operator.database.write(lambda connection: wish(connection, [one]))
    (made,) = DeliveryStore(operator.database).of(ref)
    return made


def fail(operator, delivery, message="no"):
    store = DeliveryStore(operator.database)
    claim, taken = store.claim(delivery.driver, "w", 100, 60)
    store.finish(claim, [(one, Failed(message, None)) for one in taken])


def test_deliveries_are_listed_and_filtered(operator):
    first, second = put(operator), put(operator, "ldap")
    fail(operator, second, "constraintViolation")
    rows = operator.run("deliveries", "list", "-f", "json").json()
    assert {row["id"] for row in rows} == {first.id, second.id}
    (row,) = operator.run("deliveries", "list", "--state", "failed", "-f", "json").json()
    assert (row["driver"], row["message"], row["desired"], row["applied"]) == ("ldap", "constraintViolation", 1, None)
    assert (row["wished_at"], row["next_attempt_at"]) == (time_of(second.wished_at), None)
    (row,) = operator.run("deliveries", "list", "--driver", "file", "-f", "json").json()
    assert row["next_attempt_at"] == time_of(first.due_at)
    assert "constraintViolation" in operator.run("deliveries", "list", "--driver", "ldap").out
    assert operator.run("deliveries", "list", "--server", "nobody", "-f", "json").json() == []
    assert len(operator.run("deliveries", "list", "--limit", "1", "-f", "json").json()) == 1


def test_a_long_message_is_whole_in_json_and_short_in_the_table(operator):
    one = put(operator)
    fail(operator, one, "no, " * 100 + "never")
    (row,) = operator.run("deliveries", "list", "-f", "json").json()
    assert row["message"].endswith("never")
    lines = operator.run("deliveries", "list").out.splitlines()
    assert lines[0].split() == [
        "id", "driver", "server", "project", "action", "state", "attempts", "desired", "applied", "wished_at",
        "next_attempt_at", "message",
    ]  # fmt: skip
    assert "never" not in lines[2]
    assert lines[2].split()[8] == "-", "nothing is applied"


def test_one_delivery_is_shown_whole(operator):
    one = put(operator)
    shown = operator.run("deliveries", "show", one.id, "-f", "json").json()
    assert (shown["server_id"], shown["state"], shown["attempts"]) == (one.ref.instance_id, "pending", 0)
    assert shown["wished_at"] == time_of(one.wished_at)
    lines = [line.split() for line in operator.run("deliveries", "show", one.id).out.splitlines()]
    assert ["server_id", one.ref.instance_id] in lines
    assert ["applied_generation", "-"] in lines
    assert "there is no delivery" in one_sentence(operator.run("deliveries", "show", "nothing"))


# -- boots that are not settled


def boot(operator, number=1, *, made=None, several=False, project="alice-project", is_open=True, **choices):
    content = {"server_id": None, "several": several, "most": 1, "choices": carried(choices)}
    if made is not None:
        content["made"] = made
    created = utcnow() - datetime.timedelta(hours=number)
    rider = Rider(
        f"req-marked-{number}", "packages", f"req-own-{number}", NOVA, project, "alice", content, created, is_open
    )
    RiderStore(operator.database).add(rider)
    return rider


def test_boots_of_which_it_is_not_known_yet_what_they_made_are_listed_first(operator):
    delivery = put(operator)
    late, early = boot(operator, 1, made="server-1"), boot(operator, 2, project="bob-project")
    boot(operator, 3, is_open=False)
    several = boot(operator, 4, several=True)
    RiderStore(operator.database).add(replace(early, kind="override"))
    rows = operator.run("deliveries", "list", "-f", "json").json()
    assert [row["id"] for row in rows] == [several.request_id, early.request_id, late.request_id, delivery.id]
    assert rows[2] == {
        "id": "req-marked-1", "driver": None, "server": "server-1", "project": "alice-project", "action": "boot",
        "state": "open", "attempts": None, "desired": None, "applied": None,
        "wished_at": f"{late.created_at.isoformat()}Z", "next_attempt_at": None,
        "message": "request req-own-1 was accepted, and its server's settings are not kept yet",
    }  # fmt: skip
    assert rows[1]["message"] == "whether request req-own-2 has made a server is not known yet"
    assert rows[0]["message"] == "not all servers of request req-own-4 are known yet"
    assert "req-own-2" in operator.run("deliveries", "list").out


def test_boots_are_filtered_as_deliveries_are(operator):
    put(operator)
    boot(operator, 1, made="server-1")
    boot(operator, 2, project="bob-project")

    def listed(*words):
        return [row["state"] for row in operator.run("deliveries", "list", *words, "-f", "json").json()]

    assert listed("--state", "open") == ["open", "open"]
    assert listed("--state", "pending") == ["pending"]
    assert listed("--project", "bob-project") == ["open"]
    assert listed("--server", "server-1") == ["open"]
    assert listed("--driver", "file") == ["pending"]
    assert listed("--limit", "1") == ["open"]
    assert listed("--limit", "3") == ["open", "open", "pending"]


def test_a_boot_is_shown_with_what_it_asks_for_and_without_secrets(operator):
    one = boot(operator, 1, web=Choice(None, True), port=Choice(value=80), word=Choice(value=Sealed("a-token")))
    done = operator.run("deliveries", "show", one.request_id, "-f", "json")
    shown = done.json()
    assert (shown["state"], shown["request_id"], shown["server_id"]) == ("open", "req-own-1", None)
    assert (shown["packages"], shown["package_variables"]) == ({"web": True}, {"port": 80, "word": None})
    assert "a-token" not in done.out
    RiderStore(operator.database).close(one.request_id, "packages")
    assert operator.run("deliveries", "show", one.request_id, "-f", "json").json()["state"] == "settled"
    assert "packages" in operator.run("deliveries", "show", one.request_id).out


def test_of_a_boot_nothing_is_handed_over_again_and_it_is_said_who_settles_it(operator):
    one = boot(operator)
    done = operator.run("deliveries", "retry", one.request_id)
    assert (done.code, done.out) == (1, "0 deliveries are handed over again.\n")
    assert "glance-related-worker settles it" in done.err
    assert RiderStore(operator.database).get(one.request_id, "packages") == one


# -- what is to be handed over again


def test_what_failed_is_handed_over_again_and_nothing_else_without_a_word(operator):
    failed, other = put(operator), put(operator, "ldap")
    fail(operator, failed)
    store = DeliveryStore(operator.database)
    claim, taken = store.claim("ldap", "w", 10, 60)
    store.finish(claim, [(one, Done()) for one in taken])
    assert operator.run("deliveries", "retry").out == "1 delivery is handed over again.\n"
    assert (store.get(failed.id).state, store.get(other.id).state) == ("pending", "delivered")
    assert operator.run("deliveries", "retry", "--all").out == "2 deliveries are handed over again.\n"
    assert store.get(other.id).state == "pending"
    fail(operator, failed)
    done = operator.run("deliveries", "retry", failed.id)
    assert (done.code, done.out) == (0, "1 delivery is handed over again.\n")
    assert "not there, or under way" in operator.run("deliveries", "retry", failed.id, "nothing").err
    assert "not by both" in one_sentence(operator.run("deliveries", "retry", failed.id, "--all"))


def test_what_a_driver_was_to_be_handed_is_forgotten_once_nobody_names_it(operator):
    kept = put(operator)
    for _ in range(3):
        put(operator, "ldap")
    assert "names file; take it out there first" in one_sentence(operator.run("deliveries", "forget", "file"))
    record_at_nova(operator.database, NOVA, ["file", "ldap"])
    assert "the filter has started with ldap" in one_sentence(operator.run("deliveries", "forget", "ldap"))
    assert len(operator.run("deliveries", "list", "-f", "json").json()) == 4
    record_at_nova(operator.database, NOVA, ["file"])
    assert operator.run("deliveries", "forget", "ldap").out == "3 deliveries are forgotten.\n"
    assert [row["id"] for row in operator.run("deliveries", "list", "-f", "json").json()] == [kept.id]
    put(operator, "ldap")
    record_at_nova(operator.database, NOVA, ["file", "ldap"])
    assert operator.run("deliveries", "forget", "ldap", "--force").out == "1 delivery is forgotten.\n"


def test_it_is_told_how_much_waits(operator):
    put(operator)
    put(operator)
    (row,) = operator.run("deliveries", "status", "-f", "json").json()
    assert (row["driver"], row["state"], row["number"]) == ("file", "pending", 2)
    assert 0 <= row["oldest_seconds"] < 60


def test_it_is_told_what_is_done_what_is_changing_and_what_is_open(operator):
    store = DeliveryStore(operator.database)
    put(operator)
    claim, taken = store.claim("file", "w", 10, 60)
    store.finish(claim, [(one, Done()) for one in taken])
    operator.database.write(lambda connection: begin(connection, "package_menu", ""))
    boot(operator, 1)
    boot(operator, 3)
    rows = operator.run("deliveries", "status", "-f", "json").json()
    assert [(row["driver"], row["state"], row["number"]) for row in rows] == [
        ("file", "delivered", 1), (None, "changes on their way", 1), (None, "boots that are open", 2),
    ]  # fmt: skip
    assert [row["oldest_seconds"] for row in rows[:2]] == [None, None]
    assert 3 * 3600 <= rows[2]["oldest_seconds"] < 3 * 3600 + 60
    assert "boots that are open" in operator.run("deliveries", "status").out


def test_old_history_is_forgotten_and_settings_are_not(operator):
    store, one = InstanceStore(operator.database), kept()
    store.add(one, [], Record("alice", [{"name": "web"}]))
    put(operator, action=REMOVE)
    outbox = DeliveryStore(operator.database)
    claim, taken = outbox.claim("file", "w", 10, 60)
    outbox.finish(claim, [(delivery, Done()) for delivery in taken])
    assert operator.run("purge", "--older-than", "1").out.startswith("0 changes, 0 receivers and 0 sessions")
    assert operator.run("purge", "--older-than", "0").out.startswith("1 changes, 1 receivers")
    assert store.get(one.ref) == one
    assert "number of days" in one_sentence(operator.run("purge", "--older-than", "-1"))


# -- the worker


@pytest.fixture
def start(operator, capsys):
    def run(text, *words):
        operator.write(f"[database]\nconnection = sqlite:///{operator.folder}/ours.sqlite\n{text}")
        capsys.readouterr()
        code = worker_command.main(["--config-file", str(operator.conf), *words])
        return code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "[package_menu_file] folder is not set"),
        ("[package_menu]\npackage_management_driver = nothing\n", "names nothing, which is not installed"),
        ("[package_menu]\npackage_management_driver = file,file\n", "names a driver twice"),
        ("[package_menu_file]\nfolder = /tmp\n", "[account]: auth_type is not set"),
        ("[package_menu_file]\nfoldr = /tmp\n", "did you mean folder?"),
    ],
)
def test_a_mistake_stops_the_start_with_one_sentence(start, text, sentence):
    code, said = start(text)
    assert code == 1
    assert said.startswith("glance-related-worker: ")
    assert sentence in said
    assert said.count("\n") == 1


def test_once_hands_over_what_is_due_and_ends(operator, start):
    folder = operator.folder / "out"
    folder.mkdir()
    store, one = InstanceStore(operator.database), kept()
    store.add(one, [Wish(one.ref, "package_menu", "file", one.project_id, 1)])
    code, said = start(f"[package_menu_file]\nfolder = {folder}\n{ACCOUNT}", "--once")
    assert (code, said) == (0, "")
    assert last_sign(operator.database) is not None
    document = json.loads((folder / NOVA / f"{one.ref.instance_id}.json").read_text())
    assert document["packages"] == {}
    assert open_suite(str(operator.conf)).settings.package_menu.package_management_driver == ("file",)
