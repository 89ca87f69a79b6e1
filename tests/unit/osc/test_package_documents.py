"""Files of the package menu: what is read of JSON and YAML, with the texts that stand there, and what is written."""

from __future__ import annotations

import io
import json
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from osc_lib.exceptions import CommandError

from glance_related.osc.package_menu.documents import Written, bare, read_document, text_of, write_document, written

# Control characters and lone surrogates have no place in YAML, and none in a value.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")))
LINES = st.lists(TEXTS, min_size=1).map("\n".join)
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | LINES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def read(text):
    return read_document("-", io.StringIO(text))


@given(DOCUMENTS)
def test_what_is_written_is_read(document):
    assert bare(read(written(document, as_json=True))) == document
    assert bare(read(written({"entries": document}, as_json=False))) == {"entries": document}


@given(DOCUMENTS)
def test_what_is_written_others_read_too(document):
    assert json.loads(written(document, as_json=True)) == document
    assert yaml.safe_load(written(document, as_json=False)) == document


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("2", 2),
        ("1.10", 1.1),
        ("-7", -7),
        ("1e3", 1000.0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_a_number_is_read_with_how_it_is_written(word, value):
    in_json = read(f'{{"a": {word}}}')["a"]
    assert (in_json, text_of(in_json), bare(in_json)) == (Written(word, value), word, value)
    assert text_of(read(f"a: {word}")["a"]) == word


@pytest.mark.parametrize(
    ("word", "value"), [("yes", True), ("Off", False), ("True", True), ("0x1F", 31), ("1_000", 1000)]
)
def test_what_yaml_makes_something_of_is_read_with_how_it_is_written(word, value):
    (found,) = read(f"- {word}")
    assert (text_of(found), bare(found)) == (word, value)
    assert type(bare(found)) is type(value)


@pytest.mark.parametrize("word", ["2024-01-02", "2024-01-02 03:04:05", ".inf", ".nan", "x", "1.2.3"])
def test_what_json_has_no_place_for_is_a_text(word):
    assert read(f"a: {word}") == {"a": word}


def test_words_of_json_are_told_apart_from_texts():
    document = read('{"a": true, "b": "true", "c": null, "d": NaN}')
    assert document == {"a": True, "b": "true", "c": None, "d": "NaN"}
    assert [text_of(value) for value in document.values()] == ["true", "true", None, "NaN"]


def test_names_are_texts():
    assert read("443: a\nyes: b\n1.10: c\n") == {"443": "a", "yes": "b", "1.10": "c"}


def test_what_is_merged_counts_less_than_what_stands_there():
    document = read("- &a {x: 1, y: 2}\n- {<<: *a, y: 3}\n")
    assert bare(document) == [{"x": 1, "y": 2}, {"x": 1, "y": 3}]


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "a: 1\na: 2", "- {b: {a: 1, a: 1}}", '{"a": 1, "\\u0061": 2}'])
def test_a_name_that_is_there_twice_is_refused(text):
    with pytest.raises(CommandError, match=r"^standard input has a twice\.$"):
        read(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: b\nb: c: d", "mapping values are not allowed here in line 2"),
        ("a: !!binary aGk=", "could not determine a constructor for the tag"),
        ("a: !!set {b}", "could not determine a constructor for the tag"),
        ("a: !!python/name:os.system ''", "could not determine a constructor for the tag"),
        ("[a]: b", "a name that is no text in line 1"),
        ("a: b\n---\nc: d", "but found another document in line 2"),
        ("a: \x00", "special characters are not allowed"),
        ('- !!int ""', "a number that is none in line 1"),
        ('- !!float ""', "a number that is none in line 1"),
        ("- !!int x", "a number that is none in line 1"),
        ("- a\n- !!bool maybe", "neither true nor false in line 2"),
        ("- !!timestamp {a: b}", "expected a scalar node, but found mapping in line 1"),
        ("- !!int [1]", "expected a scalar node, but found sequence in line 1"),
        ("- !!map x", "no object in line 1"),
        ("- !!map [a]", "no object in line 1"),
        ("- !!seq {a: b}", "expected a sequence node, but found mapping in line 1"),
        ("- {<<: x}", "expected a mapping or list of mappings for merging, but found scalar in line 1"),
        ('a: "\\UFFFFFFFF"', "the number of a character, that is none"),
        (f"%YAML 1.{'1' * 5000}\n--- a", "it has a number,"),
    ],
)
def test_what_is_neither_json_nor_yaml_is_refused_with_the_reason(text, why):
    with pytest.raises(CommandError) as refused:
        read(text)
    assert str(refused.value).startswith("standard input is neither JSON nor YAML: ")
    assert why in str(refused.value)


