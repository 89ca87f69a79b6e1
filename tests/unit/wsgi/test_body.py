"""Reading bodies: as the host reads, and more strictly than the host judges."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
from typing import Any

import pytest
import webob

from glance_related.problem import Problem
from glance_related.wsgi.body import MAX_DEPTH, parse_json, read_body, replace_body, write_json

LIMIT = 1000


def environ_of(body: bytes, **extra: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(body), **extra}


def test_a_body_with_a_length_is_read_and_left_unread_for_the_host() -> None:
    environ = environ_of(b'{"a": 1}', CONTENT_LENGTH="8")
    assert read_body(environ, LIMIT) == b'{"a": 1}'
    assert environ["wsgi.input"].read() == b'{"a": 1}'
    assert environ["CONTENT_LENGTH"] == "8"


def test_only_the_announced_length_is_read() -> None:
    assert read_body(environ_of(b"{}GET /evil", CONTENT_LENGTH="2"), LIMIT) == b"{}"


@pytest.mark.parametrize("encoding", ["chunked", "Chunked", "identity", "gzip", "deflate", "compress"])
def test_a_body_without_a_length_is_read_to_its_end_as_the_host_does(encoding: str) -> None:
    environ = environ_of(b'{"a": 1}', HTTP_TRANSFER_ENCODING=encoding)
    environ["wsgi.input_terminated"] = True
    assert read_body(environ, LIMIT) == b'{"a": 1}'
    assert environ["wsgi.input"].read() == b'{"a": 1}'
    assert environ["CONTENT_LENGTH"] == "8"
    assert "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize("headers", [{}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}, {"CONTENT_LENGTH": "x"}])
def test_where_the_host_sees_no_body_none_is_read(headers: dict[str, str]) -> None:
    environ = environ_of(b"unread", **headers)
    assert read_body(environ, LIMIT) is None
    assert environ["wsgi.input"].read() == b"unread"


@pytest.mark.parametrize("extra", [{"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, {"HTTP_TRANSFER_ENCODING": "x"}, {}])
def test_a_body_is_read_wherever_webob_reads_it(extra: dict[str, str]) -> None:
    """Nova asks WebOb alone, which reads where the server says that the input ends by itself."""
    environ = environ_of(b'{"a": 1}', **extra) | {"wsgi.input_terminated": True}
    assert webob.Request(dict(environ)).body == b'{"a": 1}'
    environ["wsgi.input"].seek(0)
    assert read_body(environ, LIMIT) == b'{"a": 1}'
    assert webob.Request(environ).body == b'{"a": 1}'


def test_an_input_that_ends_by_itself_is_not_read_past_a_length_of_none() -> None:
    environ = environ_of(b"GET /evil", CONTENT_LENGTH="0") | {"wsgi.input_terminated": True}
    assert read_body(environ, LIMIT) is None
    assert webob.Request(environ).body == b""


def test_chunks_that_the_server_does_not_hand_over_leave_the_request_as_it_was() -> None:
    environ = environ_of(b"", HTTP_TRANSFER_ENCODING="chunked")
    assert read_body(environ, LIMIT) is None
    assert environ["HTTP_TRANSFER_ENCODING"] == "chunked"
    assert "CONTENT_LENGTH" not in environ


@pytest.mark.parametrize("headers", [{"CONTENT_LENGTH": "1001"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_over_the_limit_is_413_and_its_rest_is_thrown_away(headers: dict[str, str]) -> None:
    environ = environ_of(b"x" * 1001, **headers)
    with pytest.raises(Problem) as caught:
        read_body(environ, LIMIT)
    assert caught.value.status == 413
    assert environ["wsgi.input"].read() == b""


def test_a_body_at_the_limit_is_read() -> None:
    assert len(read_body(environ_of(b"x" * 1000, HTTP_TRANSFER_ENCODING="chunked"), LIMIT) or b"") == 1000


def test_a_body_that_ends_early_is_400() -> None:
    with pytest.raises(Problem) as caught:
        read_body(environ_of(b"12345", CONTENT_LENGTH="6"), LIMIT)
    assert (caught.value.status, caught.value.code) == (400, "body.truncated")


def test_a_body_that_another_filter_has_read_is_read_from_its_start() -> None:
    stream = io.BytesIO(b"{}")
    stream.read()
    environ = {"wsgi.input": stream, "webob.is_body_seekable": True, "CONTENT_LENGTH": "2"}
    assert read_body(environ, LIMIT) == b"{}"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"instance_id": "a", "instance_id": "b"}', id="a key twice"),
        pytest.param(b'{"a": {"b": 1, "b": 2}}', id="a nested key twice"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": Infinity}', id="Infinity"),
        pytest.param(b'{"a": -Infinity}', id="-Infinity"),
        pytest.param(b'{"a": 1e999}', id="a number that becomes infinite"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, id="10,000 levels"),
        pytest.param(b'{"a":' * 33 + b"1" + b"}" * 33, id="one level too deep"),
        pytest.param(b"[" * 5_000_000, id="an avalanche of brackets"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="a number of 5,000 digits"),
        pytest.param(b"{'a': 1}", id="Python"),
        pytest.param(b'{"a": 1} {"a": 2}', id="two documents"),
        pytest.param(b"name=x", id="a form"),
        pytest.param(b'{"a": "\t"}', id="a raw control character"),
    ],
)
def test_what_parsers_could_read_differently_is_400(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_json(body)
    assert (caught.value.status, caught.value.code) == (400, "body.malformed")


def test_brackets_in_strings_do_not_count_as_levels() -> None:
    document = {"a": "[{" * 100, "b": '"[' * 50, "c": "\\"}
    assert parse_json(json.dumps(document).encode()) == document


@pytest.mark.parametrize("escape", ['\\"', "\\\\"])
def test_a_string_without_an_end_costs_no_more_time_than_reading_it(escape: str) -> None:
    """From each escaped quote on, an end was sought to the end of the body: hours, at the largest one."""
    began = time.process_time()
    with pytest.raises(Problem) as caught:
        parse_json(("[" * (MAX_DEPTH + 1) + '"' + escape * 40_000).encode())
    assert f"more than {MAX_DEPTH} levels" in caught.value.text
    assert time.process_time() - began < 2


def test_a_long_string_costs_no_more_memory_than_a_few_times_its_length() -> None:
    body = ("[" * (MAX_DEPTH + 1) + '"' + "x" * 1_000_000 + '"').encode()
    tracemalloc.start()
    try:
        with pytest.raises(Problem):
            parse_json(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(body)


def test_brackets_behind_strings_that_are_hard_to_read_count() -> None:
    for string in (r'"\\"', r'"\""', r'"\\\""', '""', r'"\u005c"'):
        with pytest.raises(Problem) as caught:
            parse_json(("[" + string + "," + "[" * MAX_DEPTH).encode())
        assert f"more than {MAX_DEPTH} levels" in caught.value.text


def test_the_deepest_allowed_document_is_read() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_many_shallow_objects_are_read() -> None:
    changes = [{"op": "add", "path": f"/p{number}", "value": "[]"} for number in range(500)]
    assert parse_json(json.dumps(changes).encode()) == changes


def test_a_written_body_is_ascii_with_its_length_and_without_stale_notes() -> None:
    environ = environ_of(b"old", HTTP_TRANSFER_ENCODING="chunked")
    environ |= {"wsgi.input_terminated": True, "webob._parsed_post_vars": ("x", "y")}
    write_json(environ, {"name": "é\ud800"})
    assert environ["wsgi.input"].read() == b'{"name": "\\u00e9\\ud800"}'
    assert environ["CONTENT_LENGTH"] == "24"
    assert not {"HTTP_TRANSFER_ENCODING", "wsgi.input_terminated", "webob._parsed_post_vars"} & set(environ)


def test_a_replaced_body_can_be_read_again() -> None:
    environ = environ_of(b"")
    replace_body(environ, b"{}")
    assert read_body(environ, LIMIT) == b"{}"
