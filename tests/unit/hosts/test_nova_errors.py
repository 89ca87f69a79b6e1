"""A problem in Nova's shape."""

from __future__ import annotations

import pytest
import webtest

from glance_related.hosts.nova.errors import render
from glance_related.problem import ProblemKind


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "badRequest"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "itemNotFound"),
        (405, "badMethod"),
        (409, "conflictingRequest"),
        (413, "overLimit"),
        (415, "badMediaType"),
        (429, "overLimit"),
        (501, "notImplemented"),
        (503, "serviceUnavailable"),
        (500, "computeFault"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_a_problem_is_always_json_under_novas_name_with_our_code_beside_the_message(
    status: int, name: str, accept: str
) -> None:
    problem = ProblemKind("test.code", status, "text")()
    reply = webtest.TestApp(render(problem), lint=True).get("/", headers={"Accept": accept}, status=status)
    assert reply.content_type == "application/json"
    assert reply.json == {name: {"code": status, "message": "text", "glance_related_code": "test.code"}}
    assert reply.headers["X-Glance-Related-Code"] == "test.code"
