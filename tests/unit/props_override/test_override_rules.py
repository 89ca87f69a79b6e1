"""The decisions of system 2, on plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.hosts.nova.boots import makes_several
from glance_related.problem import Problem
from glance_related.props_override import problems, rules

IMAGE = "0a1b2c3d-1111-4222-8333-444455556666"


class Table:
    """Three properties, one of which has an older name; values are letters."""

    known = {"hw_a": ("hw_a", "a"), "a": ("hw_a", "a"), "hw_b": ("hw_b",), "hw_c": ("hw_c",)}

    def names_of(self, name: str) -> tuple[str, ...]:
        return self.known.get(name, ())

    def nearest(self, name: str) -> str | None:
        return "hw_b" if "b" in name else None

    def why_not(self, name: str, value: str) -> str | None:
        return None if value.isalpha() else "it must be letters"

    def why_not_together(self, properties: Mapping[str, str]) -> Mapping[str, str]:
        return {"hw_c": "it needs hw_b"} if "hw_c" in properties and "hw_b" not in properties else {}


@dataclass
class Rights:
    """What is asked of them."""

    forbidden: Collection[tuple[str, str]] = ()
    offered: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    def is_offered(self, names: Sequence[str]) -> bool:
        return self.offered

    def may(self, operation: str, name: str) -> bool:
        self.asked.append((operation, name))
        return (operation, name) not in self.forbidden


def judge(given_: Mapping[str, Any], rights: Rights | None = None, present: Mapping[str, str] | None = None) -> Any:
    return rules.judge(given_, Table(), rights or Rights(), present or {}, limit=10)


def codes(given_: Mapping[str, Any], *args: Any) -> dict[str, str]:
    with pytest.raises(Problem) as raised:
        judge(given_, *args)
    return {part["property"]: part["code"].removeprefix("props_override.") for part in raised.value.parts}


def test_an_override_comes_to_the_names_that_nova_uses() -> None:
    assert judge({"a": "x", "hw_b": "y"}) == {"hw_a": "x", "hw_b": "y"}


def test_the_same_property_by_two_names_is_one_too_many_in_whichever_order() -> None:
    assert codes({"a": "x", "hw_a": "x"}) == {"hw_a": "two_names"}
    assert codes({"hw_a": "x", "a": "x"}) == {"a": "two_names"}


def test_two_names_are_told_though_the_first_one_s_value_is_wrong() -> None:
    assert codes({"hw_a": "1", "a": "x"}) == {"hw_a": "bad_value", "a": "two_names"}


@pytest.mark.parametrize("value", [None, 1.5, [], {}, ["x"]])
def test_a_value_that_glance_could_not_keep_is_no_text(value: Any) -> None:
    assert codes({"hw_a": value}) == {"hw_a": "no_text"}


def test_what_the_image_has_counts_beside_what_is_overridden() -> None:
    assert codes({"hw_c": "x"}) == {"hw_c": "bad_value"}
    assert judge({"hw_c": "x"}, None, {"hw_b": "y"}) == {"hw_c": "x"}
    assert judge({"hw_a": "x"}, None, {"hw_c": "y"}) == {"hw_a": "x"}, "what is wrong with the image is its owner's"


def test_nothing_but_the_lack_of_rights_is_forbidden_and_anything_else_refused() -> None:
    with pytest.raises(Problem) as forbidden:
        judge({"hw_a": "x"}, Rights([("create", "hw_a")]))
    assert forbidden.value.kind is problems.NO_RIGHT
    with pytest.raises(Problem) as refused:
        judge({"hw_a": "x", "hw_b": "1"}, Rights([("create", "hw_a")]))
    assert refused.value.kind is problems.REFUSED


def test_a_property_that_is_not_offered_is_told_as_such() -> None:
    assert codes({"a": "x"}, Rights(offered=False)) == {"a": "not_offered"}


@pytest.mark.parametrize(
    ("forbidden", "present", "allowed"),
    [
        ([], {}, True),
        ([("create", "hw_a")], {}, False),
        ([("create", "hw_a")], {"hw_a": "y"}, False),
        ([("update", "hw_a")], {}, True),
        ([("update", "hw_a")], {"hw_a": "y"}, False),
        ([("update", "a")], {"a": "y"}, False),
        ([("create", "a")], {"a": "y"}, True),
        ([("read", "hw_a")], {}, True),
        ([("read", "hw_a"), ("update", "hw_a")], {}, False),
        ([("delete", "hw_a")], {"hw_a": "y"}, True),
    ],
)
def test_it_takes_the_right_to_create_and_to_update_what_is_there_or_cannot_be_seen(
    forbidden: Any, present: Any, allowed: bool
) -> None:
    for name in ("hw_a", "a"):
        if allowed:
            assert judge({name: "x"}, Rights(forbidden), present) == {"hw_a": "x"}
        else:
            assert codes({name: "x"}, Rights(forbidden), present) == {name: "protected"}


@given(st.dictionaries(st.text(max_size=5) | st.sampled_from(sorted(Table.known)), st.text(max_size=3) | st.integers()))
def test_whatever_is_sent_is_judged_whole(given_: dict[str, Any]) -> None:
    refused, properties = None, {}
    try:
        properties = judge(given_)
    except Problem as problem:
        refused = problem
    if refused is None:
        assert len(properties) == len(given_)
        assert set(properties) <= {"hw_a", "hw_b", "hw_c"}
    elif refused.kind is not problems.TOO_MANY:
        assert {part["property"] for part in refused.parts} <= set(given_)
        assert all(part["property"] in refused.text for part in refused.parts)


# -- where it stands


def test_it_is_taken_out_and_everything_else_stays() -> None:
    document = {"server": {"name": "x", rules.KEY: {"a": "x"}, "metadata": {rules.KEY: "mine"}}}
    assert rules.take(document, "server") == {"a": "x"}
    assert document == {"server": {"name": "x", "metadata": {rules.KEY: "mine"}}}
    assert rules.take(document, "server") is None


@pytest.mark.parametrize("document", [{"server": None}, {"server": []}, {"server": rules.KEY}, {}])
def test_where_there_is_no_server_there_is_no_override(document: Any) -> None:
    assert rules.take(document, "server") is None


# -- what a rebuild may change


@pytest.mark.parametrize("name", ["trait:A", "hw_numa_cpus.0", "hw_cpu_policy", "hw_mem_page_size", "img_hv_type"])
def test_by_what_a_server_was_placed_is_not_changed_in_place(name: str) -> None:
    assert [one.name for one in rules.moved({}, {name: "x"})] == [name]
    assert [one.name for one in rules.moved({name: "x"}, {})] == [name]
    assert [one.code for one in rules.moved({name: "x"}, {name: "y"})] == ["placed"]
    assert rules.moved({name: "x"}, {name: "x"}) == []


@pytest.mark.parametrize("name", ["os_command_line", "hw_video_model", "hw_cpu_sockets", "hw_vif_model"])
def test_anything_else_is(name: str) -> None:
    assert rules.moved({}, {name: "x"}) == rules.moved({name: "x"}, {}) == []


# -- several servers


@pytest.mark.parametrize(
    ("server", "several"),
    [
        ({}, False),
        ({"min_count": 1, "max_count": "1"}, False),
        ({"min_count": 2}, True),
        ({"max_count": "3"}, True),
        ({"return_reservation_id": True}, True),
        ({"return_reservation_id": False}, True),
        ({"os-multiple-create:min_count": 2}, True),
        ({"min_count": None}, True),
    ],
)
def test_a_boot_that_may_make_more_than_its_answer_names_is_known(server: Any, several: bool) -> None:
    assert makes_several(server) == several
