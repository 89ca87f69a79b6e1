"""For any images, owners, sharing, instances and pages: a walk finds what the caller may see, each once, in order."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import hypothesis
from hypothesis import strategies as st

from glance_related.instance_ref import InstanceRef
from glance_related.testing.registry_images import Query
from tests.filters.registry_cloud import ADMIN, ALICE, BOB, NOBODY, NOVA, OTHER_NOVA, RegistryCloud, make

PEOPLE = {"alice": ALICE, "bob": BOB, "nobody": NOBODY, "admin": ADMIN}


@dataclass(frozen=True)
class Kind:
    """An image to be: whose, for whom to see, of which instance, and what the registry sorts by."""

    owner: str | None
    is_public: bool
    shared_with: frozenset[str]
    instance: tuple[str, str] | None
    name: str | None
    size: int | None


projects = st.sampled_from(["alice-project", "bob-project", "carol-project"])
instances = st.tuples(st.sampled_from([NOVA, OTHER_NOVA]), st.sampled_from(["i-1", "i-2"]))
kinds = st.builds(
    Kind,
    owner=st.none() | projects,
    is_public=st.booleans(),
    shared_with=st.frozensets(projects, max_size=2),
    instance=st.none() | instances,
    name=st.none() | st.sampled_from(["a", "b"]),
    size=st.none() | st.integers(0, 2),
)
orders = st.tuples(st.sampled_from(["created_at", "name", "size", "id"]), st.sampled_from(["asc", "desc"]))
instance_filters = st.fixed_dictionaries(
    {},
    optional={
        "property-instance_id": st.sampled_from(["i-1", "i-2", "i-3"]),
        "property-server": st.sampled_from(["i-1", "i-2"]),
        "property-nova_installation_uuid": st.sampled_from([NOVA, OTHER_NOVA, "none"]),
    },
)
other_filters = st.fixed_dictionaries(
    {},
    optional={"name": st.just("a"), "size_min": st.just("1"), "is_public": st.sampled_from(["True", "False", "None"])},
)


def fill(cloud: RegistryCloud, wished: list[Kind]) -> dict[str, Kind]:
    """Make the images, past the filter; what each id is."""
    made = {}
    for kind in wished:
        values = {"owner": kind.owner, "is_public": kind.is_public, "name": kind.name, "size": kind.size}
        image_id = cloud.registry.images.create(values)["id"]
        cloud.registry.images.members[image_id] = dict.fromkeys(kind.shared_with, False)
        if kind.instance is not None:
            cloud.store.bind(image_id, InstanceRef(*kind.instance))
        made[image_id] = kind
    return made


def belongs(kind: Kind, person: str, filters: dict[str, str]) -> bool:
    """Said once more, in the plainest words."""
    project = {"alice": "alice-project", "bob": "bob-project", "admin": "admin-project", "nobody": ""}[person]
    if not (person == "admin" or kind.is_public or kind.owner == project or project in kind.shared_with):
        return False
    if "name" in filters and kind.name != "a":
        return False
    if "size_min" in filters and (kind.size is None or kind.size < 1):
        return False
    if filters.get("is_public", "None") not in ("None", str(kind.is_public)):
        return False
    installation, instance = kind.instance or (None, None)
    return (
        filters.get("property-instance_id", instance) == instance
        and filters.get("property-server", instance) == instance
        and filters.get("property-nova_installation_uuid", installation) == installation
    )


def in_order(cloud: RegistryCloud, order: tuple[str, str]) -> list[str]:
    """Every image of the registry, past the filter and in one piece."""
    params = {"sort_key": order[0], "sort_dir": order[1], "is_public": "None"}
    return [image["id"] for image in cloud.registry.images.list(Query.of(params, 10**6, 10**6))]


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    wished=st.lists(kinds, max_size=12),
    person=st.sampled_from(sorted(PEOPLE)),
    order=orders,
    by_instance=instance_filters,
    others=other_filters,
    limit=st.integers(1, 5),
    most=st.sampled_from([2, 3, 1000]),
    path=st.sampled_from(["/images", "/images/detail"]),
)
def test_walking_finds_exactly_what_the_caller_may_see(
    wished: list[Kind],
    person: str,
    order: tuple[str, str],
    by_instance: dict[str, str],
    others: dict[str, str],
    limit: int,
    most: int,
    path: str,
) -> None:
    filters = by_instance | others
    with tempfile.TemporaryDirectory() as folder:
        cloud = make(Path(folder), api_limit_max=most)
        made = fill(cloud, wished)
        query = f"?sort_key={order[0]}&sort_dir={order[1]}" + "".join(f"&{key}={filters[key]}" for key in filters)
        expected = [one for one in in_order(cloud, order) if belongs(made[one], person, filters)]
        pages = [cloud.ids(PEOPLE[person], f"{query}&limit={limit}", path)]
        while pages[-1]:
            behind = f"&marker={pages[-1][-1]}"
            pages.append(cloud.ids(PEOPLE[person], f"{query}&limit={limit}{behind}", path))
        cloud.suite.database.dispose()
    assert [image_id for page in pages for image_id in page] == expected
    full = min(limit, most)
    assert all(len(page) == full for page in pages[:-2])
    assert all(len(page) <= full for page in pages)
