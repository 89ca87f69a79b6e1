"""`AskedGlance`: what ``reconcile`` asks Glance, and which of its answers may be acted on."""

from __future__ import annotations

import datetime
import enum
import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from glance_related.hosts.account import Answer, Unreachable
from glance_related.hosts.glance.routes import ABOUT, IMAGES
from glance_related.instance_aware.store import Store

LOG = logging.getLogger(__name__)

#: After so many failures in a row Glance is not asked any more.
PATIENCE = 5
#: How many images of a walk are asked for together: Glance takes some milliseconds for each.
PAGE = 500

#: The only ids that Glance gives to images.
IMAGE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)

# Others' images too, and those of communities; what is hidden has to be asked for apart.
_ALL = "visibility=all"
_HIDDEN = ("false", "true")


class Glance(Protocol):
    """What is asked here of `glance_related.hosts.account.GlanceAccount`."""

    def get(self, path: str) -> Answer:
        """GET a path of Glance's API; `Unreachable` where nobody answers."""


class Refused(Exception):
    """Nothing that this Glance says may be acted on; the text says why, and what to mend."""


def prove(account: Glance, store: Store) -> None:
    """Make sure that Glance uses this database and takes the account for an administrator.

    :raises Refused: it does not, or does not say
    """
    try:
        answer = account.get(ABOUT)
    except Unreachable as error:
        raise Refused(str(error)) from None
    if answer.status == 404:
        raise Refused(
            f"Glance answers 404 to {ABOUT}: the filter instance_aware is not in its pipeline, or glance_endpoint in "
            "[account] is not Glance's; put it right."
        )
    if answer.status == 503:
        raise Refused("Glance's filter says that its database is down; start it, or mend the filter's config_file.")
    if answer.status in (401, 403):
        raise Refused(f"Glance refuses the account ({answer.status}); give the user in [account] the role admin.")
    if answer.status != 200 or not isinstance(answer.document, dict):
        raise Refused(f"Glance answers {answer.status} to {ABOUT}, which says nothing; see its log.")
    if answer.document.get("is_admin") is not True:
        raise Refused(
            "Glance does not take the account for an administrator, and so hides images from it; give the user in "
            "[account] the role that Glance's policy context_is_admin names."
        )
    if answer.document.get("database_id") != store.state()["database_id"]:
        raise Refused(
            "the filter in that Glance uses another database than [database] connection here; make both the same, "
            "or point [account] at the other Glance."
        )


class Exhausted(Exception):
    """Glance has failed too often in a row; the text says what to do."""


class Certainty(enum.Enum):
    """What is known of an image that Glance has not shown."""

    GONE = "Glance says that there is no such image"
    UNKNOWN = "Glance says nothing certain"


class AskedGlance:
    """Glance, asked until it has failed too often in a row."""

    def __init__(self, account: Glance, store: Store) -> None:
        self._account = account
        self._store = store
        self._failures = 0

    def prove(self) -> None:
        """See `prove`."""
        prove(self._account, self._store)

    def image(self, image_id: str) -> dict[str, Any] | Certainty:
        """An image, or what is known where there is none.

        :raises Exhausted:
        """
        answer = self._get(f"{IMAGES}/{quote(image_id, safe='')}")
        if answer.status == 200 and isinstance(answer.document, dict):
            self._failures = 0
            return answer.document
        if answer.status == 404 and answer.is_from_service:
            self._failures = 0
            return Certainty.GONE
        self._failed(answer)
        return Certainty.UNKNOWN

    def listed(self, image_ids: Sequence[str]) -> set[str]:
        """Those of some images that are certainly there; of the others nothing is known.

        :raises Exhausted:
        """
        found: set[str] = set()
        for hidden in _HIDDEN:
            rest = [image_id for image_id in image_ids if image_id not in found and IMAGE_ID.fullmatch(image_id)]
            if not rest:
                break
            answer = self._get(f"{IMAGES}?id=in:{','.join(rest)}&{_ALL}&os_hidden={hidden}&limit={len(rest)}")
            images = _images(answer)
            if images is None:
                self._failed(answer)
            else:
                found |= {image["id"] for image in images}
        return found

    def made_since(self, since: datetime.datetime) -> Iterator[list[dict[str, Any]]]:
        """Every image that was made at or after a time, some at a time.

        No property is asked for: Glance has an index on the time, and none on what properties say.

        :param since: UTC
        :raises Exhausted: Glance has not shown all of them
        """
        for hidden in _HIDDEN:
            query = f"{_ALL}&os_hidden={hidden}&created_at=gte:{since.isoformat()}Z&sort=created_at:asc&limit={PAGE}"
            shown = self._page(f"{IMAGES}?{query}", [""])
            while shown:
                yield shown
                # the last of a page may be deleted before the next is asked for
                shown = self._page(f"{IMAGES}?{query}", [f"&marker={image['id']}" for image in shown[:-4:-1]])

    def _page(self, path: str, markers: Sequence[str]) -> list[dict[str, Any]]:
        for _ in range(PATIENCE):
            for marker in markers:
                answer = self._get(path + marker)
                images = _images(answer)
                if images is not None:
                    self._failures = 0
                    return images
                if answer.status not in (400, 404):
                    break
            self._failed(answer)
        raise Exhausted(f"Glance does not go on with its list, the last answer was {answer.status}; run this again.")

    def _get(self, path: str) -> Answer:
        try:
            return self._account.get(path)
        except Unreachable as error:
            LOG.info("%s", error)
            return Answer(0)

    def _failed(self, answer: Answer) -> None:
        self._failures += 1
        if self._failures >= PATIENCE:
            what = f"the last answer was {answer.status}" if answer.status else "it does not answer"
            raise Exhausted(f"Glance failed {self._failures} times in a row, {what}; see its log and run this again.")


def _images(answer: Answer) -> list[dict[str, Any]] | None:
    """The images of a list, or None where the answer is none."""
    if answer.status != 200 or not isinstance(answer.document, dict):
        return None
    images: list[dict[str, Any]] = answer.document.get("images", [])
    return images


def seconds(text: str) -> datetime.datetime:
    """A time of Glance's as our tables keep times."""
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).replace(tzinfo=None, microsecond=0)
