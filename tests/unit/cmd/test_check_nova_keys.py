"""``config check`` compares the keys of the two sides: those of this host, and those that each has started with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from glance_related.db.database import Database
from glance_related.riders.keys import GLANCE, NOVA, record_mark_keys
from glance_related.riders.mark import Marks
from tests.unit.cmd.test_check_nova_paste import RIGHT, nova

OLD, NEW, OTHER = (f"{word} key of thirty-two characters and more" for word in ("the old", "the new", "another"))
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


class Hosts:
    """One database; `started` is what the other hosts did, `check` is run on this one."""

    def __init__(self, operator):
        self.operator = operator
        self.ours = operator.conf.read_text()

    def started(self, side, *keys):
        record_mark_keys(Started(self.operator.database, Marks(keys)), side)

    def check(self, *keys, on):
        said = f"[riders]\nmark_keys = {','.join(keys)}\n" if keys else ""
        self.operator.write(self.ours + said)
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
    assert "the first of [riders] mark_keys in front of Nova" in found[0]["text"]


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
