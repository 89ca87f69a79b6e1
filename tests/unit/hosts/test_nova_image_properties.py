"""Which image properties Nova understands, by which names, and what they can be."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.hosts.nova.image_meta import read_fields
from glance_related.hosts.nova.image_properties import ImageProperties, installed, shipped, table
from glance_related.hosts.nova.property_values import LONGEST, BadValue, Field
from tests.properties.novas_reading import novas_table

TABLE = shipped()
SHIPPED = resources.files("glance_related.hosts.nova").joinpath("image_properties.json").read_text("utf-8")
UUID = "b5f5e1c0-94b2-4b3e-9c1c-3d8f2a6c7e10"
SPELT = [(one.name, word, value) for one in TABLE.fields for word, value in one.spelt.items()]
VALUES = [(one, value) for one in TABLE.fields for value in one.values]


# -- whose table it is


def test_the_shipped_table_is_that_of_the_nova_that_is_installed() -> None:
    again = "python -W ignore -m tests.properties.novas_reading table > glance_related/hosts/nova/image_properties.json"
    assert novas_table("table") == SHIPPED, f"this Nova's properties are others: look at what is new, then: {again}"


def test_where_a_nova_runs_its_own_classes_are_read() -> None:
    document, version = json.loads(novas_table("installed")), json.loads(SHIPPED)["nova"]
    assert document == {**json.loads(SHIPPED), "nova": f"nova {version}, installed"}


def test_where_no_nova_runs_the_shipped_copy_is_used_and_nothing_is_imported() -> None:
    before = set(sys.modules)
    assert installed() is None
    assert table() is shipped()
    assert re.fullmatch(r"the copy shipped with glance_related \(nova [0-9.]+\)", TABLE.source)
    assert {name for name in set(sys.modules) - before if name.partition(".")[0] == "nova"} == set()


class Class:
    """A field of Nova's that takes its values in lower case only."""

    error: type[Exception] = ValueError

    def __init__(self, *values: str, spelt: Mapping[str, str] | None = None) -> None:
        self.valid_values = list(values)
        self._spelt = spelt or {}

    def coerce(self, _: None, name: str, text: str) -> str:
        value = self._spelt.get(text, text)
        if value not in self.valid_values:
            raise self.error(f"{name} cannot be {text}")
        return value


class BaseEnumField(Class):
    """By its name, and that of what is derived from it, an enumeration is known."""


class ColourField(BaseEnumField):
    """A new one."""


class AnyCaseField(BaseEnumField):
    """Some are taken in any case."""

    def coerce(self, _: None, name: str, text: str) -> str:
        return super().coerce(None, name, text.lower())


class StringField(Class):
    """Text."""


class ListOfColoursField(Class):
    """What nobody has seen yet."""


class Props:
    """Some Nova's ``ImageMetaProps``."""

    NUMA_NODES_MAX = 4
    fields: Mapping[str, Any] = {
        "hw_colour": ColourField("red", "blue", spelt={"scarlet": "red"}),
        "hw_case": AnyCaseField("on-1", "off", spelt={"out": "off"}),
        "hw_digits": AnyCaseField("1.2"),
        "hw_text": StringField(),
        "hw_colours": ListOfColoursField(),
    }
    _legacy_property_map: Mapping[str, str] = {"text": "hw_text", "another_text": "hw_text", "old": "hw_colour"}
    cpus: Sequence[Any] = [{0, 2}]

    @classmethod
    def from_dict(cls, properties: Mapping[str, str]) -> Any:
        assert set(properties) == {"hw_numa_cpus.0", "hw_numa_mem.0", "trait:A"}
        return SimpleNamespace(hw_numa_cpus=cls.cpus, hw_numa_mem=[512], traits_required=["A"])


def test_what_an_enumeration_takes_is_seen_by_trying() -> None:
    words = {"hw_colour": ["scarlet", "green", "RED"], "hw_case": ["Out", "OFF", "in"]}
    fields = {one.name: one for one in read_fields(Props, words)}
    assert fields["hw_colour"] == Field("hw_colour", "enum", ("red", "blue"), {"scarlet": "red"}, aliases=("old",))
    assert fields["hw_case"] == Field("hw_case", "enum", ("on-1", "off"), {"out": "off"}, any_case=True)
    assert not fields["hw_digits"].any_case, "there is nothing to see"
    assert fields["hw_text"] == Field("hw_text", "string", aliases=("another_text", "text"))


def test_a_field_that_nobody_knows_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert [one.name for one in read_fields(Props, {})] == ["hw_case", "hw_colour", "hw_digits", "hw_text"]
    assert "hw_colours cannot be judged, so nobody can override it: ListOfColoursField is new" in caplog.text


