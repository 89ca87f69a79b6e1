"""`read_texts`: what a file in JSON or YAML comes to, and in which sentence a wrong one is refused."""

from __future__ import annotations

import io
import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from osc_lib.exceptions import CommandError

from glance_related.osc.files import read_texts

# Control characters and lone surrogates have no place in YAML, nor in a property of an image.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")))
OBJECTS = st.dictionaries(TEXTS.filter(bool), TEXTS)


def read(text):
    return read_texts("-", io.StringIO(text))


@given(OBJECTS, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_what_is_written_in_json_is_read(texts, indent, ensure_ascii):
    assert read(json.dumps(texts, indent=indent, ensure_ascii=ensure_ascii)) == texts


@given(OBJECTS, st.booleans(), st.booleans())
def test_what_is_written_in_yaml_is_read(texts, default_flow_style, allow_unicode):
    written = yaml.safe_dump(texts, default_flow_style=default_flow_style, allow_unicode=allow_unicode)
    assert read(written) == texts


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2", "2"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("-7", "-7"),
        ("true", "true"),
        ("false", "false"),
        ('"x=y"', "x=y"),
        ('""', ""),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_a_value_is_the_text_that_stands_there_in_json_as_in_yaml(written, text):
    assert read(f'{{"a": {written}}}') == {"a": text}
    assert read(f"a: {written}") == {"a": text}


@pytest.mark.parametrize("written", ["yes", "Off", "True", "0x1F", "1_000", "12:30", "2024-01-02", "NaN", "a b"])
def test_what_yaml_would_make_something_of_stays_as_it_is_written(written):
    assert read(f"a: {written}") == {"a": written}


def test_comments_and_lines_that_are_folded_are_yamls():
    assert read("# mine\nos_command_line: >-\n  console=ttyS0\n  ks=http://a\n") == {
        "os_command_line": "console=ttyS0 ks=http://a"
    }


@pytest.mark.parametrize("text", ["{}", "{ }", "\ufeff{}", "# none\n{}\n"])
def test_an_object_may_be_empty(text):
    assert read(text) == {}


@pytest.mark.parametrize("text", ["", "   ", "# nothing\n", "[]", "[1]", '"a"', "a", "3", "null", "- a: b", "[[1, 2]]"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(CommandError, match=r"^standard input holds no object of names with their values\.$"):
        read(text)


@pytest.mark.parametrize("text", ['{"a": "1", "b": "2", "a": "1"}', "a: 1\nb: 2\na: 1", '{"a": "1", "\\u0061": "2"}'])
def test_a_name_that_is_there_twice_is_refused(text):
    with pytest.raises(CommandError, match=r"^standard input has a twice\.$"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": null}',
        '{"a": []}',
        '{"a": ["b"]}',
        '{"a": {}}',
        '{"a": {"b": "c"}}',
        "a:",
        "a: ~",
        "a: [b]",
        "a:\n  b: c",
        "a: !!binary aGk=",
        "a: !!python/name:os.system ''",
        "a: !mine b",
        "b: &x [c]\na: *x",
    ],
)
def test_a_value_that_is_nested_or_none_is_refused(text):
    with pytest.raises(CommandError, match=r"^standard input has a value for [ab] that is no text, number, true or"):
        read(text)


@pytest.mark.parametrize("text", ['{"": "b"}', "'': b", "[a]: b", "{c: d}: b", "? - c\n: b", "~: b", "null: b"])
def test_a_name_that_is_none_is_refused(text):
    with pytest.raises(CommandError, match=r"^standard input has a name that is no text, or empty\.$"):
        read(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": "b"', "expected ',' or '}', but got '<stream end>' in line 1"),
        ("a: b\nb: c: d", "mapping values are not allowed here in line 2"),
        ("a: b\n---\nc: d", "but found another document in line 2"),
        ("a: *b", "found undefined alias 'b' in line 1"),
        ("a: \x00", "unacceptable character #x0000: special characters are not allowed"),
        ('a: "\\UFFFFFFFF"', "it has a number, or the number of a character, that is none"),
        ('a: "\\U00110000"', "it has a number, or the number of a character, that is none"),
        (f"%YAML 1.{'1' * 5000}\n---\na: b", "it has a number, or the number of a character, that is none"),
    ],
)
def test_what_is_neither_json_nor_yaml_is_refused_with_the_reason(text, why):
    with pytest.raises(CommandError, match=rf"^standard input is neither JSON nor YAML: {re.escape(why)}\.$"):
        read(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 100_000, "{a: " * 3000, "- " * 5000 + "a"])
def test_what_is_nested_too_deep_is_refused(text):
    with pytest.raises(CommandError, match=r"^standard input is nested too deep\.$"):
        read(text)


def test_a_file_is_read_as_utf_8_and_named_where_it_is_wrong(tmp_path):
    path = tmp_path / "props.json"
    path.write_bytes('\ufeff{"os_distro": "größe"}'.encode())
    assert read_texts(str(path), io.StringIO()) == {"os_distro": "größe"}
    path.write_bytes('\ufeff{\n\t"os_distro": "a"}'.encode())
    assert read_texts(str(path), io.StringIO()) == {"os_distro": "a"}
    path.write_bytes(b"a: \xff")
    with pytest.raises(CommandError, match=rf"^{path} is no text in UTF-8\.$"):
        read_texts(str(path), io.StringIO())


def test_standard_input_that_is_no_text_is_told():
    with pytest.raises(CommandError, match=r"^standard input is no text in UTF-8\.$"):
        read_texts("-", io.TextIOWrapper(io.BytesIO(b"a: \xff"), encoding="utf-8"))


def test_a_file_that_cannot_be_read_is_told_with_the_reason(tmp_path):
    with pytest.raises(CommandError, match=rf"^{tmp_path} cannot be read: Is a directory\.$"):
        read_texts(str(tmp_path), io.StringIO())
    with pytest.raises(CommandError, match=r"none\.yaml cannot be read: No such file or directory\.$"):
        read_texts(str(tmp_path / "none.yaml"), io.StringIO())
