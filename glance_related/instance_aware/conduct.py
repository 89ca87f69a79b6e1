"""What conducting means before every host: who may bind, what is kept first, what is left for later.

The filters differ in how their host spells an image, a list and a refusal. In what order the rules,
the store and the host are asked, and what happens when the database is down, they must not differ.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from glance_related.db.database import DatabaseDown
from glance_related.instance_aware import problems, rules
from glance_related.instance_aware.registrations import Registrations
from glance_related.instance_aware.rules import Registration, Standing
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef, is_instance_id
from glance_related.problem import DATABASE_DOWN, Problem
from glance_related.settings import policy
from glance_related.suite import Suite
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.reply import Reply

LOG = logging.getLogger(__name__)

T = TypeVar("T")

#: The tuples of some images, by id.
Refs = Callable[[list[str]], dict[str, InstanceRef]]

#: Longest id that an image of Glance's can have.
IMAGE_ID_MAX = 36

#: Longest project id that an image of Glance's can belong to.
OWNER_MAX = 255


@dataclass(frozen=True)
class Change:
    """What becomes of an image's tuple, None being none."""

    before: InstanceRef | None
    after: InstanceRef | None


class Conduct:
    """Rules, store and registrations, asked in the one right order.

    :param suite: settings, database, policy, counters
    """

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._settings = suite.settings.instance_aware
        self.store = Store(suite.database)
        self.registrations = Registrations(self.store, self._settings.registrations_seconds)

    # -- judging

    def registrations_unless_nova(self, caller: Caller) -> list[Registration] | None:
        """The caller's registrations, or None where the request is Nova's own.

        Nova's tuple is dropped and the request forwarded, whatever state we are in: a refusal would leave
        a server stuck in the middle of being shelved.

        :raises Problem: 503 where the database is down and the request is somebody else's
        """
        try:
            registrations = self.registrations.of(caller)
        except DatabaseDown:
            remembered = self.registrations.remembered_of(caller)
            if rules.standing(caller, remembered) is Standing.NOVA or (caller.service_user_id and not remembered):
                LOG.warning("a tuple in a service's request was dropped unjudged: the database is down")
                return None
            raise DATABASE_DOWN() from None
        return None if rules.standing(caller, registrations) is Standing.NOVA else registrations

    def judge(
        self,
        before: InstanceRef | None,
        after: InstanceRef | None,
        caller: Caller,
        registrations: list[Registration],
        *,
        owner: str | None,
        image_id: object,
    ) -> None:
        """:raises Problem: where the caller may not make one tuple of this image another; None is no tuple"""
        target = {"owner": owner, "project_id": owner, "image_id": image_id}
        allows = self._suite.policy.allows
        # only the rule that decides is asked: oslo.policy looks at its files for every answer
        program = rules.standing(caller, registrations) is Standing.PROGRAM
        rules.judge_binding(
            before,
            after,
            caller,
            registrations,
            policy_allows=not program and allows(policy.BIND, caller, **target),
            program_may=program and allows(policy.BIND_AS_PROGRAM, caller, **target),
        )
        if after is None or program or self._settings.allow_unknown_installations:
            return  # a program's own installation is registered, or it would be no program
        installation = after.nova_installation_uuid
        if not self.needing_database(lambda: self.store.is_known(installation)):
            raise problems.UNKNOWN_INSTALLATION(installation=installation)

    def change(
        self, image_id: str, owner: str | None, caller: Caller, given: Mapping[str, Any], *, replacing: bool
    ) -> Change | None:
        """What an update of properties makes of an image's tuple; None where it changes nothing.

        :param given: our properties in the update
        :param replacing: the properties replace all others, so that what is left out is removed
        :raises Problem: where what was given may not be set; leaving a tuple out is never refused, it then stays
        """
        if not given and not replacing:
            return None
        try:
            registrations = self.registrations_unless_nova(caller)
            if registrations is None:
                return None
            before = self.needing_database(lambda: self.store.refs([image_id])).get(image_id)
            after = rules.read_tuple(given if replacing else {**rules.as_properties(before), **given})
            if after == before:
                return None
            self.judge(before, after, caller, registrations, owner=owner, image_id=image_id)
        except Problem:
            if given:
                raise
            LOG.info("a tuple that was left out stays: its removal is not allowed, or cannot be judged now")
            return None
        return Change(before, after)

    # -- keeping

    def create_under_our_id(
        self, ref: InstanceRef, forward: Callable[[str], Reply], made: Callable[[Reply], str | None]
    ) -> Reply:
        """Row first: a row without an image is harmless and swept, an image without its row would be a loss.

        :param forward: lets the host create the image under this id
        :param made: the id of the image that a reply says was made, or None
        """
        image_id = str(uuid.uuid4())
        started = time.monotonic()
        self.needing_database(lambda: self.store.bind(image_id, ref))
        reply = forward(image_id)
        if made(reply) is not None:
            if time.monotonic() - started > self._settings.grace_seconds / 2:
                # so slow that a sweep may have taken the row for one without an image
                self.leaving_to_reconcile(lambda: self.store.bind(image_id, ref))
            self._suite.counters.count("bound")
        elif 400 <= reply.code < 500:
            self.leaving_to_reconcile(lambda: self.store.unbind(image_id))
        return reply

    def create_under_their_id(
        self,
        image_id: object,
        owner: object,
        ref: InstanceRef,
        forward: Callable[[], Reply],
        made: Callable[[Reply], str | None],
    ) -> Reply:
        """The id may be somebody else's: nothing is bound before the host has said that the image was made."""
        if not isinstance(image_id, str) or len(image_id) > IMAGE_ID_MAX or not is_instance_id(image_id):
            return forward()  # no id of the host's: it refuses
        if owner is not None and (not isinstance(owner, str) or len(owner) > OWNER_MAX):
            return forward()  # nor is this a project
        attempt = self.needing_database(lambda: self.store.begin(image_id, owner, ref))
        reply = forward()
        created = made(reply)
        if created is not None:
            # the host has the image now; what fails here, reconcile finishes, for the row says all it needs
            self.leaving_to_reconcile(lambda: self.store.confirm(attempt, created, ref))
            self._suite.counters.count("bound")
        elif 400 <= reply.code < 500:
            self.leaving_to_reconcile(lambda: self.store.abandon(attempt))
        return reply

    def set(self, image_id: str, before: InstanceRef | None, after: InstanceRef | None) -> None:
        """Make one tuple another, None being none, behind an update that the host has just accepted.

        What was judged is what is done: a tuple that somebody else has set since is not overwritten.

        :raises Problem: 503 where the database is down, 409 where somebody else was faster; both in words that
            do not hide what the host has done
        """
        try:
            done = self.store.rebind(image_id, before, after)
        except DatabaseDown:
            raise problems.NOT_RECORDED() from None
        if not done:
            raise problems.CHANGED_MEANWHILE()
        self._suite.counters.count("bound")

    def forget(self, image_id: str) -> None:
        """The image is gone; its row goes too, now or with the next sweep."""
        try:
            self.store.unbind(image_id)
        except DatabaseDown:
            LOG.info("the row of a deleted image is left for reconcile")

    # -- showing

    def shows(self, caller: Caller) -> bool:
        """Whether this caller's replies show tuples."""
        return rules.is_shown_to(caller, *self.registrations.programs_and_nova_users())

    def refs_shown_to(self, caller: Caller) -> Refs:
        """What shows a caller the tuples of a reply: one query, made once the reply's images are known."""

        def refs(image_ids: list[str]) -> dict[str, InstanceRef]:
            if not image_ids or not self.shows(caller):
                return {}
            try:
                return self.store.refs(image_ids)
            except DatabaseDown:  # the reply does not need them
                return {}

        return refs

    # -- the database

    def needing_database(self, ask: Callable[[], T]) -> T:
        """:raises Problem: 503 where the database is down"""
        try:
            return ask()
        except DatabaseDown:
            raise DATABASE_DOWN() from None

    def leaving_to_reconcile(self, write: Callable[[], object]) -> None:
        """Write behind the host's answer, which stands whether this succeeds or not."""
        try:
            write()
        except DatabaseDown:
            LOG.warning("the database failed behind the host's answer; reconcile finishes what was begun")
