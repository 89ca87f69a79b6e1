"""`Api`: the package menu's HTTP interface as the commands ask it; a refusal becomes the lines that are printed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from openstack.exceptions import raise_from_response
from osc_lib.exceptions import CommandError

from glance_related.osc.faults import CODE_HEADER, PROBLEMS, fault_in

LOG = logging.getLogger(__name__)

MENU = "/package-menu"
NOT_HERE = "This cloud has no package menu: nothing in front of its Nova knows it."

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.-]*")
# What stands for something else where a name would stand in a path.
_RESERVED = frozenset(("projects", "nodes", "servers", "history", "package-menu"))
_PROJECT_ID = re.compile(r"[A-Za-z0-9_-]+")

_STALE = 412

#: Of a request whose body is not to be told by ``--debug``, nor in a log file: there may be a secret in it.
UNTOLD: dict[str, Any] = {"log": False}


class Refused(CommandError):
    """The cloud refused it.

    :param lines: what is wrong, one thing each
    :param code: ours; "" where it is Nova's own refusal
    """

    def __init__(self, status: int, code: str, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.status = status
        self.code = code
        self.lines = lines


class Answer(NamedTuple):
    """What the cloud has answered.

    :param document: None where there is none
    :param tag: of the state that is shown, as it is sent back to change only that
    """

    document: Any
    tag: str | None


class Api:
    """See the module.

    :param app: the shell
    """

    def __init__(self, app: Any) -> None:
        self._compute = app.client_manager.sdk_connection.compute

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        tag: str | None = None,
    ) -> Answer:
        """One request.

        :param tag: of the state that is changed, and no other
        :raises CommandError: this cloud has no package menu
        :raises Refused: with a line for each thing that is wrong
        """
        more: dict[str, Any] = {"skip_cache": True}
        if document is not None:
            more = {"json": document, **UNTOLD}
            LOG.debug("%s %s (its body is left out)", method, path)
        if tag is not None:
            more["headers"] = {"If-Match": tag}
        response = self._compute.request(path, method, params=dict(query or {}), **more)
        _check(response)
        return Answer(response.json() if response.content else None, response.headers.get("ETag"))

    def listed(self, path: str, key: str, **query: Any) -> list[Any]:
        """A list, all pages of it."""
        found: list[Any] = []
        answer = self.ask("GET", path, query=query)
        while True:
            found += answer.document[key]
            following = _next(answer.document, key)
            if following is None:
                return found
            answer = self.ask("GET", following)

    def settings(self, server_id: str, **query: Any) -> tuple[dict[str, Any], str | None]:
        """What a server has, with all of its entries; and the tag of that."""
        answer = self.ask("GET", packages_path(server_id), query=query)
        whole, tag = answer.document["server_packages"], answer.tag
        page = whole
        while (following := _next(page, "entries")) is not None:
            page = self.ask("GET", following).document["server_packages"]
            whole["entries"] += page["entries"]
        return whole, tag

    def change_settings(self, server_id: str, wanted: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change what a server has of its own, from what it has now; once more where somebody else was faster.

        :param wanted: what it shall have of its own, by what it has
        """

        def attempt() -> None:
            settings, tag = self.settings(server_id)
            self.ask("PUT", packages_path(server_id), wanted(settings), tag=tag)

        _once_more(attempt)

    def change_entry(self, name: str, wanted: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change some of what an entry says, from what it says now; once more where somebody else was faster.

        :param wanted: what it shall say, by what it says; nothing: it stays
        """

        def attempt() -> None:
            answer = self.ask("GET", entry_path(name))
            words = wanted(answer.document["entry"])
            if words:
                self.ask("PATCH", entry_path(name), {"entry": words}, tag=answer.tag)

        _once_more(attempt)

    def entry(self, name: str) -> dict[str, Any] | None:
        """An entry of the cloud's menu; None where there is none of this name."""
        if not is_name(name):
            return None
        try:
            entry: dict[str, Any] = self.ask("GET", entry_path(name)).document["entry"]
        except Refused as refused:
            if refused.status != 404:
                raise
            return None
        return entry

    def server_id(self, name_or_id: str) -> str:
        """The id of a server that the caller sees."""
        return str(self._compute.find_server(name_or_id, ignore_missing=False).id)


def is_name(text: str) -> bool:
    """Whether an entry may have this name."""
    return _NAME.fullmatch(text) is not None and text not in _RESERVED


def entry_path(name: str) -> str:
    """Where an entry of the cloud's menu is.

    :raises Refused: no entry can have this name, which may lead anywhere in a path
    """
    return f"{MENU}/{_checked(name)}"


def project_path(project_id: str, name: str | None = None) -> str:
    """Where a project's menu is, or one entry of it.

    :raises CommandError: no project can have this id
    :raises Refused: no entry can have this name
    """
    if not _PROJECT_ID.fullmatch(project_id):
        raise CommandError(f"{project_id} is no ID of a project, and who it is the name of you may not look up.")
    return f"{MENU}/projects/{project_id}" + (f"/{_checked(name)}" if name is not None else "")


def packages_path(server_id: str) -> str:
    """Where it is told what a server has."""
    return f"/servers/{quote(server_id, safe='')}/packages"


def _checked(name: str) -> str:
    if not is_name(name):
        raise Refused(400, "", [f"{name}: no entry of a menu can have this name"])
    return name


def _once_more(attempt: Callable[[], None]) -> None:
    """Try, and try again where what was to be changed has changed meanwhile."""
    try:
        attempt()
    except Refused as refused:
        if refused.status != _STALE:
            raise
        attempt()


def _next(document: Mapping[str, Any], key: str) -> str | None:
    return next((str(link["href"]) for link in document.get(f"{key}_links", ()) if link["rel"] == "next"), None)


def _check(response: Any) -> None:
    """:raises CommandError: see `Api.ask`"""
    status = response.status_code
    if status < 400:
        return
    fault, code = fault_in(response), response.headers.get(CODE_HEADER, "")
    if status == 404 and not code and not fault:
        raise CommandError(NOT_HERE)
    if not code:
        raise_from_response(response)
    problems = [f"{one.get('name')}: {one.get('message')}" for one in fault.get(PROBLEMS, ())]
    raise Refused(status, code, problems or [str(fault.get("message") or code)])