class OtherFamilies(Props):
    """Counts CPUs in another way."""

    cpus = [{0, 1, 2}]


class LoudField(BaseEnumField):
    """Refuses in another way."""

    error = LookupError


class OtherErrors(Props):
    """Has one of those."""

    fields = {"hw_colour": LoudField("red")}


@pytest.mark.parametrize("module", [SimpleNamespace(ImageMetaProps=OtherFamilies), SimpleNamespace(), None])
def test_a_nova_that_is_not_as_it_was_is_judged_by_the_shipped_copy(
    module: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "nova.objects.image_meta", module)
    assert installed() is None
    assert table() is shipped()
    assert ("the classes of this Nova are not as they were" in caplog.text) == (module is not None)


def test_whatever_a_nova_s_classes_raise_its_api_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "nova.objects.image_meta", SimpleNamespace(ImageMetaProps=OtherErrors))
    assert installed() is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


# -- names


def test_every_name_leads_to_its_property() -> None:
    assert TABLE.names_of("hw_vm_mode") == TABLE.names_of("vm_mode") == ("hw_vm_mode", "vm_mode")
    assert TABLE.names_of("hw_vif_model") == ("hw_vif_model",)
    assert TABLE.names_of("mappings") == ("img_mappings", "mappings")
    for one in TABLE.fields:
        if one.type not in ("cpus", "numbers", "trait"):
            assert {TABLE.names_of(name) for name in one.names} == {one.names}


@pytest.mark.parametrize("name", ["hw_numa_cpus.0", "hw_numa_mem.127", "trait:HW_CPU_X86_AVX", "trait:" + "A" * 243])
def test_a_member_of_a_family_is_its_own_property(name: str) -> None:
    assert TABLE.names_of(name) == (name,)


STRANGERS = [
    *("", "HW_VM_MODE", " hw_vm_mode", "hw_vm_mode\n", "hw_vm", "vmware_adaptertype", "id", "min_ram"),
    *("hw_numa_cpus", "hw_numa_mem", "hw_numa_cpus.", "hw_numa_cpus.128", "hw_numa_mem.01", "hw_numa_mem.-1"),
    *("hw_numa_cpus.1\n", "hw_numa_nodes.0", "hw_numa_cpus.\N{ARABIC-INDIC DIGIT THREE}", "traits_required"),
    *("trait:", "trait:hw_cpu", "trait:A-B", "trait:A\n", "trait:" + "A" * 244, "hw_numa_cpus." + "9" * 5000),
]


@pytest.mark.parametrize("name", STRANGERS)
def test_what_nova_passes_over_or_cannot_keep_is_unknown(name: str) -> None:
    assert TABLE.field_of(name) is None
    assert TABLE.names_of(name) == ()
    assert TABLE.why_not(name, "1") == "Nova knows no such property"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hw_os_command_line", "os_command_line"),
        ("vif_model", "hw_vif_model"),
        ("os_vif_model", "hw_vif_model"),
        ("HW_VIF_MODEL", "hw_vif_model"),
        ("hw-vif-model", "hw_vif_model"),
        ("hw_vif_modle", "hw_vif_model"),
        ("hw:cpu_policy", "hw_cpu_policy"),
        ("hw:numa_cpus.1", "hw_numa_cpus.1"),
        ("hw_numa_cpus", "hw_numa_cpus.0"),
        ("numa_mem", "hw_numa_mem.0"),
        ("hw_numa_cpus.128", "hw_numa_cpus.0"),
        ("hw_numa_mem.01", "hw_numa_mem.0"),
        ("VM_MODE", "hw_vm_mode"),
        ("os_vm_mode", "hw_vm_mode"),
        ("libvirt_video_model", None),
        ("libvirt_hw_video_model", "hw_video_model"),
        ("trait:hw_cpu_x86-avx", "trait:HW_CPU_X86_AVX"),
        ("trait:", "trait:NAME"),
        ("traits_required", "trait:NAME"),
        ("vmware_adaptertype", "hw_disk_bus and hw_scsi_model"),
        ("img_mapings", None),
        ("hw_mappings", None),
        ("type", "os_type"),
        ("model", None),
        ("favourite_colour", None),
        ("", None),
        ("hw_vif_model" + "x" * 60, None),
    ],
)
def test_to_an_unknown_name_the_nearest_is_offered(name: str, meant: str | None) -> None:
    assert TABLE.nearest(name) == meant


