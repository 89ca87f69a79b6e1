"""`InstanceAwareMiddleware`: system 1 in front of Glance's v2 API.

Each handler reads in the order of the decision that it implements: what was asked, who may, what
is kept first, what the host says, what is kept then, what is shown. Why in that order stands in
the package's manual, under *Why so*.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from glance_related.db.database import DatabaseDown
from glance_related.hosts.glance import listing, patch, routes
from glance_related.hosts.glance.context import host_context, is_without_identity, view_as
from glance_related.hosts.glance.errors import render
from glance_related.instance_aware import problems, rules
from glance_related.instance_aware.registrations import Registrations
from glance_related.instance_aware.rules import Registration, Standing
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import INSTANCE_ID_MAX, InstanceRef, is_instance_id
from glance_related.problem import DATABASE_DOWN, MISPLACED, NO_AUTH, Problem
from glance_related.settings import policy
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite, version
from glance_related.wsgi.body import parse_json, read_body, write_json
from glance_related.wsgi.caller import Caller, read_caller
from glance_related.wsgi.filter import Filter, Request, Route
from glance_related.wsgi.query import Pairs, last, read_query, write_query
from glance_related.wsgi.reply import Reply, json_reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

T = TypeVar("T")

SYSTEM = "instance_aware"

#: The tuples of some images, by id.
Refs = Callable[[list[str]], dict[str, InstanceRef]]

_SCHEMA = {
    rules.INSTALLATION: {
        "type": "string",
        "description": "The Nova installation that the instance of this image belongs to (UUID)",
        "is_base": False,
    },
    rules.INSTANCE: {
        "type": "string",
        "description": "The instance that this image was made of, within its Nova installation",
        "is_base": False,
        "maxLength": 255,
    },
}


class InstanceAwareMiddleware(Filter):
    """Images know the instance they came from. See the manual in the package's docstring.

    :param app: Glance, from behind ``context`` on
    :param suite: settings, database, policy, counters
    """

    routes = (
        Route("POST", routes.IMAGES, "create", "the tuple is taken out, judged, kept; shown in the answer"),
        Route(
            "GET",
            routes.IMAGES,
            "index",
            "tuples are shown; nova_installation_uuid, instance_id, server, customer",
        ),
        Route("GET", routes.IMAGE, "show", "the tuple is shown"),
        Route(
            "PATCH",
            routes.IMAGE,
            "update",
            "changes of the tuple are taken out, judged, kept; shown in the answer",
        ),
        Route("DELETE", routes.IMAGE, "delete", "the tuple goes with the image"),
        Route("POST", routes.IMAGE, "plain_post", "a posted form cannot name another method"),
        Route("GET", routes.IMAGE_SCHEMA, "image_schema", "the two properties are described"),
        Route("GET", routes.IMAGES_SCHEMA, "images_schema", "the two properties are described"),
        Route("GET", routes.ABOUT, "about", "version, systems and limits of the suite"),
    )

    def __init__(self, app: WSGIApplication, suite: Suite) -> None:
        super().__init__(app)
        self._suite = suite
        self._settings = suite.settings.instance_aware
        self._store = Store(suite.database)
        self._registrations = Registrations(self._store, self._settings.registrations_seconds)
        suite.systems[SYSTEM] = {
            "max_body_bytes": self._settings.max_body_bytes,
            "max_instance_id": INSTANCE_ID_MAX,
            "max_narrowed_images": listing.MAX_IDS,
        }

    # -- handlers

    def create(self, request: Request) -> WSGIApplication:
        """POST /v2/images."""
        caller = self._caller(request)
        body = read_body(request.environ, self._settings.max_body_bytes)
        # a body that we have read goes on as JSON: Routes would look into a form for another method
        request.environ["CONTENT_TYPE"] = "application/json"
        image = None if body is None else parse_json(body)
        if not isinstance(image, dict) or not any(name in image for name in rules.NAMES):
            return request.pass_on()
        tuple_ = {name: image.pop(name) for name in rules.NAMES if name in image}
        write_json(request.environ, image)
        owner = image.get("owner") or caller.project_id
        registrations = self._registrations_unless_nova(caller)
        if registrations is None:
            return request.pass_on()
        ref = rules.read_tuple(tuple_)
        self._judge(ref, caller, registrations, owner=owner, image_id=image.get("id"))
        assert ref is not None
        if "id" in image:
            return self._create_under_their_id(request, image, owner, ref)
        return self._create_under_our_id(request, image, ref)

    def show(self, request: Request) -> WSGIApplication:
        """GET /v2/images/{image_id}."""
        caller = self._caller(request)
        return self._decorated(request.forward(), self._refs_shown_to(caller))

    def index(self, request: Request) -> WSGIApplication:
        """GET /v2/images."""
        caller = self._caller(request)
        query = read_query(request.environ)
        if query is None:
            return request.pass_on()
        asked = query
        customer = last(query, rules.CUSTOMER)
        if customer is not None and self._suite.policy.allows(policy.LIST_CUSTOMER, caller, customer=customer):
            if not customer:
                raise problems.NO_CUSTOMER()
            view_as(request.environ, customer, self._settings.customer_roles)
            query = rules.without(query, rules.CUSTOMER)
        wanted = rules.wanted(query)
        if wanted is not None:
            self._suite.counters.count("listed")
            return self._list_by_instance(request, caller, asked, query, wanted)
        if query == asked:
            return self._decorated(request.forward(), self._refs_shown_to(caller))
        request.environ["QUERY_STRING"] = write_query(query)
        return self._decorated(request.forward(), self._refs_shown_to(caller), asked)

    def update(self, request: Request) -> WSGIApplication:
        """PATCH /v2/images/{image_id}."""
        caller = self._caller(request)
        draft = patch.draft_of(request.environ.get("CONTENT_TYPE", ""))
        body = None if draft is None else read_body(request.environ, self._settings.max_body_bytes)
        changes = None if body is None else parse_json(body)
        if draft is None or not isinstance(changes, list):
            return request.pass_on()
        ours, rest = patch.split(changes, draft, rules.NAMES)
        if not ours:
            return self._decorated(request.forward(), self._refs_shown_to(caller))
        write_json(request.environ, rest)
        registrations = self._registrations_unless_nova(caller)
        if registrations is None:
            return request.pass_on()
        # the image as the caller sees it: its owner is what the policy is asked about, and Glance itself would
        # answer 200 to anyone who sees the image where nothing of its own changes
        seen = request.upstream.get(request.environ["PATH_INFO"])
        image = seen.document()
        if seen.code != 200 or not isinstance(image, dict):
            return seen
        image_id = image["id"]
        before = self._needing_database(lambda: self._store.refs([image_id])).get(image_id)
        after = rules.read_tuple(patch.apply(ours, rules.as_properties(before)))
        if after != before:
            self._judge(after, caller, registrations, owner=image.get("owner"), image_id=image_id)
        reply = request.forward()
        if reply.code == 200 and after != before:
            self._needing_database(lambda: self._set(image_id, after))
            self._suite.counters.count("bound")
        return self._decorated(reply, _known({image_id: after} if after else {}))

    def delete(self, request: Request) -> WSGIApplication:
        """DELETE /v2/images/{image_id}."""
        reply = request.forward()
        if reply.code == 204:
            try:
                self._store.unbind(request.names["image_id"])
            except DatabaseDown:
                LOG.info("the row of a deleted image is left for reconcile")
        return reply

    def plain_post(self, request: Request) -> WSGIApplication:
        """POST /v2/images/{image_id}, which Glance does not have."""
        request.environ["CONTENT_TYPE"] = "application/octet-stream"
        return request.pass_on()

    def image_schema(self, request: Request) -> WSGIApplication:
        """GET /v2/schemas/image."""
        reply = request.forward()
        return _described(reply, lambda schema: schema["properties"])

    def images_schema(self, request: Request) -> WSGIApplication:
        """GET /v2/schemas/images."""
        reply = request.forward()
        return _described(reply, lambda schema: schema["properties"]["images"]["items"]["properties"])

    def about(self, request: Request) -> WSGIApplication:
        """GET /v2/glance-related, a resource of our own."""
        caller = self._caller(request)
        self._suite.policy.require(policy.ABOUT, caller)
        about: dict[str, Any] = {
            "version": version(),
            "systems": sorted(self._suite.systems),
            "limits": self._suite.systems,
        }
        if self._suite.policy.allows(policy.ABOUT_ADMIN, caller):
            state = self._needing_database(self._store.state)
            # by these two reconcile knows that it asks the right Glance, and that a 404 there means "gone"
            about |= {
                "database_id": state["database_id"],
                "is_admin": bool(host_context(request.environ).is_admin),
            }
        return json_reply("200 OK", about)

    # -- creating

    def _create_under_our_id(self, request: Request, image: dict[str, Any], ref: InstanceRef) -> Reply:
        """Row first: a row without an image is harmless and swept, an image without its row would be a loss."""
        image_id = str(uuid.uuid4())
        write_json(request.environ, {**image, "id": image_id})
        self._needing_database(lambda: self._store.bind_new(image_id, ref))
        reply = request.forward()
        if reply.code == 201:
            self._suite.counters.count("bound")
            return self._decorated(reply, _known({image_id: ref}))
        if 400 <= reply.code < 500:
            self._leaving_to_reconcile(lambda: self._store.unbind(image_id))
        return reply

    def _create_under_their_id(
        self, request: Request, image: dict[str, Any], owner: str | None, ref: InstanceRef
    ) -> Reply:
        """The id may be somebody else's: nothing is bound before Glance has said 201."""
        image_id = image["id"]
        if not isinstance(image_id, str) or len(image_id) > 36 or not is_instance_id(image_id):
            return request.forward()  # no id of Glance's: it answers 400
        attempt = self._needing_database(lambda: self._store.begin(image_id, owner, ref))
        reply = request.forward()
        if reply.code == 201:
            created = str((reply.document() or {}).get("id", image_id))
            # Glance has the image now; what fails here, reconcile finishes, for the row says all it needs
            self._leaving_to_reconcile(lambda: self._store.confirm(attempt, created, ref))
            self._suite.counters.count("bound")
            return self._decorated(reply, _known({created: ref}))
        if 400 <= reply.code < 500:
            self._leaving_to_reconcile(lambda: self._store.abandon(attempt))
        return reply

    def _set(self, image_id: str, ref: InstanceRef | None) -> None:
        if ref is None:
            self._store.unbind(image_id)
        else:
            self._store.bind(image_id, ref)

    # -- judging

    def _caller(self, request: Request) -> Caller:
        """Who is asking, once the host's own context proves that the headers may be believed."""
        context = host_context(request.environ)
        if context is None:
            raise MISPLACED()
        caller = read_caller(request.environ)
        if not caller.confirmed and is_without_identity(context):
            if not self._settings.allow_no_auth:
                raise NO_AUTH()
            return Caller(confirmed=True, user_id=None, project_id=None, roles=frozenset({"admin"}))
        return caller

    def _registrations_unless_nova(self, caller: Caller) -> list[Registration] | None:
        """The caller's registrations, or None where the request is Nova's own.

        Nova's tuple is dropped and the request forwarded, whatever state we are in: a refusal would leave
        a server stuck in the middle of being shelved.
        """
        try:
            registrations = self._registrations.of(caller)
        except DatabaseDown:
            remembered = self._registrations.remembered_of(caller)
            if rules.standing(caller, remembered) is Standing.NOVA or (caller.service_user_id and not remembered):
                LOG.warning("a tuple in a service's request was dropped unjudged: the database is down")
                return None
            raise DATABASE_DOWN() from None
        return None if rules.standing(caller, registrations) is Standing.NOVA else registrations

    def _judge(
        self,
        ref: InstanceRef | None,
        caller: Caller,
        registrations: list[Registration],
        *,
        owner: str | None,
        image_id: object,
    ) -> None:
        """:raises Problem: where the caller may not bind this tuple to this image"""
        target = {"owner": owner, "project_id": owner, "image_id": image_id}
        rules.judge_binding(
            ref,
            caller,
            registrations,
            policy_allows=self._suite.policy.allows(policy.BIND, caller, **target),
            program_may=self._suite.policy.allows(policy.BIND_AS_PROGRAM, caller, **target),
        )
        if ref is None or self._settings.allow_unknown_installations:
            return
        installation = ref.nova_installation_uuid
        if not self._needing_database(lambda: self._store.is_known(installation)):
            raise problems.UNKNOWN_INSTALLATION(installation=installation)

    # -- listing

    def _list_by_instance(
        self, request: Request, caller: Caller, asked: Pairs, query: Pairs, wanted: rules.Wanted
    ) -> WSGIApplication:
        refs = self._needing_database(lambda: self._store.images_of(wanted, listing.MAX_IDS + 1))
        rest = rules.without(query, *rules.NAMES, rules.SERVER)
        shown = self._shows(caller)
        if len(refs) > listing.MAX_IDS:
            return self._walked(request, asked, rest, wanted, shown=shown)
        request.environ["QUERY_STRING"] = listing.narrowed(rest, refs)
        return self._decorated(request.forward(), _known(refs if shown else {}), asked)

    def _walked(
        self, request: Request, asked: Pairs, rest: Pairs, wanted: rules.Wanted, *, shown: bool
    ) -> WSGIApplication:
        refs: dict[str, InstanceRef] = {}

        def among(image_ids: list[str]) -> dict[str, InstanceRef]:
            found = self._needing_database(lambda: self._store.refs(image_ids))
            hits = {image_id: ref for image_id, ref in found.items() if wanted.matches(ref)}
            refs.update(hits)
            return hits

        def ask(query: str) -> Reply:
            request.environ["QUERY_STRING"] = query
            return request.forward()

        page = listing.walk(ask, rest, among)
        document = page.reply.document()
        if page.images is None or document is None:
            return page.reply
        document["images"] = page.images
        listing.set_links(document, asked, page.marker)
        _show_tuples(page.images, refs if shown else {})
        return page.reply.with_document(document)

    # -- showing

    def _shows(self, caller: Caller) -> bool:
        return rules.is_shown_to(caller, *self._registrations.programs_and_nova_users())

    def _refs_shown_to(self, caller: Caller) -> Refs:
        """What shows a caller the tuples of a reply: one query, made once the reply's images are known."""

        def refs(image_ids: list[str]) -> dict[str, InstanceRef]:
            if not image_ids or not self._shows(caller):
                return {}
            try:
                return self._store.refs(image_ids)
            except DatabaseDown:  # the reply does not need them
                return {}

        return refs

    def _decorated(self, reply: Reply, refs: Refs, asked: Pairs | None = None) -> Reply:
        """A reply with its images' tuples shown, nobody else's, and its links in the words of ``asked``."""
        document = reply.document() if reply.code in (200, 201) else None
        if not isinstance(document, dict):
            return reply
        listed = document.get("images")
        images = listed if isinstance(listed, list) else [document]
        changed = _show_tuples(images, refs([image["id"] for image in images if "id" in image]))
        if asked is not None:
            listing.set_links(document, asked, listing.next_marker(document))
            changed = True
        return reply.with_document(document) if changed else reply

    # -- the database

    def _needing_database(self, ask: Callable[[], T]) -> T:
        """:raises Problem: 503 where the database is down"""
        try:
            return ask()
        except DatabaseDown:
            raise DATABASE_DOWN() from None

    def _leaving_to_reconcile(self, write: Callable[[], object]) -> None:
        try:
            write()
        except DatabaseDown:
            LOG.warning("the database failed behind Glance's answer; reconcile finishes what was begun")

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)

    def refused(self, problem: Problem, environ: WSGIEnvironment) -> None:
        self._suite.counters.count("refused")
        super().refused(problem, environ)


