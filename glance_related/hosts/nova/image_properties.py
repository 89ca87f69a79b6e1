"""`ImageProperties`: which properties of an image Nova understands, under which names, and what they can be.

Nova says so in the class ``ImageMetaProps``, which is not there outside of Nova and registers options where it is
imported. So it is read in the process of Nova's API only, where it is loaded anyway; elsewhere a copy of its table
is used, which is shipped as ``image_properties.json``.
"""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from glance_related.hosts.nova import property_values as values
from glance_related.hosts.nova.image_meta import read_fields
from glance_related.hosts.nova.property_values import BadValue, Field

LOG = logging.getLogger(__name__)

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"

_TRAIT = "trait:"
# Nova keeps a property under "image_" and its name, in 255 characters.
_LONGEST_NAME = 249
_TRAIT_NAME = re.compile(rf"{_TRAIT}[A-Z0-9_]{{1,{_LONGEST_NAME - len(_TRAIT)}}}")
_INDEXED = re.compile(r"(\w+)\.(0|[1-9][0-9]{0,4})", re.ASCII)
_FAMILIES = (values.CPUS, values.NUMBERS, values.TRAIT)

_PREFIXES = ("hw_", "os_", "img_")
# No real name is nearly so long, and comparing takes time.
_LONGEST_GUESS = 64
# One legacy name that Nova spreads over two properties: it is not another name of either.
_TWO_IN_ONE = {"vmware_adaptertype": "hw_disk_bus and hw_scsi_model"}


@dataclass(frozen=True)
class ImageProperties:
    """All properties that a Nova understands.

    :param source: whose table it is, in words
    :param fields: of its ``ImageMetaProps``, by name
    :param numa_nodes: ``hw_numa_cpus.N`` and ``hw_numa_mem.N`` are read for every N below it
    """

    source: str
    fields: tuple[Field, ...]
    numa_nodes: int

    def field_of(self, name: str) -> Field | None:
        """The field that a property is read into, by any of its names; None where Nova would take no notice of it."""
        if _TRAIT_NAME.fullmatch(name):
            return self._families.get(values.TRAIT)
        indexed = _INDEXED.fullmatch(name)
        if indexed:
            family = next((one for one in self._families.values() if one.name == indexed[1]), None)
            return family if int(indexed[2]) < self.numa_nodes else None
        return self._single.get(name)

    def names_of(self, name: str) -> tuple[str, ...]:
        """Every name that a property goes by, the one that Nova uses first; none where it is unknown."""
        one = self.field_of(name)
        if one is None:
            return ()
        return (name,) if one.type in _FAMILIES else one.names

    def nearest(self, name: str) -> str | None:
        """The real name that somebody may have meant by an unknown one; None where no guess is a good one."""
        if name in _TWO_IN_ONE:
            return _TWO_IN_ONE[name]
        if len(name) > _LONGEST_GUESS:
            return None
        if name.startswith(_TRAIT) or name == "traits_required":
            trait = re.sub(r"[^A-Z0-9_]+", "_", name.removeprefix(_TRAIT).upper()).strip("_")
            return f"{_TRAIT}{trait}" if trait and name.startswith(_TRAIT) else f"{_TRAIT}NAME"
        # extra specs of a flavor are spelt hw:cpu_policy
        text = re.sub(r"[^a-z0-9.]+", "_", name.lower()).strip("_")
        for guess in self._guesses(text):
            one = self.field_of(guess)
            if one and one.type != values.STRUCTURE:
                return self.names_of(guess)[0]
        close = difflib.get_close_matches(text, self._suggested, n=1, cutoff=0.75)
        return self.names_of(close[0])[0] if close else None

    def why_not(self, name: str, value: str) -> str | None:
        """Why a property cannot have a value, in words that follow its name; None where it can."""
        try:
            self.read(name, value)
        except BadValue as why:
            return str(why)
        return None

    def read(self, name: str, value: str) -> Any:
        """What Nova makes of a property: see `property_values.read`; of ``trait:NAME`` it makes NAME.

        :raises BadValue: it would refuse it, or not understand it as it stands
        """
        one = self.field_of(name)
        if one is None:
            raise BadValue("Nova knows no such property")
        read = values.read(one, value)
        return name.removeprefix(_TRAIT) if one.type == values.TRAIT else read

    def why_not_together(self, properties: Mapping[str, str]) -> dict[str, str]:
        """Why properties cannot be as they are beside the others, by name.

        :param properties: all that an image will have, under the names that Nova uses
        """
        reasons = {}
        for family in (one.name for kind, one in self._families.items() if kind != values.TRAIT):
            members = [f"{family}.{n}" for n in range(self.numa_nodes)]
            missing = next((name for name in members if name not in properties), None)
            behind = members[members.index(missing) :] if missing else ()
            reason = f"Nova takes no notice of it: {missing} is missing, and counting ends there"
            reasons.update({name: reason for name in behind if name in properties})
        return reasons

    def schema(self, is_allowed: Callable[[tuple[str, ...]], bool], *, everything: bool = False) -> dict[str, Any]:
        """A JSON schema of an object of properties, under their current names; structures are never in it.

        :param is_allowed: whether a property may be overridden, by all its names; a family is asked for by one
            member that stands for all: ``hw_numa_cpus.0``, ``hw_numa_mem.0``, ``trait:NAME``
        :param everything: what is not allowed is there too, and read-only
        """
        single: dict[str, Any] = {}
        families: dict[str, Any] = {}
        for one in self.fields:
            if one.type == values.STRUCTURE:
                continue
            allowed = is_allowed(_asked_names(one))
            if not (allowed or everything):
                continue
            described = values.describe(one) | ({} if allowed else {"readOnly": True})
            if one.type in _FAMILIES:
                title, pattern = _title_and_pattern(one)
                families[pattern] = {"title": title, **described}
            else:
                single[one.name] = described
        return {
            "$schema": _SCHEMA,
            "type": "object",
            "properties": single,
            "patternProperties": families,
            "additionalProperties": False,
        }

    @functools.cached_property
    def _single(self) -> dict[str, Field]:
        return {name: one for one in self.fields if one.type not in _FAMILIES for name in one.names}

    @functools.cached_property
    def _families(self) -> dict[str, Field]:
        return {one.type: one for one in self.fields if one.type in _FAMILIES}

    @functools.cached_property
    def _suggested(self) -> list[str]:
        """Names that an unknown one is compared with."""
        single = [name for name, one in self._single.items() if one.type != values.STRUCTURE]
        return single + [_asked_names(one)[0] for one in self._families.values() if one.type != values.TRAIT]

    def _guesses(self, text: str) -> Iterable[str]:
        """Names that differ in nothing but spelling, or in what stands in front."""
        yield text
        prefix = next((one for one in _PREFIXES if text.startswith(one)), "")
        bare = text.removeprefix(prefix)
        yield bare
        yield from (other + bare for other in _PREFIXES)
        family = bare.partition(".")[0]
        yield from (f"{other}{family}.0" for other in _PREFIXES)


