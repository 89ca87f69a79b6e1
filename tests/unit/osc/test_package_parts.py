"""`parts_of`: a large file in parts, each of which can be judged alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.osc.package_menu.parts import LIMIT, TooLarge, parts_of, size_of
from glance_related.package_menu.publishing import judge_entries

NUMBERS = st.integers(0, 11)


@st.composite
def files(draw):
    """Files whose entries may refer to each other in any order."""
    packages = [{"name": f"p{n}", "kind": "package", "title": "x" * draw(st.integers(0, 200))} for n in range(12)]
    variables = [
        {"name": f"v{n}", "kind": "variable", "type": "integer", "packages": [f"p{draw(NUMBERS)}"]} for n in range(12)
    ]
    bundles = [
        {
            "name": f"b{n}",
            "kind": "bundle",
            "contents": {"packages": [f"p{draw(NUMBERS)}"], "variables": dict.fromkeys([f"v{draw(NUMBERS)}"], 1)},
        }
        for n in range(draw(st.integers(0, 6)))
    ]
    return draw(st.permutations([*packages, *variables, *bundles]))


@given(files(), st.integers(1500, 4000))
def test_every_part_can_be_judged_alone_and_sent_in_order(entries, limit):
    try:
        parts = parts_of(entries, {}, limit)
    except TooLarge:
        return
    menu = {}
    for part in parts:
        assert size_of(part.whole) <= limit
        _, faults = judge_entries({}, part.whole)
        assert faults == []
        made, faults = judge_entries(menu, part.entries)
        assert faults == []
        menu |= made
    assert sorted(menu) == sorted(entry["name"] for entry in entries)
    assert sum(len(part.entries) for part in parts) == len(entries)


@given(files())
def test_what_fits_is_one_part(entries):
    (part,) = parts_of(entries, {})
    assert sorted(part.names) == sorted(entry["name"] for entry in entries)
    assert part.speaks_of == {}


def test_nothing_has_no_parts():
    assert parts_of([], {}) == []


def test_what_is_on_the_menu_need_not_be_sent_along():
    package = {"name": "p", "kind": "package", "title": "x" * 100}
    variable = {"name": "v", "kind": "variable", "type": "text", "packages": ["p"], "description": "x" * 100}
    first, second = parts_of([variable, package], {}, 250)
    assert (first.names, second.names) == (["p"], ["v"])
    assert second.speaks_of == {"p": {"name": "p", "kind": "package"}}
    first, second = parts_of([variable, package], {"p": package}, 250)
    assert second.speaks_of == {}


def test_a_bundle_stays_with_the_variables_that_it_gives_values_to_or_gave():
    variables = [{"name": f"v{n}", "kind": "variable", "type": "text", "description": "x" * 50} for n in range(4)]
    first = {"name": "b", "kind": "bundle", "contents": {"variables": {"v3": "a"}}}
    second = {"name": "c", "kind": "bundle", "contents": {"variables": {"v3": "a"}}}
    menu = {"b": {"name": "b", "kind": "bundle", "contents": {"packages": [], "variables": {"v0": "a"}}}}
    parts = parts_of([*variables, first, second], menu, 500)
    together = [set(part.names) for part in parts]
    assert any({"b", "c", "v0", "v3"} <= names for names in together)
    assert len(parts) == 2


def test_what_is_too_large_alone_is_told_with_its_size():
    with pytest.raises(TooLarge, match=r"^p$") as told:
        parts_of([{"name": "p", "kind": "package", "title": "x" * LIMIT}], {})
    assert told.value.size > LIMIT
    variables = [{"name": f"v{n}", "kind": "variable", "type": "text"} for n in range(9)]
    bundle = {"name": "b", "kind": "bundle", "contents": {"variables": {f"v{n}": "a" for n in range(9)}}}
    with pytest.raises(TooLarge, match=r"^(\w+, ){5}\.\.\.$"):
        parts_of([*variables, bundle], {}, 300)


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "a"},
        {"name": "a", "kind": "thing"},
        {"name": "a", "kind": ["package"]},
        {"name": "a", "kind": "variable", "packages": "p"},
        {"name": "a", "kind": "variable", "packages": [1, {}]},
        {"name": "a", "kind": "bundle", "contents": []},
        {"name": "a", "kind": "bundle", "contents": {"packages": {}, "variables": ["v"]}},
    ],
)
def test_what_is_written_wrong_is_sent_for_the_cloud_to_refuse(entry):
    (part,) = parts_of([entry], {})
    assert part.whole == [entry]
