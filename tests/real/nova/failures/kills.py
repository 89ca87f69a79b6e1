"""Kill workers, place after place and several at a time, and check afterwards every image of every server."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.failures.report import Kill
from tests.real.nova.failures.places import DONE, State, makes_image, state_after
from tests.real.nova.failures.servers import Servers, images_named, rows_of, shelved_image
from tests.real.nova.failures.site import WORKERS, Side, Site

if TYPE_CHECKING:
    from tests.real.wire import Answer

#: How many requests are under way at once: each has a worker to itself.
AT_ONCE = 3

_WORKER_SECONDS = 60


@dataclass
class Attempt:
    """One action, and what came of it.

    :param image: the name of its image, of this attempt only, or where it is shelved of the server
    :param told: the images that Nova's answers have named
    :param kills: the workers that it has cost
    :param left: what the server is in when it is done, as with Nova alone
    :param makes_image: whether there is an image in the end, at the latest
    """

    action: str
    server: str
    image: str
    left: State
    makes_image: bool
    kills: list[Kill] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def body(self) -> Any:
        return body_of(self.action, self.image)


class Campaign:
    """A series of kills at one site.

    :param servers: of which the images are
    """

    def __init__(self, site: Site, servers: Servers) -> None:
        self.site = site
        self.servers = servers
        self.attempts: list[Attempt] = []
        self._numbers = itertools.count(1)

    @property
    def kills(self) -> list[Kill]:
        return [kill for attempt in self.attempts for kill in attempt.kills]

    def run(self, *jobs: Callable[[], None]) -> None:
        """Some at a time; the first exception is raised when all are done."""
        with ThreadPoolExecutor(AT_ONCE) as together:
            for one in [together.submit(job) for job in jobs]:
                one.result()

    # -- killing

    def at_nova(self, action: str, point: str) -> None:
        """nova-api ends; nobody is told anything."""
        with self.servers.lent() as server:
            attempt = self._attempt(action, server, state_after(action, point), makes_image(action, point))
            self._unanswered(attempt, f"Nova: {action}", point)

    def at_refusal(self, point: str) -> None:
        """nova-api ends over the request of somebody who may not see the server, whatever happens to it meanwhile."""
        server, name = next(iter(self.servers.names.items()))
        image = f"{name} refused: {point}"
        attempt = Attempt("createImage", server, image, self.servers.expected[server], makes_image=False)
        self.attempts.append(attempt)
        self._unanswered(attempt, "Nova: createImage, refused", point, who="bob")

    def at_glance(self, action: str, *points: str) -> None:
        """Glance's workers end, one after the other, over one action of Nova's, which tries again and is served."""
        with self.servers.lent() as server:
            attempt = self._attempt(action, server, DONE[action], makes_image=True)
            self.site.glance.tell(attempt.image, *(f"kill {point}" for point in points))
            answer = self.site.act(server, attempt.body)
            assert answer.status == 202, f"{attempt}: {answer}"
            attempt.told += _image_told(answer)
            tries = self.site.glance.tries(attempt.image)
            assert len(tries) > len(points), f"{attempt}: Nova asked {len(tries)} times"
            for (pid, _), point in zip(tries, points, strict=False):
                assert self.site.glance.ended(pid, point), f"{attempt}: {point} was never reached"
                after = _replaced(self.site.glance, pid)
                attempt.kills.append(Kill(f"Glance: {action}", point, pid, after, "202", "by Nova"))

    def again(self, attempt: Attempt) -> None:
        """The customer, who was told nothing, tries again."""
        with self.servers.lent(attempt.server) as server:
            attempt.left = self.servers.expected[server] = DONE[attempt.action]
            answer = self.site.act(server, attempt.body)
            assert answer.status == 202, f"{attempt}: {answer}"
        attempt.told += _image_told(answer)
        attempt.makes_image = True
        attempt.kills[-1].retried = "202"

    def _unanswered(self, attempt: Attempt, story: str, point: str, **extra: Any) -> None:
        name = f"attempt {next(self._numbers)} at {attempt.image}"  # a server may be shelved twice, to one image's name
        ask = partial(self.site.act, attempt.server, attempt.body, attempt=name, **extra)
        pid, after = killed_at_nova(self.site, name, point, ask)
        attempt.kills.append(Kill(story, point, pid, after, "no answer"))

    def _attempt(self, action: str, server: str, left: State, makes_image: bool) -> Attempt:
        number = next(self._numbers)
        name = self.servers.names[server]
        image = f"{name}-shelved" if action == "shelve" else f"{name}: {number}"
        attempt = Attempt(action, server, image, left, makes_image)
        self.servers.expected[server] = left
        self.attempts.append(attempt)
        return attempt

    # -- checking

    def check(self) -> list[str]:
        """What is wrong, once all is settled and reconciled; the report's last column is filled in."""
        basis, wrong = self.site.basis, []
        rows = rows_of(basis, self.servers.names)
        for attempt in self.attempts:
            images = {image["id"]: image for image in images_named(basis, attempt.image)}
            found = [f"image {one} is {_said(rows.get(one))}" for one in images if rows.get(one) != attempt.server]
            found += [f"Nova says otherwise of {one}" for one in images if images[one]["server"] != attempt.server]
            if attempt.makes_image and not images:
                found.append("there is no image")
            for told in self._told(attempt):
                if told not in images or images[told]["status"] != "active":
                    found.append(f"image {told}, of which somebody was told, is {images.get(told)}")
            status, task = attempt.left
            outcome = f"{_counted(images)} bound, server {status}{f' ({task})' if task else ''}"
            for kill in attempt.kills:
                kill.outcome = f"WRONG: {found}" if found else outcome
            wrong += [f"{attempt}: {what}" for what in found]
        return wrong

    def _told(self, attempt: Attempt) -> list[str]:
        """The images that somebody counts on: those that answers named, and that from which Nova would unshelve."""
        if attempt.action != "shelve" or self.servers.expected[attempt.server] != DONE["shelve"]:
            return attempt.told
        image_id = shelved_image(self.site.basis, attempt.server)
        assert image_id is not None, f"{attempt}: shelved from nothing"
        return [image_id]


