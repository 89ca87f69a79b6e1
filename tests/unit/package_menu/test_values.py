"""What each type of variable takes, and what an entry asks of a value besides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from glance_related.package_menu.entry import (
    BOOLEAN,
    CHOICE,
    INTEGER,
    LIST,
    NUMBER,
    SECRET,
    STRING,
    TEXT,
    TYPES,
    Entry,
    Sealed,
)
from glance_related.package_menu.values import ITEMS_MAX, LINE_MAX, MATCHED_MAX, TEXT_MAX, Told, Unfit, fitting
from tests.unit.package_menu.menus import variable

INTEGER_MAX = 2**63 - 1
CHOICES = ("a", "b")


def of_type(type: str) -> Entry:
    return variable("x", type, choices=CHOICES if type == CHOICE else ())


def refusal(entry: Entry, value: Any) -> str:
    with pytest.raises(Unfit) as raised:
        fitting(entry, value)
    return str(raised.value)


# -- types

FITTING: dict[str, Sequence[Any]] = {
    STRING: ["", "a", " a ", "é", "=", "'", "null", "yes", "0x10", "\ufeffa", "\U0001f600", "a" * LINE_MAX],
    TEXT: ["", "a\nb", "a\tb", "\n", "a\u2028b", "a" * TEXT_MAX],
    INTEGER: [0, -1, INTEGER_MAX, -INTEGER_MAX],
    NUMBER: [0, 0.0, -0.5, 1e-300, INTEGER_MAX, -INTEGER_MAX, 9e18],
    BOOLEAN: [True, False],
    LIST: [[], [""], ["a", "a"], ["a" * LINE_MAX] * 2, ["a"] * ITEMS_MAX],
    CHOICE: list(CHOICES),
    SECRET: ["a", "a\nb", "-----BEGIN\nx\n-----END\n", "a" * TEXT_MAX],
}
CONTROL = ["\0", "\x1b", "\x7f", "\x85", "\x9f", "\r", "\ud800", "\udfff", "\v", "\f", "a\r\nb"]
STRANGE: Sequence[Any] = [
    {}, {"sealed": "gAAA"}, [[]], [None], [1], ["a", True], [{}], [["a"]], math.nan, math.inf, -math.inf, 2**63,
    10**400,
    -(2**63), 1e19, Sealed("gAAA"), b"a", ("a",), None,
]  # fmt: skip
UNFIT: dict[str, Sequence[Any]] = {
    STRING: [*STRANGE, *CONTROL, 1, True, [], "\n", "\t", "a\u2028", "\u2029", "a" * (LINE_MAX + 1)],
    TEXT: [*STRANGE, *CONTROL, 1, True, [], "a" * (TEXT_MAX + 1)],
    INTEGER: [*STRANGE, "1", "", 1.0, True, False, []],
    NUMBER: [*STRANGE, "1", "1.5", "", True, False, []],
    BOOLEAN: [*STRANGE, 0, 1, 0.0, "true", "false", "yes", "", []],
    LIST: [*STRANGE, "a", "", 1, True, ["\n"], ["\0"], ["a" * (LINE_MAX + 1)], ["a"] * (ITEMS_MAX + 1)],
    CHOICE: [*STRANGE, "", "c", "A", "a ", "a\n", 1, True, [], ["a"]],
    SECRET: [one for one in STRANGE if not isinstance(one, Sealed)] + [*CONTROL, "", 1, True, "a" * (TEXT_MAX + 1)],
}


def test_every_type_is_tried() -> None:
    assert set(FITTING) == set(UNFIT) == set(TYPES)


@pytest.mark.parametrize("type", TYPES)
def test_a_value_of_the_type_fits_as_it_is(type: str) -> None:
    for value in FITTING[type]:
        fit = fitting(of_type(type), value)
        assert fit == value
        assert fit.__class__ is (Told if type == SECRET else value.__class__)


@pytest.mark.parametrize("type", TYPES)
def test_anything_else_does_not_fit_and_is_not_repeated(type: str) -> None:
    for value in UNFIT[type]:
        text = refusal(of_type(type), value)
        assert text.isprintable()
        assert len(text) < 200
        assert "gAAA" not in text


@pytest.mark.parametrize("type", [one for one in TYPES if one != SECRET])
def test_an_encrypted_value_fits_only_what_is_secret(type: str) -> None:
    assert fitting(variable("x", SECRET), Sealed("gAAA")) == Sealed("gAAA")
    refusal(of_type(type), Sealed("gAAA"))


def test_a_list_that_fits_is_no_longer_the_sender_s() -> None:
    sent = ["a"]
    fit = fitting(of_type(LIST), sent)
    sent.append("b")
    assert fit == ["a"]


@pytest.mark.parametrize("type", [None, "duration"])
def test_a_type_that_only_a_newer_release_knows_takes_nothing(type: str | None) -> None:
    assert refusal(variable("x", type), "a") == "its type is not known here"


# -- one of some


@pytest.mark.parametrize(
    ("entry", "fit", "unfit"),
    [
        (variable("x", STRING, choices=("a", "")), ["a", ""], ["b", "A", "a "]),
        (variable("x", INTEGER, choices=(0, 1)), [0, 1], [2, False, True, "1", 1.0]),
        (variable("x", NUMBER, choices=(1, 2.5)), [1, 1.0, 2.5], [True, 2, "1"]),
        (variable("x", LIST, choices=("a", "b")), [[], ["a"], ["b", "a", "a"]], [["c"], ["a", "c"], "a"]),
    ],
)
def test_where_there_is_something_to_choose_from_it_must_be_that(
    entry: Entry, fit: Sequence[Any], unfit: Sequence[Any]
) -> None:
    assert [fitting(entry, value) for value in fit] == fit
    for value in unfit:
        refusal(entry, value)


def test_what_there_is_to_choose_from_is_told() -> None:
    assert refusal(variable("x", CHOICE, choices=("a", "b")), "c") == "it must be one of a, b"
    assert refusal(variable("x", INTEGER, choices=(1, 2)), 3) == "it must be one of 1, 2"


def test_of_many_and_of_long_ones_the_beginning_is_told() -> None:
    many = tuple(f"c{number}" for number in range(1000))
    assert refusal(variable("x", CHOICE, choices=many), "c").endswith("c18, c19, ...")
    long = tuple("a" * LINE_MAX for _ in range(20))
    assert len(refusal(variable("x", CHOICE, choices=long), "c")) < 20 * 110


# -- bounds


@pytest.mark.parametrize(
    ("type", "least", "most", "fit", "unfit"),
    [
        (INTEGER, 1, 3, [1, 3], [0, 4]),
        (INTEGER, 0, 0, [0], [-1, 1]),
        (INTEGER, 0.5, 1.5, [1], [0, 2]),
        (NUMBER, -0.5, 0.5, [-0.5, 0, 0.5], [-0.51, 0.51, 1]),
        (STRING, 1, 2, ["a", "éé"], ["", "aaa"]),
        (TEXT, 1, 2, ["\n", "ab"], ["", "a\nb"]),
        (SECRET, 2, 3, ["ab", "abc"], ["a", "abcd"]),
        (LIST, 1, 2, [["a"], ["aaaaa", "b"]], [[], ["a", "b", "c"]]),
    ],
)
def test_a_value_or_its_length_keeps_within_bounds(
    type: str, least: float, most: float, fit: Sequence[Any], unfit: Sequence[Any]
) -> None:
    both = variable("x", type, minimum=least, maximum=most)
    assert [fitting(both, value) for value in fit] == fit
    for value in unfit:
        refusal(both, value)
    assert [fitting(variable("x", type, minimum=least), value) for value in fit] == fit
    assert [fitting(variable("x", type, maximum=most), value) for value in fit] == fit
    assert refusal(variable("x", type, minimum=least), unfit[0]).endswith(f"must be at least {least}")
    assert refusal(variable("x", type, maximum=most), unfit[-1]).endswith(f"must be at most {most}")


def test_a_bound_may_be_zero() -> None:
    assert fitting(variable("x", STRING, maximum=0), "") == ""
    assert refusal(variable("x", STRING, maximum=0), "a") == "its length must be at most 0"
    assert refusal(variable("x", INTEGER, minimum=0), -1) == "it must be at least 0"


@pytest.mark.parametrize("bound", [1234567, 2**63 - 1, 10**400, 0.1, 1e300])
def test_a_bound_is_told_as_it_is_however_large(bound: float) -> None:
    assert refusal(variable("x", INTEGER, minimum=bound), 0) == f"it must be at least {bound}"
    assert refusal(variable("x", INTEGER, maximum=-bound), 0) == f"it must be at most {-bound}"


def test_of_what_the_bounds_are_is_told() -> None:
    assert refusal(variable("x", TEXT, maximum=1), "ab") == "its length must be at most 1"
    assert refusal(variable("x", LIST, maximum=1), ["a", "b"]) == "the number of its items must be at most 1"


# -- patterns


@pytest.mark.parametrize(
    ("type", "fit", "unfit"),
    [
        (STRING, ["ab", "a"], ["", "abc", "ba", "ab "]),
        (TEXT, ["ab"], ["ab\n", "ab\nab", "\nab"]),
        (SECRET, ["ab"], ["abc", "ab\n"]),
        (LIST, [[], ["a", "ab"]], [["a", "c"], [""]]),
    ],
)
def test_all_of_a_text_and_each_item_matches_the_pattern(type: str, fit: Sequence[Any], unfit: Sequence[Any]) -> None:
    for pattern in ("ab?", "^ab?$", "(?:a|ab)"):
        entry = variable("x", type, pattern=pattern)
        assert [fitting(entry, value) for value in fit] == fit
        for value in unfit:
            assert "not match" in refusal(entry, value)


def test_the_pattern_is_told_and_what_was_compared_with_it_is_not() -> None:
    assert refusal(variable("x", SECRET, pattern="a*"), "hunter2") == "it does not match a*"


def test_what_is_too_long_to_be_compared_does_not_fit() -> None:
    entry, of_lists = variable("x", TEXT, pattern="a*"), variable("x", LIST, pattern="a*")
    assert fitting(entry, "a" * MATCHED_MAX)
    assert "longer than 255" in refusal(entry, "a" * (MATCHED_MAX + 1))
    assert fitting(of_lists, ["a" * MATCHED_MAX] * 2)
    assert "longer than 255" in refusal(of_lists, ["a", "a" * (MATCHED_MAX + 1)])
