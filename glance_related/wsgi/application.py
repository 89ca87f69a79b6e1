"""What an application of our own needs, one that stands beside the host and is opened in a browser.

`enter` asks the host something at the head of its pipeline, as any client would: nothing that the browser has sent goes
along, for behind the door whoever is asking is told by his token alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from glance_related.wsgi.body import read_body
from glance_related.wsgi.reply import Reply, collect

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

#: Most fields of a form, and of a query.
FIELDS_MAX = 50_000

_OF_THE_SERVER = (
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.errors",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
)
_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([^\x00-\x20\",;\\\x7f-\uffff]*)")
_FORM = "application/x-www-form-urlencoded"

Fields = dict[str, str]


class NotAForm(Exception):
    """The body is not what a form sends."""


@dataclass(frozen=True)
class Asked:
    """What the host is asked.

    :param path: behind ``script_name``
    :param headers: under their names in the environ
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes = b""


def enter(app: WSGIApplication, environ: WSGIEnvironment, script_name: str, asked: Asked) -> Reply:
    """Ask the host something at the head of its pipeline, in the name of nobody but its token.

    :param environ: of the request at hand: which server this is, and from where it was asked
    """
    fresh: WSGIEnvironment = {key: environ[key] for key in _OF_THE_SERVER if key in environ}
    fresh.update(asked.headers or {})
    fresh.update(
        {
            "REQUEST_METHOD": asked.method,
            "SCRIPT_NAME": script_name,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_LENGTH": str(len(asked.body)),
            "wsgi.input": io.BytesIO(asked.body),
        }
    )
    return collect(app, fresh)


def read_form(environ: WSGIEnvironment, limit: int) -> Fields:
    """The fields of a form; of one that is there twice the last.

    :param limit: most bytes of it
    :raises NotAForm: it is of another type, not UTF-8, or has too many fields
    :raises Problem: 413 over the limit, 400 where it ends early
    """
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    body = read_body(environ, limit) or b""
    if body and media_type != _FORM:
        raise NotAForm
    return _fields(body.decode("ascii", "replace"))


def read_fields(environ: WSGIEnvironment) -> Fields:
    """The same of a query.

    :raises NotAForm:
    """
    return _fields(environ.get("QUERY_STRING", ""))


def _fields(text: str) -> Fields:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX))
    except ValueError:
        raise NotAForm from None


def cookie(environ: WSGIEnvironment, name: str) -> str | None:
    """What a cookie says; None where there is none, or more than one of the name: one of them is not ours."""
    found = [value for one, value in _COOKIE.findall(environ.get("HTTP_COOKIE", "")) if one == name]
    return found[0] if len(found) == 1 else None


def set_cookie(name: str, value: str, path: str, *, is_secure: bool, seconds: int | None = None) -> tuple[str, str]:
    """The header that gives a browser a cookie: for this page alone, unseen by scripts, never sent from elsewhere.

    :param seconds: how long it is kept; None: until the browser is closed; 0: it is taken away
    """
    words = [f"{name}={value}", f"Path={path}", "HttpOnly", "SameSite=Strict"]
    if is_secure:
        words.append("Secure")
    if seconds is not None:
        words.append(f"Max-Age={seconds}")
    return "Set-Cookie", "; ".join(words)


def accepts_gzip(environ: WSGIEnvironment) -> bool:
    """Whether the client takes a compressed answer."""
    for one in environ.get("HTTP_ACCEPT_ENCODING", "").lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return False
