"""`Rendering`: answers as a browser gets them: templates, the style sheet, the script, and what may be done with each.

**What is compressed.** A compressed answer's length tells an onlooker how much of it repeats, and who may put text into
a page that holds a secret could find the secret letter by letter. So a page is compressed only where nothing that the
request says is shown on it: not after a search, not with what was typed. What else is on it was written by the
project's and the cloud's own people, no secret of the menu ever is, the session's is in a cookie, and the proof in each
form is another text each time. The style sheet and the script are the same for everybody.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from glance_related.wsgi.application import accepts_gzip
from glance_related.wsgi.reply import Reply, json_reply, status_line

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_HERE = Path(__file__).parent
_YEAR = 365 * 86400
_WORTH_IT = 1024

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: On every answer of the door.
SAFETY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # with no-referrer browsers would not say where a form comes from (Origin: null), which the door asks
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_NOT_KEPT = ("Cache-Control", "no-store")


@dataclass(frozen=True)
class StaticFile:
    """A file that never changes under its name.

    :param name: with a print of its content in it
    """

    name: str
    media_type: str
    plain: bytes
    packed: bytes

    @property
    def tag(self) -> str:
        return self.name.rsplit(".", 2)[1]


class Rendering:
    """See the module; made once for a process."""

    def __init__(self) -> None:
        self._static = {
            one.name: one
            for one in (
                _static("page.css", "text/css; charset=utf-8"),
                _static("script.js", "text/javascript; charset=utf-8"),
                _static("icon.svg", "image/svg+xml"),
            )
        }
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["files"] = {name.partition(".")[0]: name for name in self._static}
        for name in self._templates.list_templates():
            self._templates.get_template(name)  # a template that cannot be read stops the start

    def page(
        self,
        environ: WSGIEnvironment,
        template: str,
        words: Mapping[str, Any],
        *headers: tuple[str, str],
        status: int = 200,
        echoes: bool = True,
    ) -> Reply:
        """A page.

        :param echoes: whether something that the request says is shown on it
        """
        body = self._templates.get_template(template).render(words).encode("utf-8", "replace")
        extra = [("Content-Type", "text/html; charset=utf-8"), _NOT_KEPT, *SAFETY, *headers]
        if not echoes:
            extra.append(("Vary", "Accept-Encoding"))
            if len(body) > _WORTH_IT and accepts_gzip(environ):
                body = gzip.compress(body, 6, mtime=0)
                extra.append(("Content-Encoding", "gzip"))
        return _reply(status, body, *extra)

    def static(self, environ: WSGIEnvironment, name: str) -> Reply | None:
        """A file of the page's; None: there is none of that name."""
        file = self._static.get(name)
        if file is None:
            return None
        packs = accepts_gzip(environ)
        tag = f'"{file.tag}{"-gzip" if packs else ""}"'
        headers = [
            ("Content-Type", file.media_type),
            ("Cache-Control", f"public, max-age={_YEAR}, immutable"),
            ("ETag", tag),
            ("Vary", "Accept-Encoding"),
            *SAFETY,
        ]
        if tag in environ.get("HTTP_IF_NONE_MATCH", ""):
            return Reply("304 Not Modified", tuple(headers[1:]), b"")
        if packs:
            headers.append(("Content-Encoding", "gzip"))
        return _reply(200, file.packed if packs else file.plain, *headers)


def moved(path: str, *headers: tuple[str, str]) -> Reply:
    """Look there: after what was done, so that a reload does not do it again."""
    return _reply(303, b"", ("Location", path), _NOT_KEPT, *SAFETY, *headers)


def data(status: int, document: Any, *headers: tuple[str, str]) -> Reply:
    """What the script is told."""
    return json_reply(status_line(status), document, _NOT_KEPT, *SAFETY, *headers)


def _reply(status: int, body: bytes, *headers: tuple[str, str]) -> Reply:
    return Reply(status_line(status), (*headers, ("Content-Length", str(len(body)))), body)


def _static(name: str, media_type: str) -> StaticFile:
    content = (_HERE / "static" / name).read_bytes()
    stem, _, suffix = name.rpartition(".")
    named = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
    return StaticFile(named, media_type, content, gzip.compress(content, 9, mtime=0))
