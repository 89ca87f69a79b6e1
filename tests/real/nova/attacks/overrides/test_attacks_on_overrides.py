"""Every attack of the table, in each of its forms, under both servers, and without the defence that keeps it out."""

from __future__ import annotations

import pytest

from tests.real.nova.attacks.overrides import bodies, ids, rights
from tests.real.nova.attacks.overrides.stage import OverrideStage
from tests.real.nova.attacks.overrides.table import ATTACKS
from tests.real.nova.attacks.overrides.undo import DEFENCES
from tests.real.nova.attacks.overrides.world import OverrideWorld
from tests.real.nova.attacks.printed import SERVERS, forms_of
from tests.real.nova.attacks.table import Attack
from tests.real.nova.attacks.world import Succeeded, carry_out

_MODULES = (ids, bodies, rights)
_FORMS = forms_of(ATTACKS)

each_attack = pytest.mark.parametrize(
    ("attack", "form"), _FORMS, ids=[f"{attack.name}-{form!r}" if form else attack.name for attack, form in _FORMS]
)

each_server = pytest.mark.parametrize(
    "server", [pytest.param(server, marks=pytest.mark.override_attack_cell(server)) for server in SERVERS]
)


def carried_out(attack: Attack, form: str, world: OverrideWorld) -> None:
    try:
        carry_out(attack, form, world, _MODULES)
    finally:
        world.tidy()


@each_server
@each_attack
def test_the_attack_fails(override_stage: OverrideStage, server: str, attack: Attack, form: str) -> None:
    carried_out(attack, form, OverrideWorld(override_stage, server=server))


@pytest.mark.override_attack_cell("undefended")
@each_attack
def test_without_its_defence_it_succeeds(override_stage: OverrideStage, attack: Attack, form: str) -> None:
    """In that very place it fails as long as the defence is up."""
    carried_out(attack, form, OverrideWorld(override_stage, undone=True))
    with override_stage.without(attack.defence), pytest.raises(Succeeded):
        carried_out(attack, form, OverrideWorld(override_stage, undone=True, exact=False))


def test_every_defence_that_can_be_taken_away_is_some_attacks() -> None:
    assert DEFENCES.keys() == {attack.defence for attack in ATTACKS}


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
