"""`VendordataMiddleware`: what a guest's first boot gets, and what the suite tells of itself, in front of Nova's API.

What it does
============

Nova asks its vendordata targets what a new server's cloud-init shall do. With this filter Nova's own API is one of
them: it answers with a script that installs the program ``glance-related-guest`` in the guest, gives it what the server
is to have, and lets it ask again now and then (`glance_related.guest.meta_filter`). A guest to whose project nothing is
offered gets nothing.

A user's own ``packages`` and ``write_files`` take the place of those of vendor data; so it is a script, which is run
beside them. Whoever owns a guest decides: ``vendor_data2: {enabled: false}`` in the user data is his no to all of it,
``vendor_data: {enabled: false}`` to our part.

The answer is worked out from what is stored, each time: Nova asks six times for a config drive, and again when a server
is rebuilt. Of a server that is not known yet, Nova's own record tells with which request it was made, so that nothing
depends on who comes first.

Requests it changes
===================

Both are our own; each also with a project in front and behind both of Nova's versions:

``POST /vendordata``
    What Nova asks its target ``cloud-init``, answered with a list of parts for cloud-init: our script, then those of
    the target that had this name before (``former_vendordata_url``). For services and administrators only (policy
    ``vendordata:read``): the answer holds what a server has, secrets too.
``GET /glance-related``
    The suite's version, the systems whose filters stand here, and their limits (policy ``glance_related:about``).

Place in the pipeline
=====================

Right behind ``authtoken``, in both composites of Nova's ``api-paste.ini``, the first of our filters::

    keystone = ... authtoken glance_related instance_aware_nova props_override_nova package_menu keystonecontext ...

    [filter:glance_related]
    use = egg:glance_related#glance_related

In ``nova.conf`` of nova-metadata and of every nova-compute (which builds config drives)::

    [api]
    vendordata_providers = StaticJSON,DynamicJSON
    vendordata_dynamic_targets = cloud-init@http://CONTROLLER:8774/v2.1/vendordata

    [vendordata_dynamic_auth]
    auth_type = password
    auth_url = http://CONTROLLER:5000/v3
    username = nova
    ...

The target must be named ``cloud-init``: of all others cloud-init takes no notice. Without ``[vendordata_dynamic_auth]``
Nova asks without a token, is answered 401, and hands out nothing.

Options
=======

In ``[guest]`` of ``glance-related.conf``:

``former_vendordata_url`` (none)
    the target ``cloud-init`` that Nova had before; its parts follow ours
``former_vendordata_seconds`` (3)
    how long all of its answer is waited for, from whichever of its addresses; where it does not come, its parts are
    left out. Only what its name stands for is looked up in the system's own time
``former_vendordata_ca_file`` (none)
    the certificates by which its own is judged
``max_body_bytes`` (262144)
    longest question of Nova's
``max_vendordata_bytes`` (131072)
    most bytes of settings that come along; where there are more, the guest fetches them

Problems
========

Each is answered in Nova's own shape, with our code beside ``message`` and in ``X-Glance-Related-Code``.

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
guest.bad_question                    400     the body is not what Nova sends
body.too_large                        413     a body over ``max_body_bytes``
body.malformed                        400     not UTF-8, not JSON, a key twice, NaN, nested too deep
body.truncated                        400     a body shorter than its Content-Length
glance_related.forbidden              403     neither a service nor an administrator
glance_related.method_in_query        405     ``_method`` in the query of what is ours alone says
                                              another method than the request
glance_related.database_down          503     our database does not answer, and there is no former target
                                              whose parts could be handed out
glance_related.misplaced              500     the filter does not stand where it must
glance_related.internal               500     a defect of ours; the log of Nova has it
====================================  ======  =======================================================

Limits
======

* Of an answer that fails Nova makes an empty one, and cloud-init keeps that for good: a guest that was booted while our
  database was down has no program, unless its image has one (``glance-related-guest install``), until it is rebuilt.
* Where it cannot be told yet what a server is to have, the script comes without settings, and the program asks.
* What comes along lies in the guest, in cloud-init's own files and on the config drive, as all vendor data does.
* Without cloud-init, or Python 3.6 on, nothing happens in a guest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from glance_related.db.database import DatabaseDown
from glance_related.guest import problems
from glance_related.guest.handing import handed, note_read
from glance_related.guest.opening import open_for_guests
from glance_related.guest.part import Guest, GuestPart
from glance_related.guest.question import guest_of
from glance_related.guest.reported import REPORT_MAX
from glance_related.guest.script import script
from glance_related.hosts.former_vendordata import FormerTarget
from glance_related.hosts.nova import routes
from glance_related.hosts.nova.context import is_well_placed
from glance_related.hosts.nova.errors import render
from glance_related.hosts.nova.record import Reader
from glance_related.hosts.nova.requests import each
from glance_related.problem import DATABASE_DOWN, MISPLACED, Problem
from glance_related.settings import policy
from glance_related.suite import Suite, version
from glance_related.wsgi.body import parse_json, read_body
from glance_related.wsgi.caller import Caller, read_caller
from glance_related.wsgi.filter import Filter, Request
from glance_related.wsgi.reply import json_reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class VendordataMiddleware(Filter):
    """What a guest's first boot gets. See the manual in the module's docstring.

    :param app: Nova, from behind ``authtoken`` on
    :param parts: what the systems give guests, by name
    :param installation: which Nova this is
    """

    routes = (
        *each("POST", routes.VENDORDATA, "vendordata", "what a guest's first boot gets, for Nova's target cloud-init"),
        *each("GET", routes.ABOUT, "about", "version, systems and limits of the suite"),
    )

    obeys_method_override = False

    def __init__(self, app: WSGIApplication, suite: Suite, parts: Mapping[str, GuestPart], installation: str) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._parts = parts
        self._installation = installation
        self._settings = own = suite.settings.guest
        self._former = None
        if own.former_vendordata_url is not None:
            self._former = FormerTarget(
                own.former_vendordata_url, own.former_vendordata_seconds, own.former_vendordata_ca_file
            )

    # -- handlers

    def vendordata(self, request: Request) -> WSGIApplication:
        """POST /vendordata."""
        self._suite.policy.require(policy.VENDORDATA_READ, _caller(request))
        body = read_body(request.environ, self._settings.max_body_bytes)
        if body is None:
            raise problems.QUESTION_UNFIT(reason="it has no body")
        question = parse_json(body)
        guest = guest_of(question, self._installation)
        self._suite.counters.count("vendordata")
        token = request.environ.get("HTTP_X_AUTH_TOKEN", "")
        try:
            ours = self._script(request, guest)
        except DatabaseDown:
            self._suite.counters.count("vendordata_failed")
            former = self._former_parts(question, token)
            if not former:
                raise DATABASE_DOWN() from None
            return json_reply("200 OK", former)
        return json_reply("200 OK", [*ours, *self._former_parts(question, token)])

    def _script(self, request: Request, guest: Guest) -> list[str]:
        """Our part, or none where nobody wants anything of the guest.

        :raises DatabaseDown:
        """
        nova = Reader(self.app, request.environ, with_project="project_id" in request.names)
        what = handed(self._parts, guest, nova)
        if what.is_complete and not what.offers:
            return []
        if not what.is_complete:
            return [script(None)]  # half of it could be the wrong half
        settings = json.dumps(what.document(), sort_keys=True, separators=(",", ":")).encode()
        if len(settings) > self._settings.max_vendordata_bytes:
            return [script(None)]
        note_read(self._parts, guest, what)
        return [script(settings)]

    def _former_parts(self, question: Any, token: str) -> list[str]:
        if self._former is None:
            return []
        return self._former.parts(json.dumps(question).encode(), token)

    def about(self, request: Request) -> WSGIApplication:
        """GET /glance-related."""
        self._suite.policy.require(policy.ABOUT, _caller(request))
        about = {
            "version": version(),
            "systems": sorted(self._suite.systems),
            "limits": {**self._suite.systems, "guest": {"max_report_bytes": REPORT_MAX}},
        }
        return json_reply("200 OK", about)

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        return render(problem)


def _caller(request: Request) -> Caller:
    """:raises Problem: the filter stands where it is not known who is asking"""
    if not is_well_placed(request.environ):
        raise MISPLACED()
    return read_caller(request.environ)


def filter_factory(global_conf: dict[str, str], **local_conf: str) -> Callable[[WSGIApplication], VendordataMiddleware]:
    """Entry point ``paste.filter_factory``, name ``glance_related``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Nova's API then does not start
    """
    suite, parts, installation = open_for_guests(local_conf.get("config_file"))
    return lambda app: VendordataMiddleware(app, suite, parts, installation)
