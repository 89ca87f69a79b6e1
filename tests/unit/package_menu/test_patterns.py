"""Which patterns an entry may have: what leaves little open, however it is written."""

from __future__ import annotations

import pytest

from glance_related.package_menu.patterns import WAYS_MAX, trouble_with
from glance_related.package_menu.values import ITEMS_MAX

ENDLESS = ("*", "+", "{1,}", "{,}", "{0,}", "{0,255}", "*?", "*+")


@pytest.mark.parametrize(
    "pattern",
    [
        "", "a", "[a-z]+", "[a-z0-9-]{1,63}", r"\d{1,3}(\.\d{1,3}){3}", "([0-9a-f]{2}:){5}[0-9a-f]{2}", ".*",
        "a.*b.*c.*", r"https?://[^/]+(:[0-9]{1,5})?/.*", r"[^@]+@[^@]+\.[a-z]{2,}", "(?:yes|no)", "(?P<name>a)b",
        "(abc)*", "(a{3})+", "[(*+?)]*", "[]a-z]+", "[^]a-z]+", r"\(a\)*", r"[\]]*", "a{", "{", "a{x}", "a{1", "}",
        "{}", "a{}", "[{}]", "a{,}", r"\.", r"\\", r"\x41*", r"\N{DIGIT ONE}*", r"\012", "a|b|c", "(a|b)", "(a|b)?",
        "(a*)?", "(a*){1}", "(a*){0,1}", "(a|b){0}", "(a*){0}", "a{300,}", "(a){300,}", "(a*){2}", "(a?){3,5}",
        "(a|b){8}", "((a|b){2}){2}", "([0-9a-f]{0,4}:){2,7}", r"([a-z0-9-]+\.)*[a-z]+", r"([a-z]+=[^;]*;)*",
        "([^,]*,){3}",
    ],
)  # fmt: skip
def test_an_ordinary_pattern_can_be_used(pattern: str) -> None:
    assert trouble_with(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "[", "*", "a**", "a{2,1}", "a{2}{3}", "(?P<a>x)(?P<a>y)", "\\", "a{99999999999}", "(?P<1>a)",
        "(?<=a*)b", "(a)(?(2)b)", r"\N{NO SUCH NAME}", "a{" + "9" * 5000 + "}",
    ],
)  # fmt: skip
def test_what_is_no_regular_expression_is_told_as_such(pattern: str) -> None:
    assert (trouble_with(pattern) or "").startswith("it is no regular expression (")


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1", r"(a*)b\1", r"(a)\10", "(?P<a>x)(?P=a)", "(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", "(?i)a", "(?i:a)",
        "(?x) a", "(?>a*)", "(?#a)", "(a)?(?(1)b|c)", "(?-i:a)", "(?P<\u212e>a)",
    ],
)  # fmt: skip
def test_what_looks_around_or_back_or_means_something_else_is_not_used(pattern: str) -> None:
    assert trouble_with(pattern) is not None


@pytest.mark.parametrize(
    "inner", ["a*", "a+", "a?", "a{1,2}", "a{,2}", "a|b", "(a*)", "((a|b))", "(?:a?)b", "ab(?P<x>c+)d"]
)
@pytest.mark.parametrize("often", ["*", "+", "{2,}", "{0,25}", "{25}", "{,99}", "*?", "+?", "*+", "{,}"])
@pytest.mark.parametrize("group", ["({})", "(?:{})", "(?P<g>{})"])
def test_what_repeats_something_is_not_repeated_without_an_end(group: str, inner: str, often: str) -> None:
    pattern = group.replace("{}", inner) + often
    assert trouble_with(pattern) == "it repeats a group that repeats something, or has a choice"
    assert trouble_with(f"x{pattern}y") is not None
    assert trouble_with(f"({pattern})") is not None


@pytest.mark.parametrize(
    "pattern", ["(a*){3}", "(a|b){24}", "((a|b){5}){5}", "([0-9a-f]{0,4}){9}", "(" * 20 + "a?" + "){24}" * 20]
)
def test_nor_so_often_that_it_comes_to_the_same(pattern: str) -> None:
    assert "too much open" in (trouble_with(pattern) or "")


@pytest.mark.parametrize("endless", ENDLESS)
def test_three_repetitions_without_an_end_are_the_most(endless: str) -> None:
    assert trouble_with(f"a{endless}" * 3) is None
    assert "too much open" in (trouble_with(f"a{endless}" * 4) or "")
    assert "too much open" in (trouble_with(f"(a){endless}" * 4) or "")
    assert "too much open" in (trouble_with(f"((a)b{endless})" * 4) or "")


