"""The one filter idea: a table of routes, and everything else untouched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import webtest

from glance_related.hosts.glance.errors import render as glance_errors
from glance_related.problem import Problem, ProblemKind
from glance_related.testing.fake_glance import FakeGlance
from glance_related.wsgi.filter import Filter, Request, Route, RouteTable, canonical_path, effective_method

TEAPOT = ProblemKind("test.teapot", 400, "I am <{what}>.")


class Example(Filter):
    """A filter with one handler of each kind."""

    routes = (
        Route("GET", "/v2/images/{image_id}", "show", "reads the answer"),
        Route("POST", "/v2/images", "create", "passes on"),
        Route("DELETE", "/v2/images/{image_id}", "problem", "refuses"),
        Route("PATCH", "/v2/images/{image_id}", "error", "fails"),
    )

    def show(self, request: Request) -> Any:
        self.names = dict(request.names)
        return request.forward()

    def create(self, request: Request) -> Any:
        request.environ["QUERY_STRING"] = "changed"
        return request.pass_on()

    def problem(self, request: Request) -> Any:
        raise TEAPOT(what="a teapot")

    def error(self, request: Request) -> Any:
        raise RuntimeError("secret-in-an-exception")

    def render(self, problem: Problem) -> Any:
        return glance_errors(problem)


class Own(Example):
    """The same with resources that the host does not know."""

    routes = (
        *Example.routes,
        Route("GET", "/v2/own", "show", "", is_own=True),
        Route("PUT", "/v2/own", "show", "", is_own=True),
        Route("PUT", "/v2/own/{image_id}", "show", "", is_own=True),
    )


@pytest.fixture
def glance() -> FakeGlance:
    return FakeGlance()


@pytest.fixture
def app(glance: FakeGlance) -> Any:
    return webtest.TestApp(Example(glance), lint=True)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/images/1/file",
        "/v2/images/1/members",
        "/v2/tasks",
        "/",
        "",
        "/v2",
        "/v2/imagesx",
        "/v3/images",
        "/v2/images/",
    ],
)
def test_what_is_not_ours_gets_the_hosts_own_environ_and_iterator_with_the_body_unread(path: str) -> None:
    chunks: Iterator[bytes] = iter([b"data"])
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        seen.append(environ)
        return chunks

    unread = io.BytesIO(b"image data")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.input": unread}
    before = dict(environ)
    assert Example(app)(environ, lambda *_: None) is chunks
    assert seen[0] is environ
    assert environ == before
    assert unread.tell() == 0


def test_a_method_that_the_table_does_not_have_is_not_ours(app: Any, glance: FakeGlance) -> None:
    app.put("/v2/images/1", status=404)
    assert glance.calls[0].method == "PUT"


@pytest.mark.parametrize(
    "path", ["/v2/images/1", "//v2/images/1", "/v2//images/1", "/v2///images//1", "http://host/v2/images/1"]
)
def test_every_spelling_that_the_hosts_urlmap_accepts_is_the_same_route(path: str) -> None:
    found = RouteTable(Example.routes).match({"REQUEST_METHOD": "GET", "PATH_INFO": path})
    assert found is not None
    assert found[0].handler == "show"
    assert found[1] == {"image_id": "1"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("behind", ["", "\n", "\n\n", "/", "/\n", "x\n", " "])
@pytest.mark.parametrize("path", ["/v2/images", "/v2/images/1"])
def test_a_path_is_ours_where_the_hosts_router_takes_it_for_ours(path: str, behind: str, method: str) -> None:
    import routes

    mapper = routes.Mapper()
    mapper.connect(None, "/v2/images", controller="create", conditions={"method": ["POST"]})
    mapper.connect(None, "/v2/images/{image_id}", controller="show", conditions={"method": ["GET"]})
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path + behind}
    theirs = mapper.match(environ=environ)
    ours = RouteTable(Example.routes).match(environ)
    assert (ours and ours[0].handler) == (theirs and theirs["controller"])
    assert (ours and ours[1].get("image_id")) == (theirs and theirs.get("image_id"))


def test_canonical_paths_are_those_of_pastes_urlmap() -> None:
    from paste.urlmap import URLMap

    urlmap = URLMap()
    for path in ["/v2//images", "//", "/a/b/", "/a//b//", "http://h/v2//images", "https://h:1/x", "/http://h/x"]:
        assert canonical_path(path) == urlmap.normalize_url(path, False)[1], path


def test_the_table_takes_a_percent_decoded_id_of_any_characters() -> None:
    found = RouteTable(Example.routes).match({"REQUEST_METHOD": "GET", "PATH_INFO": "/v2/images/a b;c=d\xe9"})
    assert found is not None
    assert found[1] == {"image_id": "a b;c=d\xe9"}


@pytest.mark.parametrize(
    ("query", "method"),
    [
        ("", "GET"),
        ("_method=DELETE", "DELETE"),
        ("_method=delete", "DELETE"),
        ("a=1&_method=PATCH", "PATCH"),
        ("_method=PUT&_method=DELETE", "DELETE"),
        ("%5Fmethod=DELETE", "GET"),
        ("_method=", "GET"),
        ("x=_method", "GET"),
        ("_method=DELETE&x=%ff", "GET"),
    ],
)
def test_the_method_is_the_one_that_routes_will_act_on(query: str, method: str) -> None:
    """Routes looks for the text ``_method`` in the raw query first, then for the decoded key."""
    import routes
    import routes.middleware

    seen: list[str] = []
    mapper = routes.Mapper()
    for verb in ("GET", "DELETE", "PATCH", "PUT"):
        mapper.connect(None, "/x", controller=verb, conditions={"method": [verb]})

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ["wsgiorg.routing_args"][1]["controller"])
        return []

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/x",
        "QUERY_STRING": query,
        "SERVER_NAME": "h",
        "SERVER_PORT": "1",
    }
    environ |= {"SCRIPT_NAME": "", "wsgi.url_scheme": "http"}
    assert effective_method(environ) == method
    routes.middleware.RoutesMiddleware(app, mapper)(dict(environ), lambda *_: None)
    assert seen == [method]


@pytest.mark.parametrize("path", ["/v2/own", "//v2//own", "/v2/own/1", "/v2/own/1\n"])
@pytest.mark.parametrize(("method", "other"), [("GET", "PUT"), ("PUT", "get"), ("POST", "PUT"), ("PUT", "NONSENSE")])
def test_of_a_resource_of_our_own_the_method_is_the_one_that_is_sent(
    glance: FakeGlance, path: str, method: str, other: str
) -> None:
    """Else an access rule, which goes by that one, would let a reader write."""
    environ = webtest.TestRequest.blank(f"/?x=1&_method={other}", method=method).environ
    status: list[str] = []
    list(Own(glance)({**environ, "PATH_INFO": path}, lambda line, *_: status.append(line)))
    assert (status, glance.calls) == (["405 Method Not Allowed"], [])


@pytest.mark.parametrize("query", ["_method=PUT", "_method=put", "_method=", "%5Fmethod=GET", "x=_method"])
def test_who_says_the_same_method_twice_is_answered(query: str) -> None:
    environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/v2/own/1", "QUERY_STRING": query}
    found = RouteTable(Own.routes).match(environ)
    assert found
    assert found[0].path == "/v2/own/{image_id}"


def test_of_the_hosts_own_resources_the_method_is_the_one_that_the_host_obeys(glance: FakeGlance) -> None:
    reply = webtest.TestApp(Own(glance), lint=True).get("/v2/images/1?_method=DELETE", status=400)
    assert reply.headers["X-Glance-Related-Code"] == "test.teapot"
    webtest.TestApp(Own(glance), lint=True).get("/v2/elsewhere?_method=PUT", status=404)
    assert [call.path for call in glance.calls] == ["/v2/elsewhere"]


def test_a_handler_may_change_its_copy_of_the_request_but_not_the_servers(glance: FakeGlance) -> None:
    glance.answers("POST", "/v2/images", status="201 Created", json={})
    environ = webtest.TestRequest.blank("/v2/images?a=b", method="POST").environ
    list(Example(glance)(environ, lambda *_: None))
    assert environ["QUERY_STRING"] == "a=b"
    assert glance.calls[0].query == "changed"


def test_a_reply_that_was_read_has_its_iterator_closed(app: Any, glance: FakeGlance) -> None:
    glance.answers("GET", "/v2/images/1", json={"id": "1"})
    assert app.get("/v2/images/1").json == {"id": "1"}
    assert glance.unclosed == 0


def test_the_host_is_not_asked_for_a_compressed_answer(app: Any, glance: FakeGlance) -> None:
    glance.answers("GET", "/v2/images/1", json={})
    app.get("/v2/images/1", headers={"Accept-Encoding": "gzip"})
    assert "Accept-Encoding" not in glance.calls[0].headers


@pytest.mark.parametrize(
    ("accept", "content_type", "needle"),
    [
        ("application/json", "application/json", '"code": "400 Bad Request"'),
        ("*/*", "text/html", "I am &lt;a teapot&gt;."),
        ("text/html", "text/html", "I am &lt;a teapot&gt;."),
        (None, "text/plain", "400 Bad Request\n\nI am"),
    ],
)
def test_a_problem_has_glances_shape_as_glance_negotiates_it(
    app: Any, glance: FakeGlance, accept: str | None, content_type: str, needle: str
) -> None:
    reply = app.delete("/v2/images/1", headers={"Accept": accept} if accept else {}, status=400)
    assert reply.content_type == content_type
    assert needle in reply.text
    assert reply.headers["X-Glance-Related-Code"] == "test.teapot"
    assert glance.calls == []


def test_an_unexpected_error_is_a_500_without_its_text(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    reply = app.patch("/v2/images/1", headers={"Accept": "application/json"}, status=500)
    assert "secret-in-an-exception" not in reply.text
    assert reply.headers["X-Glance-Related-Code"] == "glance_related.internal"
    assert "PATCH /v2/images/{image_id} failed" in caplog.text
