"""``config check`` of system 2: both sides there, the same property protections, and by whose table Nova is judged."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from glance_related.db.facts import set_fact
from glance_related.instance_aware.register import Installation
from glance_related.props_override.options import PropsOverrideSettings
from glance_related.props_override.rights import Rights
from glance_related.props_override.started import NONE, UNREAD, AtNova, record_at_nova
from glance_related.riders.mark import KEY_MIN
from tests.unit.cmd.test_check_nova_paste import nova

EAST, WEST = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
BOTH = "authtoken instance_aware_nova props_override_nova keystonecontext"
OURS = """
[filter:instance_aware_nova]
use = egg:glance_related#instance_aware_nova
[filter:props_override_nova]
use = egg:glance_related#props_override_nova
"""
PROTECTIONS = "[.*]\ncreate = @\nread = @\nupdate = @\ndelete = @\n"


class Hosts:
    """One database, two Novas; the command is run on a host of Nova 'east'."""

    def __init__(self, operator: Any) -> None:
        self.operator = operator
        self.ours = operator.conf.read_text()
        for uuid, name in ((EAST, "east"), (WEST, "west")):
            operator.store.add_installation(Installation(uuid, name, (f"nova-{name}",), ()))

    def glance_has_started(self, protections: str) -> None:
        set_fact(self.operator.database, "props_override.glance", protections)

    def nova_has_started(self, protections: str, installation: str = EAST) -> None:
        record_at_nova(self.operator.database, installation, AtNova(protections, "nova 34.0.0, installed"))

    def check(self, options: str = "", words: str = BOTH) -> Any:
        self.operator.write(
            f"{self.ours}[instance_aware]\nnova_installation_uuid = {EAST}\n"
            f"[riders]\nmark_keys = {'k' * KEY_MIN}\n[props_override]\n{options}"
        )
        return self.operator.check("--nova-paste", self.operator.write(nova(words, ours=OURS), "api-paste.ini"))

    def found(self, *args: str) -> list[str]:
        return [code for code in self.check(*args).codes() if code.startswith("overrides.")]


@pytest.fixture
def hosts(operator: Any) -> Hosts:
    return Hosts(operator)


def test_two_sides_that_fit_are_no_mistake_and_it_is_said_by_whose_table_properties_are_judged(hosts: Hosts) -> None:
    hosts.glance_has_started(NONE)
    hosts.nova_has_started(NONE)
    hosts.nova_has_started(NONE, WEST)
    done = hosts.check()
    notes = [row["text"] for row in done.json() if row["code"] == "overrides.properties"]
    assert len(notes) == 2
    assert "Nova 'east'" in notes[0]
    assert "nova 34.0.0, installed" in notes[0]
    assert not [code for code in done.codes("error") if code.startswith("overrides.")]


def test_notes_alone_are_no_mistakes(hosts: Hosts) -> None:
    hosts.glance_has_started(NONE)
    hosts.nova_has_started(NONE)
    hosts.check()
    done = hosts.operator.run("config", "check", "--nova-paste", hosts.operator.folder / "api-paste.ini")
    severities = {line.split()[0] for line in done.out.splitlines() if " overrides." in line or " database." in line}
    assert "note" in severities
    assert ("No mistakes found." in done.out) == (severities == {"note"})


def test_a_nova_side_alone_is_an_error_that_says_what_is_missing(hosts: Hosts) -> None:
    done = hosts.check()
    assert "put the word props_override behind context there" in done.text("overrides.glance_unseen")
    assert done.code == 1


def test_a_filter_that_has_not_started_yet_is_a_warning(hosts: Hosts) -> None:
    hosts.glance_has_started(NONE)
    assert hosts.found() == ["overrides.nova_unseen"]


def test_without_the_filter_in_the_pipeline_nothing_is_asked_for(hosts: Hosts) -> None:
    assert hosts.found("", "authtoken instance_aware_nova keystonecontext") == []


@pytest.mark.parametrize(
    ("glance", "nova_", "said"),
    [
        ("0123456789abcdef", NONE, "Glance has its own, and what stands in front of Nova 'east' has none"),
        ("0123456789abcdef", "fedcba9876543210", "goes by others"),
        (NONE, "fedcba9876543210", "Glance has none"),
    ],
)
def test_other_protections_than_glance_s_are_an_error(hosts: Hosts, glance: str, nova_: str, said: str) -> None:
    hosts.glance_has_started(glance)
    hosts.nova_has_started(nova_)
    done = hosts.check()
    assert said in done.text("overrides.other_protections")
    assert done.code == 1


def test_protections_that_glance_s_side_cannot_read_are_a_warning(hosts: Hosts) -> None:
    hosts.glance_has_started(UNREAD)
    hosts.nova_has_started(NONE)
    assert "overrides.protections_unread" in hosts.check().codes("warning")


@pytest.mark.parametrize(("text", "said"), [("[a]\ncreate = @\n", "does not have read"), (None, "cannot be read")])
def test_protections_that_are_none_are_an_error(hosts: Hosts, text: str | None, said: str) -> None:
    file = hosts.operator.folder / "protections.conf"
    if text is not None:
        file.write_text(text)
    done = hosts.check(f"property_protection_file = {file}\n")
    assert said in done.text("overrides.bad_protections")


def test_the_order_and_the_place_of_both_filters_are_checked(hosts: Hosts) -> None:
    wrong = "authtoken props_override_nova instance_aware_nova keystonecontext"
    assert hosts.check("", wrong).codes().count("nova_paste.order") == 2
    late = "authtoken instance_aware_nova keystonecontext props_override_nova"
    assert "nova_paste.after_keystonecontext" in hosts.check("", late).codes()


def test_either_filter_may_stand_alone_but_then_in_both_ways_into_nova(hosts: Hosts) -> None:
    alone = "authtoken props_override_nova keystonecontext"
    only = OURS[OURS.index("[filter:props_override_nova]") :]
    path = hosts.operator.write(nova(alone, ours=only), "api-paste.ini")
    assert [code for code in hosts.operator.check("--nova-paste", path).codes() if code.startswith("nova_paste")] == []
    path = hosts.operator.write(nova(alone, "authtoken keystonecontext", ours=only), "api-paste.ini")
    assert "nova_paste.missing" in hosts.operator.check("--nova-paste", path).codes()


def test_the_fingerprint_is_that_of_the_file_s_bytes(hosts: Hosts) -> None:
    file = hosts.operator.folder / "protections.conf"
    file.write_text(PROTECTIONS)
    rights = Rights(PropsOverrideSettings(property_protection_file=str(file)), "glance-related.conf")
    assert rights.fingerprint == hashlib.sha256(PROTECTIONS.encode()).hexdigest()[:16]
