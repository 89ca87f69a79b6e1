"""`PropsOverrideNovaMiddleware`: system 2 in front of Nova; an override is taken out of a request, judged and kept.

Each handler reads in the order of the decision that it implements. Why in that order stands in the package's manual,
under *Why so*.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glance_related.db.database import DatabaseDown
from glance_related.hosts.nova import routes
from glance_related.hosts.nova.boots import makes_several, most_made
from glance_related.hosts.nova.context import is_well_placed
from glance_related.hosts.nova.errors import render
from glance_related.hosts.nova.image_properties import table
from glance_related.hosts.nova.requests import each, judged, may_name
from glance_related.hosts.nova.servers import Image, NotAnswered, Servers
from glance_related.instance_ref import canonical_uuid
from glance_related.problem import DATABASE_DOWN, MISPLACED, Problem
from glance_related.props_override import problems, rules
from glance_related.props_override.override import Override
from glance_related.props_override.riding import Riding
from glance_related.props_override.rights import Rights
from glance_related.props_override.rules import KEY
from glance_related.props_override.servers import ServersOverrides, Undecided
from glance_related.props_override.started import AtNova, record_at_nova
from glance_related.props_override.store import Kept, OverrideStore
from glance_related.riders.keys import NOVA, record_mark_keys
from glance_related.riders.rider import drop_replayed
from glance_related.riders.store import RiderStore
from glance_related.settings import policy
from glance_related.suite import Suite, open_suite
from glance_related.wsgi.body import read_body, write_json
from glance_related.wsgi.caller import Caller, read_caller
from glance_related.wsgi.filter import Filter, Request
from glance_related.wsgi.query import last, read_query
from glance_related.wsgi.reply import Reply, json_reply

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from glance_related.hosts.nova.image_properties import ImageProperties

LOG = logging.getLogger(__name__)

SYSTEM = "props_override"

_REBUILD, _RESCUE = "rebuild", "rescue"
#: The actions that make an image, which carries what the server was made with.
_MAKING_IMAGES = ("createImage", "createBackup", "shelve")
_ACTIONS = (_REBUILD, _RESCUE, *_MAKING_IMAGES, KEY)


class PropsOverrideNovaMiddleware(Filter):
    """Servers are booted with image properties of their own. See the manual in the package's docstring.

    :param app: Nova, from ``keystonecontext`` on
    :param suite: settings, database, marks, policy, counters
    :param installation: which Nova this is
    :param rights: what may be overridden by whom
    :param properties: what Nova knows of image properties
    """

    routes = (
        *each("POST", routes.SERVERS, "create", f"{KEY} is taken out, judged, and applied to this boot"),
        *each(
            "POST",
            routes.SERVER_ACTION,
            "action",
            f"rebuild takes {KEY} too; a rebuild from the same image and a rescue have what the server was booted with",
        ),
        *each("GET", routes.SERVERS_DETAIL, "index", f"{KEY} is shown where there is one"),
        *each("GET", routes.SERVER, "show", f"{KEY} is shown where there is one"),
        *each("DELETE", routes.SERVER, "delete", "what was kept of the server goes with it"),
        *each("GET", routes.IMAGE_PROPS_OVERRIDE, "schema", "what the caller may override, as a JSON schema"),
    )

    obeys_method_override = False

    def __init__(
        self, app: WSGIApplication, suite: Suite, installation: str, rights: Rights, properties: ImageProperties
    ) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._settings = suite.settings.props_override
        suite.systems[SYSTEM] = {"max_properties": self._settings.max_properties}
        self._rights = rights
        self._properties = properties
        riders = RiderStore(suite.database)
        self._kept = ServersOverrides(OverrideStore(suite.database), riders, installation)
        self._riding = Riding(suite, riders, self._kept, installation)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        drop_replayed(environ, self._suite.marks)
        return super().__call__(environ, start_response)

    # -- boot

    def create(self, request: Request) -> WSGIApplication:
        """POST /servers."""
        body = read_body(request.environ, self._settings.max_body_bytes)
        if body is None or not may_name(body, (KEY,)):
            return request.pass_on()
        document = judged(request, body)
        given = rules.take(document, "server") if isinstance(document, dict) else None
        write_json(request.environ, document)
        if not given:
            return request.pass_on()
        server = document["server"]
        caller, servers = self._permitted(request), Servers(request)
        try:
            image = servers.image(rules.image_of_boot(server))
        except NotAnswered as failure:
            return failure.reply
        override = self._override(given, image, caller)
        override = replace(override, several=makes_several(server), most=most_made(server))
        return self._riding.boot(request, caller, servers, override)

    def _override(self, given: Mapping[str, Any], image: Image | None, caller: Caller) -> Override:
        """What a customer's override comes to for an image.

        :raises Problem: with everything that is wrong with it
        """
        if image is None:
            raise problems.NO_IMAGE()
        if rules.is_of_a_volume(image.properties):
            raise problems.FROM_VOLUME()
        rights = self._rights.of(caller)
        properties = rules.judge(given, self._properties, rights, image.properties, self._settings.max_properties)
        below = image.properties.get("base_image_ref")  # which whoever owns the image may have written
        return Override(properties, image.id, (below and canonical_uuid(below)) or image.id)

    # -- actions

    def action(self, request: Request) -> WSGIApplication:
        """POST /servers/{server_id}/action."""
        body = read_body(request.environ, self._settings.max_body_bytes)
        if body is None or not may_name(body, _ACTIONS):
            return request.pass_on()
        document = judged(request, body)
        if not isinstance(document, dict):
            return request.pass_on()  # Nova refuses it
        given = rules.take(document, _REBUILD)
        write_json(request.environ, document)
        server_id = canonical_uuid(request.names["server_id"])
        if server_id is None or len(document) != 1:
            return request.pass_on()  # Nova refuses it
        ((action, asked),) = document.items()
        if action == _REBUILD and isinstance(asked, dict):
            return self._rebuild(request, server_id, asked, given)
        if action == _RESCUE and not (isinstance(asked, dict) and asked.get("rescue_image_ref")):
            return self._rescue(request, server_id)
        if action in _MAKING_IMAGES and self._rights.are_protected:
            self._refuse_forbidden_image(request, server_id)
        return request.pass_on()

    def _rebuild(
        self, request: Request, server_id: str, asked: Mapping[str, Any], given: Mapping[str, Any] | None
    ) -> WSGIApplication:
        """A rebuild has what it was sent with; without a word, from the same image, what the server had."""
        servers = Servers(request)
        seen = servers.server(server_id)
        server = _shown(seen)
        if server is None:
            return request.pass_on() if seen.code == 404 else seen
        try:
            kept = self._kept.of_one(server, servers, certainly=True)
            row = self._kept.get(server["id"])
        except DatabaseDown:
            raise DATABASE_DOWN() from None
        except Undecided:
            raise problems.UNDECIDED() from None
        if not given and kept is None:
            return request.pass_on()
        caller = self._permitted(request) if given else self._caller(request)
        if given and not isinstance(server.get("image"), dict):
            raise problems.FROM_VOLUME()
        image_ref = asked.get("imageRef")
        if not isinstance(image_ref, str) or canonical_uuid(image_ref) is None:
            return request.pass_on()  # Nova refuses it
        try:
            override = self._of_rebuild(given, kept, servers.image(image_ref), server, caller)
        except NotAnswered as failure:
            return failure.reply
        override = replace(override or Override({}, image_ref, image_ref), server_id=server["id"])
        after = row.made_at if row else None
        return self._shown_too(self._riding.rebuild(request, caller, servers, override, server["tenant_id"], after))

    def _of_rebuild(
        self,
        given: Mapping[str, Any] | None,
        kept: Kept | None,
        image: Image | None,
        server: Mapping[str, Any],
        caller: Caller,
    ) -> Override | None:
        """What a rebuild comes to; None: the image's own properties.

        :param kept: what the server has, in force
        :raises Problem: with everything that is wrong with it
        """
        before = dict(kept.properties) if kept else {}
        is_same = image is not None and canonical_uuid(image.id) == canonical_uuid(_image_of(server) or "")
        override = None
        if given:
            override = self._override(given, image, caller)
            # of an image that Nova is to rebuild from, Nova takes that very image for a rescue
            override = replace(override, rescue_image_id=override.image_id)
        elif given is None and is_same and kept is not None:
            return Override(before, kept.image_id, kept.image_id)
        if is_same and image is not None:
            after = override.properties if override else {}
            faults = rules.moved({**image.properties, **before}, {**image.properties, **after})
            if faults:
                raise rules.refusal(faults)
        return override

    def _rescue(self, request: Request, server_id: str) -> WSGIApplication:
        """A rescue from the server's own image has the server's own properties; it is never refused for our sake."""
        kept = self._kept_of(request, server_id)
        if kept is None:
            return request.pass_on()
        return self._riding.rescue(request, self._caller(request), kept)

    def _refuse_forbidden_image(self, request: Request, server_id: str) -> None:
        """An image of a server carries what the server was made with.

        Glance would judge that by Nova's roles besides the caller's own, and let through what is forbidden to him.
        Who does not see the server is told nothing of it, and a snapshot is not refused because our database is down.
        """
        kept = self._kept_of(request, server_id)
        may = self._rights.of(self._caller(request)).may
        names = [name for name in kept.properties if not may("create", name)] if kept else []
        if names:
            raise problems.SNAPSHOT_FORBIDDEN(names=", ".join(sorted(names)))

    def _kept_of(self, request: Request, server_id: str) -> Kept | None:
        """What a server has, as far as it can be told now, to somebody who sees it."""
        servers = Servers(request)
        server = _shown(servers.server(server_id))
        try:
            return None if server is None else self._kept.of_one(server, servers)
        except DatabaseDown:
            LOG.info("what server %s may have been made with is left out: the database is down", server_id)
            return None

    # -- what is shown

    def show(self, request: Request) -> WSGIApplication:
        """GET /servers/{server_id}."""
        reply = request.forward()
        if reply.code == 404:
            self._forget(request)
        return self._shown_too(reply, Servers(request))

    def index(self, request: Request) -> WSGIApplication:
        """GET /servers/detail."""
        reply = request.forward()
        document = reply.document() if reply.code == 200 else None
        listed = document.get("servers") if isinstance(document, dict) else None
        if not listed:
            return reply
        try:
            kept = self._kept.of_many(listed, Servers(request))
        except DatabaseDown:
            return reply
        for server in listed:
            if server["id"] in kept:
                server[KEY] = dict(kept[server["id"]].properties)
        return reply.with_document(document) if kept else reply

    def _shown_too(self, reply: Reply, servers: Servers | None = None) -> Reply:
        """An answer about one server, with what it was made with; without, where the database is down."""
        server = _shown(reply)
        if server is None:
            return reply
        try:
            kept = self._kept.of_one(server, servers) if servers else self._kept.get(server["id"])
        except DatabaseDown:
            return reply
        if kept is None or not kept.properties:
            return reply
        return reply.with_document({**reply.document(), "server": {**server, KEY: dict(kept.properties)}})

    def delete(self, request: Request) -> WSGIApplication:
        """DELETE /servers/{server_id}."""
        reply = request.forward()
        if reply.code == 204:
            self._forget(request)  # else it goes when the server is gone, and is there if restored
        return reply

    def _forget(self, request: Request) -> None:
        """Nova says, when it is asked, that there is no such server, to somebody whose project it was."""
        server_id, project_id = canonical_uuid(request.names["server_id"]), self._caller(request).project_id
        try:
            kept = self._kept.get(server_id) if server_id else None
            if server_id is None or kept is None or kept.project_id != project_id:
                return
            if Servers(request).is_gone(server_id):
                self._kept.forget(server_id)
        except DatabaseDown:
            LOG.info("what was kept of server %s is left for reconcile: the database is down", server_id)

    def schema(self, request: Request) -> WSGIApplication:
        """GET /image-props-override, a resource of our own."""
        caller = self._caller(request)
        self._suite.policy.require(policy.OVERRIDE_LIST, caller)
        rights = self._rights.of(caller)
        everything = last(read_query(request.environ) or (), "all") in ("true", "True", "1")

        def is_allowed(names: tuple[str, ...]) -> bool:
            return rights.is_offered(names) and rights.may("create", names[0])

        return json_reply("200 OK", self._properties.schema(is_allowed, everything=everything))

    # -- who is asking

    def _caller(self, request: Request) -> Caller:
        if not is_well_placed(request.environ):
            raise MISPLACED()
        return read_caller(request.environ)

    def _permitted(self, request: Request) -> Caller:
        caller = self._caller(request)
        self._suite.policy.require(policy.OVERRIDE, caller)
        return caller

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)


def _shown(reply: Reply) -> dict[str, Any] | None:
    """The server that an answer of Nova's shows."""
    document = reply.document() if reply.code in (200, 202) else None
    server = document.get("server") if isinstance(document, dict) else None
    return server if isinstance(server, dict) else None


def _image_of(server: Mapping[str, Any]) -> str | None:
    image = server.get("image")
    return image["id"] if isinstance(image, dict) else None


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], PropsOverrideNovaMiddleware]:
    """Entry point ``paste.filter_factory``, name ``props_override_nova``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Nova's API then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    installation = suite.installation()
    rights = Rights(suite.settings.props_override, suite.settings.config_file)
    suite.check_schema()
    record_mark_keys(suite, NOVA)
    properties = table()
    LOG.info("image properties are judged as by %s", properties.source)
    record_at_nova(suite.database, installation, AtNova(rights.fingerprint, properties.source))
    return lambda app: PropsOverrideNovaMiddleware(app, suite, installation, rights, properties)
