"""`LoginView`: in and out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glance_related.db.database import DatabaseDown
from glance_related.hosts.account import Unreachable
from glance_related.hosts.login import Credentials, LoggedIn, Login, LoginRefused, MoreAsked
from glance_related.package_menu.page.known import DEVICE_SECONDS, Devices, address_of, network_of, spelt
from glance_related.package_menu.page.sessions import Sessions, form_token, fresh, is_form_token, is_fresh
from glance_related.package_menu.page.throttle import Attempts, Who
from glance_related.package_menu.page.visit import Visit, root_of
from glance_related.wsgi.application import cookie, set_cookie
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

LOG = logging.getLogger(__name__)

# One sentence for every reason: another would tell who is known.
_REFUSED = "Keystone has not let you in. Look at user, password, project and domains, and try again."
_MORE = "Keystone asks for more than a password, as a one-time code, and here is no field for it. Use the command line."
_STALE = "This form is too old, or your browser has not kept this page's cookie, as it does over TLS only. Try again."
_OVER = "Your session is over. Nothing was changed; log in again."
#: How long the login form is good, in seconds.
_FORM_SECONDS = 3600
_LONGEST, _LONGEST_PASSWORD = 255, 4096


@dataclass(frozen=True)
class Cookies:
    """By which names browsers keep what is ours.

    :param is_secure: they are sent over TLS only
    """

    is_secure: bool

    def session(self, environ: WSGIEnvironment) -> str:
        return self._prefix(environ) + "package-menu"

    def form(self, environ: WSGIEnvironment) -> str:
        """Of the form in which one logs in."""
        return self._prefix(environ) + "package-menu-login"

    def device(self, environ: WSGIEnvironment) -> str:
        """Of a browser in which somebody has logged in before."""
        return self._prefix(environ) + "package-menu-device"

    def _prefix(self, environ: WSGIEnvironment) -> str:
        # a promise that browsers hold the site to; __Host- would ask for the path /
        if not self.is_secure:
            return ""
        return "__Secure-" if root_of(environ) else "__Host-"

    def given(self, environ: WSGIEnvironment, name: str, value: str, seconds: int | None = None) -> tuple[str, str]:
        return set_cookie(name, value, root_of(environ) or "/", is_secure=self.is_secure, seconds=seconds)


class LoginView:
    """See the module."""

    def __init__(self, sessions: Sessions, devices: Devices, login: Login, cookies: Cookies) -> None:
        self._sessions = sessions
        self._devices = devices
        self._login = login
        self._cookies = cookies
        self._attempts = Attempts()

    def show(self, visit: Visit) -> Reply:
        """GET /login.

        :raises NoKeys:
        """
        if visit.session is not None:
            return visit.moved("/servers")
        self._sessions.check()
        return self.form(visit)

    def form(
        self,
        visit: Visit,
        *headers: tuple[str, str],
        text: str = "",
        status: int = 200,
        following: str | None = None,
    ) -> Reply:
        """The form, with what was typed; but never with a password.

        :param text: what is wrong
        :param following: where to go then
        """
        name = self._cookies.form(visit.environ)
        value = cookie(visit.environ, name)
        secret = value if value is not None and is_fresh(value) else fresh()
        typed = {word: visit.form.get(word, "")[:_LONGEST] for word in ("user", "project")}
        typed |= {word: visit.form.get(word, "Default")[:_LONGEST] for word in ("user_domain", "project_domain")}
        return visit.page(
            "login.html",
            self._cookies.given(visit.environ, name, secret, _FORM_SECONDS),
            *headers,
            status=status,
            session=None,
            proof=form_token(secret),
            typed=typed,
            text=text,
            following=following if following is not None else visit.query.get("next", visit.form.get("next", "")),
        )

    def over(self, visit: Visit, *headers: tuple[str, str], status: int = 403) -> Reply:
        """His session has ended."""
        name = self._cookies.session(visit.environ)
        taken = self._cookies.given(visit.environ, name, "", 0)
        following = visit.environ.get("PATH_INFO", "") if visit.environ["REQUEST_METHOD"] == "GET" else ""
        return self.form(visit, taken, *headers, text=_OVER, status=status, following=following)

    def log_in(self, visit: Visit, following: str) -> Reply:
        """POST /login.

        :param following: a page of ours to go to
        :raises NoKeys:
        :raises DatabaseDown:
        """
        self._sessions.check()
        secret = cookie(visit.environ, self._cookies.form(visit.environ))
        if not is_fresh(secret) or not is_form_token(secret or "", visit.form.get("proof", "")):
            return self.form(visit, text=_STALE, status=403)
        form, address = visit.form, address_of(visit.environ)
        typed = Credentials(
            *(form.get(word, "") for word in ("user", "password", "user_domain", "project", "project_domain"))
        )
        if not _is_sane(typed):
            return self.form(visit, text=_REFUSED, status=403)  # of nobody, so that it counts for nobody
        who = self._who(visit, typed, address)
        wait = self._attempts.begin(who)
        if wait:
            text = f"Too many attempts have failed. Wait {wait} seconds, then try again."
            return self.form(visit, ("Retry-After", str(wait)), text=text, status=429)
        try:
            user = self._login.log_in(typed, address)
        except LoginRefused:
            LOG.info("a login of %r from %s was refused", typed.user, address)
            return self.form(visit, text=_REFUSED, status=403)
        except MoreAsked:
            LOG.info("a login of %r from %s was given up: Keystone asks for more than a password", typed.user, address)
            return self.form(visit, text=_MORE, status=403)
        except Unreachable as error:
            LOG.warning("nobody can log in: %s", error)
            return self.form(visit, text="Keystone does not answer, or not now. Try again later.", status=503)
        self._attempts.succeeded(who)
        value = self._started(visit, user)
        LOG.info("user %s has logged in from %s", user.user_id, address)
        return visit.moved(
            following,
            self._cookies.given(visit.environ, self._cookies.session(visit.environ), value),
            self._cookies.given(visit.environ, self._cookies.form(visit.environ), "", 0),
            self._cookies.given(
                visit.environ, self._cookies.device(visit.environ), self._devices.given(who.user), DEVICE_SECONDS
            ),
        )

    def _started(self, visit: Visit, user: LoggedIn) -> str:
        """His session, in the place of the one that this browser had before.

        :raises DatabaseDown:
        """
        try:
            self._sessions.end(cookie(visit.environ, self._cookies.session(visit.environ)))
            value = self._sessions.start(user)
            self._sessions.purge()
        except DatabaseDown:
            self._login.log_out(user.token)  # nobody will ever use it
            raise
        if visit.session is not None:
            self._login.log_out(visit.session.token)
        return value

    def _who(self, visit: Visit, typed: Credentials, address: str | None) -> Who:
        """Who tries, as it is counted.

        :raises NoKeys:
        """
        user = f"{spelt(typed.user_domain)}\0{spelt(typed.user)}"
        device = self._devices.known(cookie(visit.environ, self._cookies.device(visit.environ)), user)
        return Who(user, network_of(address), device)

    def log_out(self, visit: Visit) -> Reply:
        """POST /logout."""
        name = self._cookies.session(visit.environ)
        self._sessions.end(cookie(visit.environ, name))
        self._login.log_out(visit.user.token)
        LOG.info("user %s has logged out", visit.user.user_id)
        return visit.moved("/login", self._cookies.given(visit.environ, name, "", 0), done="out")

    def ended(self, visit: Visit, challenge: str) -> Reply:
        """Keystone has ended the token: the session goes, and the form is shown, with what authtoken says."""
        try:
            self._sessions.end(cookie(visit.environ, self._cookies.session(visit.environ)))
        except DatabaseDown:
            LOG.info("a session was not forgotten: the database is down; it ends by itself")
        headers = [("WWW-Authenticate", challenge)] if challenge else []
        return self.over(visit, *headers, status=401)


def _is_sane(typed: Credentials) -> bool:
    names = (typed.user, typed.user_domain, typed.project, typed.project_domain)
    return all(0 < len(name) <= _LONGEST for name in names) and 0 < len(typed.password) <= _LONGEST_PASSWORD
