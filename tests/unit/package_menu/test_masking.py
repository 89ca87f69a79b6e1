"""What receivers say is told without the secrets that they were told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.package_menu.drivers.driver import Variable
from glance_related.package_menu.drivers.masking import masked, secrets_of


def test_stars_stand_for_a_secret() -> None:
    assert masked("expects an Integer, got 'hunter2!'", ["hunter2!"]) == "expects an Integer, got '***'"
    assert masked("hunter2!hunter2! twice hunter2!", ["hunter2!"]) == "*** twice ***"


def test_a_text_without_secrets_stays() -> None:
    assert masked("Could not find class web", []) == "Could not find class web"
    assert masked("Could not find class web", ["", "hunter2!"]) == "Could not find class web"
    assert masked("", ["hunter2!"]) == ""


@pytest.mark.parametrize("secret", ['it\'s a \\ "secret"', "two\nlines of it", "grün und geheim"])
def test_a_secret_that_is_quoted_escaped_or_cut_leaves_nothing_of_use(secret: str) -> None:
    for said in (secret, repr(secret), json.dumps(secret), secret.replace("'", "\\'"), secret[:10], secret[-8:]):
        shown = masked(f"got {said}.", [secret])
        assert not [at for at in range(len(secret) - 5) if secret[at : at + 6] in shown]


def test_a_short_secret_is_hidden_as_a_whole() -> None:
    assert masked("got 'abc'", ["abc"]) == "got '***'"
    assert masked("got 'ab'", ["abc"]) == "got 'ab'"


@given(st.text(min_size=1, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_secret_is_ever_in_what_is_told(secret: str, before: str, behind: str) -> None:
    shown = masked(before + secret + behind, [secret])
    assert secret not in shown.replace("***", "\x00") or set(secret) <= {"*", "\x00"}


def test_what_is_secret_is_known_by_its_variable() -> None:
    variables = [Variable("a", "a", "shown"), Variable("b", "b", "hidden", is_secret=True)]
    assert secrets_of(variables) == ["hidden"]
    assert "hidden" not in repr(variables)
