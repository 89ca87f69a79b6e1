"""Whatever we let through, Nova reads as we do, and takes notice of: checked against Nova's own code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glance_related.hosts.nova.image_properties import shipped
from glance_related.hosts.nova.property_values import HIGHEST_CPU, Field
from tests.properties.novas_reading import NovasReading, novas_reading

TABLE = shipped()
TYPES = sorted({one.type for one in TABLE.fields})
NAMES = {type_: [name for one in TABLE.fields if one.type == type_ for name in one.names] for type_ in TYPES}
FAMILIES = ("hw_numa_cpus", "hw_numa_mem")
UUID = "b5f5e1c0-94b2-4b3e-9c1c-3d8f2a6c7e10"
KELVIN = "\N{KELVIN SIGN}"
# What is nearly a value of some type, or is one only to somebody who looks less closely.
NUMBERS = ["0", "1", "-1", "007", "+1", "1_0", "1e3", "0x1", "1.0", "--1", "", "9" * 9, "9" * 10, "9" * 5000]
NUMBERS += ["\N{ARABIC-INDIC DIGIT THREE}", "\N{SUPERSCRIPT THREE}"]
TRUTHS = ["true", "True", "t", "yes", "Y", "on", "oN", "1", "0", "f", "no", "N", "off", "maybe", "", "None", "2"]
UUIDS = [UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", UUID[:-1], "-" + UUID]
VERSIONS = [">=2.6", ">= 1 , <2.0", "==1.*", "2.6", "~=1", ">1,", ",>1", ">1 ,!=1.5", ">1.", ">1!2", ">1rc1", "=<1"]
STRANGE = ["[]", "{}", "[{}]", "a" * 255, "a" * 256, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 128, "\N{GRINNING FACE}"]
WORDS = sorted({word for one in TABLE.fields for word in (*one.values, *one.spelt)})

any_text = st.text(st.characters(exclude_categories=()), max_size=12)
cpus = st.integers(0, 9) | st.integers(0, HIGHEST_CPU + 2)
some_cpus = st.builds("{}{}".format, st.sampled_from(["", "", "^"]), st.integers(0, 9)) | st.builds(
    lambda sign, first, more: f"{sign}{first}-{first + more}",
    st.sampled_from(["", "", "^"]),
    cpus,
    st.integers(0, 5) | st.integers(0, 200),
)
odd_cpus = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "^", " ", " ^", "^ ", "-"]),
    cpus,
    st.sampled_from(["", "-", " - ", "-^", "--"]),
    cpus | st.sampled_from(["", " ", "\n", "-"]),
)
WORDS_OF: dict[str, st.SearchStrategy[str]] = {
    "string": any_text | st.sampled_from(STRANGE),
    "integer": st.integers(-99, 999).map(str) | st.sampled_from(NUMBERS),
    "boolean": st.sampled_from(TRUTHS),
    "uuid": st.sampled_from(UUIDS),
    "version": st.sampled_from(VERSIONS) | st.from_regex(r"\A[<>=!]{1,2}[0-9.]{1,6}(,[<>=!]{1,2}[0-9a-z.]{1,6})?\Z"),
    "cpus": st.lists(some_cpus | odd_cpus, min_size=1, max_size=4).map(",".join),
    "numbers": st.integers(-1, 9999).map(str) | st.sampled_from(NUMBERS),
    "trait": st.sampled_from(["required"] * 3 + ["forbidden", ""]),
    "structure": st.sampled_from(STRANGE),
}
ALL_WORDS = sorted({*WORDS, *NUMBERS, *TRUTHS, *UUIDS, *VERSIONS, *STRANGE, f"{KELVIN}vm", f"dis{KELVIN}"})
any_word = st.one_of(st.sampled_from(ALL_WORDS), *WORDS_OF.values())
spellings = st.sampled_from([str, str, str, str.upper, str.title, str.swapcase])
spaces = st.sampled_from([""] * 12 + [" ", "\n", "\N{NO-BREAK SPACE}"])

ODD_INDEXES = ["00", "01", "-1", "+1", " 1", "1 ", "1_0", "1\n", "128", "", "N"]
ODD_NAMES = [f"{family}.{index}" for family in FAMILIES for index in ODD_INDEXES]
ODD_NAMES += [*FAMILIES, "traits_required", "trait:", "trait:A\n", "trait:a", "trait:A B", "vmware_adaptertype"]
indexes = st.integers(0, 2).map(str) | st.integers(0, 127).map(str)
long_traits = st.sampled_from(["trait:" + "A" * 243, "trait:" + "A" * 244])
known_names = st.one_of([st.sampled_from(some) for some in NAMES.values()])  # and the bare names of families
indexed_names = st.builds("{}.{}".format, st.sampled_from(FAMILIES), indexes)
traits = st.builds("trait:{}".format, st.from_regex(r"\A[A-Z0-9_]{1,12}\Z")) | long_traits
odd_names = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.builds("{}.{}".format, st.sampled_from(FAMILIES), st.integers(128, 200)),
    st.builds("trait:{}".format, any_text),
    known_names.map(str.upper),
    any_text,
)
# drawn with these weights
KINDS_OF_NAMES = [known_names] * 6 + [indexed_names] * 2 + [traits, odd_names]


@st.composite
def properties(draw: st.DrawFn) -> tuple[str, str]:
    """A name and a value, which is mostly one that the property can have, or nearly."""
    name = draw(draw(st.sampled_from(KINDS_OF_NAMES)))
    one = TABLE.field_of(name)
    own = WORDS_OF.get(one.type, st.sampled_from([*one.values, *one.spelt])) if one else any_word
    word = draw(own if draw(st.integers(0, 3)) else any_word)
    return name, draw(spaces) + draw(spellings)(word) + draw(spaces)


@pytest.fixture(scope="module")
def nova() -> Iterator[NovasReading]:
    with novas_reading() as reading:
        yield reading


def alone(name: str, value: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A property with the members of its family that must stand before it, and what Nova should make of them."""
    field = TABLE.field_of(name)
    assert field
    read = TABLE.read(name, value)
    family, _, index = name.partition(".")
    if family not in FAMILIES:
        return {name: value}, {field.name: [read] if field.name == "traits_required" else read}
    before = {f"{family}.{n}": "1" for n in range(int(index))}
    one, this = ([1], sorted(read)) if family == "hw_numa_cpus" else (1, read)
    return {**before, name: value}, {family: [one] * len(before) + [this]}


