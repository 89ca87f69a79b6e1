"""What fields say, read into what the API takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glance_related.package_menu.page import forms
from glance_related.package_menu.page.forms import EMPTY, Form
from tests.unit.package_menu.page.entries import package, variable

NOTHING: dict[str, Any] = {"packages": {}, "package_variables": {}}


def form(entries: list[Any], **fields: str) -> Form:
    """What is sent of a form that shows these entries."""
    typed = {name.replace("_", ".", 1): text for name, text in fields.items()}
    return forms.read_form({"tag": "1", "base": forms.base_of(entries), **typed})


def unchanged(entries: list[Any]) -> dict[str, str]:
    """What a browser sends back of fields that nobody has touched."""
    fields = {}
    for entry in entries:
        text = forms.shown(entry)
        if entry["kind"] != "variable":
            fields |= {f"p_{entry['name']}": "1"} if text else {}
        elif text == EMPTY:
            fields |= {f"v_{entry['name']}": "", f"e_{entry['name']}": "1"}
        else:
            fields[f"v_{entry['name']}"] = text.replace("\n", "\r\n")
    return fields


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("integer", "80", 80),
        ("integer", " -7 ", -7),
        ("integer", "80.0", "80.0"),
        ("integer", "1e3", "1e3"),
        ("integer", "٣", "٣"),
        ("integer", "9" * 41, "9" * 41),
        ("number", "0.5", 0.5),
        ("number", "80", 80),
        ("number", "1e-7", 1e-7),
        ("number", "1e999", "1e999"),
        ("number", "nan", "nan"),
        ("number", "0x10", "0x10"),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("boolean", "True", "True"),
        ("list", "a\nb", ["a", "b"]),
        ("list", "a\n\nb", ["a", "", "b"]),
        ("list", EMPTY, []),
        ("string", "80", "80"),
        ("string", EMPTY, ""),
        ("text", "a\nb", "a\nb"),
        ("choice", "true", "true"),
        ("secret", "true", "true"),
    ],
)
def test_a_text_becomes_what_its_type_is_or_stays_a_text_for_the_api_to_judge(
    type_: str, text: str, value: object
) -> None:
    made = forms.value_of(variable(type_), text)
    assert (made, type(made)) == (value, type(value))


def test_what_nobody_has_touched_is_not_changed() -> None:
    entries = [
        package("on", on=True, chosen=True),
        package("through", on=True, through="b"),
        package("off"),
        variable("integer", "port", chosen=80, value=80),
        variable("number", "share", chosen=1e22),
        variable("boolean", "flag", chosen=False),
        variable("list", "names", chosen=["a", ""]),
        variable("list", "none", chosen=[]),
        variable("text", "note", chosen="\n a\n\n"),
        variable("string", "empty", chosen=""),
        variable("string", "unsaid", value="x"),
        variable("secret", "word", is_chosen=True, has_value=True),
    ]
    sent = form(entries, **unchanged(entries))
    assert [entry["name"] for entry in entries if forms.is_changed(entry, sent)] == []
    assert forms.differences(entries, sent) == []
    chosen = {"packages": {"on": True}, "package_variables": {"port": 80, "word": None, "gone": 1}}
    assert forms.wanted(entries, chosen, sent) == chosen


_VALUES = {
    "string": st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"])),
    "text": st.text(st.characters(blacklist_categories=["Cc", "Cs"], whitelist_characters="\n\t")),
    "integer": st.integers(-(2**63), 2**63),
    "number": st.floats(allow_nan=False, allow_infinity=False, width=64) | st.integers(-(2**63), 2**63),
    "boolean": st.booleans(),
    "list": st.lists(st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]))),
}


@given(st.sampled_from(sorted(_VALUES)).flatmap(lambda type_: st.tuples(st.just(type_), _VALUES[type_])))
def test_whatever_a_server_has_comes_back_as_it_was(made: tuple[str, Any]) -> None:
    entry = variable(made[0], chosen=made[1])
    sent = form([entry], **unchanged([entry]))
    assert not forms.is_changed(entry, sent)


@given(st.sampled_from(["string", "text", "integer", "boolean"]).flatmap(lambda t: st.tuples(st.just(t), _VALUES[t])))
def test_what_a_field_shows_is_what_it_is_read_as(made: tuple[str, Any]) -> None:
    entry = variable(made[0], chosen=made[1])
    assert forms.value_of(entry, forms.shown(entry)) == made[1]


def test_a_form_changes_what_it_says_and_nothing_else() -> None:
    entries = [
        package("web", on=True, chosen=True),
        package("logs", on=True),
        variable("integer", "port", chosen=80),
        variable("string", "kept", chosen="x"),
        variable("secret", "word", is_chosen=True, has_value=True),
        variable("secret", "key", is_chosen=True, has_value=True),
    ]
    chosen = {"packages": {"web": True}, "package_variables": {"port": 80, "kept": "x", "word": None, "key": None}}
    sent = form(entries, p_web="1", v_port="81", v_kept="x", v_word="new")
    assert forms.wanted(entries, chosen, sent) == {
        "packages": {"web": True, "logs": False},
        "package_variables": {"port": 81, "kept": "x", "word": "new", "key": None},
    }
    back = form(entries, p_logs="1", v_port="81", r_port="1", r_web="1", v_kept="", r_key="1")
    assert forms.wanted(entries, chosen, back) == {"packages": {}, "package_variables": {"word": None}}


def test_what_a_form_does_not_show_it_does_not_change() -> None:
    shown, hidden = package("web"), package("logs", on=True, chosen=True)
    sent = form([shown], p_web="1")
    assert forms.wanted([shown, hidden], {"packages": {"logs": True}, "package_variables": {}}, sent)["packages"] == {
        "web": True,
        "logs": True,
    }


def test_what_is_not_offered_any_more_is_kept_until_it_is_to_be_forgotten() -> None:
    chosen = {"packages": {"old": True}, "package_variables": {"older": 1}}
    assert forms.wanted([], chosen, form([])) == chosen
    assert forms.forgotten([], chosen, form([], r_old="1", r_other="1")) == ["old"]
    assert forms.wanted([], chosen, form([], r_old="1")) == {"packages": {}, "package_variables": {"older": 1}}
    assert forms.wanted([package("old")], chosen, form([], r_old="1")) == chosen, "what is offered has a field"


@pytest.mark.parametrize("base", ["web", "web=2", "web=1=1", "a/b=1", "projects=1", "web=0123abcg", "=1", "w\x00=1"])
def test_what_is_no_form_of_ours_is_none(base: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (it says nothing more)
        forms.read_form({"base": base})


def test_two_who_change_the_same_thing_differ_in_it_alone() -> None:
    before = [
        variable("integer", "both", chosen=1),
        variable("integer", "mine", chosen=1),
        variable("integer", "theirs", chosen=1),
        variable("integer", "none", chosen=1),
        variable("integer", "same", chosen=1),
        variable("secret", "word"),
        package("gone", on=True),
    ]
    typed = {**unchanged(before), "v_both": "2", "v_mine": "2", "v_same": "3"}
    sent = form(before, **typed)
    now = [
        variable("integer", "both", chosen=3),
        variable("integer", "mine", chosen=1),
        variable("integer", "theirs", chosen=3),
        variable("integer", "none", chosen=1),
        variable("integer", "same", chosen=3),
        variable("secret", "word", is_chosen=True, has_value=True),
    ]
    told = {one.name: (one.entry is not None, one.is_mine, one.is_theirs) for one in forms.differences(now, sent)}
    assert told == {
        "both": (True, True, True),
        "mine": (True, True, False),
        "theirs": (True, False, True),
        "word": (True, False, True),
        "gone": (False, True, True),
    }


def test_whoever_lets_the_others_have_it_changes_nothing() -> None:
    entry = variable("integer", "port", chosen=1)
    assert forms.is_changed(entry, form([entry], v_port="2", k_port="mine"))
    assert not forms.is_changed(entry, form([entry], v_port="2", k_port="now"))
    assert not forms.is_changed(entry, form([entry], r_port="1", k_port="now"))


def test_a_reset_of_what_others_have_changed_to_the_same_is_still_a_difference() -> None:
    entry, now = variable("integer", "port", chosen=1), variable("integer", "port", chosen=2)
    sent = form([entry], v_port="2", r_port="1")
    assert [one.is_mine for one in forms.differences([now], sent)] == [True]
