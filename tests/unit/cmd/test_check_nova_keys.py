"""``config check`` compares the keys of Glance's side and of each Nova's: this host's, and those they started with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from glance_related.db.database import Database
from glance_related.instance_aware.register import Installation
from glance_related.riders.keys import GLANCE, NOVA, record_mark_keys
from glance_related.riders.mark import Marks
from tests.unit.cmd.test_check_nova_paste import RIGHT, nova

OLD, NEW, OTHER = (f"{word} key of thirty-two characters and more" for word in ("the old", "the new", "another"))
EAST, WEST = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
GLANCE_PASTE = """
[filter:instance_aware]
use = egg:glance_related#instance_aware
[pipeline:glance-api-keystone]
pipeline = versionnegotiation authtoken context instance_aware rootapp
"""


@dataclass(frozen=True)
class Started:
    """What a filter has when it starts."""

    database: Database
    marks: Marks
    nova: str

    def installation(self):
        return self.nova


class Hosts:
    """One database, two Novas; `started` is what the other hosts did, `check` is run on this one, of Nova 'east'."""

    def __init__(self, operator):
        self.operator = operator
        self.ours = operator.conf.read_text()
        for uuid, name in ((EAST, "east"), (WEST, "west")):
            operator.store.add_installation(Installation(uuid, name, (f"nova-{name}",), ()))

    def started(self, side, *keys, installation=EAST):
        record_mark_keys(Started(self.operator.database, Marks(keys), installation), side)

    def check(self, *keys, on, installation=EAST):
        said = f"[riders]\nmark_keys = {','.join(keys)}\n" if keys else ""
        self.operator.write(f"{self.ours}[instance_aware]\nnova_installation_uuid = {installation}\n{said}")
        words = []
        if NOVA in on:
            words += ["--nova-paste", self.operator.write(nova(RIGHT), "api-paste.ini")]
        if GLANCE in on:
            words += ["--paste", self.operator.write(GLANCE_PASTE, "paste.ini")]
        done = self.operator.check(*words)
        assert not any(key in done.out for key in (OLD, NEW, OTHER))
        return [row for row in done.json() if row["code"].startswith("riders.")]


@pytest.fixture
def hosts(operator):
    return Hosts(operator)


def codes(found):
    return [(row["code"], row["severity"]) for row in found]


DIFFERENT = ("riders.different_keys", "error")


@pytest.mark.parametrize("on", [[NOVA], [GLANCE], [NOVA, GLANCE]])
def test_the_same_keys_everywhere_are_right(hosts, on):
    hosts.started(GLANCE, OLD)
    hosts.started(NOVA, OLD)
    assert hosts.check(OLD, on=on) == []


@pytest.mark.parametrize("on", [[NOVA], [GLANCE]])
def test_a_key_that_only_one_side_has_is_an_error_on_either(hosts, on):
    hosts.started(GLANCE, OTHER)
    hosts.started(NOVA, OLD)
    mine = OLD if on == [NOVA] else OTHER
    found = hosts.check(mine, on=on)
    assert codes(found) == [DIFFERENT]
    assert "the first of [riders] mark_keys in front of Nova 'east' is not" in found[0]["text"]


def test_every_nova_is_compared_whichever_has_started_last(hosts):
    hosts.started(GLANCE, OLD)
    hosts.started(NOVA, OTHER, installation=WEST)
    hosts.started(NOVA, OLD)
    for on in ([NOVA], [GLANCE], []):
        found = hosts.check(OLD, on=on)
        assert codes(found) == [DIFFERENT]
        assert "in front of Nova 'west' is not" in found[0]["text"]
    hosts.started(NOVA, NEW)
    found = hosts.check(on=[])
    assert [row["text"].split("'")[1] for row in found if row["code"] == DIFFERENT[0]] == ["east", "west"]


def test_a_host_of_one_nova_is_not_compared_with_what_another_has_started_with(hosts):
    hosts.started(GLANCE, NEW, OLD)
    hosts.started(NOVA, NEW)
    hosts.started(NOVA, OLD, installation=WEST)
    assert hosts.check(NEW, on=[NOVA]) == []
    found = hosts.check(NEW, on=[NOVA], installation=WEST)
    assert codes(found) == [("riders.other_keys", "warning")]
    assert "in front of Nova 'west' has started with last" in found[0]["text"]


def test_a_nova_that_nobody_has_registered_is_compared_on_its_own_host(hosts):
    hosts.started(GLANCE, OLD)
    found = hosts.check(NEW, on=[NOVA], installation="00000000-0000-4000-8000-000000000000")
    assert codes(found) == [DIFFERENT]
    assert "in front of this host's Nova is not" in found[0]["text"]


def test_a_new_key_is_known_everywhere_before_it_makes_marks(hosts):
    hosts.started(GLANCE, OLD)
    hosts.started(NOVA, OLD)
    assert codes(hosts.check(OLD, NEW, on=[GLANCE])) == [("riders.other_keys", "warning")]  # until it is restarted
    hosts.started(GLANCE, OLD, NEW)
    assert hosts.check(OLD, NEW, on=[GLANCE]) == []
    hosts.started(NOVA, NEW, OLD)
    assert hosts.check(NEW, OLD, on=[NOVA]) == []


def test_a_new_key_that_makes_marks_too_early_is_an_error(hosts):
    hosts.started(GLANCE, OLD)
    hosts.started(NOVA, NEW, OLD)
    assert codes(hosts.check(NEW, OLD, on=[NOVA])) == [DIFFERENT]


def test_a_nova_without_keys_does_not_start(hosts):
    found = hosts.check(on=[NOVA])
    assert codes(found) == [("riders.no_keys", "error")]
    assert "generate-mark-key" in found[0]["text"]


def test_a_glance_without_keys_is_an_error_once_a_nova_makes_marks(hosts):
    assert hosts.check(on=[GLANCE]) == []
    hosts.started(GLANCE)
    hosts.started(NOVA, OLD)
    assert codes(hosts.check(on=[GLANCE])) == [("riders.no_keys", "error")]
    assert codes(hosts.check(OLD, on=[NOVA])) == [DIFFERENT]


def test_a_glance_that_has_never_started_is_a_warning_in_front_of_nova(hosts):
    found = hosts.check(OLD, on=[NOVA])
    assert codes(found) == [("riders.glance_unseen", "warning")]
    assert "restart glance-api" in found[0]["text"]


def test_what_both_sides_have_recorded_is_compared_on_a_host_of_neither(hosts):
    hosts.started(GLANCE, OTHER)
    hosts.started(NOVA, OLD)
    assert codes(hosts.check(on=[])) == [DIFFERENT]


def test_a_database_that_is_down_hides_nothing_of_this_hosts_own(hosts):
    hosts.ours = "[database]\nconnection = sqlite:////nowhere/at/all.sqlite\n"
    assert codes(hosts.check(on=[NOVA])) == [("riders.no_keys", "error")]