def check(nova: NovasReading, name: str, value: str) -> None:
    """What we let through Nova reads as we do; so what it refuses, or passes over, we have refused."""
    if TABLE.why_not(name, value) is not None:
        return
    for one in {name, TABLE.names_of(name)[0]}:
        sent, expected = alone(one, value)
        answer = nova.ask(sent)
        assert answer.read == expected
        assert types_of(answer.read) == types_of(expected), "true is no 1"
        assert answer.kept == expected, "a resize goes by what was kept"


def types_of(fields: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in fields.items()}


@settings(max_examples=1500)
@given(given_=properties())
@example(given_=("hw_boot_menu", "\ud800"))
@example(given_=("os_command_line", "\ud800"))
def test_what_we_let_through_nova_reads_and_keeps_as_we_do(nova: NovasReading, given_: tuple[str, str]) -> None:
    check(nova, *given_)


EVERY_NAME = [*(name for some in NAMES.values() for name in some), "trait:HW_A", "hw_numa_cpus.0", "hw_numa_mem.127"]


@pytest.mark.parametrize("name", [*EVERY_NAME, *ODD_NAMES])
def test_so_it_does_with_every_word_that_is_known_to_be_odd(nova: NovasReading, name: str) -> None:
    for word in [*ALL_WORDS, "required", "forbidden"]:
        check(nova, name, word)


@pytest.mark.parametrize("one", [one for one in TABLE.fields if one.type == "enum"], ids=lambda one: one.name)
def test_of_all_words_that_some_field_takes_we_let_through_those_that_nova_does(nova: NovasReading, one: Field) -> None:
    for word in [*WORDS, *(word.upper() for word in WORDS)]:
        is_taken = nova.ask({one.name: word}).read is not None
        assert is_taken == (TABLE.why_not(one.name, word) is None), word


@settings(max_examples=200)
@given(
    given_=st.dictionaries(
        st.builds("{}.{}".format, st.sampled_from(FAMILIES), st.integers(0, 6) | st.integers(126, 129)),
        st.just("1"),
        max_size=8,
    )
)
@example(given_={f"hw_numa_cpus.{n}": "1" for n in range(128)})
def test_what_we_let_through_together_nova_reads_to_the_last(nova: NovasReading, given_: dict[str, str]) -> None:
    known = {name: value for name, value in given_.items() if TABLE.names_of(name)}
    refused = TABLE.why_not_together(known)
    assert set(refused) <= set(known)
    counted = {family: len([n for n in known if n not in refused and n.startswith(family)]) for family in FAMILIES}
    read = nova.ask(known).read
    assert read is not None
    assert {family: len(read.get(family, ())) for family in FAMILIES} == counted
