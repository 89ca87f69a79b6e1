"""What is kept of a change: short, however much was changed, and saying where it is not all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.package_menu.changes import _Room

LINES = st.text(max_size=40)


@given(st.text() | st.lists(LINES), st.integers(0, 300))
def test_what_is_cut_is_the_beginning_of_what_it_was(value: Any, most: int) -> None:
    kept = _Room(most).cut(value)
    if len(json.dumps(value)) <= most:
        assert kept == value
    elif isinstance(value, str):
        assert kept.endswith("...")
        assert value.startswith(kept[:-3])
        assert len(json.dumps(kept)) <= most + 5
    elif value:
        assert kept[-1].endswith("...")
        assert kept[:-1] == value[: len(kept) - 1]
        assert value[len(kept) - 1].startswith(kept[-1][:-3])
        assert len(json.dumps(kept)) <= most + 11


@pytest.mark.parametrize(
    ("value", "most", "kept"),
    [
        ("x" * 2000, 20_000, "x" * 998 + "..."),
        ("ä" * 2000, 1000, "ä" * 166 + "..."),
        (["a", "b"], 100, ["a", "b"]),
        (["a" * 100, "b" * 100, "c"], 150, ["a" * 100, "b" * 42 + "..."]),
        (["a" * 100], 0, ["..."]),
        (12345, 3, "..."),
    ],
)
def test_a_long_value_is_cut_and_says_so(value: Any, most: int, kept: Any) -> None:
    assert _Room(most).cut(value) == kept
