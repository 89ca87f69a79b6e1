"""`LaunchPart`: servers that are made with settings, shown with them, made anew, and deleted.

What is asked for is kept before Nova sees the request, under Nova's own id of it: so it is found again whatever dies in
between. A boot that asks for nothing is never refused for our sake.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glance_related.db.database import BadValue, DatabaseDown
from glance_related.db.models import utcnow
from glance_related.hosts.nova.boots import makes_several, most_made, strays
from glance_related.hosts.nova.requests import judged as judged_body
from glance_related.hosts.nova.requests import may_name
from glance_related.hosts.nova.servers import Servers, shown_in
from glance_related.instance_ref import InstanceRef, canonical_uuid
from glance_related.package_menu import problems
from glance_related.package_menu.asking import caller_of, needing_the_database, settings_refused
from glance_related.package_menu.books import Books, carried
from glance_related.package_menu.deliverable import generation_of, shown_value
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.rules import NO_CHOICES, Choice, judge
from glance_related.package_menu.servers import MADE, PACKAGES, ServersPackages
from glance_related.package_menu.store import AsOf, Stale
from glance_related.package_menu.wanted import PACKAGES as PACKAGES_KEY
from glance_related.package_menu.wanted import VARIABLES as VARIABLES_KEY
from glance_related.package_menu.wanted import choices_in
from glance_related.riders.rider import OWN_ID, Rider, marked_id
from glance_related.riders.store import RiderStore
from glance_related.settings import policy
from glance_related.wsgi.body import read_body, write_json
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.filter import Request
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOG = logging.getLogger(__name__)

KEYS = (PACKAGES_KEY, VARIABLES_KEY)
#: Where Nova looks for what a request is about.
_SERVER, _REBUILD = "server", "rebuild"


class LaunchPart:
    """See the module.

    :param installation: which Nova
    """

    def __init__(self, books: Books, servers: ServersPackages, installation: str) -> None:
        self._books = books
        self._servers = servers
        self._installation = installation
        self._riders = RiderStore(books.suite.database)
        self._limit = books.suite.settings.package_menu.max_body_bytes

    # -- made

    def create(self, request: Request) -> WSGIApplication:
        """POST /servers."""
        body = read_body(request.environ, self._limit)
        if body is None:
            return request.pass_on()
        if not may_name(body, KEYS):
            return self._create_plain(request)
        document = judged_body(request, body)
        given = _taken(document)
        write_json(request.environ, document)
        if not given:
            return self._create_plain(request)
        caller = caller_of(request)
        project_id = caller.project_id or ""
        self._books.suite.policy.require(policy.MENU_SERVER_SET, caller, project_id=project_id)
        with needing_the_database():
            as_of = self._books.menu.of_project(project_id)
            choices = self._judged(as_of, given)
            rider = self._rider(request, caller, choices, document[_SERVER])
            self._riders.add(rider)
        return self._ended(request, request.forward(), rider)

    def _judged(self, as_of: AsOf, given: Mapping[str, Any]) -> dict[str, Choice]:
        wanted = choices_in(given, NO_CHOICES, as_of.menu.menu.entries)
        judged, faults = judge(as_of.menu, NO_CHOICES, wanted)
        if faults:
            raise settings_refused(faults)
        choices = self._books.sealed_choices(as_of, judged)
        number, limit = self._books.size_of(choices), self._books.suite.settings.package_menu.max_settings_bytes
        if number > limit:
            raise problems.SETTINGS_TOO_LARGE(number=number, limit=limit)
        return choices

    def _rider(self, request: Request, caller: Caller, choices: Mapping[str, Choice], server: Any) -> Rider:
        return Rider(
            request_id=marked_id(request.environ, self._books.suite.marks),
            kind=PACKAGES,
            own_request_id=request.environ.get(OWN_ID, ""),
            nova_installation_uuid=self._installation,
            project_id=caller.project_id or "",
            user_id=caller.user_id or "",
            content={
                "server_id": None,
                "several": makes_several(server),
                "most": most_made(server),
                "choices": carried(choices),
            },
            created_at=utcnow(),
            is_open=True,
        )

    def _ended(self, request: Request, reply: Reply, rider: Rider) -> Reply:
        """Keep for which server it was: its name before the answer is sent, so that whoever looks at it finds its
        settings; all else behind it, for nobody waits for that.

        After a failure of Nova's it is not known: the rider stays open.
        """
        made = _made(reply)
        if made is not None:
            self._books.suite.counters.count("launched")
            self._name(made, rider)
            return reply.then(lambda: self._bind(request, made, rider))
        if 400 <= reply.code < 500:
            try:
                self._riders.remove(rider.request_id, PACKAGES)
            except DatabaseDown:
                LOG.info("what request %s was refused with is forgotten later", rider.own_request_id)
        return reply

    def _name(self, server_id: str, rider: Rider) -> None:
        try:
            self._riders.tell(rider.request_id, PACKAGES, {**rider.content, MADE: server_id})
        except DatabaseDown:
            LOG.info("what server %s was made with is found out by Nova's own record", server_id)

    def _bind(self, request: Request, server_id: str, rider: Rider) -> None:
        try:
            self._servers.bind(self._described(request, server_id, rider.project_id), rider)
        except (DatabaseDown, BadValue, Stale):
            LOG.info("what servers of request %s were made with is found out later", rider.own_request_id)

    def _create_plain(self, request: Request) -> WSGIApplication:
        """A boot that asks for nothing: the server has what its project has, and whoever is handed that is told.

        Of several servers Nova names the first only; the others are seen by ``glance-related-worker``.
        """
        project_id = caller_of(request).project_id or ""
        try:
            is_empty = not self._books.menu.of_project(project_id).menu.menu.entries
        except DatabaseDown:
            is_empty = True
        if is_empty:
            return request.pass_on()
        reply = request.forward()
        made = _made(reply)
        return reply if made is None else reply.then(lambda: self._adopt(request, made, project_id))

    def _adopt(self, request: Request, server_id: str, project_id: str) -> None:
        try:
            self._servers.adopt(self._described(request, server_id, project_id))
        except (DatabaseDown, BadValue):
            LOG.info("server %s is seen later by glance-related-worker: it could not be kept", server_id)

    def _described(self, request: Request, server_id: str, project_id: str) -> Mapping[str, Any]:
        """A server that has just been made, with all that drivers are told of it."""
        return self._whole(request, server_id) or {"id": server_id, "tenant_id": project_id}

    def _whole(self, request: Request, server_id: str) -> Mapping[str, Any] | None:
        """A server with all that drivers are told of it, whatever the client's microversion shows."""
        return shown_in(Servers(request).described(server_id))

    # -- shown

    def show(self, request: Request) -> WSGIApplication:
        """GET /servers/{server_id}."""
        reply = request.forward()
        if reply.code == 404:
            self._gone(request)
        server = shown_in(reply)
        if server is None or not server.get("tenant_id"):
            return reply
        try:
            as_of = self._books.menu.of_project(server["tenant_id"])
            if not as_of.menu.menu.entries:
                return reply
            kept = self._servers.of_one(server, Servers(request), lambda: self._whole(request, server["id"]))
        except (DatabaseDown, BadValue, Stale):
            return reply
        settings = as_of.menu.settings(kept.choices if kept is not None else NO_CHOICES)
        if not settings.packages and not settings.variables:
            return reply
        shown = {
            PACKAGES_KEY: [one.entry.name for one in settings.packages],
            VARIABLES_KEY: {one.entry.name: shown_value(one.value, one.entry) for one in settings.variables},
        }
        return reply.with_document({**reply.document(), _SERVER: {**server, **shown}})

    # -- made anew

    def action(self, request: Request) -> WSGIApplication:
        """POST /servers/{server_id}/action: what a rebuilt server had fetched it has no more."""
        body = read_body(request.environ, self._limit)
        if body is None or not may_name(body, (_REBUILD,)):
            return request.pass_on()
        document = judged_body(request, body)
        server_id = canonical_uuid(request.names["server_id"])
        if not isinstance(document, dict) or set(document) != {_REBUILD} or server_id is None:
            return request.pass_on()
        reply = request.forward()
        if reply.code == 202:
            try:
                self._made_anew(request, self._servers.ref(server_id))
            except (DatabaseDown, BadValue):
                LOG.info("that server %s was rebuilt is not noted: the database is down", server_id)
        return reply

    def _made_anew(self, request: Request, ref: InstanceRef) -> None:
        """:raises DatabaseDown:"""
        kept = self._books.instances.get(ref)
        if kept is None:
            return
        seen = shown_in(Servers(request).described(ref.instance_id))
        if seen is not None:
            self._servers.follow(kept, self._servers.seen({**seen, "tenant_id": kept.project_id}))
        self._books.deliveries.begun_anew(ref)

    # -- deleted

    def delete(self, request: Request) -> WSGIApplication:
        """DELETE /servers/{server_id}."""
        reply = request.forward()
        if reply.code == 204:
            self._gone(request)  # else it goes when the server is gone, and is there if it is restored
        return reply

    def _gone(self, request: Request) -> None:
        """Nova says, when it is asked, that there is no such server, to somebody whose project it was."""
        server_id, project_id = canonical_uuid(request.names["server_id"]), caller_of(request).project_id
        try:
            kept = self._books.instances.get(self._servers.ref(server_id)) if server_id else None
            if kept is None or kept.project_id != project_id:
                return
            if Servers(request).is_gone(kept.ref.instance_id):
                as_of = self._books.menu.of_project(kept.project_id)
                self._servers.forget(kept.ref, kept.project_id, _next_generation(kept, as_of))
        except DatabaseDown:
            LOG.info("that server %s is gone is seen later: the database is down", server_id)


def _taken(document: Any) -> dict[str, Any]:
    """What a boot says of packages, taken out of it.

    :raises Problem: 400 where it stands where nobody would read it
    """
    if not isinstance(document, dict):
        return {}
    stray = strays(document, _SERVER, KEYS)
    if stray is not None:
        raise problems.SETTINGS_ELSEWHERE(key=stray)
    server = document.get(_SERVER)
    if not isinstance(server, dict):
        return {}
    return {key: server.pop(key) for key in KEYS if key in server}


def _made(reply: Reply) -> str | None:
    """The server that Nova has made; of several it names the first, or none."""
    document = reply.document() if reply.code == 202 else None
    made = document.get(_SERVER) if isinstance(document, dict) else None
    return made["id"] if isinstance(made, dict) and isinstance(made.get("id"), str) else None


def _next_generation(kept: Kept, as_of: AsOf) -> int:
    return generation_of(kept, as_of) + 1