@given(st.text(max_size=30) | st.sampled_from(sorted(TABLE._suggested)).map(lambda name: name[1:]))
def test_what_is_offered_is_known_and_can_be_overridden(name: str) -> None:
    meant = TABLE.nearest(name)
    if meant is not None:
        one = TABLE.field_of(meant)
        assert one
        assert one.type != "structure"
        assert TABLE.names_of(meant)[0] == meant


# -- values


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        *[(one.name, value, value) for one, value in VALUES],
        *SPELT,
        *[(name, word.upper(), value) for name, word, value in SPELT],
        ("vm_mode", "PV", "xen"),
        ("hw_boot_menu", "Yes", True),
        ("hw_boot_menu", "off", False),
        ("hw_cpu_cores", "04", 4),
        ("hw_cpu_cores", "-1", -1),
        ("hw_numa_cpus.3", "0-3, ^1 ,6", {0, 2, 3, 6}),
        ("hw_numa_cpus.0", "4095", {4095}),
        ("hw_numa_mem.0", "512", 512),
        ("img_signature_certificate_uuid", UUID, UUID),
        ("img_signature_certificate_uuid", UUID.replace("-", "").upper(), UUID.replace("-", "").upper()),
        ("img_hv_requested_version", ">=2.6, <3", ">=2.6, <3"),
        ("os_command_line", "", ""),
        ("os_command_line", "a" * LONGEST, "a" * LONGEST),
        ("trait:HW_CPU_X86_AVX", "required", "HW_CPU_X86_AVX"),
    ],
)
def test_a_value_is_read_as_nova_reads_it(name: str, value: str, read: Any) -> None:
    assert TABLE.why_not(name, value) is None
    assert (TABLE.read(name, value), type(read)) == (read, type(read))


E_ACUTE = "\N{LATIN SMALL LETTER E WITH ACUTE}"
THREE = "\N{ARABIC-INDIC DIGIT THREE}"
BUSES = "one of fdc, ide, sata, scsi, usb, virtio, xen, lxc, uml"
HYPERVISORS = f"one of {', '.join(next(one.values for one in TABLE.fields if one.name == 'img_hv_type'))}"
NUMBER = "a whole number of at most nine digits"
TRUTH = "one of true, yes, on, t, y, 1, false, no, off, f, n, 0"
CPUS = "numbers of CPUs from 0 to 4095, as 0-3,^1,6, and at least one"
MEMORY = "a whole number from 1, of at most nine digits"
COMPARISONS = "comparisons with versions, as >=2.6 or >=2.6,<3"
NOT_KEPT = "it has control characters, or others that Nova cannot keep"
TRAIT = "required: Nova takes no notice of anything else in an image"


@pytest.mark.parametrize(
    ("name", "values", "must"),
    [
        ("hw_disk_bus", ["", "IDE", "floppy", " ide"], BUSES),
        ("hw_pointer_model", ["ps2"], "usbtablet"),
        ("img_hv_type", ["\N{KELVIN SIGN}VM", "kvm\N{NO-BREAK SPACE}"], HYPERVISORS),
        ("hw_cpu_cores", ["", " 1", "+1", "1_0", "1.0", "0x1", "9" * 10, THREE], NUMBER),
        ("hw_boot_menu", ["", "maybe", "2", " yes", "None"], TRUTH),
        ("hw_numa_cpus.0", ["", ",", "1,", "3-1", "-1", "1--2", "1-2-3", "0-4096", "0-99999999999", THREE], CPUS),
        ("hw_numa_cpus.0", ["^1", "0-1,^0-1"], CPUS),
        ("hw_numa_mem.0", ["", "0", "-1", "1.5", "9" * 10], MEMORY),
        ("img_signature_certificate_uuid", ["", "none", f"{{{UUID}}}", f"urn:uuid:{UUID}"], "a UUID"),
        ("img_hv_requested_version", ["", "2.6", "~=2", ">2,", "==1.*", ">" + "9" * 10], COMPARISONS),
        ("trait:A", ["", "forbidden", "Required"], TRAIT),
    ],
)
def test_a_value_that_cannot_be_is_told_what_it_must_be(name: str, values: Sequence[str], must: str) -> None:
    assert {TABLE.why_not(name, value) for value in values} == {f"it must be {must}"}


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("img_mappings", ["[]", ""], "it is a list of mappings, which cannot be overridden"),
        ("block_device_mapping", ["[]"], "it is a list of mappings, which cannot be overridden"),
        ("os_command_line", ["a\n", "\0", "\x1b[2J", "\x85"], NOT_KEPT),
        ("os_distro", ["\ud800", "\uffff", "\U0001f600"], NOT_KEPT),
        ("os_command_line", ["a" * 256, E_ACUTE * 128], "it is longer than the 255 bytes that Nova keeps"),
    ],
)
def test_a_value_that_cannot_be_is_told_why(name: str, values: Sequence[str], why: str) -> None:
    assert {TABLE.why_not(name, value) for value in values} == {why}
    for value in values:
        with pytest.raises(BadValue, match=re.escape(why)):
            TABLE.read(name, value)


