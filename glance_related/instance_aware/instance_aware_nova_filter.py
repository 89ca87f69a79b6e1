"""`InstanceAwareNovaMiddleware`: system 1 in front of Nova.

What it does
============

Every image that an unmodified Nova makes of a server knows that server: snapshots, backups, and the image of
a server that is shelved, volume-backed or not, made by its owner or by an administrator. Customers do what they
always did (``openstack server image create``, ``server backup create``, ``server shelve``).

Before Nova sees such a request the filter notes the server, with the caller, under a fresh request id that
carries a keyed mark. Nova hands that id to Glance with the image, and the filter ``instance_aware`` there reads
the note and binds: for this caller, from a service user that is registered for this Nova, and for nobody else.
What a customer could say to the contrary is refused.

Requests it changes
===================

Each also with a project in front, as ``/{project_id}/servers/...``, and behind both of Nova's versions:

``POST /servers/{server_id}/action``, ``POST /os-volumes_boot/{server_id}/action``
    For createImage, createBackup and shelve the server is noted. Metadata of the image to be may not name what
    Nova says itself: ``nova_installation_uuid``, ``instance_id``, ``instance_uuid``, ``instance_owner``,
    ``image_type``, ``backup_type``, ``base_image_ref``, ``id``, ``owner``, in upper or lower case. Other actions
    go on as they are.
``POST /images/{image_id}/metadata``, ``PUT /images/{image_id}/metadata``,
``PUT /images/{image_id}/metadata/{key}``
    Nova's proxy of Glance (microversions to 2.38): the same names may be sent back as they are, not changed.

The request id that a client sends along with one of the three actions is not handed on to Glance; the log
names both. On every request, an id of the client's that carries our mark is dropped: nobody can replay one.

Place in the pipeline
=====================

After ``authtoken``, before ``keystonecontext``, in both composites of Nova's ``api-paste.ini``::

    keystone = ... osprofiler authtoken instance_aware_nova keystonecontext osapi_compute_app_v21

    [filter:instance_aware_nova]
    use = egg:glance_related#instance_aware_nova

Later it could not say under which id Nova goes to Glance, earlier it would not know who is asking. The
configuration file names this Nova in ``[instance_aware] nova_installation_uuid``; database and ``[riders]
mark_keys`` are those of Glance's side. Only nova-api needs it: no other service of Nova's is touched.

Problems
========

Each is answered in Nova's own shape, with our code beside ``message`` and in ``X-Glance-Related-Code``.

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
instance_aware.reserved_metadata      400     metadata that would say what only Nova may say
body.too_large                        413     a body over ``max_body_bytes``
body.malformed                        400     not UTF-8, not JSON, a key twice, NaN, nested too deep
body.truncated                        400     a body shorter than its Content-Length
glance_related.misplaced              500     the filter does not stand where it must
glance_related.internal               500     a defect of ours; the log of Nova has it
====================================  ======  =======================================================

Limits
======

* With the database down an action goes on, unnoted, and ``glance-related-manage reconcile`` binds its image
  later, by what Nova has recorded of the server. A snapshot is never refused for our sake.
* A note is believed for ``[riders] lifetime_seconds``; ``reconcile`` removes older ones.
* While some nova-api of an installation has this filter and another has not, a customer who knows the id under
  which an image of his was made may send it to the other, with another server of his own: Glance's side cannot
  tell. Nova shows that id to nobody; put the filter in front of every nova-api all the same.
* An image made past this filter (a nova-api without it) is adopted by ``reconcile`` in the same way.
* Neither way binds an image of a volume-backed server: Nova itself does not say which server those are of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from glance_related.db.database import DatabaseDown
from glance_related.db.models import utcnow
from glance_related.hosts.nova import routes
from glance_related.hosts.nova.errors import render
from glance_related.hosts.nova.requests import each, judged, may_name
from glance_related.instance_aware import problems, rules
from glance_related.instance_aware.evidence import MAKING_IMAGES
from glance_related.instance_aware.novas_images import SNAPSHOT
from glance_related.instance_ref import canonical_uuid
from glance_related.problem import Problem
from glance_related.riders.keys import NOVA, record_mark_keys
from glance_related.riders.rider import GLOBAL_ID, OWN_ID, Rider, drop_replayed, marked_id, ride
from glance_related.riders.store import RiderStore
from glance_related.suite import Suite, open_suite
from glance_related.wsgi.body import read_body
from glance_related.wsgi.caller import read_caller
from glance_related.wsgi.filter import Filter, Request

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

SYSTEM = "instance_aware"

# Of the actions that make an image, those to which a customer may add metadata of it.
_WITH_METADATA = ("createImage", "createBackup")


class InstanceAwareNovaMiddleware(Filter):
    """An unmodified Nova's snapshots are bound to their servers. See the manual in the package's docstring.

    :param app: Nova, from ``keystonecontext`` on
    :param suite: settings, database, marks, counters
    """

    routes = (
        *each(
            "POST",
            routes.SERVER_ACTION,
            "action",
            "createImage, createBackup and shelve: the image will be bound to the server; metadata that would lie "
            "is refused",
        ),
        *each("POST", routes.IMAGE_METADATA, "image_metadata", "metadata that would lie is refused"),
        *each("PUT", routes.IMAGE_METADATA, "image_metadata", "metadata that would lie is refused"),
        *each("PUT", routes.IMAGE_METADATA_ITEM, "image_metadata", "metadata that would lie is refused"),
    )

    obeys_method_override = False

    def __init__(self, app: WSGIApplication, suite: Suite, installation: str) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._installation = installation
        self._riders = RiderStore(suite.database)
        self._limit = suite.settings.instance_aware.max_body_bytes
        suite.systems[SYSTEM] = {"max_body_bytes": self._limit}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        drop_replayed(environ, self._suite.marks)
        return super().__call__(environ, start_response)

    # -- handlers

    def action(self, request: Request) -> WSGIApplication:
        """POST /servers/{server_id}/action."""
        body = read_body(request.environ, self._limit)
        if body is None or not may_name(body, MAKING_IMAGES):
            return request.pass_on()
        document = judged(request, body)
        if not isinstance(document, dict) or len(document) != 1:
            return request.pass_on()  # Nova refuses it
        ((action, asked),) = document.items()
        if action not in MAKING_IMAGES:
            return request.pass_on()
        if action in _WITH_METADATA and isinstance(asked, dict):
            _refuse_lies(asked.get("metadata"), {})
        server_id = canonical_uuid(request.names["server_id"])
        if server_id is None:
            return request.pass_on()  # no server of Nova's has such an id
        return self._riding(request, server_id)

    def image_metadata(self, request: Request) -> WSGIApplication:
        """POST, PUT /images/{image_id}/metadata, PUT /images/{image_id}/metadata/{key}."""
        body = read_body(request.environ, self._limit)
        if body is None:
            return request.pass_on()
        document = judged(request, body)
        given = document.get("meta" if "key" in request.names else "metadata") if isinstance(document, dict) else None
        if not isinstance(given, dict) or not any(map(rules.is_told_by_nova, given)):
            return request.pass_on()
        # a client that sends everything back says nothing new
        path = "/".join(request.environ["PATH_INFO"].split("/")[: -1 if "key" in request.names else None])
        shown = request.upstream.get(path)
        if shown.code != 200:
            return shown
        _refuse_lies(given, (shown.document() or {}).get("metadata", {}))
        return request.pass_on()

    # -- riding

    def _riding(self, request: Request, server_id: str) -> WSGIApplication:
        """Let Nova act, with the server noted under the request id that Nova will hand to Glance.

        A snapshot is never blocked: where the note cannot be made the request goes on without it, and
        ``reconcile`` binds the image.
        """
        environ = request.environ
        caller = read_caller(environ)
        request_id = marked_id(environ, self._suite.marks)
        rider = Rider(
            request_id=request_id,
            kind=SNAPSHOT,
            own_request_id=environ.get(OWN_ID, ""),
            nova_installation_uuid=self._installation,
            project_id=caller.project_id or "",
            user_id=caller.user_id or "",
            content={"instance_id": server_id},
            created_at=utcnow(),
        )
        try:
            self._riders.add(rider)
        except DatabaseDown:
            LOG.info("an image of server %s will be bound by reconcile: the database is down", server_id)
            return request.pass_on()
        LOG.info("request %s goes to Glance as %s, not as %s", rider.own_request_id, request_id, environ.get(GLOBAL_ID))
        ride(environ, request_id)
        reply = request.forward()
        if reply.code >= 400:
            self._forget(request_id)
        else:
            self._suite.counters.count("riding")
        return reply

    def _forget(self, request_id: str) -> None:
        try:
            self._riders.remove(request_id, SNAPSHOT)
        except DatabaseDown:
            LOG.info("what rode on a refused request is left for reconcile")

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)


def _refuse_lies(given: Any, present: Mapping[str, Any]) -> None:
    """:raises Problem: 400 where metadata would say something else about an image than Nova does"""
    if not isinstance(given, dict):
        return
    lies = sorted(key for key, value in given.items() if rules.is_told_by_nova(key) and present.get(key) != value)
    if lies:
        raise problems.RESERVED_METADATA(names=", ".join(lies))


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], InstanceAwareNovaMiddleware]:
    """Entry point ``paste.filter_factory``, name ``instance_aware_nova``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Nova's API then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    installation = suite.installation()
    suite.check_schema()
    record_mark_keys(suite, NOVA)
    return lambda app: InstanceAwareNovaMiddleware(app, suite, installation)
