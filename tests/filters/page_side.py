"""The page over the real filter of system 3, in front of a Nova that makes servers; with a Keystone of its own.

Nothing here is HTTP: the tests in real browsers stand on the same parts (`tests.real.page_site`).
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import webob
import webtest

from glance_related.hosts.account import Unreachable
from glance_related.hosts.login import Credentials, LoggedIn, LoginRefused, MoreAsked
from glance_related.package_menu.package_menu_filter import PackageMenuMiddleware
from glance_related.package_menu.page.door import Door
from tests.filters import menu_side
from tests.filters.acting_nova import OWN_ID, ActingNova
from tests.filters.menu_side import MenuSide

#: Headers by which authtoken says who is asking; a client's own are worth nothing.
_IDENTITY = re.compile("HTTP_X_(IDENTITY|USER|PROJECT|ROLES|ROLE|TENANT|DOMAIN|SERVICE|IS_ADMIN|AUTH_USER)")

PAGE = "/package-menu-ui"


@dataclass
class Person:
    """Somebody whom Keystone knows."""

    name: str
    password: str
    project: str
    roles: str

    @property
    def project_id(self) -> str:
        return f"{self.project}-project"


ALICE = Person("alice", "alice's password", "alice", "member,reader")
MALLORY = Person("mallory", "mallory's password", "alice", "manager,member,reader")
RITA = Person("rita", "rita's password", "alice", "reader")
BOB = Person("bob", "bob's password", "bob", "member,reader")
ROOT = Person("root", "root's password", "admin", "admin,member,reader")
PEOPLE = (ALICE, MALLORY, RITA, BOB, ROOT)


class FakeKeystone:
    """People, and the tokens that they were given; also what takes the place of `Login` where nothing is HTTP."""

    def __init__(self, people: Iterable[Person] = PEOPLE, lifetime: float = 3600) -> None:
        self.people = {(one.name, "Default", one.project, "Default"): one for one in people}
        self.tokens: dict[str, Person] = {}
        self.lifetime = lifetime
        self.is_up = True
        #: Of whom it asks more than a password.
        self.cautious: set[str] = set()
        self.asked = 0
        #: From where each of them was, as it was told.
        self.addresses: list[str | None] = []

    def log_in(self, credentials: Credentials, address: str | None = None) -> LoggedIn:
        self.asked += 1
        self.addresses.append(address)
        if not self.is_up:
            raise Unreachable("Keystone does not answer.")
        key = (credentials.user, credentials.user_domain, credentials.project, credentials.project_domain)
        person = self.people.get(key)
        if person is None or person.password != credentials.password:
            raise LoginRefused
        if person.name in self.cautious:
            raise MoreAsked
        token = f"token-{uuid.uuid4()}"
        self.tokens[token] = person
        return LoggedIn(token, self.ends(), person.name, person.name, person.project_id, person.project)

    def log_out(self, token: str) -> None:
        self.tokens.pop(token, None)

    def ends(self) -> datetime.datetime:
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
        return now + datetime.timedelta(seconds=self.lifetime)


class KeystoneApp:
    """``/v3/auth/tokens`` of a Keystone, as far as logging in and out goes."""

    def __init__(self, keystone: FakeKeystone) -> None:
        self._keystone = keystone

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = webob.Request(environ)
        answer = webob.Response(status=404, json={})
        if request.path_info == "/v3/auth/tokens" and request.method == "DELETE":
            self._keystone.log_out(request.headers["X-Subject-Token"])
            answer = webob.Response(status=204)
        elif request.path_info == "/v3/auth/tokens" and request.method == "POST":
            answer = self._logged_in(request.json, request.headers.get("Forwarded"))
        return answer(environ, start_response)

    def _logged_in(self, document: Any, address: str | None) -> webob.Response:
        user, scope = document["auth"]["identity"]["password"]["user"], document["auth"]["scope"]["project"]
        typed = Credentials(
            user["name"], user["password"], user["domain"]["name"], scope["name"], scope["domain"]["name"]
        )
        try:
            made = self._keystone.log_in(typed, address)
        except (LoginRefused, Unreachable):
            return webob.Response(status=401, json={"error": {"code": 401, "message": "no"}})
        domain = {"id": "default", "name": "Default"}
        token = {
            "methods": ["password"],
            "issued_at": f"{made.expires_at.isoformat()}Z",
            "expires_at": f"{made.expires_at.isoformat()}Z",
            "user": {"id": made.user_id, "name": made.user_name, "domain": domain},
            "project": {"id": made.project_id, "name": made.project_name, "domain": domain},
        }
        return webob.Response(status=201, json={"token": token}, headers={"X-Subject-Token": made.token})


class FakeAuthtoken:
    """What stands at the head of Nova's pipeline: a token is good, or the request goes no further."""

    def __init__(self, app: Any, keystone: FakeKeystone) -> None:
        self._app = app
        self._keystone = keystone
        #: Every environ that came in, as it came in.
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.seen.append(dict(environ))
        for name in [name for name in environ if _IDENTITY.match(name)]:
            del environ[name]
        person = self._keystone.tokens.get(environ.get("HTTP_X_AUTH_TOKEN", ""))
        if person is None:
            challenge = {"WWW-Authenticate": 'Keystone uri="http://keystone"'}
            refusal = webob.Response(status=401, json={"error": {"code": 401}}, headers=challenge)
            return refusal(environ, start_response)
        environ |= {
            "HTTP_X_IDENTITY_STATUS": "Confirmed",
            "HTTP_X_USER_ID": person.name,
            "HTTP_X_PROJECT_ID": person.project_id,
            "HTTP_X_ROLES": person.roles,
            "keystone.token_auth": object(),
            OWN_ID: f"req-{uuid.uuid4()}",
        }
        return self._app(environ, start_response)


