"""`Door`: the page as an application beside ``/v2.1``: which path is which page, and what nobody gets past.

In the order in which it is asked: is the path one of ours; is a form sent from this very site, short enough, and a
form; whose session is it; did this session's page make the form. Only then a view is asked, and all that it knows it
asks of our HTTP API with the user's own token.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from glance_related.db.database import DatabaseDown
from glance_related.hosts.login import Login
from glance_related.package_menu.entry import NAME, is_name
from glance_related.package_menu.options import PAGE_GROUP
from glance_related.package_menu.page.api import Api, LoggedOut, Refused
from glance_related.package_menu.page.known import Devices
from glance_related.package_menu.page.login_view import Cookies, LoginView
from glance_related.package_menu.page.project_view import ProjectView
from glance_related.package_menu.page.rendering import Rendering, data
from glance_related.package_menu.page.server_view import ServerView
from glance_related.package_menu.page.session_store import SessionStore
from glance_related.package_menu.page.sessions import Sessions, is_form_token
from glance_related.package_menu.page.visit import Visit, is_from_here
from glance_related.problem import Problem
from glance_related.settings.keys import NoKeys
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite
from glance_related.wsgi.application import NotAForm, cookie, read_fields, read_form
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

_UUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
#: Where Nova's API is known to stand, beside the door.
_API = "/v2.1"

Handler = Callable[[Visit], Reply]


@dataclass(frozen=True)
class Page:
    """One line of the door's table.

    :param is_open: also for those who are not logged in
    :param is_data: for the script
    """

    path: re.Pattern[str]
    get: Handler | None = None
    post: Handler | None = None
    is_open: bool = False
    is_data: bool = False

    @property
    def methods(self) -> str:
        return ", ".join([*(("GET", "HEAD") if self.get else ()), *(("POST",) if self.post else ())])


class _Answered(Exception):
    """What is answered is known before any view is asked."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Door:
    """See the module.

    :param api: Nova's pipeline, from its head on
    """

    def __init__(self, api: WSGIApplication, suite: Suite, login: Login) -> None:
        settings = suite.settings.package_menu
        self._api = api
        self._limit = settings.max_body_bytes
        self._region = settings.page.region_name
        self._rendering = Rendering()
        self._sessions = Sessions(SessionStore(suite.database), suite.keys, settings.page.session_seconds)
        self._cookies = Cookies(is_secure=not settings.page.insecure_cookie)
        self._login = LoginView(self._sessions, Devices(suite.keys), login, self._cookies)
        self._pages = self._table()

    def _table(self) -> tuple[Page, ...]:
        server, project, login = ServerView(), ProjectView(), self._login
        one = f"/servers/(?P<server_id>{_UUID})"
        entry = f"/project/(?P<name>{NAME})"
        return (
            Page(re.compile("/?"), get=lambda visit: visit.moved("/servers"), is_open=True),
            Page(re.compile("/login"), get=login.show, post=self._log_in, is_open=True),
            Page(re.compile("/logout"), post=login.log_out),
            Page(re.compile("/servers"), get=server.index),
            Page(re.compile(one), get=server.show, post=server.save),
            Page(re.compile(f"{one}/reset"), post=server.reset),
            Page(re.compile(f"{one}/copy"), get=server.copy_form, post=server.copy),
            Page(re.compile(f"{one}/history"), get=server.history),
            Page(re.compile(f"{one}/status"), get=server.status, is_data=True),
            Page(re.compile("/project"), get=project.index),
            Page(re.compile(entry), get=project.entry, post=project.say),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        visit = Visit(environ, self._rendering, self._region)
        try:
            reply = self._answer(visit)
        except _Answered as answered:
            reply = answered.reply
        except Exception:
            LOG.exception("the page %s failed", environ.get("PATH_INFO"))
            reply = visit.told("This went wrong", "A defect of the page; the log has it.", status=500)
        if environ["REQUEST_METHOD"] == "HEAD":
            reply = replace(reply, body=b"")
        return reply(environ, start_response)

    # -- before any view

    def _answer(self, visit: Visit) -> Reply:
        environ = visit.environ
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path.startswith("/static/") and method in ("GET", "HEAD"):
            return self._rendering.static(environ, path.removeprefix("/static/")) or self._nothing(visit)
        page, names = self._matched(path)
        if page is None:
            return self._nothing(visit)
        handler = {"GET": page.get, "HEAD": page.get, "POST": page.post}.get(method)
        if handler is None:
            text = f"There is only {page.methods} here."
            return visit.told("Not this way", text, ("Allow", page.methods), status=405)
        visit = replace(visit, names=names)
        try:
            visit = self._read(visit)
            visit = self._known(visit, page)
            return self._asked(visit, page, handler)
        except NoKeys:
            text = (
                "Nobody can log in yet: this service has no keys. An operator must make some with "
                "'glance-related-manage keys setup', and name their folder in [keys] folder."
            )
            return visit.told("There are no keys", text, status=503)
        except DatabaseDown:
            text = "The database of the package menu does not answer. Nothing was changed; try again later."
            return visit.told("Not now", text, status=503)

    def _matched(self, path: str) -> tuple[Page | None, Mapping[str, str]]:
        for page in self._pages:
            found = page.path.fullmatch(path)
            if found is not None:
                names = found.groupdict()
                return (page, names) if is_name(names.get("name", "any")) else (None, {})
        return None, {}

    def _nothing(self, visit: Visit) -> Reply:
        return visit.told("There is nothing here", "The package menu has no such page.", status=404)

    def _read(self, visit: Visit) -> Visit:
        """What was sent, after it was made sure that it was sent from here."""
        environ = visit.environ
        try:
            query = read_fields(environ)
            if environ["REQUEST_METHOD"] != "POST":
                return replace(visit, query=query)
            if not is_from_here(environ):
                LOG.warning("a form from elsewhere was refused: %r", environ.get("HTTP_ORIGIN", "")[:255])
                text = "This form was not sent from a page of this site. Nothing was changed."
                raise _Answered(visit.told("Not from here", text, status=403))
            return replace(visit, query=query, form=read_form(environ, self._limit))
        except NotAForm:
            text = "What was sent is no form of this page. Nothing was changed."
            raise _Answered(visit.told("Not a form", text, status=415)) from None
        except Problem as problem:
            raise _Answered(visit.told("Nothing was changed", problem.text, status=problem.status)) from None

    def _known(self, visit: Visit, page: Page) -> Visit:
        """Whose session it is, and whether the form is one of its own."""
        environ = visit.environ
        session = self._sessions.find(cookie(environ, self._cookies.session(environ)))
        if session is None:
            if page.is_open:
                return visit
            if page.is_data:
                raise _Answered(data(401, {"error": "your session is over"}))
            if environ["REQUEST_METHOD"] == "POST":
                raise _Answered(self._login.over(visit))
            raise _Answered(visit.moved("/login", next=environ.get("PATH_INFO", "")))
        visit = replace(visit, session=session)
        is_login = page.post == self._log_in
        is_form = environ["REQUEST_METHOD"] == "POST" and not is_login
        if is_form and not is_form_token(session.secret, visit.form.get("proof", "")):
            text = "This form is not one of your session's. Nothing was changed; go back, reload the page, try again."
            raise _Answered(visit.told("Not your form", text, status=403))
        front = environ.get("SCRIPT_NAME", "").rstrip("/").rpartition("/")[0]
        return replace(visit, asks=Api(self._api, environ, front + _API, session.token))

    # -- a view

    def _asked(self, visit: Visit, page: Page, handler: Handler) -> Reply:
        try:
            return handler(visit)
        except LoggedOut as ended:
            if page.is_data:
                return data(401, {"error": "your session is over"})
            return self._login.ended(visit, ended.challenge)
        except Refused as refused:
            if page.is_data:
                return data(_own_status(refused.status), {"error": refused.text})
            return visit.told(
                _TITLES.get(refused.status, "Not this time"), refused.text, status=_own_status(refused.status)
            )

    def _log_in(self, visit: Visit) -> Reply:
        wanted = visit.form.get("next", "")
        page, _ = self._matched(wanted)
        is_ours = page is not None and page.get is not None and not page.is_open and not page.is_data
        return self._login.log_in(visit, wanted if is_ours else "/servers")


_TITLES = {403: "You may not do this", 404: "There is nothing here"}


def _own_status(status: int) -> int:
    """As which status a refusal of the API's is passed on."""
    return status if status in (400, 403, 404, 409, 413, 503) else 502


#: What Nova's paste file calls the filter that reads what a proxy says of a client.
_PROXY_FILTER = "http_proxy_to_wsgi"


def composite_factory(loader: Any, global_conf: dict[str, str], **local_conf: str) -> WSGIApplication:
    """Entry point ``paste.composite_factory``, name ``package_menu_ui``.

    :param local_conf: ``api`` names Nova's pipeline in the same file; ``proxy_filter`` the filter that reads what a
        proxy says, where it is not Nova's own; ``config_file`` another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Nova's API then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    url = suite.settings.package_menu.page.auth_url
    if not url:
        raise ConfigError(
            f"{suite.settings.config_file}: [{PAGE_GROUP}] auth_url is not set; set it to Keystone's URL, as "
            "http://controller:5000/v3."
        )
    if not local_conf.get("api"):
        raise ConfigError(
            "The paste section of package_menu_ui does not say where Nova is; add api = openstack_compute_api_v21."
        )
    suite.check_schema()
    api = loader.get_app(local_conf["api"], global_conf=global_conf)
    return _behind_proxy(Door(api, suite, Login(suite.settings, url)), loader, global_conf, local_conf)


def _behind_proxy(
    door: Door, loader: Any, global_conf: dict[str, str], local_conf: Mapping[str, str]
) -> WSGIApplication:
    """A door that knows from where it is asked, as Nova's API does, whose pipeline the browser's request goes past."""
    name = local_conf.get("proxy_filter", _PROXY_FILTER)
    if not name:
        return door
    try:
        app: WSGIApplication = loader.get_filter(name, global_conf=global_conf)(door)
    except LookupError:
        if "proxy_filter" in local_conf:
            raise ConfigError(
                f"The paste section of package_menu_ui has proxy_filter = {name}, of which there is no section; "
                "put it right, or leave it out."
            ) from None
        LOG.info("there is no filter %s: to the page a proxy's address is everybody's", name)
        return door
    return app
