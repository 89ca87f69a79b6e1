"""`read_fields`: Nova's own class ``ImageMetaProps`` as fields of ours.

Where a Nova's class has something that is not known here it is left out, for what nobody can judge nobody may set.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from glance_related.hosts.nova import property_values as values
from glance_related.hosts.nova.property_values import Field

LOG = logging.getLogger(__name__)

# By the very class: one that is derived from it may read in another way.
_TYPES = {
    "StringField": values.STRING,
    "IntegerField": values.INTEGER,
    "FlexibleBooleanField": values.BOOLEAN,
    "UUIDField": values.UUID,
    "VersionPredicateField": values.VERSION,
    "ListOfDictOfNullableStringsField": values.STRUCTURE,
}
_FAMILIES = {
    ("hw_numa_cpus", "ListOfSetsOfIntegersField"): values.CPUS,
    ("hw_numa_mem", "ListOfIntegersField"): values.NUMBERS,
    ("traits_required", "ListOfStringsField"): values.TRAIT,
}


def read_fields(props: Any, spellings: Mapping[str, Collection[str]]) -> tuple[Field, ...]:
    """The fields of a class.

    :param props: Nova's ``ImageMetaProps``
    :param spellings: what may be taken for values of an enumeration beside these, by its name; each is tried
    :returns: sorted by name
    :raises Exception: the class is not what it was in Nova 34
    """
    _check_families(props)
    legacy = props._legacy_property_map
    read = []
    for name, field in sorted(props.fields.items()):
        aliases = tuple(sorted(old for old, new in legacy.items() if new == name))
        kind = type(field).__name__
        known = _FAMILIES.get((name, kind)) or _TYPES.get(kind)
        if "BaseEnumField" in (one.__name__ for one in type(field).__mro__):
            read.append(_read_enum(name, field, aliases, spellings.get(name, ())))
        elif known:
            read.append(Field(name, known, aliases=aliases))
        else:
            LOG.warning("image property %s cannot be judged, so nobody can override it: %s is new", name, kind)
    return tuple(read)


def _check_families(props: Any) -> None:
    """How the members of families are read stands in no table, only in the code.

    :raises ValueError: they are read in another way
    """
    read = props.from_dict({"hw_numa_cpus.0": "0-2,^1", "hw_numa_mem.0": "512", "trait:A": "required"})
    seen = ([set(one) for one in read.hw_numa_cpus], list(read.hw_numa_mem), list(read.traits_required))
    if seen != ([{0, 2}], [512], ["A"]):
        raise ValueError(f"hw_numa_cpus.N, hw_numa_mem.N and trait:NAME are read as {seen}")


def _read_enum(name: str, field: Any, aliases: tuple[str, ...], spellings: Collection[str]) -> Field:
    """An enumeration: what it takes beside its values is seen by trying."""

    def taken(text: str) -> str | None:
        try:
            return str(field.coerce(None, name, text))
        except ValueError:
            return None

    valid = tuple(map(str, field.valid_values))
    turned = {one.swapcase(): one for one in valid if one != one.swapcase()}
    any_case = bool(turned) and all(taken(other) == one for other, one in turned.items())
    others = sorted({one.lower() if any_case else one for one in spellings}.difference(valid))
    spelt = {other: value for other in others if (value := taken(other)) is not None}
    return Field(name, values.ENUM, valid, spelt, any_case, aliases)
