"""What an application of our own reads of a browser, gives it, and asks of the host."""

from __future__ import annotations

import io
from typing import Any

import pytest

from glance_related.problem import Problem
from glance_related.wsgi.application import (
    Asked,
    NotAForm,
    accepts_gzip,
    cookie,
    enter,
    read_fields,
    read_form,
    set_cookie,
)


def environ(body: bytes = b"", media_type: str = "application/x-www-form-urlencoded", **more: Any) -> dict[str, Any]:
    return {"CONTENT_TYPE": media_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **more}


def test_a_form_is_read_with_its_last_words() -> None:
    assert read_form(environ(b"a=1&b=%C3%BC+x&a=2&c="), 100) == {"a": "2", "b": "ü x", "c": ""}
    assert read_form(environ(b"a=1", "Application/X-WWW-Form-URLencoded; charset=utf-8"), 100) == {"a": "1"}
    assert read_form(environ(), 100) == {}
    assert read_form(environ(media_type="text/plain"), 100) == {}, "nothing is of no type"


@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/json", "", "x"])
def test_what_is_of_another_type_is_no_form(media_type: str) -> None:
    with pytest.raises(NotAForm):
        read_form(environ(b"a=1", media_type), 100)


@pytest.mark.parametrize("body", [b"a=%ff", b"a=%c3", b"&".join([b"a="] * 50_001)])
def test_what_cannot_be_read_is_no_form(body: bytes) -> None:
    with pytest.raises(NotAForm):
        read_form(environ(body), 10**6)


def test_a_form_over_the_limit_is_refused_chunked_or_not() -> None:
    for more in ({}, {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}):
        with pytest.raises(Problem) as caught:
            read_form(environ(b"a" * 101, **more), 100)
        assert caught.value.status == 413
    with pytest.raises(Problem) as caught:
        read_form(environ(b"a=1", CONTENT_LENGTH="10"), 100)
    assert caught.value.status == 400


def test_a_query_is_read_as_a_form_is() -> None:
    assert read_fields({"QUERY_STRING": "q=a+b&q=c"}) == {"q": "c"}
    assert read_fields({}) == {}
    with pytest.raises(NotAForm):
        read_fields({"QUERY_STRING": "q=%ff"})


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("name=x", "x"),
        ("other=y; name=x; more=z", "x"),
        ("name=", ""),
        ("other=y", None),
        ("name=x; name=y", None),
        ("xname=x", None),
        ("name=x y", "x"),
        ("", None),
    ],
)
def test_a_cookie_is_what_it_says_where_there_is_one(header: str, value: str | None) -> None:
    assert cookie({"HTTP_COOKIE": header}, "name") == value


def test_a_cookie_is_given_for_one_path_alone() -> None:
    assert set_cookie("n", "v", "/p", is_secure=True) == (
        "Set-Cookie", "n=v; Path=/p; HttpOnly; SameSite=Strict; Secure",
    )  # fmt: skip
    assert (
        set_cookie("n", "", "/p", is_secure=False, seconds=0)[1] == "n=; Path=/p; HttpOnly; SameSite=Strict; Max-Age=0"
    )


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_an_answer_is_packed_for_whoever_takes_it(header: str, accepts: bool) -> None:
    assert accepts_gzip({"HTTP_ACCEPT_ENCODING": header}) is accepts


def test_the_host_is_entered_with_nothing_of_the_browsers() -> None:
    seen: list[dict[str, Any]] = []

    def host(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start_response("200 OK", [])
        return [b"answer"]

    browsers = environ(
        b"a=1", HTTP_COOKIE="c", HTTP_HOST="evil", HTTP_X_ROLES="admin", SERVER_NAME="s", REMOTE_ADDR="192.0.2.7",
        SCRIPT_NAME="/door", PATH_INFO="/x", QUERY_STRING="q", **{"keystone.token_auth": 1, "wsgi.url_scheme": "https"},
    )  # fmt: skip
    asked = Asked("PUT", "/servers", "limit=1", {"HTTP_X_AUTH_TOKEN": "t"}, b"{}")
    reply = enter(host, browsers, "/v2.1", asked)
    assert (reply.code, reply.body) == (200, b"answer")
    (one,) = seen
    one.pop("wsgi.input")
    assert one == {
        "SERVER_NAME": "s", "REMOTE_ADDR": "192.0.2.7", "wsgi.url_scheme": "https", "HTTP_X_AUTH_TOKEN": "t",
        "REQUEST_METHOD": "PUT", "SCRIPT_NAME": "/v2.1", "PATH_INFO": "/servers", "QUERY_STRING": "limit=1",
        "CONTENT_LENGTH": "2", "body": b"{}",
    }  # fmt: skip
    assert browsers["wsgi.input"].read() == b"a=1", "its own body is where it was"
