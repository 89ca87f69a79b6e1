"""A problem as WebOb's own exception, which picks JSON, HTML or text by the Accept header."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import webob.exc

from glance_related.problem import CODE_HEADER, Problem

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def negotiated(problem: Problem) -> WSGIApplication:
    """The WSGI application that answers with this problem."""
    answer = webob.exc.status_map[problem.status](explanation=problem.text)
    answer.headers[CODE_HEADER] = problem.code
    return cast("WSGIApplication", answer)
