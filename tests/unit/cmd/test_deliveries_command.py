"""``deliveries``, ``purge`` and ``glance-related-worker``, as an operator types them."""

from __future__ import annotations

import json
import uuid

import pytest

from glance_related.cmd import worker as worker_command
from glance_related.deliveries.delivery import REMOVE, Done, Wish
from glance_related.deliveries.store import DeliveryStore, Failed
from glance_related.deliveries.wish_store import wish
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.instance_store import InstanceStore, Record
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
    assert (row["driver"], row["message"], row["desired"], row["applied"]) == ("ldap", "constraintViolation", 1, "-")
    assert "constraintViolation" in operator.run("deliveries", "list", "--driver", "ldap").out
    assert operator.run("deliveries", "list", "--server", "nobody", "-f", "json").json() == []
    assert len(operator.run("deliveries", "list", "--limit", "1", "-f", "json").json()) == 1


def test_one_delivery_is_shown_whole(operator):
    one = put(operator)
    shown = json.loads(operator.run("deliveries", "show", one.id).out)
    assert (shown["server_id"], shown["state"], shown["attempts"]) == (one.ref.instance_id, "pending", 0)
    assert "there is no delivery" in one_sentence(operator.run("deliveries", "show", "nothing"))


def test_what_failed_is_handed_over_again_and_nothing_else_without_a_word(operator):
    failed, other = put(operator), put(operator, "ldap")
    fail(operator, failed)
    store = DeliveryStore(operator.database)
    claim, taken = store.claim("ldap", "w", 10, 60)
    store.finish(claim, [(one, Done()) for one in taken])
    assert operator.run("deliveries", "retry").out == "1 are handed over again.\n"
    assert (store.get(failed.id).state, store.get(other.id).state) == ("pending", "delivered")
    assert operator.run("deliveries", "retry", "--all").out == "2 are handed over again.\n"
    assert store.get(other.id).state == "pending"
    fail(operator, failed)
    assert operator.run("deliveries", "retry", failed.id).out == "1 of 1 are handed over again.\n"
    assert operator.run("deliveries", "retry", failed.id, "nothing").code == 1
    assert "not by both" in one_sentence(operator.run("deliveries", "retry", failed.id, "--all"))


def test_it_is_told_how_much_waits(operator):
    put(operator)
    put(operator)
    (row,) = operator.run("deliveries", "status", "-f", "json").json()
    assert (row["driver"], row["state"], row["number"]) == ("file", "pending", 2)


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
    document = json.loads((folder / NOVA / f"{one.ref.instance_id}.json").read_text())
    assert document["packages"] == {}
    assert open_suite(str(operator.conf)).settings.package_menu.package_management_driver == ("file",)
