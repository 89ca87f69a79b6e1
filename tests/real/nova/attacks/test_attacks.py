"""Every attack of the table, in each of its forms, under both servers, and without the defence that keeps it out."""

from __future__ import annotations

import pytest

from tests.real.nova.attacks import bodies, ids, metadata, origins, spellings
from tests.real.nova.attacks.printed import FORMS, SERVERS
from tests.real.nova.attacks.stage import Stage
from tests.real.nova.attacks.table import ATTACKS, Attack
from tests.real.nova.attacks.undo import DEFENCES, NO_FILTERS
from tests.real.nova.attacks.world import Succeeded, World, carry_out

_MODULES = (metadata, spellings, bodies, ids, origins)

each_attack = pytest.mark.parametrize(
    ("attack", "form"), FORMS, ids=[f"{attack.name}-{form!r}" if form else attack.name for attack, form in FORMS]
)

each_server = pytest.mark.parametrize(
    "server", [pytest.param(server, marks=pytest.mark.nova_attack_cell(server)) for server in SERVERS]
)


@each_server
@each_attack
def test_the_attack_fails(stage: Stage, server: str, attack: Attack, form: str) -> None:
    carry_out(attack, form, World(stage, server=server), _MODULES)


@pytest.mark.nova_attack_cell("undefended")
@each_attack
def test_without_its_defence_it_succeeds(stage: Stage, attack: Attack, form: str) -> None:
    """In that very place it fails as long as the defence is up."""
    carry_out(attack, form, World(stage, undone=True), _MODULES)
    with stage.without(attack.defence), pytest.raises(Succeeded):
        carry_out(attack, form, World(stage, undone=True, exact=False), _MODULES)


def test_every_defence_that_can_be_taken_away_is_some_attacks() -> None:
    assert DEFENCES.keys() - {NO_FILTERS} == {attack.defence for attack in ATTACKS}


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
