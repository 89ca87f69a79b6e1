"""A problem as WebOb's own exception, which picks JSON, HTML or text by the Accept header."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import webob.exc

from glance_related.problem import CODE_HEADER, Problem

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def negotiated(problem: Problem) -> WSGIApplication:
    """The WSGI application that answers with this problem."""
    # a problem may quote its request, where JSON can spell what no reply can carry: half of a surrogate pair
    text = problem.text.encode("utf-8", "replace").decode("utf-8")
    answer = webob.exc.status_map[problem.status](explanation=text)
    answer.headers[CODE_HEADER] = problem.code
    return cast("WSGIApplication", answer)
