"""`ServerPart`: what one server has: shown, and changed while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from glance_related.hosts.nova.servers import Servers, shown_in
from glance_related.instance_ref import canonical_uuid
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
from glance_related.package_menu.changes import changes
from glance_related.package_menu.deliverable import generation_of, wishes
from glance_related.package_menu.instance_store import Kept, Record
from glance_related.package_menu.rules import NO_CHOICES, Choice, judge
from glance_related.package_menu.servers import ServersPackages
from glance_related.package_menu.showing import FILTERS, server_document, time_of
from glance_related.package_menu.store import AsOf, Stale
from glance_related.package_menu.wanted import choice_in, choices_in
from glance_related.settings import policy
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.conditions import tagged
from glance_related.wsgi.filter import Request
from glance_related.wsgi.reply import Reply, json_reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Choices = Mapping[str, Choice]

#: Most records of the history on one page: each may tell of many entries.
_RECORDS = 100


class NotSeen(Exception):
    """Nova does not show the server to the caller; its answer is what he is told."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True)
class Seen:
    """A server that the caller sees.

    :param server: as Nova shows it
    :param kept: what is kept of it; None: it has what its project has
    """

    caller: Caller
    server: Mapping[str, Any]
    kept: Kept | None
    as_of: AsOf

    @property
    def choices(self) -> Choices:
        return self.kept.choices if self.kept is not None else NO_CHOICES

    @property
    def tag(self) -> str:
        return str(generation_of(self.kept, self.as_of))


