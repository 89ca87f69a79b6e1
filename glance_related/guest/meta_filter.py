"""`GuestMetaMiddleware`: where guests ask for what is theirs, in front of Nova's metadata service.

What it does
============

The program ``glance-related-guest`` asks the metadata service, which every guest reaches, what its server is to have,
and reports what became of it. Who asks is who Nova's own answer to the same request says: the filter asks Nova's
metadata service behind it for ``meta_data.json`` with the same headers. So Neutron's signatures, load balancers and
addresses stay Nova's business, no secret lies in the guest, and none can be stolen from it.

What a guest says is kept as its word about itself: which generation of its settings it has, with which packages, or why
not. The customer reads it beside what the server is to have.

**A server that was made of a snapshot.** Its disk has what the program on the first server has left there. The program
asks, or is told by the first boot, and sees by the word that it is on another server now: of what was applied, and of
what was still to be reported, nothing counts any more. What it has installed on this disk it still takes for its own,
and removes what is not chosen for the new server. Where an image is to have packages for good,
``/var/lib/glance-related/state.json`` is removed before it is made: then whatever is there is the owner's.

Requests it changes
===================

Both are our own; all others go on at the cost of one test of the path:

``GET /openstack/glance-related/v1/settings``
    What the guest is to have: ``{"version": 1, "server": "3f9a6c01d2b8", "have": "3f9a6c01d2b8-7", "interval_seconds":
    900, "parts": {...}}``, a part for each system. With ``?have=`` and the same word again only that nothing has
    changed (``is_unchanged``), for Neutron's proxy lets no header through. Both words are this server's alone.
``POST /openstack/glance-related/v1/report``
    ``{"part": "package_menu", "server": "3f9a6c01d2b8", "generation": 7, "ok": true, "packages": {"web": "apache2"},
    "message": ""}``, of at most 1024 bytes, with ``?length=`` and ``&sha256=`` of the body: Neutron's proxy reads once,
    and what came later is cut off. ``server`` is the word that came with the settings; a report that has none is
    taken, one that has another server's is not. The same again changes nothing.

Place in the pipeline
=====================

In Nova's ``api-paste.ini``, of nova-metadata, before ``metaapp``::

    [pipeline:meta]
    pipeline = cors http_proxy_to_wsgi guest_meta metaapp

    [filter:guest_meta]
    use = egg:glance_related#guest_meta

The configuration file is that of Nova's API, with the same database and, where there are secrets, the same keys.

Problems
========

Plain text, with our code in ``X-Glance-Related-Code``, and with no other status than Neutron's proxy lets through. What
Nova answers to a guest that it does not know goes on as it is.

====================================  ======  =======================================================
code                                  status  when
====================================  ======  =======================================================
guest.bad_report                      400     a report that is cut off, too long, or none
guest.nothing                         404     nobody has anything for this server
guest.not_given                       409     a report of settings that were never given, or of another server's
guest.not_now                         503     it cannot be told yet what the server is to have
glance_related.database_down          503     our database does not answer
glance_related.internal               500     a defect of ours; the log of Nova has it
====================================  ======  =======================================================

Limits
======

* Every process in a guest reaches its metadata service, and reads what this server has, secrets too.
* No package of the owner's goes for one of the menu: what cannot be there beside it is reported as failed, with what is
  in its way. So is one of which the guest cannot tell whether it is there already.
* What came along with a package, because that needs it, stays when the package goes, and may be in another's way then.
* A guest without a network, as one with a config drive alone, has what came with its first boot.
* A guest that is not known, of a project that has just booted others, is told to ask later, until
  ``glance-related-worker`` has found out which request made it: Nova's metadata service has no record to ask.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from glance_related.db.database import DatabaseDown
from glance_related.guest import problems
from glance_related.guest.handing import handed, note_read
from glance_related.guest.opening import open_for_guests
from glance_related.guest.part import Guest, GuestPart, NotGiven
from glance_related.guest.reported import REPORT_MAX, check_whole, report_of
from glance_related.hosts.nova import routes
from glance_related.instance_ref import InstanceRef, canonical_uuid
from glance_related.problem import CODE_HEADER, DATABASE_DOWN, Problem
from glance_related.suite import Suite
from glance_related.wsgi.body import parse_json, read_body
from glance_related.wsgi.filter import Filter, Request, Route
from glance_related.wsgi.query import read_query
from glance_related.wsgi.reply import Reply, json_reply, status_line

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class GuestMetaMiddleware(Filter):
    """Guests ask for what is theirs, and report. See the manual in the module's docstring.

    :param app: Nova's metadata service
    :param parts: what the systems give guests, by name
    :param installation: which Nova this is
    """

    routes = (
        Route("GET", routes.GUEST_SETTINGS, "settings", "what the guest that asks is to have"),
        Route("POST", routes.GUEST_REPORT, "report", "what a guest says became of it"),
    )

    obeys_method_override = False

    def __init__(self, app: WSGIApplication, suite: Suite, parts: Mapping[str, GuestPart], installation: str) -> None:
        super().__init__(app, suite.counters)
        self._suite = suite
        self._parts = parts
        self._installation = installation

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(routes.GUEST):
            return super().__call__(environ, start_response)
        return self.app(environ, start_response)

    # -- handlers

    def settings(self, request: Request) -> WSGIApplication:
        """GET /openstack/glance-related/v1/settings."""
        guest = self._guest(request)
        if isinstance(guest, Reply):
            return guest
        self._suite.counters.count("settings")
        try:
            what = handed(self._parts, guest, None)
        except DatabaseDown:
            raise DATABASE_DOWN() from None
        if not what.is_complete:
            raise problems.NOT_NOW()
        if not what.offers:
            raise problems.NOTHING()
        if _query(request).get("have") == what.tag:
            return json_reply("200 OK", what.unchanged())
        note_read(self._parts, guest, what)
        return json_reply("200 OK", what.document())

    def report(self, request: Request) -> WSGIApplication:
        """POST /openstack/glance-related/v1/report."""
        told = report_of(_whole_body(request))
        guest = self._guest(request)
        if isinstance(guest, Reply):
            return guest
        self._suite.counters.count("reports")
        if told.server not in (None, guest.word):
            raise problems.NOT_GIVEN()
        try:
            is_known = told.part in self._parts and self._parts[told.part].told(guest, told.report)
        except NotGiven:
            raise problems.NOT_GIVEN() from None
        except DatabaseDown:
            raise DATABASE_DOWN() from None
        if not is_known:
            raise problems.NOTHING()
        return json_reply("200 OK", {})

    def _guest(self, request: Request) -> Guest | Reply:
        """Who asks, by Nova's word; or what Nova answers where it does not know."""
        reply = request.upstream.get(routes.META_DATA)
        if reply.code != 200:
            return reply
        about = json.loads(reply.body)
        instance_id = canonical_uuid(about["uuid"])
        assert instance_id is not None
        return Guest(InstanceRef(self._installation, instance_id), about["project_id"])

    # -- the host's shape

    def render(self, problem: Problem) -> WSGIApplication:
        body = f"{problem.text}\n".encode("utf-8", "replace")
        headers = (
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Length", str(len(body))),
            (CODE_HEADER, problem.code),
        )
        return Reply(status_line(problem.status), headers, body)


def _query(request: Request) -> dict[str, str]:
    return dict(read_query(request.environ) or ())


def _whole_body(request: Request) -> Any:
    """The report; whatever is wrong with the body is told as Neutron's proxy can tell it.

    :raises Problem: 400
    """
    try:
        body = read_body(request.environ, REPORT_MAX)
        check_whole(body or b"", _query(request))
        return parse_json(body or b"")
    except Problem as problem:
        if problem.kind is problems.REPORT_UNFIT:
            raise
        raise problems.REPORT_UNFIT(reason=problem.text.rstrip(".")) from None


def filter_factory(global_conf: dict[str, str], **local_conf: str) -> Callable[[WSGIApplication], GuestMetaMiddleware]:
    """Entry point ``paste.filter_factory``, name ``guest_meta``.

    :param local_conf: ``config_file`` names another ``glance-related.conf``
    :raises ConfigError: one sentence that names the fix; Nova's metadata service then does not start
    """
    suite, parts, installation = open_for_guests(local_conf.get("config_file"))
    return lambda app: GuestMetaMiddleware(app, suite, parts, installation)