def _asked_names(one: Field) -> tuple[str, ...]:
    """The names of a property, or of the one that stands for a family."""
    if one.type == values.TRAIT:
        return (f"{_TRAIT}NAME",)
    return (f"{one.name}.0",) if one.type in _FAMILIES else one.names


def _title_and_pattern(family: Field) -> tuple[str, str]:
    if family.type == values.TRAIT:
        return f"{_TRAIT}NAME", f"^{_TRAIT_NAME.pattern}$"
    return f"{family.name}.N", rf"^{family.name}\.(0|[1-9][0-9]{{0,2}})$"


# -- where they come from


def table() -> ImageProperties:
    """The properties of the Nova that this process is, or else those of the shipped copy."""
    return installed() or shipped()


@functools.cache
def shipped() -> ImageProperties:
    """The copy that is shipped."""
    text = resources.files("glance_related.hosts.nova").joinpath("image_properties.json").read_text("utf-8")
    document = json.loads(text)
    fields = tuple(_field(name, about) for name, about in document["fields"].items())
    source = f"the copy shipped with glance_related (nova {document['nova']})"
    return ImageProperties(source, fields, document["numa_nodes"])


def _field(name: str, about: Mapping[str, Any]) -> Field:
    lists = {key: tuple(about.get(key, ())) for key in ("values", "aliases")}
    return Field(name, about["type"], spelt=about.get("spelt", {}), any_case=about.get("any_case", False), **lists)


def installed() -> ImageProperties | None:
    """Those of the Nova that runs in this process; None where none does, or its classes are not as we know them.

    Nothing is imported: Nova's API has loaded the class long before it builds its filters, and anywhere else the
    import would register Nova's options, beside those of Glance that go by the same names.
    """
    module: Any = sys.modules.get("nova.objects.image_meta")
    if module is None:
        return None
    try:
        spellings = {one.name: tuple(one.spelt) for one in shipped().fields}
        fields = read_fields(module.ImageMetaProps, spellings)
        source = f"nova {importlib.metadata.version('nova')}, installed"
        return ImageProperties(source, fields, int(module.ImageMetaProps.NUMA_NODES_MAX))
    except Exception as problem:  # what another Nova may do is not known
        LOG.warning("the classes of this Nova are not as they were (%s): %s is used", problem, shipped().source)
        return None
