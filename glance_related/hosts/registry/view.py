"""`View`: what one caller may see, change and share, since the registry itself does not ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from glance_related.hosts.registry.errors import NO_SUCH_IMAGE, UNREADABLE
from glance_related.hosts.registry.images import Image, image_of
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.reply import Reply

ADMIN_ROLE = "admin"


class View:
    """The images as one caller sees them.

    Seen are public images, those of the caller's project, and those shared with it; an
    administrator sees all. An image without an owner belongs to nobody, not to those without a
    project.

    :param caller: who is asking
    :param ask: asks the registry for a path
    """

    def __init__(self, caller: Caller, ask: Callable[[str], Reply]) -> None:
        self.caller = caller
        self.is_admin = ADMIN_ROLE in caller.roles
        self.ask = ask

    @property
    def is_anonymous(self) -> bool:
        """Whether the caller is nobody, who may see what is public and change nothing."""
        return not self.is_admin and self.caller.project_id is None

    def sees(self, image: Image) -> bool:
        """Whether the image is in the caller's lists."""
        return bool(image.get("is_public")) or self.owns(image) or image["id"] in self._shared

    def reaches(self, image: Image) -> bool:
        """Whether the image can be named: what is deleted is still in lists of changes, but no more than that."""
        return self.is_admin or (self.sees(image) and not image.get("deleted"))

    def reached(self, reply: Reply) -> Image | None:
        """The image in the registry's answer, or None where that is another refusal than 404.

        :raises Problem: 404 where the image is not there, or cannot be named
        """
        if reply.code == 404:
            raise NO_SUCH_IMAGE()
        if reply.code >= 300:
            return None
        image = image_of(reply)
        if not self.reaches(image):
            raise NO_SUCH_IMAGE()
        return image

    def owns(self, image: Image) -> bool:
        """Whether the caller may change the image."""
        project = self.caller.project_id
        return self.is_admin or (project is not None and image.get("owner") == project)

    def may_share(self, image: Image) -> bool:
        """Whether the caller may say with whom the image is shared: its owner, and members who were given that."""
        return self.owns(image) or self._shared.get(image["id"], False)

    @cached_property
    def _shared(self) -> dict[str, bool]:
        """The images that are shared with the caller's project, and whether it may share them on; asked for once."""
        project = self.caller.project_id
        if project is None or "/" in project:
            return {}
        reply = self.ask(f"/shared-images/{project}")
        if reply.code in (404, 405):  # this registry shares nothing
            return {}
        document = reply.document() if reply.code == 200 else None
        rows: Any = document.get("shared_images") if isinstance(document, dict) else None
        try:
            return {row["image_id"]: row.get("can_share") is True for row in rows}
        except (AttributeError, KeyError, TypeError):
            raise UNREADABLE() from None
