"""Where an attack takes place: one Glance, with all our defences or without one of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.real.attacks.undo import HEADER
from tests.real.cloud_of_tests import Cloud
from tests.real.wire import Answer, raw

if TYPE_CHECKING:
    from cloud.glance import Glance


class Succeeded(AssertionError):
    """The attack has reached what it was after."""


class World:
    """What an attack may do, and what it looks at.

    `undo` names the defence that is away for every request made here; only the Glances of `test_attacks.py`
    have the filter that can take it away. Where things are not `exact`, only what an attack is after is looked
    at, not how it was answered.
    """

    def __init__(self, cloud: Cloud, glance: Glance, *, undo: str | None = None, exact: bool = True) -> None:
        self.cloud = cloud
        self.glance = glance
        self.undo = undo
        self.exact = exact
        self.stock = cloud.glance("stock")
        #: An instance that nobody else has heard of.
        self.instance = f"i-{uuid.uuid4()}"
        self.tuple = cloud.tuple(self.instance)
        self.tuple_changes = [{"op": "add", "path": f"/{name}", "value": text} for name, text in self.tuple.items()]

    # -- what is done

    def call(self, who: str | None, method: str, path: str, **extra: Any) -> Answer:
        return self.cloud.call(self.glance, who, method, path, **self.with_undo(extra))

    def post(self, who: str, image: Any, **extra: Any) -> Answer:
        return self.call(who, "POST", "/v2/images", json=image, **extra)

    def patch(self, who: str, image_id: str, changes: Any, **extra: Any) -> Answer:
        return self.cloud.patch(self.glance, who, image_id, changes, **self.with_undo(extra))

    def raw(self, request: bytes) -> list[Answer]:
        """A request written out by the attack; `%UNDO%` in it is where our header goes."""
        line = f"{HEADER}: {self.undo}\r\n".encode() if self.undo else b""
        return raw(self.glance.port, request.replace(b"%UNDO%", line))

    def beside(self, kind: str) -> World:
        """The Glance of that kind under the same server; where a defence is away, this one."""
        if self.undo:
            return self
        return World(self.cloud, self.cloud.glance(f"{kind}-{self.glance.server}"), exact=self.exact)

    def with_undo(self, extra: dict[str, Any]) -> dict[str, Any]:
        if self.undo is None:
            return extra
        return {**extra, "headers": {**(extra.get("headers") or {}), HEADER: self.undo}}

    # -- what is there before

    def image(self, who: str, **properties: Any) -> str:
        """An image without a tuple."""
        return self.cloud.image(self.stock, who, **properties)

    def bound(self, who: str, **properties: Any) -> str:
        """An image of `who` that is bound to our instance by the administrator, all defences up."""
        return self.cloud.bound(self.cloud.glance("gunicorn"), who, self.instance, **properties)

    # -- what is looked at

    def holds(self, condition: bool, what: str) -> None:
        """A condition that only a successful attack makes false."""
        if not condition:
            raise Succeeded(what)

    def expect(self, answer: Answer, status: int, code: Any) -> None:
        """How the attacker is answered: with this status, and this code of ours (None: by Glance; ...: either)."""
        if self.exact:
            assert answer.status == status, answer
            assert code is ... or answer.code == code, answer

    def unbound(self, image_id: str) -> None:
        """Neither our table nor Glance's own has anything of a tuple for that image."""
        self.holds(self.cloud.stored(image_id) is None, f"{image_id} is bound: {self.cloud.stored(image_id)}")
        native = self.cloud.native(image_id)
        self.holds(not native.keys() & self.tuple.keys(), f"Glance holds {native}")

    def nothing_bound(self, instance: str | None = None) -> None:
        """No image at all, in either database, carries the instance."""
        instance = instance or self.instance
        ours = self.cloud.suite_rows(
            "select image_id from glance_related_image_instances where instance_id = ?", instance
        )
        self.holds(not ours, f"bound to {instance}: {ours}")
        native = self.cloud.glance_rows(
            "select image_id, name from image_properties where value = ? and deleted = 0", instance
        )
        self.holds(not native, f"Glance holds {instance}: {native}")

    def still_bound(self, image_id: str) -> None:
        """The image has the tuple that the administrator gave it."""
        expected = (self.cloud.installation, self.instance)
        self.holds(self.cloud.stored(image_id) == expected, f"{image_id} has {self.cloud.stored(image_id)}")

    def names_no_instance(self, answer: Answer) -> None:
        """Nothing of the answer speaks of the instance."""
        self.holds(self.instance not in answer.text, f"the answer names it: {answer.text}")
