"""`NovasImages`: what Glance's side does with an image that Nova makes.

Nova's words are not believed, for a customer has a hand in them. An image is bound by what rides on Nova's
request, under an id that only the suite can have made; where nothing rides, for there is no filter of ours in
front of that Nova, what Nova says of the image is noted for ``reconcile``, which asks Nova itself.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from glance_related.db.database import DatabaseDown
from glance_related.db.models import utcnow
from glance_related.instance_aware import rules
from glance_related.instance_aware.adoptions import Adoption, AdoptionStore
from glance_related.instance_aware.conduct import Conduct
from glance_related.instance_ref import InstanceRef
from glance_related.problem import Problem
from glance_related.riders.rider import AT_GLANCE, Rider
from glance_related.riders.store import RiderStore
from glance_related.suite import Suite
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

LOG = logging.getLogger(__name__)

#: The kind of rider that says of which server an image is.
SNAPSHOT = "snapshot"


class NovasImages:
    """Binds what Nova makes, and never stands in its way.

    :param suite: settings, database, marks, counters
    :param conduct: the order in which row and image are made
    """

    def __init__(self, suite: Suite, conduct: Conduct) -> None:
        self._marks = suite.marks
        self._lifetime = datetime.timedelta(seconds=suite.settings.riders.lifetime_seconds)
        self._riders = RiderStore(suite.database)
        self._adoptions = AdoptionStore(suite.database)
        self._conduct = conduct

    def is_from_nova(self, environ: WSGIEnvironment, caller: Caller) -> bool:
        """Whether a create may be a Nova's; at the cost of no question for everyone who sends no service token."""
        if not caller.service_user_id:
            return False
        if self._marks.is_ours(environ.get(AT_GLANCE, "")):
            return True
        _, novas = self._conduct.registrations.programs_and_nova_users()
        return caller.service_user_id in novas

    def create(
        self,
        environ: WSGIEnvironment,
        caller: Caller,
        image: Mapping[str, Any],
        forward: Callable[[str | None], Reply],
        made: Callable[[Reply], str | None],
    ) -> Reply:
        """Let Glance make Nova's image, bound to the server that rides on the request.

        Whatever state we are in, Nova's image is made: a refusal would leave a server in the middle of being shelved.

        :param image: the body of Nova's POST, without a tuple
        :param forward: lets Glance create the image, under this id or, None, under its own
        :param made: the id of the image that a reply says was made, or None
        """
        ref = self._riding(environ, caller)
        if ref is None:
            reply = forward(None)
            self._note(environ, caller, image, made(reply))
            return reply
        owner = image.get("owner") or caller.project_id
        try:
            if "id" in image:
                return self._conduct.create_under_their_id(image["id"], owner, ref, lambda: forward(None), made)
            return self._conduct.create_under_our_id(ref, forward, made)
        except Problem:  # raised before Glance was asked: the database went down
            LOG.info("an image of server %s will be bound by reconcile: the database is down", ref.instance_id)
            return forward(None)

    # -- what rides on the request

    def _riding(self, environ: WSGIEnvironment, caller: Caller) -> InstanceRef | None:
        """The server that a filter of ours has noted for this request, if everything about it fits."""
        request_id = environ.get(AT_GLANCE, "")
        if not self._marks.is_ours(request_id):
            return None
        try:
            rider = self._riders.get(request_id, SNAPSHOT)
            own = {one.installation for one in self._of_nova(caller)}
        except DatabaseDown:
            LOG.info("an image of Nova's will be bound by reconcile: the database is down")
            return None
        if rider is None or not self._fits(rider, caller) or rider.nova_installation_uuid not in own:
            LOG.warning("a marked request id was not believed: it belongs to another caller, or is too old")
            return None
        return InstanceRef(rider.nova_installation_uuid, rider.content["instance_id"])

    def _fits(self, rider: Rider, caller: Caller) -> bool:
        is_same = (rider.project_id, rider.user_id) == (caller.project_id, caller.user_id)
        return is_same and utcnow() - rider.created_at < self._lifetime

    def _of_nova(self, caller: Caller) -> list[rules.Registration]:
        """The registrations of the service that is asking, as Nova's own."""
        registrations = self._conduct.registrations.of(caller)
        return [one for one in registrations if one.user_id == caller.service_user_id and not one.trusted_program]

    # -- what Nova says of it

    def _note(self, environ: WSGIEnvironment, caller: Caller, image: Mapping[str, Any], image_id: str | None) -> None:
        """Note which server Nova names, for ``reconcile`` to ask Nova about: unshown and unmatched until then."""
        instance_id = rules.claimed_instance(image)
        if image_id is None or instance_id is None or "id" in image:
            return
        try:
            own = self._of_nova(caller)
            if len(own) != 1:
                return  # which of the two Novas it was cannot be told
            owner = image.get("owner") or caller.project_id
            request_id = environ.get(AT_GLANCE, "")
            self._adoptions.note(Adoption(image_id, own[0].installation, instance_id, request_id, owner, utcnow()))
        except DatabaseDown:
            LOG.info("an image of Nova's will be looked for by reconcile: the database is down")
