"""`Filter`: the one idea of the suite.

A filter shows its routes as a table. A request that matches none of them goes to the wrapped
application with the same environ, the same iterator, its body unread, at the cost of one test on
the path. One that matches goes to its handler, which returns a WSGI application (most often a
`Reply`) or raises a `Problem`.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Protocol

import routes
import webob.exc

from glance_related.problem import INTERNAL, METHOD_IN_QUERY, Problem
from glance_related.wsgi.query import last, read_query
from glance_related.wsgi.reply import Reply, collect
from glance_related.wsgi.upstream import Upstream

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

_NOTHING: Mapping[str, str] = MappingProxyType({})
_SLASHES = re.compile("//+")
_NAME = re.compile(r"\{[^}]*\}")
_ORIGIN = re.compile("^https?://[^/]*", re.IGNORECASE)


@dataclass(frozen=True)
class Route:
    """One line of a filter's table.

    :param method: HTTP method
    :param path: path as `routes.Mapper` reads it, ``{name}`` matching one segment
    :param handler: name of the filter's method that serves it, or of one of a part of the filter, as ``menu.show``
    :param what: what the filter changes, for ``glance-related-manage show`` and the manual
    :param is_own: the host knows no such path: the filter answers it itself, and the host's ways do not bind it
    """

    method: str
    path: str
    handler: str
    what: str
    is_own: bool = False


class RouteTable:
    """Routes behind a first test that costs nanoseconds.

    :param table: the visible table
    """

    def __init__(self, table: tuple[Route, ...]) -> None:
        self._handlers = {(route.method, route.path): route for route in table}
        # a path that names nothing needs no router to be read
        self._plain = {(route.method, route.path): (route, _NOTHING) for route in table if "{" not in route.path}
        self._own = {route.path for route in table if route.is_own}
        methods = {route.method for route in table}
        self._shapes = {method: _shape(route.path for route in table if route.method == method) for method in methods}
        self._mapper = routes.Mapper(controller_scan=None, register=False)
        self._mapper.minimization = False
        for path in sorted({route.path for route in table}):
            self._mapper.connect(None, path, controller=path)
        self._mapper.create_regs([])

    def match(self, environ: WSGIEnvironment) -> tuple[Route, Mapping[str, str]] | None:
        """The route that the host will take for this request, and what its path names; None: not ours.

        :raises Problem: 405 where it is for a resource of our own, and says two methods
        """
        method = effective_method(environ)
        if method != environ["REQUEST_METHOD"] and self._own:
            self._refuse_two_methods(environ, method)
        shape = self._shapes.get(method)
        if shape is None:
            return None
        path = environ.get("PATH_INFO", "")
        if "//" in path or not path.startswith("/"):
            path = canonical_path(path)
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain
        if shape.match(path) is None:
            return None
        found = self._mapper.match(path)
        if found is None:
            return None
        route = self._handlers.get((method, found["controller"]))
        if route is None:
            return None
        return route, {key: value for key, value in found.items() if key not in ("controller", "action")}

    def _refuse_two_methods(self, environ: WSGIEnvironment, method: str) -> None:
        """On what is ours alone ``_method`` has no say: an access rule that allows a GET must not allow a PUT.

        Keystone's rules, proxies and logs go by the method that the request is sent with. To pass over the other would
        be as safe, but would tell whoever meant it that what he wanted was done.
        """
        found = self._mapper.match(canonical_path(environ.get("PATH_INFO", "")))
        if found is not None and found["controller"] in self._own:
            raise METHOD_IN_QUERY(method=environ["REQUEST_METHOD"], other=method[:100])


def _shape(paths: Iterable[str]) -> re.Pattern[str]:
    """What every path of some routes looks like, and no other.

    It ends as the hosts' own router lets a path end: a line feed (``%0A``) behind it does not make it another.
    """
    return re.compile(f"(?:{'|'.join('[^/]+'.join(map(re.escape, _NAME.split(path))) for path in paths)})$")


def canonical_path(path: str) -> str:
    """The path as Paste's urlmap, which stands in front of both hosts' routes, will see it."""
    return _SLASHES.sub("/", _ORIGIN.sub("", path))


def effective_method(environ: WSGIEnvironment) -> str:
    """The method that the host will act on.

    Both hosts use the Routes middleware with its method override on: ``?_method=DELETE`` turns a
    GET into a DELETE. (Its other half, ``_method`` in a posted form, cannot pass us: a body that
    we read is forwarded as JSON.)
    """
    method: str = environ["REQUEST_METHOD"]
    if "_method" in environ.get("QUERY_STRING", ""):
        override = last(read_query(environ) or (), "_method")
        if override:
            return override.upper()
    return method


class Request:
    """A request that is ours, on its way to a handler.

    :param environ: a copy that the handler may change; the servers' own stays as it was
    :param route: the line of the table that matched
    :param names: what the path names
    """

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment, route: Route, names: Mapping[str, str]) -> None:
        self._app = app
        self.environ = environ
        self.route = route
        self.names = names

    @property
    def upstream(self) -> Upstream:
        """The wrapped service, to be asked as this caller."""
        return Upstream(self._app, self.environ)

    def forward(self) -> Reply:
        """Let the wrapped service answer, and read the answer.

        It gets a copy of the environ, for on its way inwards it moves parts of the path about; so a
        request may be forwarded more than once.
        """
        environ = dict(self.environ)
        # a compressed answer could not be read, and the suite asks over no wire
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return collect(self._app, environ)

    def pass_on(self) -> WSGIApplication:
        """The wrapped service itself: the answer is not read."""
        return self._stream

    def _stream(self, _: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(self.environ, start_response)


class Counting(Protocol):
    """Where it is counted what has happened."""

    def count(self, name: str) -> None:
        """Once more."""


class Filter(ABC):
    """A WSGI filter: a table of routes, their handlers, and a host whose error shape it speaks.

    :param app: the wrapped application
    :param counters: where problems that are answered count as ``refused``; None: nowhere
    """

    routes: ClassVar[tuple[Route, ...]]

    #: Whether the host acts throughout on the method that ``_method`` names. What was judged is what goes on: of a
    #: POST that ``_method`` makes a GET, Glance would read a form for filters. Nova does so for its routes only, and
    #: refuses a GET that claims to be a POST: it must go on as the GET that it is.
    obeys_method_override: ClassVar[bool] = True

    def __init__(self, app: WSGIApplication, counters: Counting | None = None) -> None:
        self.app = app
        self._counters = counters
        table = RouteTable(self.routes)
        self._match = table.match
        self._handlers: dict[Route, Callable[[Request], WSGIApplication]] = {
            route: attrgetter(route.handler)(self) for route in self.routes
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            match = self._match(environ)
        except Problem as problem:
            self.refused(problem)
            return self.render(problem)(environ, start_response)
        if match is None:
            return self.app(environ, start_response)
        route, names = match
        self.asked()
        own = dict(environ)
        if self.obeys_method_override:
            own["REQUEST_METHOD"] = route.method
        try:
            answer = self._handlers[route](Request(self.app, own, route, names))
        except Problem as problem:
            self.refused(problem)
            answer = self.render(problem)
        except webob.exc.HTTPException:
            raise  # the host's own limit, met while we read its body: the host answers it
        except Exception:
            LOG.exception("%s %s failed", route.method, route.path)
            answer = self.render(INTERNAL())
        return answer(environ, start_response)

    @abstractmethod
    def render(self, problem: Problem) -> WSGIApplication:
        """A problem as a reply in the shape of the host."""

    def asked(self) -> None:  # noqa: B027  (most filters have nothing to see to)
        """Told of each request that is ours, before its handler is: a filter sees here to what is due now and then."""

    def refused(self, problem: Problem) -> None:
        """Note that a problem is answered."""
        if self._counters is not None:
            self._counters.count("refused")
        LOG.info("refused %s: %s", problem.code, problem.status)
