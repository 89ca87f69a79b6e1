"""A Glance that refuses, errs, falls over or hangs: what we have noted is what it has really done, at the latest when
reconciled."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.failures.fault_filter import SECRET
from tests.real.failures.reconciling import reconcile_in, rows_left
from tests.real.failures.site import Site, as_properties, running, tuple_of
from tests.servers.server import wait_until

if TYPE_CHECKING:
    from cloud.glance import Glance

REFUSALS = ("400", "403", "409", "413")
ERRORS = ("500", "503", "raise")


@dataclass(frozen=True)
class Place:
    """One Glance; `fault` is a request's header."""

    site: Site
    glance: Glance

    def create(self, name: str, fault: str, image_id: str | None = None) -> Any:
        chosen = {"id": image_id} if image_id else {}
        image = {"name": name, **chosen, **as_properties(self.site.ref("i-new"))}
        return self.site.create(self.glance, image, headers={"X-Test-Fault": fault})

    def bound(self, name: str) -> str:
        made = self.site.create(self.glance, {"name": name, **as_properties(self.site.ref("i-old"))})
        assert made.status == 201, made
        return str(made.json()["id"])

    def update(self, image_id: str, fault: str) -> Any:
        tuple_ = as_properties(self.site.ref("i-new"))
        changes = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in tuple_.items()]
        renamed = {"op": "add", "path": "/touched", "value": "yes"}
        return self.site.patch(self.glance, image_id, [renamed, *changes], headers={"X-Test-Fault": fault})

    def delete(self, image_id: str, fault: str) -> Any:
        headers = {"X-Test-Fault": fault}
        return self.site.ask(self.glance, "scheduler", "DELETE", f"/v2/images/{image_id}", headers=headers)

    def named(self, name: str) -> list[Any]:
        """The tuples of every image of that name."""
        return [tuple_of(image) for image in self.site.images(self.glance).get(name, ())]

    def shown(self, image_id: str) -> Any:
        return tuple_of(self.site.show(self.glance, image_id).json())


