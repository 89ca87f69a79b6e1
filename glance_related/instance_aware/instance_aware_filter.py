"""`InstanceAwareMiddleware`: system 1 in front of Glance's v2 API.

Each handler reads in the order of the decision that it implements: what was asked, who may, what
is kept first, what the host says, what is kept then, what is shown. Why in that order stands in
the package's manual, under *Why so*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oslo_config import cfg

from glance_related.hosts.glance import listing, patch, routes
from glance_related.hosts.glance.context import host_context, is_without_identity, view_as
from glance_related.hosts.glance.errors import render
from glance_related.instance_aware import problems, rules
from glance_related.instance_aware.conduct import Conduct
from glance_related.instance_aware.novas_images import NovasImages
from glance_related.instance_aware.shown import decorated, described_image, described_images, known, show_tuples
from glance_related.instance_ref import INSTANCE_ID_MAX, InstanceRef
from glance_related.problem import MISPLACED, NO_AUTH, Problem
from glance_related.riders.keys import GLANCE, record_mark_keys
from glance_related.settings import policy
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite, version
from glance_related.wsgi.body import parse_json, read_body, write_json
from glance_related.wsgi.caller import Caller, read_caller
from glance_related.wsgi.filter import Filter, Request, Route
from glance_related.wsgi.query import Pairs, last, read_query, write_query
from glance_related.wsgi.reply import Reply, json_reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SYSTEM = "instance_aware"


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
        Route("GET", routes.ABOUT, "about", "version, systems and limits of the suite", is_own=True),
    )

    def __init__(self, app: WSGIApplication, suite: Suite) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._settings = suite.settings.instance_aware
        self._conduct = Conduct(suite)
        self._novas = NovasImages(suite, self._conduct)
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
        if not isinstance(image, dict):
            return request.pass_on()
        tuple_ = {name: image.pop(name) for name in rules.NAMES if name in image}

        def forward_as(our_id: str | None) -> Reply:
            write_json(request.environ, image if our_id is None else {**image, "id": our_id})
            return request.forward()

        if self._novas.is_from_nova(request.environ, caller):
            return self._novas.create(request.environ, caller, image, forward_as, _made)
        if not tuple_:
            return request.pass_on()
        owner = image.get("owner") or caller.project_id
        registrations = self._conduct.registrations_unless_nova(caller)
        if registrations is None:
            return forward_as(None)
        ref = rules.read_tuple(tuple_)
        self._conduct.judge(None, ref, caller, registrations, owner=owner, image_id=image.get("id"))
        assert ref is not None
        if "id" in image:
            reply = self._conduct.create_under_their_id(image["id"], owner, ref, lambda: forward_as(None), _made)
        else:
            reply = self._conduct.create_under_our_id(ref, forward_as, _made)
        made = _made(reply)
        return decorated(reply, known({made: ref} if made else {}))

    def show(self, request: Request) -> WSGIApplication:
        """GET /v2/images/{image_id}."""
        caller = self._caller(request)
        return decorated(request.forward(), self._conduct.refs_shown_to(caller))

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
            return decorated(request.forward(), self._conduct.refs_shown_to(caller))
        request.environ["QUERY_STRING"] = write_query(query)
        return decorated(request.forward(), self._conduct.refs_shown_to(caller), asked)

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
            return decorated(request.forward(), self._conduct.refs_shown_to(caller))
        write_json(request.environ, rest)
        registrations = self._conduct.registrations_unless_nova(caller)
        if registrations is None:
            return decorated(request.forward(), self._conduct.refs_shown_to(caller))
        # the image as the caller sees it: its owner is what the policy is asked about, and Glance itself would
        # answer 200 to anyone who sees the image where nothing of its own changes
        seen = request.upstream.get(request.environ["PATH_INFO"])
        image = seen.document()
        if seen.code != 200 or not isinstance(image, dict):
            return seen
        image_id = image["id"]
        before = self._conduct.needing_database(lambda: self._conduct.store.refs([image_id])).get(image_id)
        after = rules.read_tuple(patch.apply(ours, rules.as_properties(before)))
        if after != before:
            self._conduct.judge(before, after, caller, registrations, owner=image.get("owner"), image_id=image_id)
        reply = request.forward()
        if reply.code == 200 and after != before:
            self._conduct.set(image_id, before, after)
        return decorated(reply, known({image_id: after} if after else {}))

    def delete(self, request: Request) -> WSGIApplication:
        """DELETE /v2/images/{image_id}."""
        reply = request.forward()
        if reply.code == 204:
            self._conduct.forget(request.names["image_id"])
        return reply

    def plain_post(self, request: Request) -> WSGIApplication:
        """POST /v2/images/{image_id}, which Glance does not have."""
        request.environ["CONTENT_TYPE"] = "application/octet-stream"
        return request.pass_on()

    def image_schema(self, request: Request) -> WSGIApplication:
        """GET /v2/schemas/image."""
        return described_image(request.forward())

    def images_schema(self, request: Request) -> WSGIApplication:
        """GET /v2/schemas/images."""
        return described_images(request.forward())

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
            state = self._conduct.needing_database(self._conduct.store.state)
            # by these two reconcile knows that it asks the right Glance, and that a 404 there means "gone"
            about |= {
                "database_id": state["database_id"],
                "is_admin": bool(host_context(request.environ).is_admin),
            }
        return json_reply("200 OK", about)

    # -- who is asking

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

    # -- listing

    def _list_by_instance(
        self, request: Request, caller: Caller, asked: Pairs, query: Pairs, wanted: rules.Wanted
    ) -> WSGIApplication:
        refs = self._conduct.needing_database(lambda: self._conduct.store.images_of(wanted, listing.MAX_IDS + 1))
        rest = rules.without(query, *rules.NAMES, rules.SERVER)
        shown = self._conduct.shows(caller)
        if len(refs) > listing.MAX_IDS:
            return self._walked(request, asked, rest, wanted, shown=shown)
        request.environ["QUERY_STRING"] = listing.narrowed(rest, refs)
        return decorated(request.forward(), known(refs if shown else {}), asked)

    def _walked(
        self, request: Request, asked: Pairs, rest: Pairs, wanted: rules.Wanted, *, shown: bool
    ) -> WSGIApplication:
        refs: dict[str, InstanceRef] = {}

        def among(image_ids: list[str]) -> dict[str, InstanceRef]:
            found = self._conduct.needing_database(lambda: self._conduct.store.refs(image_ids))
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
        show_tuples(page.images, refs if shown else {})
        return page.reply.with_document(document)

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)


def _made(reply: Reply) -> str | None:
    """The id of the image that a reply says was made."""
    document = reply.document() if reply.code == 201 else None
    return str(document["id"]) if isinstance(document, dict) and "id" in document else None


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
    record_mark_keys(suite, GLANCE)
    return lambda app: InstanceAwareMiddleware(app, suite)


def _refuse_no_auth(suite: Suite) -> None:
    """A stock pipeline without authentication is seen at the start; one of the operator's own at its first request."""
    try:
        flavor = cfg.CONF.paste_deploy.flavor  # the host's own option, only read
    except cfg.NoSuchOptError:
        return
    if flavor in (None, "", "caching", "cachemanagement") and not suite.settings.instance_aware.allow_no_auth:
        raise ConfigError(
            "Glance's [paste_deploy] flavor names a pipeline without authentication; set it to keystone, or set "
            f"[instance_aware] allow_no_auth = true in {suite.settings.config_file}."
        )
