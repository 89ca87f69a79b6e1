"""`InstanceAwareRegistryMiddleware`: system 1 in front of Glance's v1 registry. Archived deployments only.

What it does
============

An image knows the instance it came from, as in front of the v2 API: the tuple
``(nova_installation_uuid, instance_id)`` is taken out of ``image["properties"]``, judged by the
same rules, kept in the same table, shown where the image is shown, and lists find images by it.

A registry in its pipeline without authentication takes everybody for its administrator. So the
filter enforces the customer's view itself. The customer is ``X-Project-Id`` (or ``X-Tenant-Id``)
from the proxy in front, an administrator has ``admin`` in ``X-Roles``, and

* seen are public images, the customer's own, and those shared with the customer; who names no
  project sees public images and changes nothing; an administrator sees and changes all;
* what is not seen is 404, in the same words as what is not there; what is seen but is not the
  customer's own is 403 to a change;
* what a customer makes belongs to the customer, whatever ``owner`` the body names.

Requests it changes
===================

==========================================  =======================================================
request                                     what changes
==========================================  =======================================================
POST /images                                the tuple is taken out, judged, kept; shown in the answer
GET /images, GET /                          the customer's view; filters by instance
GET /images/detail                          the same, and tuples are shown
GET /images/{image_id}                      404 where it is not seen; the tuple is shown
PUT /images/{image_id}                      for its owner; the tuple is taken out, judged, kept, shown
DELETE /images/{image_id}                   for its owner; the tuple goes with the image
GET /images/{image_id}/members              of an image that is seen; all for its owner, else one's own
PUT /images/{image_id}/members              for its owner, and members who may share it on
PUT /images/{image_id}/members/{member}     the same
DELETE /images/{image_id}/members/{member}  the same
GET /shared-images/{member}                 of the customer's own project
==========================================  =======================================================

Every other path and method is 404 and never reaches the registry; above all ``/rpc``, its v2.

*PUT.* Without ``X-Glance-Registry-Purge-Props: true`` the properties of a PUT are merged, and so is
the tuple: one half may be sent where the other is known, and what is not sent stays. With it the
properties replace all others, so a tuple that is left out is removed, where the caller may remove it.
A caller who may not, and leaves it out, does not lose it: it stays, and so it does while the
database is down. Who sends back the tuple as it was shown changes nothing, and need not be allowed to.

*Lists* take ``property-instance_id``, ``property-nova_installation_uuid`` and ``property-server``
(another name of the first): exact, the last of a repeated one counts. A page has as many images
as its limit while there are more; ``limit``, ``marker``, ``sort_key``, ``sort_dir`` and the other
filters stay the registry's. A marker that the customer may not see is answered as an unknown one.
Of what the caller may see, ``is_public=True`` keeps the public images and ``False`` the others;
``deleted`` is for administrators.

Place in the pipeline
=====================

Right before the registry, with nothing in front but a proxy that sets the identity headers and
removes what the client sent of them::

    [pipeline:glance-registry]
    pipeline = instance_aware_registry registryapp

    [filter:instance_aware_registry]
    use = egg:glance_related#instance_aware_registry
    config_file = /etc/glance-related/glance-related.conf

    [app:registryapp]
    use = egg:glance_related#reference_registry

In an archived Glance the last section is its own (``glance.registry.api:API.factory``).
It does not start without ``[instance_aware] allow_no_auth = true``: the headers are believed as they
come, and whoever reaches this port past the proxy is whoever he says he is.

Options
=======

Those of ``[instance_aware]``, as for the v2 filter; ``customer_roles`` means nothing here.

Problems
========

=========================  ======  ================================================================
code                       status  when
=========================  ======  ================================================================
registry.no_such_path      404     a path or method that is not in the table above
registry.no_such_image     404     the image is not there, or not seen
registry.not_owner         403     a change of an image that is seen but not one's own
registry.not_member        403     what is shared with another project
registry.anonymous         403     an image made by somebody without a project
registry.two_projects      400     X-Project-Id and X-Tenant-Id differ: one of them is the client's
registry.bad_query         400     a query string that is not UTF-8
registry.bad_image         400     a body that is not ``{"image": {...}}``
registry.too_far           503     a page that was not found among 100,000 images
registry.unreadable        502     an answer of the registry in which no image could be found
=========================  ======  ================================================================

and those of ``instance_aware`` and of bodies, all with the code in ``X-Glance-Related-Code``.

Limits
======

* The registry knows no filter by owner or by id, so a list is walked, 1,000 images at a time: its cost
  grows with the images in between that are not the customer's.
* ``reconcile`` asks a v2 API: where the same Glance has one, with `instance_aware` on the same
  database, it finishes what a crash left here; elsewhere such rows stay, and show nowhere.
* A Nova of that time sends no service token, so it is shown tuples, and hands what it is shown on to its
  next snapshot, which is then refused: name both properties in its ``non_inheritable_image_properties``.
* ``?customer=`` is of the v2 filter only.

Why so
======

The registry cannot be asked who may see what, so this is the one place where the suite decides it
(in front of the v2 API, Glance does). It is closed towards paths that it does not know, because the
registry behind it is open. A list that found too little within its bound is refused rather than cut
short, because v1 has no link to the next page: a short page says that there is no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from glance_related.hosts.registry import errors, images, listing, routes
from glance_related.hosts.registry.identity import read_identity
from glance_related.hosts.registry.images import Image
from glance_related.hosts.registry.view import View
from glance_related.instance_aware import rules
from glance_related.instance_aware.conduct import Conduct, Refs
from glance_related.instance_aware.registry_search import Bound
from glance_related.problem import Problem
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite
from glance_related.wsgi.body import parse_json, read_body, replace_body, write_json
from glance_related.wsgi.filter import Filter, Request, Route, canonical_path
from glance_related.wsgi.query import read_query
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class InstanceAwareRegistryMiddleware(Filter):
    """Images know the instance they came from, and customers see their own. See the module.

    :param app: the registry
    :param suite: settings, database, policy, counters
    """

    routes = (
        Route("GET", routes.ROOT, "index", "the customer's view; property-instance_id and the like"),
        Route("GET", routes.IMAGES, "index", "the customer's view; property-instance_id and the like"),
        Route("GET", routes.DETAIL, "detail", "the same, and tuples are shown"),
        Route("POST", routes.IMAGES, "create", "the tuple is taken out, judged, kept; shown in the answer"),
        Route("GET", routes.IMAGE, "show", "404 where it is not seen; the tuple is shown"),
        Route("PUT", routes.IMAGE, "update", "for its owner; the tuple is taken out, judged, kept, shown"),
        Route("DELETE", routes.IMAGE, "delete", "for its owner; the tuple goes with the image"),
        Route("GET", routes.MEMBERS, "members", "of an image that is seen; all for its owner, else one's own"),
        Route("PUT", routes.MEMBERS, "share", "for its owner, and members who may share it on"),
        Route("PUT", routes.MEMBER, "share", "for its owner, and members who may share it on"),
        Route("DELETE", routes.MEMBER, "share", "for its owner, and members who may share it on"),
        Route("GET", routes.SHARED, "shared_images", "of the customer's own project"),
    )

    def __init__(self, app: WSGIApplication, suite: Suite) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._settings = suite.settings.instance_aware
        self._conduct = Conduct(suite)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # the registry behind us refuses nobody, so what we do not know must not reach it
        if self._match(environ) is None:
            problem = errors.NO_SUCH_PATH()
            self.refused(problem)
            return self.render(problem)(environ, start_response)
        return super().__call__(environ, start_response)

    # -- lists

    def index(self, request: Request) -> WSGIApplication:
        """GET /images and GET /: six fields of each image."""
        page, _ = self._page(request)
        if page.images is None:
            return page.reply
        brief = [{field: image.get(field) for field in images.BRIEF} for image in page.images]
        return page.reply.with_document({"images": brief})

    def detail(self, request: Request) -> WSGIApplication:
        """GET /images/detail."""
        page, refs_shown = self._page(request)
        if page.images is None:
            return page.reply
        refs = refs_shown([image["id"] for image in page.images])
        for image in page.images:
            images.show(image, rules.NAMES, rules.as_properties(refs.get(image["id"])))
        return page.reply.with_document({"images": page.images})

    def _page(self, request: Request) -> tuple[listing.Walked, Refs]:
        """One page of the list as the caller may see it, and what shows its tuples."""
        query = read_query(request.environ)
        if query is None:
            raise errors.BAD_QUERY()
        view = self._view(request)
        asked = listing.read(query, (*rules.NAMES, rules.SERVER), deleted=view.is_admin)
        asked = listing.behind_what_is_seen(asked, view)
        request.environ["PATH_INFO"] = routes.DETAIL  # the brief list does not say whose an image is

        def ask(query_string: str) -> Reply:
            request.environ["QUERY_STRING"] = query_string
            return request.forward()

        def seen(rows: list[Image]) -> list[Image]:
            return [row for row in rows if asked.is_public in (None, bool(row.get("is_public"))) and view.sees(row)]

        wanted = rules.wanted(listing.properties(query))
        if wanted is None:
            return listing.walk(ask, asked, seen), self._conduct.refs_shown_to(view.caller)
        self._suite.counters.count("listed")
        bound = Bound(self._conduct, wanted)
        page = listing.walk(ask, asked, lambda rows: seen(bound.among(rows)), bound.found_all)
        refs = bound.refs if self._conduct.shows(view.caller) else {}
        return page, lambda _: refs

    # -- one image

    def create(self, request: Request) -> WSGIApplication:
        """POST /images."""
        view = self._view(request)
        if view.is_anonymous:
            raise errors.ANONYMOUS()
        document, image = self._sent(request)
        if not view.is_admin or "owner" not in image:
            image["owner"] = view.caller.project_id
        given = images.take(image, rules.NAMES)
        write_json(request.environ, document)
        registrations = self._conduct.registrations_unless_nova(view.caller) if given else None
        if registrations is None:
            return self._answered(request.forward(), {})
        ref = rules.read_tuple(given)
        owner, image_id = image["owner"], image.get("id")
        self._conduct.judge(None, ref, view.caller, registrations, owner=owner, image_id=image_id)
        assert ref is not None

        def forward_as(our_id: str) -> Reply:
            write_json(request.environ, {**document, "image": {**image, "id": our_id}})
            return request.forward()

        if image_id:
            reply = self._conduct.create_under_their_id(image_id, owner, ref, request.forward, _made)
        else:
            reply = self._conduct.create_under_our_id(ref, forward_as, _made)
        return self._answered(reply, rules.as_properties(ref))

    def show(self, request: Request) -> WSGIApplication:
        """GET /images/{image_id}."""
        view = self._view(request)
        reply = request.forward()
        image = view.reached(reply)
        return reply if image is None else self._answered(reply, self._shown(image, view))

    def update(self, request: Request) -> WSGIApplication:
        """PUT /images/{image_id}."""
        view = self._view(request)
        seen = request.upstream.get(request.environ["PATH_INFO"])
        before = view.reached(seen)
        if before is None:
            return seen
        if not view.owns(before):
            raise errors.NOT_OWNER()
        document, image = self._sent(request)
        if not view.is_admin:
            image.pop("owner", None)
        given = images.take(image, rules.NAMES)
        write_json(request.environ, document)
        replacing = images.replaces_properties(request.environ)
        change = self._conduct.change(before["id"], before.get("owner"), view.caller, given, replacing=replacing)
        reply = request.forward()
        if reply.code >= 300:
            return reply
        if change is None:
            return self._answered(reply, self._shown(before, view))
        self._conduct.set(before["id"], change.before, change.after)
        return self._answered(reply, rules.as_properties(change.after))

    def delete(self, request: Request) -> WSGIApplication:
        """DELETE /images/{image_id}."""
        view = self._view(request)
        seen = request.upstream.get(request.environ["PATH_INFO"])
        image = view.reached(seen)
        if image is None:
            return seen
        if not view.owns(image):
            raise errors.NOT_OWNER()
        reply = request.forward()
        if reply.code < 300:
            self._conduct.forget(image["id"])
        return self._answered(reply, {})

    # -- whom it is shared with

    def members(self, request: Request) -> WSGIApplication:
        """GET /images/{image_id}/members."""
        view = self._view(request)
        seen = request.upstream.get(f"{routes.IMAGES}/{request.names['image_id']}")
        image = view.reached(seen)
        if image is None:
            return seen
        reply = request.forward()
        if reply.code >= 300 or view.owns(image):
            return reply
        own = [row for row in images.members_of(reply) if row["member_id"] == view.caller.project_id]
        return reply.with_document({"members": own})

    def share(self, request: Request) -> WSGIApplication:
        """PUT /images/{image_id}/members; PUT and DELETE /images/{image_id}/members/{member}."""
        view = self._view(request)
        seen = request.upstream.get(f"{routes.IMAGES}/{request.names['image_id']}")
        image = view.reached(seen)
        if image is None:
            return seen
        if not view.may_share(image):
            raise errors.NOT_OWNER()
        body = read_body(request.environ, self._settings.max_body_bytes) if request.route.method == "PUT" else None
        if body is not None:
            write_json(request.environ, parse_json(body))
        return request.forward()

    def shared_images(self, request: Request) -> WSGIApplication:
        """GET /shared-images/{member}."""
        view = self._view(request)
        if not view.is_admin and request.names["member"] != view.caller.project_id:
            raise errors.NOT_MEMBER()
        return request.forward()

    # -- what all of them do

    def _view(self, request: Request) -> View:
        """What the caller may see; from here on the registry is sent the request that we have judged, no other."""
        environ = request.environ
        view = View(read_identity(environ), request.upstream.get)
        environ["PATH_INFO"] = canonical_path(environ["PATH_INFO"])
        environ["QUERY_STRING"] = ""
        environ["CONTENT_TYPE"] = "application/json"  # Routes would look into a form for another method
        if request.route.method in ("GET", "DELETE"):
            replace_body(environ, b"")
        return view

    def _sent(self, request: Request) -> tuple[dict[str, Any], Image]:
        """The body of a request, and the image in it."""
        body = read_body(request.environ, self._settings.max_body_bytes)
        document = None if body is None else parse_json(body)
        image = images.image_in(document)
        assert isinstance(document, dict)
        return document, image

    def _shown(self, image: Image, view: View) -> dict[str, str]:
        image_id = image["id"]
        return rules.as_properties(self._conduct.refs_shown_to(view.caller)([image_id]).get(image_id))

    def _answered(self, reply: Reply, ours: dict[str, str]) -> Reply:
        """A reply of one image, with our properties on it and nobody else's of those names."""
        if reply.code >= 300:
            return reply
        image = images.image_of(reply)
        images.show(image, rules.NAMES, ours)
        return reply.with_document({"image": image})

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return errors.render(problem)


def _made(reply: Reply) -> str | None:
    return None if reply.code >= 300 else str(images.image_of(reply)["id"])


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], InstanceAwareRegistryMiddleware]:
    """Entry point ``paste.filter_factory``, name ``instance_aware_registry``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; the registry then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    if not suite.settings.instance_aware.allow_no_auth:
        raise ConfigError(
            "instance_aware_registry believes the identity headers of whoever reaches it; let nobody reach it but a "
            f"proxy that sets them, and set [instance_aware] allow_no_auth = true in {suite.settings.config_file}."
        )
    suite.check_schema()
    return lambda app: InstanceAwareRegistryMiddleware(app, suite)
