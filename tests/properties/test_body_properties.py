"""What the strict reader accepts, every JSON reader reads alike."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from glance_related.problem import Problem
from glance_related.wsgi.body import parse_json, read_body, write_json

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


@given(documents)
def test_what_is_written_is_read_back_the_same(document: object) -> None:
    environ = {"wsgi.input": io.BytesIO(), "HTTP_TRANSFER_ENCODING": "chunked"}
    write_json(environ, document)
    body = read_body(environ, 10**6)
    assert body is not None
    assert parse_json(body) == document


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_json_reads_them_or_refused(body: bytes) -> None:
    try:
        document = parse_json(body)
    except Problem as problem:
        refusal = problem.status
    else:
        refusal = None
        assert json.loads(body.decode("utf-8")) == document
    assert refusal in (None, 400)