class PageNova(ActingNova):
    """A Nova whose servers are seen by their project, have names, and are listed in pages."""

    def _answer(self, request: webob.Request, path: list[str]) -> webob.Response:
        match (request.method, path):
            case ("GET", ["servers", "detail"]):
                return webob.Response(json=self._listed(request))
            case ("GET", ["servers", server_id]):
                return webob.Response(json={"server": self._seen(request, server_id).shown_at("2.98")})
        return super()._answer(request, path)

    def _listed(self, request: webob.Request) -> dict[str, Any]:
        mine = [one for one in self.servers.values() if one.tenant_id == request.headers["X-Project-Id"]]
        sought = request.GET.get("name")
        named = [one for one in reversed(mine) if sought is None or re.search(sought, one.name)]
        marker, limit = request.GET.get("marker"), int(request.GET["limit"])
        if marker:
            named = named[[one.id for one in named].index(marker) + 1 :]
        links = [{"rel": "next", "href": f"?marker={named[limit - 1].id}"}] if len(named) > limit else []
        return {"servers": [one.shown_at("2.98") for one in named[:limit]], "servers_links": links}


@dataclass
class PageSide:
    """The page, its Nova and its Keystone."""

    menu: MenuSide
    keystone: FakeKeystone
    authtoken: FakeAuthtoken
    door: Door

    def browser(self, scheme: str = "https") -> Browser:
        """A browser of its own, with cookies of its own."""
        return Browser(self.door, scheme)

    def logged_in(self, person: Person = ALICE) -> Browser:
        browser = self.browser()
        reply = browser.log_in(person)
        assert reply.status_int == 303, reply.text
        return browser

    def named(self, name: str, **more: Any) -> str:
        """A server of alice's with this name; its id."""
        reply = self.menu.ask("POST", "/servers", {"server": {"name": name, "imageRef": menu_side.IMAGE, **more}})
        assert reply.status_int == 202, reply.text
        return str(reply.json["server"]["id"])


