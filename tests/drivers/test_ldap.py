"""The driver ldap on a real directory: what it writes, and whose an entry is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from glance_related.deliveries.delivery import Done, Refused
from glance_related.package_menu.drivers.driver import Instance, Package
from glance_related.testing.package_driver_suite import WEB, server, variable
from tests.drivers.ldap_side import Side
from tests.servers.slapd import WORKER, Slapd


@pytest.fixture
def side(slapd: Slapd) -> Side:
    return Side(slapd, slapd.new_base())


# -- what is written


def test_an_entry_is_as_puppet_looks_for_it(side: Side) -> None:
    one = server(hostname="web-1")
    side.driver.configure_packages(one, [Package("web", "apache::ssl")], [variable("url", "http://x/?a=b")])
    entry = side.entry(one.ref.instance_id)
    assert entry is not None
    assert set(entry["objectClass"]) == {"device", "puppetClient"}
    assert entry["puppetClass"] == ["apache::ssl"]
    assert set(entry["puppetVar"]) >= {
        "url=http://x/?a=b",
        "instanceproject=alice-project",
        "instancename=web-1",
        f"instanceid={one.ref.instance_id}",
    }
    assert "parentNode" not in entry


def test_project_and_name_stay_whatever_else_goes(side: Side) -> None:
    one = server(hostname="web-1")
    side.driver.configure_packages(one, [WEB], [variable("x", 1)])
    side.driver.configure_packages(one, [], [])
    entry = side.entry(one.ref.instance_id)
    assert entry is not None
    assert "puppetClass" not in entry
    assert {line.partition("=")[0] for line in entry["puppetVar"]} == {
        "instanceproject", "instancename", "instanceid", "instancenova",
    }  # fmt: skip


def test_every_entry_has_its_parent(slapd: Slapd, side: Side) -> None:
    one = server()
    Side(slapd, side.base, parent_node="base").driver.configure_packages(one, [], [])
    assert (side.entry(one.ref.instance_id) or {})["parentNode"] == ["base"]
    side.driver.configure_packages(one, [], [])
    assert "parentNode" not in (side.entry(one.ref.instance_id) or {})


def test_the_same_again_writes_nothing(side: Side) -> None:
    one = server()
    settings: tuple[Sequence[Package], Any] = ([WEB, Package("db", "db")], [variable("b", "x"), variable("a", [])])

    def stamp() -> Any:
        with side.slapd.connection() as admin:
            admin.search(f"cn={one.ref.instance_id},{side.base}", "(objectClass=*)", attributes=["entryCSN"])
            return admin.response[0]["raw_attributes"]["entryCSN"]

    side.driver.configure_packages(one, *settings)
    before = stamp()
    side.driver.configure_packages(one, *settings)
    assert stamp() == before
    side.driver.configure_packages(one, settings[0], [variable("b", "X"), variable("a", [])])
    assert stamp() != before
    assert "b=X" in (side.entry(one.ref.instance_id) or {})["puppetVar"]


@pytest.mark.parametrize("name", ["instanceproject", "InstanceProject", "instancename", "instanceid", "instancenova"])
def test_no_variable_says_whose_a_server_is(side: Side, name: str) -> None:
    one = server()
    with pytest.raises(Refused, match=name):
        side.driver.configure_packages(one, [], [variable(name, "other")])
    assert side.names == []


@pytest.mark.parametrize(
    ("value", "said"), [("grün", "not ASCII"), ("a\nb", "several lines"), ("🐢", "not ASCII"), ("\u2028", "not ASCII")]
)
def test_what_the_schema_has_no_place_for_is_refused_before_it_is_sent(side: Side, value: str, said: str) -> None:
    one = server()
    with pytest.raises(Refused, match=f"odd: its value has .*{said}") as caught:
        side.driver.configure_packages(one, [WEB], [variable("odd", value), variable("fine", "x")])
    assert "fine" not in str(caught.value)
    assert side.names == []


def test_a_server_that_is_called_otherwise_leaves_its_former_entry(side: Side) -> None:
    named, one = side.called().driver, server(hostname="web-1")
    named.configure_packages(one, [WEB], [])
    named.configure_packages(replace(one, hostname="web-2"), [WEB], [])
    assert side.names == ["web-2"]
    named.remove(Instance(one.ref, one.project_id, "", ""))
    assert side.names == []


# -- whose it is


def test_an_entry_that_somebody_else_made_keeps_what_is_his(side: Side) -> None:
    one = server()
    name = one.ref.instance_id
    side.add(name, "device", owner=WORKER, description="rack 5", serialNumber="7")
    before = side.entry(name)
    assert before is not None
    side.driver.configure_packages(one, [WEB], [variable("x", 1)])
    entry = side.entry(name)
    assert entry is not None
    assert entry["puppetClass"] == ["web"]
    assert "puppetClient" in entry["objectClass"]
    assert {key: entry[key] for key in ("owner", "description", "serialNumber")} == {
        key: before[key] for key in ("owner", "description", "serialNumber")
    }
    side.driver.remove(Instance(one.ref, one.project_id, "", ""))
    left = side.entry(name)
    assert left is not None
    assert {key: left.get(key) for key in before if key != "objectClass"} == {
        key: before[key] for key in before if key != "objectClass"
    }
    assert "puppetClass" not in left
    assert "puppetVar" not in left


def test_a_parent_that_an_operator_has_set_stays_his(side: Side, slapd: Slapd) -> None:
    one = server()
    side.add(one.ref.instance_id, "device", "puppetClient", parentNode="his", environment="his")
    side.driver.configure_packages(one, [WEB], [])
    side.driver.remove(one)
    left = side.entry(one.ref.instance_id) or {}
    assert (left["parentNode"], left["environment"]) == (["his"], ["his"])
    with_parent = Side(slapd, side.base, parent_node="ours").driver
    with_parent.configure_packages(one, [WEB], [])
    assert (side.entry(one.ref.instance_id) or {})["parentNode"] == ["ours"]
    with_parent.remove(one)
    assert "parentNode" not in (side.entry(one.ref.instance_id) or {})


def test_an_entry_of_the_same_project_that_was_there_before_is_taken_over(side: Side) -> None:
    side.add("web-1", "device", "puppetClient", puppetVar=["instanceproject=alice-project", "old=1"], puppetClass="old")
    named = side.called().driver
    named.configure_packages(server(hostname="web-1"), [WEB], [variable("x", 1)])
    entry = side.entry("web-1") or {}
    assert entry["puppetClass"] == ["web"]
    assert "old=1" not in entry["puppetVar"]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"puppetVar": "instanceproject=bob-project"},
        {"puppetVar": ["instanceproject=alice-project", "instanceid=another"]},
        {"puppetVar": ["instanceproject=alice-project", "instancenova=another"]},
    ],
)
def test_a_customer_does_not_take_an_entry_that_is_not_his_servers(side: Side, attributes: dict[str, Any]) -> None:
    side.add("web-1", "device", "puppetClient", puppetClass="theirs", **attributes)
    before = side.entry("web-1")
    one = server(hostname="web-1")
    with pytest.raises(Refused, match=r"web-1 is another's"):
        side.called().driver.configure_packages(one, [WEB], [])
    side.called().driver.remove(one)
    assert side.entry("web-1") == before


def test_the_second_of_two_servers_that_want_one_name_is_refused(side: Side) -> None:
    named, first, second = side.called().driver, server(hostname="web-1"), server(hostname="web-1")
    named.configure_packages(first, [WEB], [variable("x", "first")])
    with pytest.raises(Refused, match="another's"):
        named.configure_packages(second, [], [])
    named.remove(second)
    assert "x=first" in (side.entry("web-1") or {})["puppetVar"]
    named.remove(first)
    assert isinstance(named.configure_packages(second, [], []), Done)


@pytest.mark.parametrize(
    "hostname", ["default", "a,dc=example", "x+cn=y", "*", "a)(cn=*", "a\ndn: x", "a\\2c", "#a", ""]
)
def test_no_hostname_leads_elsewhere_in_the_directory(side: Side, hostname: str) -> None:
    with pytest.raises(Refused, match="has no name that Puppet could know it by"):
        side.called().driver.configure_packages(server(hostname=hostname), [WEB], [])
    assert side.names == []


@pytest.mark.parametrize(
    "instance_id", ["a)(cn=*", "*", "a*", "\\2a", pytest.param("a\x00b", id="NUL"), "I ", "ü", "x" * 255]
)
def test_no_id_of_novas_finds_anothers_entry(side: Side, instance_id: str) -> None:
    """It is looked for in a filter, by a rule that minds neither case nor spaces."""
    named, other = side.called().driver, server(hostname="other")
    named.configure_packages(other, [WEB], [])
    one = server(hostname="one")
    one = replace(one, ref=replace(one.ref, instance_id=instance_id))
    alike = replace(one, ref=replace(one.ref, instance_id=instance_id.strip().lower() or "i"), hostname="alike")
    named.configure_packages(one, [WEB], [variable("x", 1)])
    if alike.ref != one.ref:
        named.configure_packages(alike, [WEB], [])
        named.remove(alike)
    assert side.names == ["one", "other"]
    named.remove(one)
    assert side.names == ["other"]
