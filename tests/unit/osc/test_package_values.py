"""Values of the package menu: read by their types from a command line and a file, and shown."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from osc_lib.exceptions import CommandError

from glance_related.osc.package_menu.documents import Written
from glance_related.osc.package_menu.values import TYPES, Inputs, flat, number, of_file, of_text, shown
from glance_related.package_menu import entry
from glance_related.package_menu.values import Unfit, fitting


def same(found, value):
    return found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("integer", "8080", 8080),
        ("integer", "-5", -5),
        ("integer", "1.0", "1.0"),
        ("integer", "many", "many"),
        ("integer", "²", "²"),
        ("number", "1.50", 1.5),
        ("number", "2", 2),
        ("number", ".5", 0.5),
        ("number", "1e3", 1000.0),
        ("number", "nan", "nan"),
        ("number", "1e999", "1e999"),
        ("boolean", "true", True),
        ("boolean", "No", False),
        ("boolean", "1", True),
        ("boolean", "maybe", "maybe"),
        ("list", "a, b", ["a", "b"]),
        ("list", "a", ["a"]),
        ("list", "", []),
        ("list", '["a, b", "c"]', ["a, b", "c"]),
        ("list", "[80, 1.10, NaN]", ["80", "1.10", "NaN"]),
        ("list", "[", "["),
        ("list", "[" * 9999, "[" * 9999),
        ("string", "1.10", "1.10"),
        ("string", "", ""),
        ("choice", "true", "true"),
        ("text", "[a]", "[a]"),
        ("secret", "1", "1"),
        (None, "1", "1"),
    ],
)
def test_a_word_of_a_command_line_is_a_value_or_stays_for_the_cloud_to_refuse(type_, text, value):
    assert same(of_text(type_, text), value)


@given(st.sampled_from(TYPES), st.text())
def test_no_word_is_too_strange_to_be_sent(type_, text):
    value = of_text(type_, text)
    assert value == value
    assert not isinstance(value, float) or math.isfinite(value)


@given(st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(-1e18, 1e18))
def test_a_number_that_is_printed_is_read(value):
    variable = entry.Entry("v", "variable", type="number")
    assert fitting(variable, of_text("number", str(value))) == pytest.approx(value)


def test_the_types_are_those_of_the_menu():
    assert TYPES == entry.TYPES


@pytest.mark.parametrize(
    ("type_", "value", "read"),
    [
        ("string", Written("1.10", 1.1), "1.10"),
        ("choice", Written("yes", True), "yes"),
        ("secret", True, "true"),
        ("text", None, None),
        ("list", [Written("1.0", 1.0), "a", Written("no", False)], ["1.0", "a", "no"]),
        ("list", Written("1", 1), 1),
        ("integer", Written("0x1F", 31), 31),
        ("boolean", Written("yes", True), True),
        ("number", Written("1.10", 1.1), 1.1),
        ("string", ["a"], ["a"]),
        (None, Written("1.10", 1.1), 1.1),
    ],
)
def test_what_stands_in_a_file_is_a_text_where_its_type_is_one(type_, value, read):
    assert same(of_file(type_, value), read)


# -- from elsewhere


def test_a_value_is_read_once_however_often_it_is_asked_for(tmp_path):
    path = tmp_path / "word"
    path.write_text("first\n")
    inputs = Inputs(io.StringIO("piped"))
    assert inputs.value("a", "secret", f"@{path}") == "first"
    path.write_text("second\n")
    assert inputs.value("a", "secret", f"@{path}") == "first"
    assert [inputs.value("b", "text", "-") for _ in range(2)] == ["piped", "piped"]
    with pytest.raises(CommandError, match="c: standard input has been read for another value already"):
        inputs.value("c", "secret", "-")


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("secret", "one\n", "one"),
        ("secret", "one\r\n", "one"),
        ("secret", "one", "one"),
        ("secret", "one\ntwo\n", "one\ntwo\n"),
        ("secret", "one\ntwo", "one\ntwo"),
        ("text", "one\n", "one\n"),
    ],
)
def test_a_line_end_behind_a_secret_is_no_part_of_it(tmp_path, type_, text, value):
    (tmp_path / "word").write_bytes(text.encode())
    assert Inputs(io.StringIO()).value("a", type_, f"@{tmp_path}/word") == value.replace("\r\n", "\n")
    assert Inputs(io.StringIO(text)).value("a", type_, "-") == value


@pytest.mark.parametrize("type_", ["string", "integer", "list", "choice", None])
def test_only_texts_and_secrets_are_read_from_elsewhere(type_):
    assert Inputs(io.StringIO("piped")).value("a", type_, "@none") in ("@none", ["@none"])


# -- shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (8080, "8080"),
        (8080.0, "8080"),
        (1234567.0, "1234567"),
        (1.1, "1.1"),
        ("a\nb", "a\nb"),
        (["a", "b"], "a, b"),
        ([], ""),
        ({"a": True, "b": None, "c": ["d"]}, "a=true, b=, c=d"),
    ],
)
def test_a_value_is_shown_as_one_reads_it(value, text):
    assert shown(value) == text


def test_what_an_entry_says_is_shown_as_options_have_it():
    words = {"name": "a", "realisations": {"guest": {"*": None, "debian": "b"}}, "contents": {"packages": ["p"]}}
    assert flat(words) == {
        "name": "a",
        "realisations": {"guest:*": None, "guest:debian": "b"},
        "bundle_packages": ["p"],
        "bundle_values": {},
    }
    assert flat({"realisations": None, "contents": None}) == {"realisations": {}}


@pytest.mark.parametrize("text", ["", "few", "1,5", "0x10", "1_0", "inf", "nan", "1e999", "٣"])
def test_what_is_no_number_is_none(text):
    with pytest.raises(ValueError, match=r"is no number$"):
        number(text)


def test_what_does_not_fit_is_refused_by_the_menu_itself():
    with pytest.raises(Unfit, match="whole number"):
        fitting(entry.Entry("v", "variable", type="integer"), of_text("integer", "many"))