def _known(refs: dict[str, InstanceRef]) -> Refs:
    """Tuples that are known already, as `_decorated` asks for them."""
    return lambda _: refs


def _show_tuples(images: list[dict[str, Any]], refs: dict[str, InstanceRef]) -> bool:
    """Show our tuples on images, and take native properties of those names away; whether anything changed."""
    changed = False
    for image in images:
        for name in rules.NAMES:
            if name in image:
                del image[name]
                changed = True
        ref = refs.get(image.get("id", ""))
        if ref is not None:
            image.update(rules.as_properties(ref))
            changed = True
    return changed


def _described(reply: Reply, properties_of: Callable[[Any], dict[str, Any]]) -> Reply:
    document = reply.document() if reply.code == 200 else None
    if document is None:
        return reply
    properties_of(document).update(_SCHEMA)
    return reply.with_document(document)


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], InstanceAwareMiddleware]:
    """Entry point ``paste.filter_factory``, name ``instance_aware``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Glance then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    _refuse_no_auth(suite)
    suite.check_schema()
    return lambda app: InstanceAwareMiddleware(app, suite)


def _refuse_no_auth(suite: Suite) -> None:
    """A stock pipeline without authentication is seen at the start; one of the operator's own at its first request."""
    from oslo_config import cfg

    try:
        flavor = cfg.CONF.paste_deploy.flavor  # the host's own option, only read
    except cfg.NoSuchOptError:
        return
    if flavor in (None, "", "caching", "cachemanagement") and not suite.settings.instance_aware.allow_no_auth:
        raise ConfigError(
            "Glance's [paste_deploy] flavor names a pipeline without authentication; set it to keystone, or set "
            f"[instance_aware] allow_no_auth = true in {suite.settings.config_file}."
        )
