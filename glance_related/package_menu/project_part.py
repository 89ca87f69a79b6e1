"""`ProjectPart`: what a project makes of the cloud's menu."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from glance_related.package_menu import problems
from glance_related.package_menu.asking import (
    TRIES,
    caller_of,
    check_tag,
    document_of,
    needing_the_database,
    page_of,
    settings_refused,
)
from glance_related.package_menu.books import Books
from glance_related.package_menu.deliverable import shown_value
from glance_related.package_menu.entry import VARIABLE, Entry
from glance_related.package_menu.listing import FILTERS, filtered, is_wanted, paged
from glance_related.package_menu.rules import (
    DEFAULT,
    GLOBAL,
    PROJECT,
    STATES,
    UNAVAILABLE,
    Fault,
    ProjectMenu,
    ProjectState,
    Setting,
)
from glance_related.package_menu.store import AsOf, Stale
from glance_related.package_menu.values import Unfit, fitting
from glance_related.settings import policy
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.conditions import has_already, tagged, unchanged
from glance_related.wsgi.filter import Request
from glance_related.wsgi.pages import BadPage, Page, is_true
from glance_related.wsgi.reply import json_reply, no_content

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_KEY = "project_packages"
_PROJECT_ID = re.compile("[A-Za-z0-9_-]{1,255}")


class ProjectPart:
    """See the module."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._policy = books.suite.policy
        self._limit = books.suite.settings.package_menu.max_body_bytes

    def projects(self, request: Request) -> WSGIApplication:
        """GET /package-menu/projects."""
        self._policy.require(policy.MENU_LIST, caller_of(request))
        page = page_of(request)
        with needing_the_database():
            found = self._books.menu.projects(page.marker, page.limit + 1)
        last = found[page.limit - 1] if len(found) > page.limit else None
        shown = [{"project_id": one} for one in found[: page.limit]]
        return json_reply("200 OK", {"projects": shown, **page.links("/package-menu/projects", "projects", last)})

    def index(self, request: Request) -> WSGIApplication:
        """GET /package-menu/projects/{of_project}."""
        caller, project_id = self._seeing(request)
        may_lift = self._may_lift(caller, project_id)
        page = page_of(request, *FILTERS, "state", "all")
        with needing_the_database():
            as_of = self._books.menu.of_project(project_id)
        if has_already(request.environ, as_of.tag):
            return unchanged(as_of.tag)
        listed, last = paged(page, self._wanted(as_of, page, sees_all=may_lift), attrgetter("entry.name"))
        shown = [project_document(setting, as_of.menu, sees_all=may_lift) for setting in listed]
        path = f"/package-menu/projects/{project_id}"
        return json_reply("200 OK", {_KEY: shown, **page.links(path, _KEY, last)}, tagged(as_of.tag))

    def set(self, request: Request) -> WSGIApplication:
        """PUT /package-menu/projects/{of_project}/{name}."""
        caller, project_id = self._changing(request)
        given = document_of(request, self._limit, "state", "default")
        name = request.names["name"]

        def wanted(as_of: AsOf) -> ProjectState:
            entry = self._entry(caller, project_id, as_of, name)
            state = self._judged(entry, given)
            self._check_lifting(caller, project_id, as_of, entry, state.state)
            return state

        with needing_the_database():
            as_of = self._say(request, project_id, wanted)
        setting = as_of.menu.base.settings.get(name)
        if setting is None:  # it was taken off the menu in the same moment
            raise problems.NO_ENTRY(name=name)
        shown = project_document(setting, as_of.menu, sees_all=self._may_lift(caller, project_id))
        return json_reply("200 OK", {"project_package": shown}, tagged(as_of.tag))

    def unset(self, request: Request) -> WSGIApplication:
        """DELETE /package-menu/projects/{of_project}/{name}."""
        caller, project_id = self._changing(request)
        name = request.names["name"]

        def wanted(as_of: AsOf) -> None:
            entry = self._entry(caller, project_id, as_of, name)
            self._check_lifting(caller, project_id, as_of, entry, DEFAULT if entry.on_by_default else UNAVAILABLE)

        with needing_the_database():
            self._say(request, project_id, wanted)
        return no_content()

    # -- parts

    def _say(self, request: Request, project_id: str, wanted: Any) -> AsOf:
        """Write what the project says of an entry; its menu then.

        :raises Problem: 409 where others are always faster
        """
        name = request.names["name"]
        for _ in range(TRIES):
            as_of = self._books.menu.of_project(project_id)
            check_tag(request, as_of.tag)
            state = wanted(as_of)
            state = state and state._replace(value=self._resealed(as_of, name, state.value))
            if as_of.menu.states.get(name) == state:
                return as_of
            try:
                self._books.menu.say(project_id, as_of, {name: state})
            except Stale:
                continue
            return self._books.menu.of_project(project_id)
        raise problems.CHANGED_MEANWHILE()

    def _resealed(self, as_of: AsOf, name: str, value: Any) -> Any:
        return self._books.sealed(as_of.menu.menu.entries[name], value)

    def _judged(self, entry: Entry, given: dict[str, Any]) -> ProjectState:
        """:raises Problem: 400 with everything that is wrong"""
        state, value = given.get("state"), given.get("default")
        faults = []
        if state not in STATES:
            faults.append(Fault(entry.name, "bad_state", f"state must be one of {', '.join(STATES)}"))
        if value is not None and (entry.kind != VARIABLE or state != DEFAULT):
            faults.append(Fault(entry.name, "no_variable", "only a variable whose state is default has a default"))
        elif value is not None:
            try:
                value = fitting(entry, value)
            except Unfit as unfit:
                faults.append(Fault(entry.name, "bad_value", str(unfit)))
        if faults:
            raise settings_refused(faults)
        assert isinstance(state, str)
        return ProjectState(state, value)

    def _may_lift(self, caller: Caller, project_id: str) -> bool:
        return self._policy.allows(policy.MENU_PROJECT_LIFT, caller, project_id=project_id)

    def _check_lifting(self, caller: Caller, project_id: str, as_of: AsOf, entry: Entry, after: str) -> None:
        """Between available and default a manager chooses; what is unavailable is the administrator's.

        :raises Problem: 403
        """
        before, _ = as_of.menu.state(entry)
        if UNAVAILABLE in (before, after) and not self._may_lift(caller, project_id):
            raise problems.NO_RIGHT_TO_STATE(name=entry.name, state=before)

    def _wanted(self, as_of: AsOf, page: Page, *, sees_all: bool) -> list[Setting]:
        with filtered():
            everything = sees_all and is_true(page.wanted.get("all", "true"))
            state = page.wanted.get("state")
            if state not in (None, *STATES):
                raise BadPage(f"state must be one of {', '.join(STATES)}")
            return [
                setting
                for _, setting in sorted(as_of.menu.base.settings.items())
                if (everything or setting.is_offered)
                and state in (None, setting.state)
                and is_wanted(setting.entry, page)
            ]

    def _entry(self, caller: Caller, project_id: str, as_of: AsOf, name: str) -> Entry:
        """An entry that the caller may speak of, before anything that he says of it is judged.

        What else is on the cloud's menu only an administrator is told: what cannot be said of an entry tells a lot of
        it, that it is there, its type and its bounds.

        :raises Problem: 404
        """
        entry = as_of.menu.menu.entries.get(name)
        if entry is None or (as_of.menu.state(entry)[0] == UNAVAILABLE and not self._may_lift(caller, project_id)):
            raise problems.NO_ENTRY(name=name)
        return entry

    def _seeing(self, request: Request) -> tuple[Caller, str]:
        """Who is asking, and of which project; to whom the policy does not show it, it is not there.

        What can be no project is not there either, for an administrator too: what he says of it would be kept for good.
        """
        caller, project_id = caller_of(request), request.names["of_project"]
        if _PROJECT_ID.fullmatch(project_id) is None or not self._policy.allows(
            policy.MENU_PROJECT_SHOW, caller, project_id=project_id
        ):
            raise problems.NOT_SHOWN(project_id=project_id)
        return caller, project_id

    def _changing(self, request: Request) -> tuple[Caller, str]:
        caller, project_id = self._seeing(request)
        self._policy.require(policy.MENU_PROJECT_SET, caller, project_id=project_id)
        return caller, project_id