class ServerPart:
    """See the module."""

    def __init__(self, books: Books, servers: ServersPackages) -> None:
        self._books = books
        self._servers = servers
        self._policy = books.suite.policy
        self._settings = books.suite.settings.package_menu

    # -- handlers

    def show(self, request: Request) -> WSGIApplication:
        """GET /servers/{server_id}/packages."""
        page = page_of(request, *FILTERS)
        try:
            with needing_the_database():
                seen = self._seen(request)
                deliveries = self._books.deliveries.of(self._servers.ref(seen.server["id"]))
        except NotSeen as unseen:
            return unseen.reply
        document = server_document(seen.server["id"], seen.kept, seen.as_of, deliveries, page)
        return json_reply("200 OK", document, tagged(seen.tag))

    def replace(self, request: Request) -> WSGIApplication:
        """PUT /servers/{server_id}/packages: all that the server has of its own."""
        given = document_of(request, self._settings.max_body_bytes, "packages", "package_variables", "copy_from")

        def wanted(seen: Seen) -> Choices:
            before = dict(seen.choices)
            if "copy_from" in given:
                fresh = self._copied(request, given)
            else:
                fresh = choices_in(given, before, seen.as_of.menu.menu.entries)
            # what an administrator has said of an entry for this server is not the customer's to take away
            states = {name: Choice(choice.state) for name, choice in before.items() if choice.state is not None}
            return _merged(states, fresh)

        return self._change(request, wanted)

    def set(self, request: Request) -> WSGIApplication:
        """PUT /servers/{server_id}/packages/{name}."""
        given = document_of(request, self._settings.max_body_bytes, "on", "value", "state")
        name = request.names["name"]
        choice = choice_in(name, given)

        def wanted(seen: Seen) -> Choices:
            before = seen.choices.get(name, Choice())
            if "state" in given:
                self._policy.require(policy.MENU_SERVER_STATE, seen.caller, project_id=seen.server["tenant_id"])
                before = before._replace(state=choice.state)
            if "on" in given or "value" in given:
                before = before._replace(is_on=choice.is_on, value=choice.value)
            return _only_said({**seen.choices, name: before})

        return self._change(request, wanted)

    def unset(self, request: Request) -> WSGIApplication:
        """DELETE /servers/{server_id}/packages/{name}: what the project has."""
        name = request.names["name"]

        def wanted(seen: Seen) -> Choices:
            before = seen.choices.get(name)
            if before is not None and before.state is not None and before.is_on is None and before.value is None:
                self._policy.require(policy.MENU_SERVER_STATE, seen.caller, project_id=seen.server["tenant_id"])
                before = Choice()
            elif before is not None:
                before = Choice(before.state)
            return _only_said({**seen.choices, name: before or Choice()})

        return self._change(request, wanted)

    def history(self, request: Request) -> WSGIApplication:
        """GET /servers/{server_id}/packages/history."""
        page = page_of(request, most=_RECORDS)
        try:
            with needing_the_database():
                seen = self._seen(request)
                ref = self._servers.ref(seen.server["id"])
                records = self._books.instances.history(ref, page.marker, page.limit + 1)
        except NotSeen as unseen:
            return unseen.reply
        last = records[page.limit - 1].id if len(records) > page.limit else None
        shown = [
            {
                "id": one.id,
                "generation": one.generation,
                "user_id": one.user_id,
                "created_at": time_of(one.created_at),
                "changes": list(one.changes),
            }
            for one in records[: page.limit]
        ]
        path = f"/servers/{seen.server['id']}/packages/history"
        return json_reply("200 OK", {"history": shown, **page.links(path, "history", last)})

    # -- changing

    def _change(self, request: Request, wanted: Callable[[Seen], Choices]) -> WSGIApplication:
        """Change what a server has of its own, whoever else does so at the same time.

        :raises Problem: with everything that is wrong with it
        """
        try:
            with needing_the_database():
                for _ in range(TRIES):
                    seen = self._seen(request)
                    self._check_rights(seen)
                    check_tag(request, seen.tag)
                    kept = self._changed(seen, wanted(seen))
                    if kept is not None:
                        return self._answer(seen, kept)
        except NotSeen as unseen:
            return unseen.reply
        raise problems.CHANGED_MEANWHILE()

    def _changed(self, seen: Seen, wanted: Choices) -> Kept | None:
        """What is kept then; None where somebody else was faster."""
        judged, faults = judge(seen.as_of.menu, seen.choices, wanted)
        if faults:
            raise settings_refused(faults)
        choices = self._books.sealed_choices(seen.as_of, judged)
        number, limit = self._books.size_of(choices), self._settings.max_settings_bytes
        if number > limit:
            raise problems.SETTINGS_TOO_LARGE(number=number, limit=limit)
        before = seen.kept or self._servers.adopt(seen.server)
        if before.choices != seen.choices:
            return None
        if choices == before.choices:
            return before
        after = replace(before, choices=choices, generation=before.generation + 1)
        generation = generation_of(after, seen.as_of)
        wanted_then = wishes([(after.ref, after.project_id, generation)], self._books.drivers)
        record = Record(seen.caller.user_id or "", changes(self._books, after.project_id, before.choices, choices))
        try:
            return self._books.instances.change(before, choices, wanted_then, record)
        except Stale:
            return None

    def _answer(self, seen: Seen, kept: Kept) -> Reply:
        deliveries = self._books.deliveries.of(kept.ref)
        as_of = self._books.menu.of_project(kept.project_id)
        document = server_document(seen.server["id"], kept, as_of, deliveries, None)
        return json_reply("200 OK", document, tagged(str(generation_of(kept, as_of))))

    def _check_rights(self, seen: Seen) -> None:
        project_id = seen.server["tenant_id"]
        self._policy.require(policy.MENU_SERVER_SET, seen.caller, project_id=project_id)
        is_locked = bool(seen.server.get("locked"))
        if is_locked and not self._policy.allows(policy.MENU_SERVER_SET_LOCKED, seen.caller, project_id=project_id):
            raise problems.LOCKED()

    def _copied(self, request: Request, given: Mapping[str, Any]) -> Choices:
        """What another server has of its own, secrets too: whoever copies must be allowed to change that one."""
        other = given["copy_from"]
        if set(given) != {"copy_from"} or not isinstance(other, str):
            raise problems.BODY_UNFIT(reason="'copy_from' must be the id of a server, and stand alone")
        source = self._seen(request, other)
        self._policy.require(policy.MENU_SERVER_SET, source.caller, project_id=source.server["tenant_id"])
        return _only_said({name: choice._replace(state=None) for name, choice in source.choices.items()})

    # -- seeing

    def _seen(self, request: Request, server_id: str | None = None) -> Seen:
        """A server as the caller sees it: Nova decides.

        :raises NotSeen:
        :raises DatabaseDown:
        """
        caller, servers = caller_of(request), Servers(request)
        wanted = request.names["server_id"] if server_id is None else server_id
        # what is no UUID may lead anywhere in a path
        reply = servers.described(canonical_uuid(wanted) or "00000000-0000-0000-0000-000000000000")
        server = shown_in(reply)
        if server is None or not server.get("tenant_id"):
            raise NotSeen(reply)
        kept = self._servers.of_one(server, servers)
        return Seen(caller, server, kept, self._books.menu.of_project(server["tenant_id"]))


def _merged(states: Choices, fresh: Choices) -> Choices:
    merged = dict(states)
    for name, choice in fresh.items():
        before = states.get(name, Choice())
        merged[name] = choice._replace(state=before.state)
    return merged


def _only_said(choices: Choices) -> dict[str, Choice]:
    """Without those that say nothing."""
    return {name: choice for name, choice in choices.items() if choice != Choice()}
