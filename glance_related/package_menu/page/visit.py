"""`Visit`: one request of a browser's, and how it is answered; and whether a form came from a page of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from glance_related.package_menu.page.api import Api
from glance_related.package_menu.page.rendering import Rendering, moved
from glance_related.package_menu.page.sessions import Session, form_token
from glance_related.wsgi.application import Fields
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# What is said after something was done: by these words only, so that nobody can put others into a link.
DONE = {
    "saved": "Saved. What was changed is on its way.",
    "nothing": "Nothing was changed: all is as it was.",
    "copied": "Copied. The server has what the other one has of its own.",
    "reset": "Reset. The server has what its project has.",
    "out": "You are logged out.",
    "said": "Saved. Servers that say nothing else of it follow, one after the other.",
}


@dataclass(frozen=True)
class Visit:
    """See the module.

    :param names: what the path names
    :param query: the fields behind the question mark
    :param form: the fields of a form that was sent
    """

    environ: WSGIEnvironment
    rendering: Rendering
    region: str | None
    names: Mapping[str, str] = field(default_factory=dict)
    query: Fields = field(default_factory=dict)
    form: Fields = field(default_factory=dict)
    session: Session | None = None
    asks: Api | None = None

    @property
    def root(self) -> str:
        """Where the door stands, as a browser spells it."""
        return root_of(self.environ)

    @property
    def user(self) -> Session:
        assert self.session is not None, "the door lets nobody in who is not logged in"
        return self.session

    @property
    def api(self) -> Api:
        assert self.asks is not None, "the door lets nobody in who is not logged in"
        return self.asks

    def page(
        self, template: str, *headers: tuple[str, str], status: int = 200, echoes: bool = True, **words: Any
    ) -> Reply:
        """A page. See `Rendering.page`."""
        done = DONE.get(self.query.get("done", ""), "")
        common = {
            "root": self.root,
            "session": self.session,
            "proof": form_token(self.session.secret) if self.session is not None else "",
            "region": self.region,
            "done": done if status == 200 else "",
            "section": "",
        }
        return self.rendering.page(self.environ, template, {**common, **words}, *headers, status=status, echoes=echoes)

    def told(self, title: str, text: str, *headers: tuple[str, str], status: int) -> Reply:
        """A page that says one thing."""
        return self.page("message.html", *headers, status=status, title=title, text=text)

    def moved(self, path: str, *headers: tuple[str, str], **query: str) -> Reply:
        """Look at another page of ours."""
        asked = {name: value for name, value in query.items() if value}
        return moved(self.root + path + (f"?{urlencode(asked)}" if asked else ""), *headers)

    def kept_query(self, *names: str) -> Fields:
        """What of the query is kept from page to page."""
        return {name: self.query[name] for name in names if self.query.get(name)}


def root_of(environ: WSGIEnvironment) -> str:
    """Where the door stands, as a browser spells it."""
    return quote(environ.get("SCRIPT_NAME", "").rstrip("/"), safe="/~")


def is_from_here(environ: WSGIEnvironment) -> bool:
    """Whether a browser says that it sends a form of this very site's.

    What it says of where a request is from no script can change. A browser that does not say it names the origin of
    the page.
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return bool(site == "same-origin")
    origin = environ.get("HTTP_ORIGIN") or environ.get("HTTP_REFERER") or ""
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(host) and host.lower() == environ.get("HTTP_HOST", "").lower()
