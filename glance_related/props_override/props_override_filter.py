"""`PropsOverrideMiddleware`: system 2 in front of Glance.

What it does
============

A boot sees its image with the properties that it was sent with. The filter in front of Nova has kept them under a
request id that only the suite can make, and Nova shows that id with every question of that boot. This filter answers
Nova alone, and Nova only about that request; whoever else shows the id is answered as if the filter were not there.

Requests it changes
===================

``GET /v2/images/{image_id}``
    To a service user of the very Nova whose request an override rides on, for the same user and project, the same
    image (or the one that the server is rescued from), while it is believed: the image with the overridden properties.
    To everybody else the image as it is. A request id of somebody else's is told from one of ours by one character,
    and an id of ours on which no override rides by one bit of it: neither costs a question to the database.

Place in the pipeline
=====================

Right behind ``instance_aware``, and so behind ``context`` and before ``cache``, in every pipeline that asks Keystone::

    keystone = ... authtoken context instance_aware props_override rootapp

    [filter:props_override]
    use = egg:glance_related#props_override

It needs ``[riders] mark_keys``, the same as in front of Nova, the same database, and Nova's service users registered.

Problems
========

Each is answered to Nova, which hands the text of a 400 on to the customer and makes no server.

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
props_override.unreadable             400     our database does not answer, and an override rides
props_override.forgotten              400     the override is older than ``[riders] lifetime_seconds``
glance_related.misplaced              500     the filter does not stand behind ``context``
glance_related.internal               500     a defect of ours; the log of Glance has it
====================================  ======  =======================================================

Limits
======

* A boot that asks Glance later than ``lifetime_seconds`` after it was taken (a long queue) fails, with the reason.
* A service that is registered as Nova's own is answered as Nova: give Cinder a user of its own.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from glance_related.db.database import DatabaseDown
from glance_related.db.models import utcnow
from glance_related.hosts.glance import routes
from glance_related.hosts.glance.context import host_context
from glance_related.hosts.glance.errors import render
from glance_related.problem import MISPLACED, Problem
from glance_related.props_override import problems
from glance_related.props_override.override import OVERRIDE, read
from glance_related.props_override.started import record_at_glance
from glance_related.riders.keys import GLANCE, record_mark_keys
from glance_related.riders.rider import AT_GLANCE
from glance_related.riders.store import RiderStore
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite
from glance_related.wsgi.caller import Caller, read_caller
from glance_related.wsgi.filter import Filter, Request, Route

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from glance_related.props_override.override import Override

LOG = logging.getLogger(__name__)

SYSTEM = "props_override"


class PropsOverrideMiddleware(Filter):
    """A boot sees its image with the properties that it was sent with. See the manual in the package's docstring.

    :param app: Glance, from behind ``context`` on
    :param suite: settings, database, marks, counters
    """

    routes = (
        Route("GET", routes.IMAGE, "show", "to Nova, for one request of its own: with the properties that ride on it"),
    )

    def __init__(self, app: WSGIApplication, suite: Suite) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._decides = suite.marks.decides
        self._riders = RiderStore(suite.database)
        self._lifetime = datetime.timedelta(seconds=suite.settings.riders.lifetime_seconds)
        suite.systems[SYSTEM] = {"max_properties": suite.settings.props_override.max_properties}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # the mark is told from any other request id by one character of it; what has none costs nothing more
        if not self._decides(environ.get(AT_GLANCE, "")):
            return self.app(environ, start_response)
        return super().__call__(environ, start_response)

    def show(self, request: Request) -> WSGIApplication:
        """GET /v2/images/{image_id}."""
        if host_context(request.environ) is None:
            raise MISPLACED()
        override = self._riding(request.environ[AT_GLANCE], read_caller(request.environ))
        if override is None:
            return request.pass_on()
        reply = request.forward()
        image = reply.document() if reply.code == 200 else None
        if not isinstance(image, dict) or image.get("id") not in (override.image_id, override.rescue_image_id):
            return reply  # as the kernel and the ramdisk of the image
        self._suite.counters.count("merged")
        return reply.with_document({**image, **override.properties})

    def _riding(self, request_id: str, caller: Caller) -> Override | None:
        """What rides on a request, if it is the one that is asking.

        :raises Problem: 400 where that cannot be told. Nova hands the text of a 400 on to the customer, and makes
            no server; any other answer would end without a word, or in a server with the image's own properties.
        """
        if caller.service_user_id is None:
            return None  # whoever has seen the id somewhere
        try:
            found = self._riders.asked(request_id, OVERRIDE, caller.service_user_id)
        except DatabaseDown:
            raise problems.UNREADABLE() from None
        if found is None:
            raise problems.FORGOTTEN()
        rider, of_its_nova = found
        if not of_its_nova:
            return None  # as Cinder, which would write the properties into a volume for good
        if (rider.project_id, rider.user_id) != (caller.project_id, caller.user_id):
            LOG.warning("the request id of another caller's override was shown, and is not believed")
            return None
        if utcnow() - rider.created_at >= self._lifetime:
            raise problems.FORGOTTEN()
        return read(rider)

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], PropsOverrideMiddleware]:
    """Entry point ``paste.filter_factory``, name ``props_override``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Glance then does not start
    """
    suite = open_suite(local_conf.get("config_file"))
    if not suite.marks:
        raise ConfigError(
            f"{suite.settings.config_file}: [riders] mark_keys is not set; set it to what "
            "'glance-related-manage generate-mark-key' prints, the same in front of Nova."
        )
    suite.check_schema()
    record_mark_keys(suite, GLANCE)
    record_at_glance(suite.database)
    return lambda app: PropsOverrideMiddleware(app, suite)