@pytest.fixture(scope="module")
def place(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running(Site(tmp_path_factory.mktemp("faults"), cloud)) as site:
        yield Place(site, site.glance())


def _is_a_failure_of(answer: Any, fault: str) -> bool:
    """The status of the fault (500 for an exception), in Glance's shape, and not a word of what was behind it."""
    status = 500 if fault == "raise" else int(fault)
    return answer.status == status and set(answer.json()) == {"message", "code", "title"} and SECRET not in answer.text


# -- create


@pytest.mark.parametrize("chosen", [False, True], ids=["id of ours", "id of the client's"])
@pytest.mark.parametrize("fault", REFUSALS)
def test_a_create_that_glance_refuses_leaves_nothing(place, fault, chosen):
    before = rows_left(place.site)
    answer = place.create(f"refused {fault} {chosen}", f"{fault} before", str(uuid.uuid4()) if chosen else None)
    assert _is_a_failure_of(answer, fault), answer
    assert rows_left(place.site) == before
    assert place.named(f"refused {fault} {chosen}") == []


@pytest.mark.parametrize("chosen", [False, True], ids=["id of ours", "id of the client's"])
@pytest.mark.parametrize("fault", ERRORS)
def test_a_create_that_fails_without_an_image_is_swept(place, fault, chosen):
    before = rows_left(place.site)
    answer = place.create(f"failed {fault} {chosen}", f"{fault} before", str(uuid.uuid4()) if chosen else None)
    assert _is_a_failure_of(answer, fault), answer
    bound, pending = rows_left(place.site)
    assert (len(bound) - len(before[0]), len(pending)) == ((0, 1) if chosen else (1, 0))
    reconcile_in(2, place.site)
    assert rows_left(place.site) == before
    assert place.named(f"failed {fault} {chosen}") == []


@pytest.mark.parametrize("chosen", [False, True], ids=["id of ours", "id of the client's"])
@pytest.mark.parametrize("fault", ERRORS)
def test_a_create_that_fails_behind_a_new_image_keeps_its_tuple(place, fault, chosen):
    """Seen to fail where a 5xx removes the row, or the attempt."""
    name = f"half {fault} {chosen}"
    answer = place.create(name, f"{fault} after", str(uuid.uuid4()) if chosen else None)
    assert _is_a_failure_of(answer, fault), answer
    # what the client chose may be another's image: it shows nothing until that is certain
    assert place.named(name) == ([None] if chosen else [place.site.ref("i-new")])
    reconcile_in(2, place.site)
    assert place.named(name) == [place.site.ref("i-new")]
    assert rows_left(place.site)[1] == []


# -- update


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", [*REFUSALS, *ERRORS])
def test_an_update_that_is_not_acknowledged_by_glance_leaves_the_tuple(place, fault, when):
    """Seen to fail where the row is written before Glance is asked."""
    image_id = place.bound("updated")
    answer = place.update(image_id, f"{fault} {when}")
    assert _is_a_failure_of(answer, fault), answer
    assert place.shown(image_id) == place.site.ref("i-old")
    reconcile_in(2, place.site)
    assert place.shown(image_id) == place.site.ref("i-old")


# -- delete


@pytest.mark.parametrize("fault", [*REFUSALS, *ERRORS])
def test_a_delete_that_glance_does_not_do_leaves_the_tuple(place, fault):
    image_id = place.bound("kept")
    answer = place.delete(image_id, f"{fault} before")
    assert _is_a_failure_of(answer, fault), answer
    assert place.shown(image_id) == place.site.ref("i-old")
    reconcile_in(2, place.site)
    assert place.shown(image_id) == place.site.ref("i-old")


@pytest.mark.parametrize("fault", ERRORS)
def test_a_delete_that_fails_behind_the_deed_is_swept(place, fault):
    image_id = place.bound("gone")
    answer = place.delete(image_id, f"{fault} after")
    assert _is_a_failure_of(answer, fault), answer
    assert place.site.show(place.glance, image_id).status == 404
    assert image_id in rows_left(place.site)[0]
    reconcile_in(2, place.site)
    assert image_id not in rows_left(place.site)[0]


# -- hanging


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sweep_beside_a_create_that_hangs_leaves_its_row(place, when):
    name = f"slow {when}"
    with place.site.held(lambda: place.create(name, f"wait {when}")) as answer:
        said = place.site.suite.manage("reconcile")
        assert said.returncode == 0, said.stderr
    assert answer.result().status == 201
    assert tuple_of(answer.result().json()) == place.site.ref("i-new")
    assert place.named(name) == [place.site.ref("i-new")]


def _is_a_death(answer: Future[Any]) -> bool:
    """The connection breaks, or gunicorn itself says 500 for the worker that it ends."""
    try:
        told = answer.result(60)
    except (OSError, http.client.HTTPException):
        return True
    return told.status == 500 and told.code is None and "x-openstack-request-id" not in told.headers


@pytest.fixture(scope="module")
def impatient(place: Place) -> Place:
    """A Glance beside the first whose master kills a worker that is silent for some seconds."""
    words = "--worker-class sync --threads 1 --timeout 3"
    return Place(place.site, place.site.glance("impatient", gunicorn_words=words))


@pytest.mark.parametrize("chosen", [False, True], ids=["id of ours", "id of the client's"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_hangs_in_a_create_is_killed_and_nothing_wrong_stays(place, impatient, when, chosen):
    name = f"hanging {when} {chosen}"
    (worker,) = impatient.glance.worker_pids()
    before = rows_left(place.site)
    with place.site.held(lambda: impatient.create(name, f"wait {when}", str(uuid.uuid4()) if chosen else None)) as it:
        assert _is_a_death(it)
    wait_until(lambda: impatient.glance.worker_pids() not in ([], [worker]), "the worker was not replaced")
    reconcile_in(2, place.site)
    if when == "before":
        assert place.named(name) == []
        assert rows_left(place.site) == before
    else:
        assert place.named(name) == [place.site.ref("i-new")]
        assert rows_left(place.site)[1] == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_hangs_in_an_update_is_killed_and_the_tuple_stays(place, impatient, when):
    image_id = place.bound("hung")
    with place.site.held(lambda: impatient.update(image_id, f"wait {when}")) as it:
        assert _is_a_death(it)
    assert place.shown(image_id) == place.site.ref("i-old")
