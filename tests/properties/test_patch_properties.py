"""Whatever Glance reads as a change of ours, we read as one: checked against Glance's own code."""

from __future__ import annotations

from typing import Any

import webob.exc
from glance.api.v2.images import RequestDeserializer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glance_related.hosts.glance.patch import split

NAMES = ("nova_installation_uuid", "instance_id")

glance = RequestDeserializer()

tokens = st.sampled_from([*NAMES, "x", "", " ", "~0", "~1", "~", "instance~0id", " instance_id", "instance_id\t", "é"])
pointers = st.one_of(
    st.lists(tokens, max_size=4).map("/".join),
    st.lists(tokens, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    st.text(max_size=12),
)
values = st.one_of(st.none(), st.text(max_size=3), st.integers())
changes_d10 = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "replace", "remove", "test", "move", ""]),
        "path": pointers,
        "value": values,
    },
)
changes_d4 = st.fixed_dictionaries(
    {}, optional={"add": pointers, "replace": pointers, "remove": pointers, "value": values}
)


def glances_name(change: dict[str, Any], draft: int) -> str | None:
    """The property that Glance takes a change to be of; None where it refuses the change."""
    try:
        _, path = glance._parse_json_schema_change(change, draft)
    except webob.exc.HTTPException:
        return None
    return path[0] if len(path) == 1 else None


def ours_of(change: dict[str, Any], draft: int) -> bool:
    """Whether we keep a change from Glance (a refusal of ours keeps it too)."""
    try:
        ours, _ = split([change], draft, NAMES)
    except Exception:
        return True
    return bool(ours)


@settings(max_examples=500)
@given(changes_d10)
@example({"op": "add", "path": "//instance_id", "value": "x"})
@example({"op": "remove", "path": "/ instance_id "})
def test_no_v2_1_change_of_ours_reaches_glance(change: dict[str, Any]) -> None:
    if glances_name(change, 10) in NAMES:
        assert ours_of(change, 10)


@settings(max_examples=500)
@given(changes_d4)
@example({"add": "//instance_id", "value": "x"})
def test_no_v2_0_change_of_ours_reaches_glance(change: dict[str, Any]) -> None:
    if glances_name(change, 4) in NAMES:
        assert ours_of(change, 4)


@settings(max_examples=300)
@given(st.one_of(changes_d10, changes_d4), st.sampled_from([4, 10]))
def test_a_change_that_is_not_ours_is_passed_on_as_it_came(change: dict[str, Any], draft: int) -> None:
    name = glances_name(change, draft)
    if name is not None and name not in NAMES:
        assert split([change], draft, NAMES) == ([], [change])
