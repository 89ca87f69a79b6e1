"""What a client does when its worker is killed, at which points, and what may be true of the image afterwards.

A story has a part that is acknowledged before anything is killed (`prepare`), the request that is
killed (`send`), and what is true once the same request has been acknowledged (`settle`).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from glance_related.instance_aware.rules import INSTALLATION, INSTANCE
from glance_related.instance_ref import InstanceRef
from tests.real.failures.site import Site, as_properties

if TYPE_CHECKING:
    from cloud.glance import Glance
    from tests.real.http import Answer

#: What an image of that name may show; None is an image without a tuple.
Refs = frozenset[InstanceRef | None]

_AROUND_GLANCE = ("before Glance", "after Glance")


@dataclass(frozen=True)
class Attempt:
    """One image, and what was tried on it.

    :param name: the image's name in Glance, of this attempt only
    :param old: the tuple that was acknowledged before
    :param new: the tuple that the killed request sends
    :param may: what the image may show when all is reconciled
    :param meanwhile: what it may show besides, until then
    :param may_be_gone: there may be no such image
    """

    name: str
    old: InstanceRef | None
    new: InstanceRef | None
    may: Refs
    image_id: str = ""
    meanwhile: Refs = frozenset()
    may_be_gone: bool = False

    def certain(self, ref: InstanceRef | None) -> Attempt:
        """The client has been told: from now on nothing else may be true."""
        return replace(self, may=frozenset({ref}), meanwhile=frozenset(), may_be_gone=False)

    def gone(self) -> Attempt:
        return replace(self, may=frozenset(), meanwhile=frozenset(), may_be_gone=True)


@dataclass(frozen=True)
class Client:
    """A trusted program at one Glance."""

    site: Site
    glance: Glance
    headers: Mapping[str, str] = field(default_factory=dict)

    def killed_at(self, point: str) -> Client:
        return replace(self, headers={"X-Test-Crash": point})

    def create(self, image: Mapping[str, Any]) -> Answer:
        return self.site.create(self.glance, image, headers=self.headers)

    def patch(self, image_id: str, *changes: tuple[str, str, str | None]) -> Answer:
        document = [
            {"op": op, "path": f"/{name}"} | ({} if value is None else {"value": value}) for op, name, value in changes
        ]
        return self.site.patch(self.glance, image_id, document, headers=self.headers)

    def delete(self, image_id: str) -> Answer:
        path = f"/v2/images/{image_id}"
        return self.site.ask(self.glance, "scheduler", "DELETE", path, headers=self.headers)


@dataclass(frozen=True)
class Story:
    """See the module."""

    name: str
    points: tuple[str, ...]
    prepare: Callable[[Client, str, InstanceRef, InstanceRef], Attempt]
    send: Callable[[Client, Attempt], Answer]
    settle: Callable[[Attempt, Answer], Attempt]


def _create_body(attempt: Attempt, ref: InstanceRef) -> dict[str, str]:
    chosen = {"id": attempt.image_id} if attempt.image_id else {}
    return {"name": attempt.name, **chosen, **as_properties(ref)}


def _bound(client: Client, name: str, ref: InstanceRef | None) -> str:
    answer = client.create({"name": name, **(as_properties(ref) if ref else {})})
    assert answer.status == 201, answer
    return str(answer.json()["id"])


# -- create


def _nothing_yet(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    return Attempt(name, None, new, frozenset({new}), may_be_gone=True)


def _only_an_id(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    attempt = _nothing_yet(client, name, old, new)
    return replace(attempt, image_id=str(uuid.uuid4()), meanwhile=frozenset({None}))


def _an_image_of_that_id(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    return Attempt(name, old, new, frozenset({old}), image_id=_bound(client, name, old))


def _a_customers_image_of_that_id(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    image_id = client.site.cloud.image(client.glance, "alice", name=name)
    return Attempt(name, None, new, frozenset({None}), image_id=image_id)


def _an_older_image_of_that_id(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    attempt = Attempt(name, None, new, frozenset({None}), image_id=_bound(client, name, None))
    time.sleep(1.1)  # both sides keep whole seconds
    return attempt


def _send_create(client: Client, attempt: Attempt) -> Answer:
    assert attempt.new is not None
    return client.create(_create_body(attempt, attempt.new))


def _created(attempt: Attempt, answer: Answer) -> Attempt:
    if answer.status == 409:  # the killed request had made it: the tuple is there, at the latest when reconciled
        return replace(attempt, may_be_gone=False)
    assert answer.status == 201, answer
    return attempt.certain(attempt.new)


def _created_again(attempt: Attempt, answer: Answer) -> Attempt:
    assert answer.status == 201, answer
    # if the killed request has made an image too, it has the same name and the same tuple
    return attempt.certain(attempt.new)


def _refused(attempt: Attempt, answer: Answer) -> Attempt:
    assert answer.status == 409, answer
    return attempt


# -- update


def _unbound(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    return Attempt(name, None, new, frozenset({None, new}), image_id=_bound(client, name, None))


def _bound_to_another(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    return Attempt(name, old, new, frozenset({old, new}), image_id=_bound(client, name, old))


def _bound_for_now(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    return Attempt(name, old, None, frozenset({old, None}), image_id=_bound(client, name, old))


def _send_tuple(operation: str) -> Callable[[Client, Attempt], Answer]:
    def send(client: Client, attempt: Attempt) -> Answer:
        assert attempt.new is not None
        ours = [(operation, name, value) for name, value in as_properties(attempt.new).items()]
        return client.patch(attempt.image_id, ("add", "touched", "yes"), *ours)

    return send


def _send_remove(client: Client, attempt: Attempt) -> Answer:
    return client.patch(attempt.image_id, ("remove", INSTALLATION, None), ("remove", INSTANCE, None))


def _updated(attempt: Attempt, answer: Answer) -> Attempt:
    assert answer.status == 200, answer
    return attempt.certain(attempt.new)


def _removed(attempt: Attempt, answer: Answer) -> Attempt:
    # 409: the killed request had removed it already
    assert answer.status in (200, 409), answer
    return attempt.certain(None)


# -- delete


def _to_be_deleted(client: Client, name: str, old: InstanceRef, new: InstanceRef) -> Attempt:
    return Attempt(name, old, None, frozenset({old}), image_id=_bound(client, name, old), may_be_gone=True)


def _send_delete(client: Client, attempt: Attempt) -> Answer:
    return client.delete(attempt.image_id)


def _deleted(attempt: Attempt, answer: Answer) -> Attempt:
    # 404: the killed request had deleted it already
    assert answer.status in (204, 404), answer
    return attempt.gone()


def _transaction(number: int) -> tuple[str, ...]:
    return (f"in transaction {number}", f"before COMMIT {number}", f"after COMMIT {number}")


_LOOK_UP = ("before look-up", "after look-up")

STORIES = (
    Story(
        "create, id chosen by us",
        ("arrival", *_transaction(1), *_AROUND_GLANCE, "reply"),
        _nothing_yet, _send_create, _created_again,
    ),
    Story(
        "create, id chosen by the client",
        ("arrival", *_transaction(1), *_AROUND_GLANCE, *_transaction(2), "reply"),
        _only_an_id, _send_create, _created,
    ),
    Story(
        "create, id of another image",
        ("arrival", *_transaction(1), *_AROUND_GLANCE, *_transaction(2), "reply"),
        _an_image_of_that_id, _send_create, _refused,
    ),
    Story(
        "create, id of a customer's image",
        ("after COMMIT 1", *_AROUND_GLANCE, "before COMMIT 2"),
        _a_customers_image_of_that_id, _send_create, _refused,
    ),
    Story(
        "create, id of an unbound image",
        ("after COMMIT 1", *_AROUND_GLANCE, "before COMMIT 2"),
        _an_older_image_of_that_id, _send_create, _refused,
    ),
    Story(
        "update, tuple added",
        ("arrival", *_LOOK_UP, *_AROUND_GLANCE, *_transaction(1), "reply"),
        _unbound, _send_tuple("add"), _updated,
    ),
    Story(
        "update, tuple replaced",
        ("arrival", *_LOOK_UP, *_AROUND_GLANCE, *_transaction(1), "reply"),
        _bound_to_another, _send_tuple("replace"), _updated,
    ),
    Story(
        "update, tuple removed",
        ("arrival", *_LOOK_UP, *_AROUND_GLANCE, *_transaction(1), "reply"),
        _bound_for_now, _send_remove, _removed,
    ),
    Story(
        "delete",
        ("arrival", *_AROUND_GLANCE, *_transaction(1), "reply"),
        _to_be_deleted, _send_delete, _deleted,
    ),
)  # fmt: skip

#: Every place where a worker is killed: (story, point).
PLACES = tuple((story, point) for story in STORIES for point in story.points)
