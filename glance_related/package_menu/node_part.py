"""`NodePart`: what a configuration system that comes for it is told of a server, by the name that it knows it by."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glance_related.deliveries.delivery import Refused
from glance_related.deliveries.store import Failed
from glance_related.hosts.nova.servers import NotAnswered, Servers
from glance_related.package_menu import problems
from glance_related.package_menu.asking import caller_of, needing_the_database, settings_refused
from glance_related.package_menu.books import Books
from glance_related.package_menu.deliverable import Deliverable, instance_of
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.rules import Fault
from glance_related.package_menu.store import AsOf
from glance_related.settings import policy
from glance_related.settings.keys import NoKeys, Undecipherable
from glance_related.wsgi.conditions import has_already, tagged, unchanged
from glance_related.wsgi.filter import Request
from glance_related.wsgi.reply import json_reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LOG = logging.getLogger(__name__)


class NodePart:
    """See the module.

    :param installation: which Nova
    """

    def __init__(self, books: Books, installation: str) -> None:
        self._books = books
        self._installation = installation

    def show(self, request: Request) -> WSGIApplication:
        """GET /package-menu/nodes/{certname}."""
        try:
            return self._shown(request, request.names["certname"])
        except NotAnswered as failure:
            return failure.reply

    def _shown(self, request: Request, certname: str) -> WSGIApplication:
        with needing_the_database():
            found = self._found(request, certname)
            if not found:
                raise problems.NO_NODE(certname=certname)
            if len(found) > 1:
                raise problems.AMBIGUOUS(certname=certname)
            ((name, kept),) = found
            driver, as_of = self._books.drivers[name], self._books.menu.of_project(kept.project_id)
            whole = self._told(kept, as_of, name)
            told = self._without_secrets(request, whole)  # not all of it: somebody has a look
            try:
                document = driver.document(told.instance, told.packages, told.variables)
            except Refused as reason:
                if driver.is_pulled and told is whole:
                    outcome = Failed(str(reason), None)
                    self._books.deliveries.told(kept.ref, name, told.instance.generation, outcome)
                raise settings_refused([Fault(certname, "refused", str(reason))]) from None
            if driver.is_pulled and told is whole:
                self._books.deliveries.read(kept.ref, name, told.instance.generation)
        tag = _tag(told.instance.generation, document)
        if has_already(request.environ, tag):
            return unchanged(tag)
        return json_reply("200 OK", document, tagged(tag))

    def _found(self, request: Request, certname: str) -> list[tuple[str, Kept]]:
        """The servers of the caller's that have this name to the first driver that knows any."""
        project_id = caller_of(request).project_id or ""
        for name, driver in self._books.drivers.items():
            certnames = driver.certnames
            words = certnames.fields(certname) if certnames is not None else None
            if certnames is None or words is None:
                continue
            known = [
                one
                for one in self._books.instances.named(self._installation, words, project_id)
                if certnames.of(instance_of(one, 0)) == certname.lower() and self._is_shown(request, one)
            ]
            if known:
                return [(name, one) for one in known]
        return []

    def _told(self, kept: Kept, as_of: AsOf, driver: str) -> Deliverable:
        try:
            return self._books.deliverable(kept, as_of, driver)
        except (NoKeys, Undecipherable):
            LOG.error("a secret of server %s cannot be read: this host has not the keys", kept.ref.instance_id)
            raise problems.NO_SECRETS() from None

    def _without_secrets(self, request: Request, told: Deliverable) -> Deliverable:
        """What the caller may be told: a secret is shown to nobody but those who hand it on."""
        policies, project_id = self._books.suite.policy, told.instance.project_id
        if policies.allows(policy.MENU_NODE_SECRETS, caller_of(request), project_id=project_id):
            return told
        shown = tuple(one for one in told.variables if not one.is_secret)
        return told if len(shown) == len(told.variables) else replace(told, variables=shown)

    def _is_shown(self, request: Request, kept: Kept) -> bool:
        """Whether the caller may be told: Nova decides who sees the server.

        :raises NotAnswered: it says nothing of it; whoever is told that there is no such server would forget it
        """
        caller = caller_of(request)
        if not self._books.suite.policy.allows(policy.MENU_NODE, caller, project_id=kept.project_id):
            return False
        reply = Servers(request).server(kept.ref.instance_id)
        if reply.code not in (200, 403, 404):
            raise NotAnswered(reply)
        return reply.code == 200


def _tag(generation: int, document: Mapping[str, Any]) -> str:
    """Of a document: what a driver makes of settings may change without them, as the environment does."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return f"{generation}-{digest[:16]}"
