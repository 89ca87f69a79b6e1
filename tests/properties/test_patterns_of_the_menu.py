"""Whatever pattern an entry may have, no customer's value keeps a worker busy with it."""

from __future__ import annotations

import contextlib
import json
import re
import select
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from glance_related.package_menu.patterns import trouble_with
from glance_related.package_menu.values import ITEMS_MAX, MATCHED_MAX

#: Longer no value may take, in seconds; on a machine that does nothing else the worst that is known takes five.
PATIENCE = 100
PROGRAM = """
import json, re, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    pattern, values, times = json.loads(line)
    compiled = re.compile(pattern)
    print(json.dumps([[compiled.fullmatch(value) is not None for _ in range(times)][0] for value in values]),
    flush=True)
"""


class Matching:
    """A process of its own, which can be ended while it matches."""

    def __init__(self) -> None:
        self._process = self._begun()

    @staticmethod
    def _begun() -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", PROGRAM]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ends(self, pattern: str, values: list[str], times: int = 1, patience: float = PATIENCE) -> bool:
        """Whether it is known in time which values match."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([pattern, values, times]) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], patience)
        if ready:
            assert len(json.loads(self._process.stdout.readline())) == len(values)
        else:  # it would not be ready for the next one either
            self.close()
            self._process = self._begun()
        return bool(ready)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def matching() -> Iterator[Matching]:
    with contextlib.closing(Matching()) as made:
        yield made


#: So long that they are just compared, and such that what is tried in vain is tried in every way.
VALUES = [
    text[:MATCHED_MAX]
    for text in ("a" * 255, "a" * 254 + "b", "a," * 128, "ab" * 128, "a" * 127 + "," + "a" * 127, "1" * 255)
]

atoms = st.sampled_from(
    ["a", "a", ".", "[^,]", r"\w", "[ab]", "b", ",", "aa", "", "^", r"\b", r"\x61", r"\,", "[]a]", "[^b]", "{", "}"]
)
often = st.sampled_from(
    ["*", "+", "?", "*?", "*+", "{2}", "{2,}", "{,5}", "{0,20}", "{24}", "{100}", "{300,}", "{65535}", "{}", "{,}"]
)
groups = st.sampled_from(["({})", "(?:{})", "(?P<g>{})"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    alternatives = st.lists(inner, min_size=1, max_size=3).map("|".join)
    grouped = st.tuples(groups, alternatives).map(lambda parts: parts[0].replace("{}", parts[1]))
    return st.one_of(st.lists(inner, max_size=4).map("".join), grouped, st.tuples(grouped, often).map("".join))


repeated = st.one_of(atoms, st.tuples(atoms, often).map("".join))
patterns = st.tuples(st.recursive(repeated, grown, max_leaves=12), st.sampled_from(["", "z", ",", "[^a,]"])).map(
    "".join
)
texts = st.text(st.sampled_from("ab.,[]^()|*+?{}12\\dw$-:<>=!P\n"), max_size=12)


def is_sound(pattern: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a later Python may read otherwise
        try:
            re.compile(pattern)
        except (re.error, OverflowError):
            return False
    return True


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(texts | patterns)
@example("(")
@example("[")
@example("a{99999999999}")
@example("\\")
def test_any_text_is_judged_and_what_is_no_pattern_is_told_as_such(pattern: str) -> None:
    trouble = trouble_with(pattern)
    assert (trouble or "").startswith("it is no regular expression") == (not is_sound(pattern))
    # each item of a list may leave less open, never more
    assert trouble is None or trouble_with(pattern, ITEMS_MAX) is not None


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(patterns, st.lists(st.text(st.sampled_from("ab,1\n"), max_size=MATCHED_MAX), max_size=2))
@example("(?:a|aa){8}[^,]*a*?z", [])
@example("a*a*a*(?:aa)b", [])
def test_no_value_keeps_a_worker_busy(matching: Matching, pattern: str, values: list[str]) -> None:
    assume(len(pattern) <= 255 and is_sound(pattern))
    is_taken = trouble_with(pattern) is None
    event("taken" if is_taken else "refused")
    if is_taken:
        assert matching.ends(pattern, [*VALUES, *values]), pattern


#: The worst that is known, each at the bound of what is taken.
WORST = [
    "(?:a|a)" * 24 + "(a)" * 28 + "b",
    "(?:a|a)" * 24 + "a*z",
    "(|)" * 24 + "(a)" * 60 + "b",
    "a??" * 24 + "(a)" * 60 + "b",
    "a*a*a*" + "(a)" * 80 + "b",
    "a*a*(|)(|)(|)(|)(|)(|)(|)(|)" + "(a)" * 60 + "b",
    "(?:[ab]|aa){12}[^,]*a*?z",
    "(a{10,12}){6}" + "a*" * 2 + "z",
    "(?:){65535}" + "a*" + "(a)" * 60 + "b",
]
WORST_OF_LISTS = [
    "(?:a|a)" * 16 + "(a)" * 44 + "b",
    "a?" * 16 + "a*z",
    "a*a*" + "(a)" * 80 + "b",
    "(?:){255}a*" + "(a)" * 60 + "b",
]


@pytest.mark.real  # it takes seconds
@pytest.mark.parametrize("pattern", WORST)
def test_nor_does_the_worst_that_is_known(matching: Matching, pattern: str) -> None:
    assert trouble_with(pattern) is None
    assert matching.ends(pattern, ["a" * MATCHED_MAX]), pattern


@pytest.mark.real  # it takes seconds
@pytest.mark.parametrize("pattern", WORST_OF_LISTS)
def test_nor_a_whole_list(matching: Matching, pattern: str) -> None:
    assert trouble_with(pattern, ITEMS_MAX) is None
    assert matching.ends(pattern, ["a" * MATCHED_MAX], ITEMS_MAX), pattern


@pytest.mark.real  # it waits for seconds
@pytest.mark.parametrize("pattern", ["(?:(?:){65535}){65535}", "(a*)*b", "x{256,}|" + "a*" * 7 + "b"])
def test_what_is_refused_would(matching: Matching, pattern: str) -> None:
    assert trouble_with(pattern) is not None
    assert not matching.ends(pattern, ["a" * MATCHED_MAX], patience=2)