# -- several


def test_members_of_a_family_count_from_0_without_a_gap() -> None:
    everything = {f"hw_numa_cpus.{n}": "1" for n in range(128)} | {"hw_numa_mem.0": "1", "hw_vm_mode": "hvm"}
    assert TABLE.why_not_together(everything) == {}
    del everything["hw_numa_cpus.126"]
    assert TABLE.why_not_together({**everything, "hw_numa_mem.2": "1", "hw_numa_mem.3": "1"}) == {
        "hw_numa_cpus.127": "Nova takes no notice of it: hw_numa_cpus.126 is missing, and counting ends there",
        "hw_numa_mem.2": "Nova takes no notice of it: hw_numa_mem.1 is missing, and counting ends there",
        "hw_numa_mem.3": "Nova takes no notice of it: hw_numa_mem.1 is missing, and counting ends there",
    }
    assert set(TABLE.why_not_together({"hw_numa_mem.1": "1"})) == {"hw_numa_mem.1"}
    assert TABLE.why_not_together({}) == {}


# -- as a schema


def schema(**some: Any) -> dict[str, Any]:
    return TABLE.schema(some.pop("is_allowed", lambda _: True), **some)


def test_a_schema_tells_each_property_by_its_current_name_and_no_structure() -> None:
    document = schema()
    jsonschema.Draft202012Validator.check_schema(document)
    kinds = {one.name: one.type for one in TABLE.fields}
    assert {kinds[name] for name in document["properties"]} == {
        *("string", "integer", "boolean", "enum", "uuid", "version"),
    }
    titles = [one["title"] for one in document["patternProperties"].values()]
    assert titles == ["hw_numa_cpus.N", "hw_numa_mem.N", "trait:NAME"]
    assert document["properties"]["hw_vm_mode"] == {
        "type": "string",
        "description": "Must be one of hvm, xen, uml, exe; upper and lower case are the same; "
        "baremetal is read as hvm; hv is read as hvm; pv is read as xen.",
        "enum": ["hvm", "xen", "uml", "exe"],
        "aliases": ["vm_mode"],
    }
    assert json.loads(json.dumps(document)) == document


def test_what_is_not_allowed_is_left_out_or_read_only() -> None:
    asked: list[tuple[str, ...]] = []

    def is_allowed(names: tuple[str, ...]) -> bool:
        asked.append(names)
        return names[0] in ("hw_vm_mode", "trait:NAME")

    allowed, everything = schema(is_allowed=is_allowed), schema(is_allowed=is_allowed, everything=True)
    assert {("hw_vm_mode", "vm_mode"), ("hw_numa_cpus.0",), ("hw_numa_mem.0",), ("trait:NAME",)} <= set(asked)
    assert list(allowed["properties"]) == ["hw_vm_mode"]
    assert list(allowed["patternProperties"]) == ["^trait:[A-Z0-9_]{1,243}$"]
    parts = [*everything["properties"].items(), *everything["patternProperties"].items()]
    assert [name for name, part in parts if not part.get("readOnly")] == ["hw_vm_mode", "^trait:[A-Z0-9_]{1,243}$"]
    assert {name for name, _ in parts} == {*schema()["properties"], *schema()["patternProperties"]}


words = st.sampled_from(sorted({value for _, value in VALUES} | {"required", "true", "0", "-12", UUID, ">=1,<2", ""}))


@given(
    st.sampled_from([*(one.name for one in TABLE.fields), "hw_numa_mem.0", "trait:HW_A", "hw_numa_cpus.0"]),
    words | st.integers(-(10**9), 10**10).map(str) | st.from_regex(r"\A[0-9^, -]{1,9}\Z") | st.text(max_size=20),
)
def test_what_the_schema_allows_can_be_read(name: str, value: str) -> None:
    allowed = jsonschema.Draft202012Validator(schema()).is_valid({name: value})
    if allowed and not value.endswith("\n") and all(letter < "\U00010000" for letter in value):
        # whether ranges come to nothing no expression tells
        assert TABLE.why_not(name, value) in (None, f"it must be {CPUS}" if "cpus" in name else None)


def test_a_table_of_another_size_is_judged_by_its_own() -> None:
    small = ImageProperties("a test", TABLE.fields, numa_nodes=2)
    assert small.names_of("hw_numa_cpus.1")
    assert not small.names_of("hw_numa_cpus.2")
