"""How names and values are written for Puppet; what its language has no place for is refused here, in words that help.

Measured on Puppet 7.23: of a variable ``trusted`` nothing arrives, ``environment`` is overwritten, ``facts``, ``title``
and others end every compilation of the node, and a parameter ``true`` of a manifest those of all nodes; ``settings`` is
declared everywhere already. Parameters that differ in case are one. In single quotes Puppet knows two escapes,
``\\\\`` and ``\\'``, and no interpolation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glance_related.deliveries.delivery import Refused
from glance_related.package_menu.drivers.driver import Package, Variable, put_value

_CLASS = re.compile(r"[a-z][a-z0-9_]*(::[a-z][a-z0-9_]*)*")
_OTHER_CLASSES = frozenset({"main", "settings"})
_VARIABLE = re.compile(r"[a-z][A-Za-z0-9_]*")
_OTHER_VARIABLES = frozenset(
    {"caller_module_name", "environment", "facts", "module_name", "name", "server_facts", "title", "trusted"}
    | {"false", "true"}
)


@dataclass(frozen=True)
class NodeSettings:
    """What a node has.

    :param classes: the parameters of each
    :param variables: those that belong to no class
    """

    classes: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, Any]


def node_settings(packages: Sequence[Package], variables: Sequence[Variable]) -> NodeSettings:
    """Settings as Puppet has them.

    :raises Refused: with all that is wrong
    """
    refuse(class_faults(packages) + variable_faults(variables))
    classes: dict[str, dict[str, Any]] = {package.realised: {} for package in packages}
    alone: dict[str, Any] = {}
    for variable in variables:
        if not variable.packages:
            put_value(alone, variable)
        for name in variable.packages:
            put_value(classes[name], variable)
    refuse([fault for name, values in classes.items() for fault in _one_to_puppet(name, values)])
    return NodeSettings(classes, alone)


def _one_to_puppet(name: str, parameters: Mapping[str, Any]) -> list[str]:
    known: dict[str, str] = {}
    return [
        f"of the class {name} Puppet does not tell the parameter {one} from {known[one.lower()]}"
        for one in parameters
        if known.setdefault(one.lower(), one) != one
    ]


def class_faults(packages: Sequence[Package]) -> list[str]:
    """What is wrong with the names of classes."""
    return [
        f"{_called(package)} cannot be a class of Puppet's: small letters, digits and _, in parts joined by ::"
        for package in packages
        if not _CLASS.fullmatch(package.realised) or package.realised in _OTHER_CLASSES
    ]


def variable_faults(variables: Sequence[Variable]) -> list[str]:
    """What is wrong with the names of variables, and of parameters of classes."""
    return [
        f"{_called(variable)} cannot be a variable of Puppet's: a small letter, then letters, digits and _, and none "
        f"of {', '.join(sorted(_OTHER_VARIABLES))}"
        for variable in variables
        if not _VARIABLE.fullmatch(variable.realised) or variable.realised in _OTHER_VARIABLES
    ]


def refuse(faults: Sequence[str]) -> None:
    """Refuse settings in which something is wrong.

    :raises Refused:
    """
    if faults:
        raise Refused("; ".join(faults) + ". An administrator gives an entry another name in its realisations.")


def _called(one: Package | Variable) -> str:
    return one.name if one.name == one.realised else f"{one.realised} ({one.name} on the menu)"


# -- the language


def manifest(certname: str, settings: NodeSettings) -> str:
    """A node, in Puppet's language.

    :param certname: in small letters, digits and ``_ . -``
    """
    lines = [f"node {literal(certname)} {{"]
    lines += [f"  ${name} = {literal(value)}" for name, value in settings.variables.items()]
    for name, values in settings.classes.items():
        if not values:
            lines.append(f"  include {literal(name)}")
            continue
        lines.append(f"  class {{ {literal(name)}:")
        lines += [f"    {parameter} => {literal(value)}," for parameter, value in values.items()]
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def literal(value: Any) -> str:
    """A value, in Puppet's language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value).replace("e+", "e")  # its exponents have no plus
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
