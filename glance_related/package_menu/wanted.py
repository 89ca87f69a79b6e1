"""What a customer writes of what a server shall have, read into choices. What they say is judged by the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance_related.package_menu import problems
from glance_related.package_menu.asking import settings_refused
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.rules import STATES, Choice, Fault

PACKAGES, VARIABLES = "packages", "package_variables"


def choices_in(
    given: Mapping[str, Any], before: Mapping[str, Choice], entries: Mapping[str, Entry]
) -> dict[str, Choice]:
    """Choices, as ``packages`` and ``package_variables`` say them.

    A secret that is null stays as it is: nobody can read it to send it back.

    :param before: what is chosen now
    :raises Problem: 400 where it is not written as choices are
    """
    packages, variables = given.get(PACKAGES), given.get(VARIABLES)
    if packages is None:
        packages = {}
    if isinstance(packages, list) and all(isinstance(name, str) for name in packages):
        packages = dict.fromkeys(packages, True)
    if variables is None:
        variables = {}
    is_right = isinstance(packages, dict) and all(isinstance(is_on, bool) for is_on in packages.values())
    if not is_right or not isinstance(variables, dict):
        raise problems.NOT_SETTINGS()
    twice = sorted(set(packages) & set(variables))
    if twice:
        what = "it is named as a package and as a variable"
        raise settings_refused([Fault(name, "twice", what) for name in twice])
    choices = {name: Choice(is_on=is_on) for name, is_on in packages.items()}
    for name, value in variables.items():
        present = before.get(name)
        if value is None and name in entries and entries[name].is_secret and present and present.value is not None:
            value = present.value
        if value is not None:
            choices[name] = Choice(value=value)
    return choices


def choice_in(name: str, given: Mapping[str, Any]) -> Choice:
    """One choice, as ``on``, ``value`` and ``state`` say it.

    :raises Problem: 400
    """
    faults = []
    if not given or ("on" in given and "value" in given):
        faults.append(Fault(name, "malformed", "say 'on' of a package, 'value' of a variable, or 'state'"))
    if "on" in given and not isinstance(given["on"], bool):
        faults.append(Fault(name, "malformed", "'on' must be true or false"))
    if "value" in given and given["value"] is None:
        faults.append(Fault(name, "malformed", "'value' must not be null; DELETE takes a value back"))
    if given.get("state") is not None and given["state"] not in STATES:
        faults.append(Fault(name, "bad_state", f"'state' must be null or one of {', '.join(STATES)}"))
    if faults:
        raise settings_refused(faults)
    return Choice(given.get("state"), given.get("on"), given.get("value"))
