"""Our filter falls over itself: 500 in Glance's shape, with our code, without a word of the exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.failures.fault_filter import SECRET
from tests.real.failures.reconciling import rows_left
from tests.real.failures.site import Site, as_properties, running, tuple_of

if TYPE_CHECKING:
    from cloud.glance import Glance


@dataclass(frozen=True)
class Place:
    site: Site
    glance: Glance

    def fall(self, accept: str | None = "application/json", name: str = "fallen") -> Any:
        """A create whose body our filter cannot read: an exception that nobody has thought of."""
        image = {"name": name, **as_properties(self.site.ref("i-new"))}
        headers = {"X-Test-Trip": "body", "Accept": accept}
        return self.site.create(self.glance, image, headers=headers)


@pytest.fixture(scope="module")
def place(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running(Site(tmp_path_factory.mktemp("own"), cloud)) as site:
        yield Place(site, site.glance())


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("application/json", "application/json"), ("*/*", "text/html"), (None, "text/plain")],
)
def test_an_exception_of_ours_is_glances_500_without_its_text(place, accept, content_type):
    """Seen to fail where the text of the exception is told."""
    answer = place.fall(accept)
    assert answer.status == 500
    assert answer.code == "glance_related.internal"
    assert answer.headers["content-type"].partition(";")[0] == content_type
    assert "The server has either erred" in answer.text
    assert SECRET not in answer.text
    assert "LookupError" not in answer.text
    assert "Traceback" not in answer.text


def test_it_has_stored_nothing_and_asked_glance_for_nothing(place):
    before = rows_left(place.site)
    assert place.fall(name="nowhere").status == 500
    assert rows_left(place.site) == before
    assert "nowhere" not in place.site.images(place.glance)


def test_the_operator_finds_the_exception_in_the_log_and_the_next_request_is_served(place):
    assert place.fall().status == 500
    assert SECRET in place.glance.log.read_text()
    made = place.site.create(place.glance, {"name": "next", **as_properties(place.site.ref("i-next"))})
    assert made.status == 201
    assert tuple_of(made.json()) == place.site.ref("i-next")


def test_an_update_over_an_answer_that_makes_no_sense_changes_nothing(place):
    made = place.site.create(place.glance, {"name": "updated", **as_properties(place.site.ref("i-old"))})
    image_id = made.json()["id"]
    tuple_ = as_properties(place.site.ref("i-new"))
    changes = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in tuple_.items()]
    renamed = {"op": "replace", "path": "/name", "value": "renamed"}
    answer = place.site.patch(place.glance, image_id, [renamed, *changes], headers={"X-Test-Trip": "look-up"})
    assert (answer.status, answer.code) == (500, "glance_related.internal")
    assert "KeyError" not in answer.text
    shown = place.site.show(place.glance, image_id).json()
    assert (shown["name"], tuple_of(shown)) == ("updated", place.site.ref("i-old"))
