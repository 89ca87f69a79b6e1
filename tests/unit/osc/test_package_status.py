"""``openstack server package status``, and what waits until settings have arrived."""

from __future__ import annotations

import json
import threading

import pytest

from glance_related.deliveries.delivery import Refused, Wish
from glance_related.osc.package_menu import status
from glance_related.package_menu.store import SYSTEM


@pytest.fixture
def server(side, menu, monkeypatch):
    """The id of web-1, which has nothing yet."""
    monkeypatch.setattr(status, "FIRST_PAUSE", 0.02)
    side.publish({"name": "apache", "kind": "package"})
    side.offer("apache")
    made = side.booted(name="web-1")
    menu.sent.clear()
    return made


@pytest.fixture
def worker(side):
    """Hands over what is due, again and again, once it is started."""
    is_over = threading.Event()

    def work():
        while not is_over.wait(0.05):
            side.deliver()

    thread = threading.Thread(target=work)
    yield thread
    is_over.set()
    if thread.is_alive():
        thread.join()


def run(alice, *words):
    return alice("server", "package", *words, "-f", "json")


def unwritable(side):
    """The folder of the driver is a file, which no retry mends soon."""
    side.folder.rmdir()
    side.folder.write_text("")


def refused(side, message):
    """The driver refuses what a worker hands over to it."""

    def refuse(*_):
        raise Refused(message)

    side.books.drivers["file"].configure_packages = refuse
    side.deliver()


def offered(side, server):
    """The guest is to fetch it, and has no program that would."""
    kept = side.kept(server)
    side.deliveries.add([Wish(kept.ref, SYSTEM, "guest", kept.project_id, 1, is_pulled=True)])


# -- shown


def test_how_far_it_has_come_is_listed_for_each_driver(alice, side, menu, server):
    told = run(alice, "status", "web-1")
    assert (told.code, told.err) == (0, "")
    columns = ["Driver", "State", "Desired", "Applied", "Attempts", "Message", "Updated At"]
    assert list(told.json[0]) == columns
    (row,) = told.json
    assert (row["Driver"], row["State"], row["Desired"], row["Applied"]) == ("file", "pending", 1, None)
    side.deliver()
    (row,) = run(alice, "status", "web-1").json
    assert (row["State"], row["Desired"], row["Applied"], row["Message"]) == ("delivered", 1, 1, "")
    assert {one.query["limit"] for one in menu.asked("GET", "/packages")} == {"1"}
    assert menu.changes == []


def test_what_the_receiver_says_is_shown(alice, side, server):
    refused(side, "no space left")
    (row,) = run(alice, "status", "web-1").json
    assert (row["State"], row["Message"]) == ("failed", "no space left")


def test_only_the_drivers_that_are_named_are_shown(alice, side, server):
    offered(side, server)
    assert [row["Driver"] for row in run(alice, "status", "web-1").json] == ["file", "guest"]
    assert [row["Driver"] for row in run(alice, "status", "--driver", "guest", "web-1").json] == ["guest"]
    assert run(alice, "status", "--driver", "ldap", "web-1").json == []


def test_a_server_that_nothing_was_handed_over_for_has_no_rows(alice, side, menu):
    made = side.booted(name="web-2")  # the menu is empty
    told = run(alice, "status", made)
    assert (told.code, told.json, told.err) == (0, [], "")


# -- waited for


def test_waiting_ends_when_every_driver_has_it_and_shows_how_far_it_has_come(alice, side, server, worker):
    worker.start()
    told = run(alice, "status", "--wait", "web-1")
    assert told.code == 0
    assert [(row["Driver"], row["State"]) for row in told.json] == [("file", "delivered")]
    said = told.err.strip().split("\r")
    assert said[0].startswith("Progress: file ")
    assert said[-1] == "Progress: file delivered"
    assert told.err.endswith("\n")


def test_an_answer_that_openstacksdk_has_kept_is_not_looked_at_again_and_again(alice, menu, server, worker, tmp_path):
    settings = json.loads((tmp_path / "clouds.yaml").read_text())
    kept = {f"compute.{name}": 3600 for name in ("server.packages", "servers.packages", "server", "servers")}
    settings["cache"] = {"class": "dogpile.cache.memory", "expiration_time": 3600, "expiration": kept}
    (tmp_path / "clouds.yaml").write_text(json.dumps(settings))
    menu.meanwhile("GET", "/packages", threading.Timer(0.2, worker.start).start)
    assert run(alice, "status", "--wait", "--timeout", "5", "web-1").code == 0


