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
from glance_related.hosts.nova.context import is_well_placed
from glance_related.hosts.nova.errors import render
from glance_related.hosts.nova.image_properties import table
from glance_related.hosts.nova.requests import each, judged, may_name
from glance_related.hosts.nova.servers import Servers
from glance_related.instance_ref import canonical_uuid
from glance_related.problem import DATABASE_DOWN, MISPLACED, Problem
from glance_related.props_override import problems, rules
from glance_related.props_override.override import Override
from glance_related.props_override.riding import Riding
from glance_related.props_override.rights import Rights
from glance_related.props_override.rules import KEY
from glance_related.props_override.servers import ServersOverrides
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
        super().__init__(app)
        self._suite = suite
        self._settings = suite.settings.props_override
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
        override = self._override(given, rules.image_of_boot(server), caller, servers)
        override = replace(override, several=rules.makes_several(server))
        return self._riding.boot(request, caller, servers, override)

    def _override(self, given: Mapping[str, Any], image_ref: str, caller: Caller, servers: Servers) -> Override:
        """What a customer's override comes to for an image.

        :raises Problem: with everything that is wrong with it
        """
        image = servers.image(image_ref)
        if image is None:
            raise problems.NO_IMAGE()
        rights = self._rights.of(caller)
        properties = rules.judge(given, self._properties, rights, image.properties, self._settings.max_properties)
        return Override(properties, image.id, image.properties.get("base_image_ref") or image.id)

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
        server = _shown(servers.server(server_id))
        if server is None:
            return request.pass_on()  # Nova says why not
        try:
            kept = self._kept.of_one(server, servers)
        except DatabaseDown:
            raise DATABASE_DOWN() from None
        if not given and kept is None:
            return request.pass_on()
        caller = self._permitted(request) if given else self._caller(request)
        if given and not isinstance(server.get("image"), dict):
            raise problems.FROM_VOLUME()
        image_ref = asked.get("imageRef")
        if not isinstance(image_ref, str) or canonical_uuid(image_ref) is None:
            return request.pass_on()  # Nova refuses it
        is_same = canonical_uuid(image_ref) == canonical_uuid(_image_of(server) or "")
        override = self._of_rebuild(given, kept, image_ref, caller, servers, is_same=is_same)
        if is_same:
            faults = rules.moved(kept.properties if kept else {}, override.properties)
            if faults:
                raise rules.refusal(faults)
        override = replace(override, server_id=server["id"])
        return self._shown_too(self._riding.rebuild(request, caller, servers, override, server["tenant_id"]))

    def _of_rebuild(
        self,
        given: Mapping[str, Any] | None,
        kept: Kept | None,
        image_ref: str,
        caller: Caller,
        servers: Servers,
        *,
        is_same: bool,
    ) -> Override:
        if given:
            override = self._override(given, image_ref, caller, servers)
            # of an image that Nova is to rebuild from, Nova takes that very image for a rescue
            return replace(override, rescue_image_id=override.image_id)
        if given is None and is_same and kept is not None:
            return Override(kept.properties, kept.image_id, kept.image_id)
        return Override({}, image_ref, image_ref)

    def _rescue(self, request: Request, server_id: str) -> WSGIApplication:
        """A rescue from the server's own image has the server's own properties; it is never refused for our sake."""
        servers = Servers(request)
        server = _shown(servers.server(server_id))
        try:
            kept = None if server is None else self._kept.of_one(server, servers)
        except DatabaseDown:
            kept = None
            LOG.info("server %s is rescued without what it may have been booted with: the database is down", server_id)
        if kept is None:
            return request.pass_on()
        return self._riding.rescue(request, self._caller(request), kept)

    def _refuse_forbidden_image(self, request: Request, server_id: str) -> None:
        """An image of a server carries what the server was made with.

        Glance would judge that by Nova's roles besides the caller's own, and let through what is forbidden to him.
        A snapshot is not refused because our database is down.
        """
        try:
            kept = self._kept.get(server_id)
        except DatabaseDown:
            return
        may = self._rights.of(self._caller(request)).may
        names = [name for name in kept.properties if not may("create", name)] if kept else []
        if names:
            raise problems.SNAPSHOT_FORBIDDEN(names=", ".join(sorted(names)))

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
        server_id = canonical_uuid(request.names["server_id"])
        if reply.code == 204 and server_id and Servers(request).server(server_id).code == 404:
            self._forget(request)  # else it goes when the server is gone, and is there if it is restored
        return reply

    def _forget(self, request: Request) -> None:
        """Nova says that there is no such server, to somebody whose project it was."""
        server_id, project_id = canonical_uuid(request.names["server_id"]), self._caller(request).project_id
        try:
            kept = self._kept.get(server_id) if server_id else None
            if server_id and kept and kept.project_id == project_id:
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

    def refused(self, problem: Problem, environ: WSGIEnvironment) -> None:
        self._suite.counters.count("refused")
        super().refused(problem, environ)


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
