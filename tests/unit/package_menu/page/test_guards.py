"""What the door asks before any view: from where, whose form, how often; and what it gives browsers."""

from __future__ import annotations

import base64

import pytest

from glance_related.package_menu.page.rendering import Rendering
from glance_related.package_menu.page.sessions import Session, form_token, fresh, is_form_token, is_fresh
from glance_related.package_menu.page.visit import is_from_here, root_of


def test_a_forms_proof_is_another_text_each_time_and_one_sessions_alone() -> None:
    mine, other = fresh(), fresh()
    tokens = {form_token(mine) for _ in range(20)}
    assert len(tokens) == 20
    assert all(is_form_token(mine, token) for token in tokens)
    assert not any(is_form_token(other, token) for token in tokens)
    assert len({token[:8] for token in tokens}) == len({token[-8:] for token in tokens}) == 20, "no part stays"


def test_what_is_no_proof_is_none() -> None:
    secret = fresh()
    token = form_token(secret)
    raw = base64.urlsafe_b64decode(token)
    flipped = base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    for wrong in ("", "=", token + "=", token + "AAAA", token[:-1], f" {token}", token.swapcase(), flipped, "ü" * 88):
        assert not is_form_token(secret, wrong), wrong


def test_a_cookie_has_256_bits_and_looks_like_one() -> None:
    values = {fresh() for _ in range(100)}
    assert len(values) == 100
    assert all(len(base64.urlsafe_b64decode(value + "=")) == 32 for value in values)
    assert all(is_fresh(value) for value in values)
    assert not any(is_fresh(value) for value in (None, "", "A" * 42, "A" * 44, "A" * 42 + "\n", "A" * 42 + "."))


def test_a_session_does_not_tell_its_token_by_itself() -> None:
    session = Session("the-token", "u", "name", "p", "project", "the-secret")
    assert "the-token" not in repr(session)
    assert "the-secret" not in repr(session)


# -- from where


@pytest.mark.parametrize(
    ("headers", "is_here"),
    [
        ({}, False),
        ({"ORIGIN": "https://cloud"}, True),
        ({"ORIGIN": "https://CLOUD"}, True),
        ({"ORIGIN": "http://cloud"}, True),
        ({"ORIGIN": "https://cloud:443"}, False),
        ({"ORIGIN": "https://other", "REFERER": "https://cloud/x"}, False),
        ({"REFERER": "https://cloud/x"}, True),
        ({"ORIGIN": "null"}, False),
        ({"ORIGIN": "cloud"}, False),
        ({"ORIGIN": "https://cloud", "SEC_FETCH_SITE": "cross-site"}, False),
        ({"ORIGIN": "null", "SEC_FETCH_SITE": "same-origin"}, True),
        ({"SEC_FETCH_SITE": ""}, False),
    ],
)
def test_a_form_is_from_here_where_a_browser_says_so(headers: dict[str, str], is_here: bool) -> None:
    environ = {"HTTP_HOST": "cloud", **{f"HTTP_{name}": value for name, value in headers.items()}}
    assert is_from_here(environ) is is_here


def test_a_request_without_a_host_is_from_nowhere() -> None:
    assert not is_from_here({"HTTP_ORIGIN": "https://"})


def test_where_the_door_stands_is_spelt_for_browsers() -> None:
    assert root_of({"SCRIPT_NAME": "/compute/package-menu-ui/"}) == "/compute/package-menu-ui"
    assert root_of({"SCRIPT_NAME": '/a"; x=<y>'}) == "/a%22%3B%20x%3D%3Cy%3E"
    assert root_of({}) == ""


# -- files


def test_a_file_is_kept_by_browsers_for_ever_under_a_name_that_changes_with_it() -> None:
    rendering = Rendering()
    for name, file in rendering._static.items():
        plain = rendering.static({}, name)
        packed = rendering.static({"HTTP_ACCEPT_ENCODING": "gzip"}, name)
        assert plain is not None
        assert packed is not None
        assert file.tag in name
        assert plain.header("ETag") == f'"{file.tag}"'
        assert packed.header("ETag") != plain.header("ETag"), "another representation has another tag"
        assert plain.header("Cache-Control") == "public, max-age=31536000, immutable"
        again = rendering.static({"HTTP_IF_NONE_MATCH": plain.header("ETag")}, name)
        assert again is not None
        assert (again.code, again.body) == (304, b"")
    assert rendering.static({}, "page.css") is None


def test_the_files_of_the_page_are_small() -> None:
    packed = {name.partition(".")[0]: len(file.packed) for name, file in Rendering()._static.items()}
    assert set(packed) == {"page", "script", "icon"}
    assert sum(packed.values()) < 12 * 1024, packed