def killed_at_nova(site: Site, name: str, point: str, ask: Callable[[], Answer]) -> tuple[int, list[int]]:
    """A worker of nova-api ends over a request, and nobody is told anything: its pid, and who serves afterwards.

    :param name: of this request alone, which it bears as its attempt
    """
    site.nova.tell(name, f"kill {point}")
    try:
        answer = ask()
    except (OSError, http.client.HTTPException):
        pass
    else:
        raise AssertionError(f"{name}: the point '{point}' was never reached: {answer}")
    ((pid, _),) = site.nova.tries(name)
    assert site.nova.ended(pid, point), f"{name}: it died of something else"
    return pid, _replaced(site.nova, pid)


def killed_once_it_is_told(site: Site, name: str, point: str, ask: Callable[[], Answer]) -> tuple[int, list[int]]:
    """The same, where the customer has his answer already: 202."""
    site.nova.tell(name, f"kill {point}")
    answer = ask()
    assert answer.status == 202, f"{name}: {answer}"
    ((pid, _),) = site.nova.tries(name)
    site.cloud.wait_for(lambda: site.nova.ended(pid, point), f"{name}: the point '{point}' was never reached")
    return pid, _replaced(site.nova, pid)


def body_of(action: str, image: str) -> Any:
    """What a customer sends for an action of a server."""
    if action == "shelve":
        return {"shelve": None}
    backup = {"backup_type": "daily", "rotation": 100} if action == "createBackup" else {}
    return {action: {"name": image, **backup}}


def _image_told(answer: Answer) -> list[str]:
    return [answer.json()["image_id"]] if answer.body else []


def _replaced(side: Side, killed: int) -> list[int]:
    """The workers, once there are as many as there should be and the killed one is none of them."""
    deadline = time.monotonic() + _WORKER_SECONDS
    while time.monotonic() < deadline:
        workers = side.server.worker_pids()
        if len(workers) >= WORKERS and killed not in workers:
            return workers
        time.sleep(0.01)
    raise AssertionError(f"a killed worker was not replaced: {workers}")


def _said(server: str | None) -> str:
    return "not bound" if server is None else f"bound to {server}"


def _counted(images: Collection[str]) -> str:
    return {0: "no image", 1: "1 image"}.get(len(images), f"{len(images)} images")
