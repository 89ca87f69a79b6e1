"""Every attack of the table, under both servers, and once without the defence that keeps it out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.attacks import binding, bodies, ids, patches, reading, spellings
from tests.real.attacks.table import ATTACKS, Attack
from tests.real.attacks.undo import DEFENCES
from tests.real.attacks.world import Succeeded, World
from tests.real.cloud_of_tests import Cloud

if TYPE_CHECKING:
    from cloud.glance import Glance

_MODULES = (binding, spellings, bodies, patches, reading, ids)

_PASTE = """
[filter:undo]
paste.filter_factory = tests.real.attacks.undo:filter_factory
[pipeline:glance-api-older]
pipeline = cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context undo instance_aware rootapp
[pipeline:glance-api-misplaced]
pipeline = undo instance_aware cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context rootapp
"""

_PLACES = {"undone": {"before": "undo"}, "older": {"flavor": "older"}, "misplaced": {"flavor": "misplaced"}}

each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])


def carried_out(attack: Attack) -> Callable[[World], None]:
    """The function that carries an attack out."""
    found = [getattr(module, attack.name) for module in _MODULES if hasattr(module, attack.name)]
    assert len(found) == 1, f"{len(found)} functions are called {attack.name}"
    function: Callable[[World], None] = found[0]
    return function


@pytest.fixture(scope="session")
def places(cloud: Cloud) -> Callable[[str], Glance]:
    """Glances whose defences can be taken away; one thread each, since that is done to the whole process."""
    started: dict[str, Glance] = {}

    def place(name: str) -> Glance:
        if name not in started:
            started[name] = cloud.extra_glance(
                name, threads=1, service_token_roles_required=False, paste_extra=_PASTE,
                pythonpath=[Path(__file__).parents[3]], **_PLACES[name],
            )  # fmt: skip
        return started[name]

    return place


@pytest.mark.attack_cell
@each_attack
def test_the_attack_fails(cloud: Cloud, glance: Glance, attack: Attack) -> None:
    carried_out(attack)(World(cloud, glance))


@pytest.mark.attack_cell("undefended")
@each_attack
def test_without_its_defence_it_succeeds(cloud: Cloud, places: Callable[[str], Glance], attack: Attack) -> None:
    place = places(attack.place)
    if attack.by_place:
        with pytest.raises(Succeeded):
            carried_out(attack)(World(cloud, place, exact=False))
        return
    carried_out(attack)(World(cloud, place, exact=attack.place != "misplaced"))
    with pytest.raises(Succeeded):
        carried_out(attack)(World(cloud, place, undo=attack.defence, exact=False))


def test_every_defence_that_can_be_taken_away_is_some_attacks() -> None:
    assert DEFENCES.keys() == {attack.defence for attack in ATTACKS if not attack.by_place}


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