@dataclass
class Browser:
    """As much of a browser as a page without a script needs: cookies, forms, and where a form is from."""

    door: Any
    scheme: str = "https"
    cookies: dict[str, str] = field(default_factory=dict)
    host: str = "cloud.example"

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None, **extra: Any) -> Any:
        """One request; `path` as a browser spells it."""
        headers = {"Host": self.host, **extra.pop("headers", {})}
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if method == "POST":
            headers = {"Origin": f"{self.scheme}://{self.host}", **headers}
        if fields is not None:
            extra |= {"body": urlencode(fields).encode(), "content_type": _FORM}
        environ = {"SCRIPT_NAME": PAGE, "wsgi.url_scheme": self.scheme, "REMOTE_ADDR": "192.0.2.7"}
        environ |= extra.pop("environ", {})
        app = webtest.TestApp(self.door, lint=True)
        reply = app.request(path, method=method, headers=headers, environ=environ, status="*", **extra)
        self._keep(reply)
        return reply

    def get(self, path: str, **extra: Any) -> Any:
        return self.ask("GET", path, **extra)

    def post(self, path: str, fields: dict[str, str], **extra: Any) -> Any:
        return self.ask("POST", path, fields, **extra)

    def raw(self, method: str, path: str, accepts: str = "gzip", fields: dict[str, str] | None = None) -> Any:
        """An answer as it crosses the wire."""
        request = webob.Request.blank(path, method=method, base_url=f"{self.scheme}://{self.host}", POST=fields)
        request.headers["Accept-Encoding"] = accepts
        request.headers["Origin"] = f"{self.scheme}://{self.host}"
        request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request.script_name, request.host = PAGE, self.host
        return request.get_response(self.door)

    def log_in(self, person: Person, **changed: str) -> Any:
        form = self.form(self.get("/login"), "/login")
        typed = {"user": person.name, "password": person.password, "project": person.project}
        return self.post("/login", {**form, **typed, **changed})

    def form(self, reply: Any, action: str) -> dict[str, str]:
        """What a browser would send of a form as it stands."""
        return fields_of(reply.text, PAGE + action)

    def _keep(self, reply: Any) -> None:
        for header in reply.headers.getall("Set-Cookie"):
            pair, *words = header.split("; ")
            name, _, value = pair.partition("=")
            if "Max-Age=0" in words:
                self.cookies.pop(name, None)
            elif "Secure" not in words or self.scheme == "https":
                self.cookies[name] = value


_FORM = "application/x-www-form-urlencoded"
_TAG = re.compile(r"<(input|select|textarea|option|button)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


def fields_of(page: str, action: str) -> dict[str, str]:
    """What a browser would send of the form with this action, as it stands."""
    form = rf'<form[^>]*method="post"[^>]*action="{re.escape(action)}(?:\?[^"]*)?"[^>]*>(.*?)</form>'
    found = re.search(form, page, re.S)
    assert found, f"there is no form for {action}"
    text, fields, chosen = found.group(1), {}, ""
    for one in _TAG.finditer(text):
        about = {name: unescape(value) for name, value in _ATTRIBUTE.findall(one.group(2))}
        kind = about.get("type", "text")
        if one.group(1) == "select":
            chosen = about["name"]
            fields[chosen] = ""
        elif one.group(1) == "option" and "selected" in about:
            fields[chosen] = about["value"]
        elif one.group(1) == "textarea":
            content = text[one.end() : text.index("</textarea>", one.end())]
            fields[about["name"]] = unescape(content.removeprefix("\n"))
        elif one.group(1) == "input" and (kind not in ("checkbox", "radio") or "checked" in about):
            fields[about["name"]] = about.get("value", "on" if kind in ("checkbox", "radio") else "")
    return fields


def make(tmp_path: Path, options: str = "", **keystone: Any) -> PageSide:
    own = "[package_menu_ui]\nauth_url = http://keystone/v3\nregion_name = RegionOne"
    menu = menu_side.make(tmp_path, f"{own}\n{options}")
    nova = PageNova(menu.nova.ask_glance)
    nova.is_discreet = True
    middleware = PackageMenuMiddleware(nova, menu.books, menu_side.NOVA)
    side = MenuSide(nova, menu.suite, menu.books, menu.folder, webtest.TestApp(middleware, lint=True))
    known = FakeKeystone(**keystone)
    authtoken = FakeAuthtoken(middleware, known)
    return PageSide(side, known, authtoken, Door(authtoken, menu.suite, known))  # type: ignore[arg-type]


def document_of(reply: Any) -> Any:
    return json.loads(reply.body)
