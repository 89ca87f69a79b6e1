"""Both PATCH media types, read as Glance reads them."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.hosts.glance.patch import Change, apply, draft_of, split
from glance_related.problem import Problem

NAMES = ("nova_installation_uuid", "instance_id")


def test_the_media_types_are_glances() -> None:
    assert draft_of("application/openstack-images-v2.1-json-patch") == 10
    assert draft_of("application/openstack-images-v2.0-json-patch; charset=utf-8") == 4
    assert draft_of("application/json") is None
    assert draft_of("") is None


def test_our_changes_are_taken_out_and_the_others_keep_their_order() -> None:
    first = {"op": "add", "path": "/first", "value": "1"}
    last = {"op": "remove", "path": "/last"}
    ours = {"op": "replace", "path": "/instance_id", "value": "i-1"}
    assert split([first, ours, last], 10, NAMES) == ([Change("replace", "instance_id", "i-1", True)], [first, last])


def test_v2_0_changes_name_the_operation_by_their_key() -> None:
    changes = [
        {"add": "/instance_id", "value": "i-1"},
        {"remove": "/nova_installation_uuid"},
        {"replace": "/x", "value": ""},
    ]
    ours, rest = split(changes, 4, NAMES)
    assert ours == [Change("add", "instance_id", "i-1", False), Change("remove", "nova_installation_uuid", None, False)]
    assert rest == [changes[2]]


@pytest.mark.parametrize(
    "pointer", ["/instance_id", "//instance_id", "/instance_id ", "/ instance_id", "/\tinstance_id\n"]
)
def test_every_pointer_that_glance_reads_as_ours_is_ours(pointer: str) -> None:
    ours, _ = split([{"op": "remove", "path": pointer}], 10, NAMES)
    assert [change.name for change in ours] == ["instance_id"]


@pytest.mark.parametrize(
    "pointer", ["/instance_ids", "/instance~0id", "/instance_id~1x", "instance_id", "/INSTANCE_ID", "/"]
)
def test_other_pointers_are_not_ours(pointer: str) -> None:
    change = {"op": "remove", "path": pointer}
    assert split([change], 10, NAMES) == ([], [change])


def test_escapes_are_decoded_as_glance_decodes_them() -> None:
    ours, _ = split([{"op": "remove", "path": "/a~1b"}], 10, ("a/b",))
    assert ours[0].name == "a/b"
    ours, _ = split([{"op": "remove", "path": "/a~0b"}], 10, ("a~b",))
    assert ours[0].name == "a~b"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("text", id="no object"),
        pytest.param({}, id="nothing"),
        pytest.param({"op": "add"}, id="no path"),
        pytest.param({"op": "add", "path": 5, "value": "x"}, id="a number for a path"),
        pytest.param({"add": "/instance_id", "remove": "/instance_id"}, id="v2.0 syntax under v2.1"),
    ],
)
def test_what_glance_cannot_read_goes_to_glance_as_it_came(change: Any) -> None:
    assert split([change], 10, NAMES) == ([], [change])


def test_a_v2_0_change_with_two_operations_goes_to_glance_which_refuses_it() -> None:
    change = {"add": "/instance_id", "remove": "/x", "value": "i"}
    assert split([change], 4, NAMES) == ([], [change])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"op": "test", "path": "/instance_id", "value": "x"}, "image_patch.bad_operation"),
        ({"op": "move", "path": "/instance_id", "from": "/x"}, "image_patch.bad_operation"),
        ({"path": "/instance_id"}, "image_patch.bad_operation"),
        ({"op": ["add"], "path": "/instance_id"}, "image_patch.bad_operation"),
        ({"op": "add", "path": "/instance_id/0", "value": "x"}, "image_patch.bad_pointer"),
        ({"op": "add", "path": "/instance_id"}, "image_patch.no_value"),
        ({"op": "add", "path": "/instance_id", "value": None}, "image_patch.bad_value"),
        ({"op": "replace", "path": "/instance_id", "value": 7}, "image_patch.bad_value"),
        ({"op": "replace", "path": "/instance_id", "value": ["x"]}, "image_patch.bad_value"),
    ],
)
def test_a_change_of_ours_that_glance_would_refuse_is_400(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as caught:
        split([change], 10, NAMES)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_changes_are_applied_in_their_order() -> None:
    changes = [Change("add", "a", "1", True), Change("replace", "a", "2", True), Change("remove", "b", None, True)]
    assert apply(changes, {"b": "x"}) == {"a": "2"}


def test_v2_1_add_overwrites_and_v2_0_add_conflicts() -> None:
    assert apply([Change("add", "a", "2", True)], {"a": "1"}) == {"a": "2"}
    with pytest.raises(Problem) as caught:
        apply([Change("add", "a", "2", False)], {"a": "1"})
    assert (caught.value.status, caught.value.code) == (409, "image_patch.exists")


@pytest.mark.parametrize("operation", ["replace", "remove"])
def test_what_is_not_there_can_neither_be_replaced_nor_removed(operation: str) -> None:
    with pytest.raises(Problem) as caught:
        apply([Change(operation, "a", None if operation == "remove" else "x", True)], {})
    assert (caught.value.status, caught.value.code) == (409, "image_patch.missing")


def test_applying_leaves_what_was_there_alone() -> None:
    before = {"a": "1"}
    apply([Change("remove", "a", None, True)], before)
    assert before == {"a": "1"}
