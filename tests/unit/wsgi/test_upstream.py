"""Sub-requests: fresh, without the parent's body."""

from __future__ import annotations

import io
from typing import Any

from glance_related.testing.fake_glance import FakeContext, FakeGlance
from glance_related.wsgi.upstream import Upstream


def parent(**extra: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "PATCH",
        "PATH_INFO": "/v2/images/1",
        "QUERY_STRING": "a=b",
        "CONTENT_LENGTH": "4",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(b"body"),
        "HTTP_TRANSFER_ENCODING": "chunked",
        "HTTP_X_PROJECT_ID": "alice-project",
        "HTTP_HOST": "glance",
        "SCRIPT_NAME": "/image",
        "webob.adhoc_attrs": {"context": FakeContext(), "response": object()},
        "webob._parsed_query_vars": object(),
        "wsgiorg.routing_args": object(),
        **extra,
    }


def test_a_sub_request_is_fresh_and_leaves_the_parents_body_unread() -> None:
    glance = FakeGlance().answers("GET", "/v2/images/1", json={"id": "1"})
    environ = parent()
    reply = Upstream(glance, environ).get("/v2/images/1")
    (call,) = glance.calls
    assert reply.document() == {"id": "1"}
    assert (call.query, call.body) == ("", b"")
    assert environ["wsgi.input"].tell() == 0
    assert not {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "wsgiorg.routing_args"} & set(call.environ)


def test_it_carries_the_caller_and_the_hosts_context_alone() -> None:
    glance = FakeGlance()
    environ = parent()
    Upstream(glance, environ).get("/v2/images/1", "x=y")
    (call,) = glance.calls
    assert call.query == "x=y"
    assert call.headers["X-Project-Id"] == "alice-project"
    assert call.environ["SCRIPT_NAME"] == "/image"
    assert call.environ["webob.adhoc_attrs"] == {"context": environ["webob.adhoc_attrs"]["context"]}
    assert call.environ["webob.adhoc_attrs"] is not environ["webob.adhoc_attrs"]


def test_it_is_answered_in_the_language_of_the_client() -> None:
    """A refusal of the sub-request may become the reply, so it must be negotiated as the client asked."""
    glance = FakeGlance()
    Upstream(glance, parent(HTTP_ACCEPT="text/html")).get("/v2/images/1")
    Upstream(glance, parent()).get("/v2/images/1")
    assert [call.headers.get("Accept") for call in glance.calls] == ["text/html", None]