@pytest.mark.parametrize("word", ["9" * 400, "9" * 5000, f"0x{'f' * 4000}", f"1{':59' * 300}", f"1{':59' * 300}.5"])
def test_a_number_that_is_too_long_to_be_one_is_a_text(word):
    assert read(f"a: {word}") == {"a": word}
    if word.isdecimal():
        assert read(f'{{"a": {word}}}') == {"a": word}


def bomb(levels, form):
    """A few lines, each of which has the one before it nine times."""
    lines = [f"a{level}: &a{level} {form.format(', '.join([f'*a{level - 1}'] * 9))}" for level in range(1, levels)]
    return "\n".join(["a0: &a0 {x: 1}", *lines])


@pytest.mark.parametrize("levels", [8, 19, 200])
@pytest.mark.parametrize("form", ["[{}]", "{{<<: [{}]}}", "{{y: [{}]}}", "[{{<<: [{}]}}]"])
def test_aliases_that_come_to_more_than_anybody_can_wait_for_are_refused_at_once(form, levels):
    began = time.monotonic()
    with pytest.raises(CommandError, match=r"^standard input has aliases that stand for more than 100000 values\.$"):
        read(bomb(levels, form))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("text", ["&a {<<: *a}", "&a {b: *a}", "a: &a [{b: [*a]}]"])
def test_what_is_within_itself_is_refused(text):
    with pytest.raises(CommandError, match=r"nested too deep\.$|found undefined alias"):
        read(text)


def test_what_is_written_once_may_be_meant_in_many_places():
    shared = "- &r {guest: {debian: apache2, '*': httpd}}\n"
    document = bare(read(shared + "- {name: web, realisations: *r}\n" * 1000))
    assert document[1:] == [{"name": "web", "realisations": document[0]}] * 1000
    once = bare(read("- &a {x: 1, y: 2}\n- [[[&b {<<: *a, x: 3}]]]\n- {<<: *b, z: 4}\n"))
    assert once[1:] == [[[[{"x": 3, "y": 2}]]], {"x": 3, "y": 2, "z": 4}]


@pytest.mark.parametrize("text", ["&a [*a]", "[" * 30 + "]" * 30, "[" * 30_000, "[" * 1_000_000, "- " * 5000 + "a"])
def test_what_is_nested_too_deep_is_refused(text):
    with pytest.raises(CommandError, match=r"nested too deep\.$|neither JSON nor YAML"):
        read(text)


def test_a_file_is_read_by_its_name(tmp_path):
    path = tmp_path / "menu.yaml"
    path.write_bytes("\ufeffgröße: 1\n".encode())
    assert bare(read_document(str(path), io.StringIO())) == {"größe": 1}
    with pytest.raises(CommandError, match=r"none\.yaml cannot be read: No such file or directory\.$"):
        read_document(str(tmp_path / "none.yaml"), io.StringIO())


def test_a_document_is_written_where_it_shall_be(tmp_path):
    stdout = io.StringIO()
    write_document("-", ["ä"], stdout, as_json=True)
    assert stdout.getvalue() == '[\n  "ä"\n]\n'
    write_document(str(tmp_path / "a"), ["ä"], stdout, as_json=False)
    assert (tmp_path / "a").read_text("utf-8") == "- ä\n"
