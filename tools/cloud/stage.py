"""What a demo plays on: the running cloud of tools/serve, asked as its people, its tables read from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cloud import Trouble, rc, rows, web
from cloud.keystone import issue


class Surprise(Exception):
    """Something was not as the story tells it."""


class Stage:
    """Ask, read, compare; everything is printed as it happens."""

    def __init__(self, var: Path) -> None:
        try:
            about = json.loads((var / "ready").read_text())
            web.request("GET", about["glance"], timeout=5)
        except (OSError, ValueError):
            raise Trouble(f"no tools/serve is running in {var}: start it first, or name its --var") from None
        self.var = var
        self.glance: str = about["glance"]
        self.installation: str = about["nova_installation_uuid"]
        self.projects: Mapping[str, str] = about["projects"]
        self.novas: list[dict[str, str]] = about["novas"]
        self._python: str = about["python"]
        self._databases = {"glance": about["glance_database"], "suite": about["suite_database"]}
        self._tokens: dict[str, str] = {}

    def scene(self, title: str) -> None:
        print(f"\n== {title}", flush=True)

    def told(self, who: str, what: str) -> None:
        """What one side did or saw."""
        print(f"   {who:<15} {what}".rstrip(), flush=True)

    def ask(
        self,
        who: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> web.Reply:
        """One request as that person, who must be answered `status`."""
        sent = "" if body is None else " " + json.dumps(body)
        self.told(who, f"{method} {path}{sent}")
        reply = self.request(who, method, path, body, headers)
        self.told("", f"-> {reply.status} {_gist(reply)}")
        self.expect(f"the status of {who}'s {method} {path}", reply.status, status)
        return reply

    def request(
        self, who: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> web.Reply:
        """The same, unseen and whatever the answer."""
        token = self._token(who)
        return web.request(method, self.glance + path, token=token, json_body=body, headers=headers)

    def expect(self, what: str, seen: Any, told: Any) -> None:
        if seen != told:
            raise Surprise(f"{what} is {seen!r}, and the story says {told!r}")

    def rows(self, database: str, query: str, *values: str) -> list[dict[str, Any]]:
        """Rows of `glance`'s or the `suite`'s own database, read beside the servers."""
        return rows.read(self._databases[database], query, values, python=self._python)

    def places(self, database: str, text: str) -> list[str]:
        """Every table and column of a whole database where `text` occurs."""
        everything = rows.whole(self._databases[database], python=self._python)
        return sorted(
            {
                f"{table}.{column}"
                for table, found in everything.items()
                for row in found
                for column, value in row.items()
                if text in str(value)
            }
        )

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            known = rc.read(self.var / f"rc-{who}")
            self._tokens[who] = issue(
                known["OS_AUTH_URL"], known["OS_USERNAME"], known["OS_PASSWORD"], known["OS_PROJECT_NAME"]
            )
        return self._tokens[who]


def ids(images: Iterable[Mapping[str, Any]]) -> list[str]:
    return [image["id"] for image in images]


def _gist(reply: web.Reply) -> str:
    """What the one who asked reads in the answer."""
    code = reply.headers.get("x-glance-related-code")
    if not reply.headers.get("content-type", "").startswith("application/json") or not reply.body:
        return code or ""
    answer = reply.json()
    if "images" in answer:
        return f"{len(answer['images'])} image(s): {', '.join(map(_image, answer['images'])) or 'none'}"
    if "message" in answer:
        message = str(answer["message"]).partition("<")[0].strip()
        return f"{code or ''} {message}".strip()
    return _image(answer) if "name" in answer else ""


def _image(image: Mapping[str, Any]) -> str:
    of = f" of {image['instance_id']}" if "instance_id" in image else ""
    return f"{image['name']!r}{of}"