@pytest.mark.parametrize("choice", ["a?", "(a|b)", "(?:a|)", "(a)?", "a{0,1}"])
def test_so_many_choices_are_the_most(choice: str) -> None:
    assert trouble_with(choice * 24) is None
    assert "too much open" in (trouble_with(choice * 25) or "")


@pytest.mark.parametrize("hidden", ["x{256,}", "x{300,}", "x{256,400}", "(x){1000,}", "x{256,}?"])
def test_what_is_repeated_more_often_than_a_value_is_long_hides_nothing_else(hidden: str) -> None:
    much = "a*" * 7 + "b"
    for pattern in (f"{hidden}|{much}", f"(?:{hidden})?{much}", f"{much}|{hidden}", f"{hidden}|{hidden}|{much}"):
        assert "too much open" in (trouble_with(pattern) or ""), pattern


@pytest.mark.parametrize("empty", ["(?:)", "()", "(?:^)", r"(?:\b)", "(|)", "(?:$)"])
def test_nothing_that_is_repeated_ever_so_often_takes_time_too(empty: str) -> None:
    often = f"{empty}{{65535}}"
    assert trouble_with(f"(?:{often}){{65535}}") is not None
    assert trouble_with(f"(?:(?:{often}){{500}}){{500}}") is not None


def test_how_often_a_group_is_repeated_counts_where_something_else_is_open() -> None:
    assert trouble_with("a*(aa){100}b") is None
    assert "too much open" in (trouble_with("a*a*a*(aa){100}b") or "")
    assert "too much open" in (trouble_with("a*a*a*(?:a){100,}b") or "")
    assert trouble_with("a*a*a*a{100}b") is None, "one character so often is one step"


# -- lists


def test_what_each_item_of_a_list_is_compared_with_leaves_less_open() -> None:
    for pattern, in_list in (("a*", True), ("a*a*", True), ("a*a*a*", False), ("a?" * 16, True), ("a?" * 17, False)):
        assert trouble_with(pattern) is None
        trouble = trouble_with(pattern, ITEMS_MAX)
        assert (trouble is None) == in_list, pattern
        assert in_list or "each item" in (trouble or "")


@pytest.mark.parametrize(
    "pattern",
    [
        r"[^@]+@[^@]+\.[a-z]{2,}",
        "https?://[^/]+/.*",
        "[a-z]+=[^=]*=.*",
        r"[^,]*,[^,]*,[^,]*,[^,]*",
        r"\d+\.\d+\.\d+\.\d+",
        "[^,]*?,a*+b[a-z]{1,63}+=.*",
        r"\x61*b\x61*b\x61*b\x61*b",
        r"[^/]*+\/[^/]*+\/[^/]*+\/",
    ],
)
def test_where_a_repetition_ends_at_what_it_does_not_repeat_nothing_is_left_open(pattern: str) -> None:
    assert trouble_with(pattern, ITEMS_MAX) is None


@pytest.mark.parametrize(
    "part",
    ["[^,]*a", ".*,", "[^,]*,?", "[^,]*,*", "[^,]*(,)", "([^,]*),", "[^,]*,{0,1}", "[^,]*[,a]", "[^,]*|,", "[^,]*.",
     r"\d*٣", r"\x61*a", r"\u0061*a", r"\U00000061*a", r"\N{LATIN SMALL LETTER A}*a", r"\000*\000", "[^,]*{٣}*",
     "[^,]*^", "[^,]*$", r"[^,]*\b", r"[^,]*\Z", r"[^,]*\w", r"(?:[^,])*,", r"[^,]*,+?"],
)  # fmt: skip
def test_and_only_there(part: str) -> None:
    assert trouble_with(part * 4, ITEMS_MAX) is not None


@pytest.mark.parametrize("text", ["x{}*", "x{\u0663}*", "x{y}*", "x{ 2}*", "x{1,2,}*", "x{-1}*"])
def test_what_only_looks_like_a_repetition_is_text(text: str) -> None:
    assert trouble_with(text + "}*" * 2) is None
    assert "too much open" in (trouble_with(text + "}*" * 3) or "")


def test_what_is_open_is_no_more_than_is_said() -> None:
    assert WAYS_MAX == 256**3
    assert ITEMS_MAX == 256