def test_what_has_arrived_already_is_not_waited_for(alice, side, menu, server):
    side.deliver()
    told = run(alice, "status", "--wait", "--timeout", "0", "web-1")
    assert (told.code, told.err) == (0, "\rProgress: file delivered\n")
    assert len(menu.asked("GET", "/packages")) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["add", "--wait", "web-1", "apache"],
        ["remove", "--wait", "web-1", "apache"],
        ["config", "--wait", "web-1", "--file", "-"],
        ["copy", "--wait", "web-2", "web-1"],
    ],
)
def test_each_change_can_be_waited_for(alice, side, menu, server, worker, words):
    side.booted(name="web-2")
    side.ask("PUT", f"/servers/{server}/packages/apache", {"on": words[0] == "remove"})
    worker.start()
    told = alice("server", "package", *words, stdin="packages: [apache]")
    assert (told.code, told.out) == (0, "")
    assert told.err.rstrip().endswith("Progress: file delivered")
    settings = side.settings(server)
    (delivery,) = settings["deliveries"]
    assert delivery["applied_generation"] == settings["generation"]
    assert menu.changes


def test_a_change_is_waited_for_and_not_what_was_before(alice, side, menu, server):
    side.deliver()
    told = alice("server", "package", "add", "--wait", "--timeout", "0.1", "web-1", "apache")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[-1].startswith("file: pending after 0.1 seconds: it has generation 1 of 2.")
    assert side.settings(server)["packages"] == ["apache"]


def test_a_driver_that_refuses_is_told_in_its_own_words(alice, side, menu, server):
    menu.meanwhile("GET", "/packages", lambda: refused(side, "no class apache\nin line 1"))
    told = run(alice, "status", "--wait", "web-1")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[-2:] == ["file: no class apache", "in line 1"]
    assert len(menu.asked("GET", "/packages")) == 1


def test_a_driver_that_has_refused_without_a_word_is_told_too(alice, side, server):
    refused(side, "")
    told = run(alice, "status", "--wait", "web-1")
    assert told.code == 1
    assert told.err.endswith("\nfile: it has failed, and does not say why\n")


def test_a_driver_that_is_named_is_waited_for_and_not_the_others(alice, side, server, worker):
    offered(side, server)
    worker.start()
    told = alice("server", "package", "add", "--wait", "--driver", "file", "web-1", "apache")
    assert (told.code, told.out) == (0, "")
    assert told.err.rstrip().endswith("Progress: file delivered")
    told = run(alice, "status", "--wait", "--timeout", "0.1", "web-1")
    assert told.code == 1
    assert told.err.splitlines()[-1] == "guest: offered after 0.1 seconds: it has generation 0 of 2."


def test_a_driver_that_is_named_and_has_nothing_is_told_when_the_wait_is_over(alice, side, server):
    side.deliver()
    told = run(alice, "status", "--wait", "--timeout", "0.1", "--driver", "file", "--driver", "ldap", "web-1")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[-1] == "ldap: nothing was handed over to it after 0.1 seconds."


def test_what_takes_too_long_is_told_with_what_the_receiver_says(alice, side, server):
    unwritable(side)
    side.deliver()
    told = run(alice, "status", "--wait", "--timeout", "0.3", "web-1")
    assert (told.code, told.out) == (1, "")
    line = told.err.splitlines()[-1]
    assert line.startswith("file: pending after 0.3 seconds: it has generation 0 of 1. ")
    assert len(line) > len("file: pending after 0.3 seconds: it has generation 0 of 1. ")


def test_where_nothing_is_handed_over_the_wait_has_an_end_too(alice, side, menu, monkeypatch):
    monkeypatch.setattr(status, "FIRST_PAUSE", 0.02)
    made = side.booted(name="web-2")
    told = run(alice, "status", "--wait", "--timeout", "1", made)
    assert (told.code, told.out) == (1, "")
    assert told.err == ("\rProgress: not handed over yet\nNothing was handed over for this server within 1 seconds.\n")
    assert 1 < len(menu.asked("GET", "/packages")) < 10


def test_a_server_that_goes_while_it_is_waited_for_is_told(alice, side, menu, server):
    menu.meanwhile("GET", "/packages", lambda: menu.meanwhile("GET", "/packages", side.nova.servers.clear))
    told = run(alice, "status", "--wait", server)
    assert (told.code, told.out) == (1, "")
    assert f"Instance {server} could not be found" in told.err


def test_a_refused_change_is_not_waited_for(alice, menu, server):
    told = alice("server", "package", "add", "--wait", "web-1", "nothing")
    assert (told.code, told.out, told.err) == (1, "", "nothing: it is not on the menu of this project\n")
    assert len(menu.asked("GET", "/packages")) == 1