def project_document(setting: Setting, menu: ProjectMenu, *, sees_all: bool) -> dict[str, Any]:
    """An entry as a project sees it.

    :param sees_all: what is not available to the project is named too
    """
    entry = setting.entry
    shown = menu.menu.documents[entry.name]
    document: dict[str, Any] = {**shown, "state": setting.state, "state_origin": setting.state_origin}
    if entry.kind == VARIABLE:
        said = menu.states.get(entry.name)
        is_own = said is not None and said.state == DEFAULT and said.value is not None
        value = said.value if said is not None and is_own else entry.default
        document |= {"default": shown_value(value, entry), "default_origin": PROJECT if is_own else GLOBAL}
        if entry.is_secret:
            document["has_default"] = value is not None
    else:
        document |= {"on": setting.is_on, "on_origin": setting.origin, "through": setting.through}
    if not sees_all:
        _hide(document, menu)
    return document


def _hide(document: dict[str, Any], menu: ProjectMenu) -> None:
    """Name nothing that is not on the project's menu."""

    def offered(names: Iterable[str]) -> list[str]:
        return [name for name in names if name in menu.base.settings and menu.base.settings[name].is_offered]

    if "packages" in document:
        document["packages"] = offered(document["packages"])
    if "contents" in document:
        contents = document["contents"]
        values = {name: contents["variables"][name] for name in offered(contents["variables"])}
        document["contents"] = {"packages": offered(contents["packages"]), "variables": values}
