"""A problem in Nova's shape."""

from __future__ import annotations

from http import HTTPStatus

import pytest
import webtest

from glance_related.hosts.nova.errors import render
from glance_related.problem import Problem, ProblemKind
from tests.project.declared import declared_problems


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "badRequest"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "itemNotFound"),
        (405, "badMethod"),
        (409, "conflictingRequest"),
        (412, "preconditionFailed"),
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


# What a registry's Glance is answered, no Nova ever is.
KINDS = [kind for kind in declared_problems() if not kind.code.startswith("registry.")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_problem_has_the_phrase_of_its_status_and_under_500_a_name(kind: ProblemKind) -> None:
    reply = webtest.TestApp(render(Problem(kind, "text")), lint=True).get("/", status=kind.status)
    phrase = "Request Entity Too Large" if kind.status == 413 else HTTPStatus(kind.status).phrase
    assert reply.status == f"{kind.status} {phrase}"
    assert kind.status >= 500 or "computeFault" not in reply.json
