"""What ``glance-related-enc`` prints is the same to YAML as it is to JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from glance_related.cmd.enc.text import age, as_yaml
from glance_related.testing.package_values import VALUES


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_the_same_to_yaml(kind: str) -> None:
    for value in VALUES[kind]:
        read = yaml.safe_load(as_yaml({"parameters": {"odd": value}}))["parameters"]["odd"]
        assert read == value
        assert type(read) is type(value)


def test_yaml_would_read_json_otherwise() -> None:
    assert yaml.safe_load(json.dumps(1e-07)) == "1e-07"
    assert yaml.safe_load(json.dumps("🐢")) != "🐢"


LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=map(chr, [*range(32), *range(127, 160)])))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63) + 1, 2**63 - 1)
VALUE = LINES | NUMBERS | st.booleans() | st.lists(LINES)


@given(st.dictionaries(LINES, VALUE))
def test_any_document_is_the_same_to_yaml(document: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(document)) == document


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "a moment"), (0.5, "a moment"), (1, "1 second"), (119, "1 minute"), (7200, "2 hours"), (200000, "2 days")],
)
def test_an_age_is_said_in_words(seconds: float, said: str) -> None:
    assert age(seconds) == said
