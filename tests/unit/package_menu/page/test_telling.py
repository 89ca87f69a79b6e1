"""What the page says of deliveries, of the history, and of two who changed the same thing."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.package_menu.page import forms, telling
from glance_related.package_menu.page.described import rows_of
from tests.unit.package_menu.page.entries import package, variable


def delivery(state: str, **more: Any) -> dict[str, Any]:
    return {
        "driver": "file", "state": state, "desired_generation": 3, "applied_generation": 3, "is_current": True,
        "attempts": 1, "message": "", "updated_at": "2024-01-02T03:04:05Z", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "words", "is_moving", "detail"),
    [
        (delivery("delivered"), "delivered", False, "version 3"),
        (delivery("confirmed"), "in force", False, "version 3"),
        (delivery("failed", is_current=False, attempts=4), "failed", False, "version 3, there 3, 4 attempts"),
        (
            delivery("pending", is_current=False, applied_generation=None),
            "waiting to be handed over", True, "version 3, there none yet",
        ),
        (delivery("delivering", is_current=False), "being handed over", True, "version 3, there 3"),
        (delivery("offered", is_current=False), "ready to be fetched", True, "version 3, there 3"),
        (delivery("read", is_current=False), "fetched, not confirmed yet", True, "version 3, there 3"),
        (
            delivery("delivered", is_current=False, applied_generation=2),
            "an earlier version is delivered", True, "version 3, there 2",
        ),
    ],
)  # fmt: skip
def test_a_delivery_says_how_far_it_is(document: Any, words: str, is_moving: bool, detail: str) -> None:
    told = telling.delivery(document)
    assert (told["words"], told["is_moving"], told["detail"]) == (words, is_moving, detail)
    assert told["at"] == "2024-01-02 03:04:05 UTC"


def test_a_state_that_the_page_does_not_know_is_told_as_it_is_and_gets_no_class_of_its_own() -> None:
    told = telling.delivery(delivery('new" x="'))
    assert (told["words"], told["state"]) == ('new" x="', "pending")


def test_the_history_is_told_in_words() -> None:
    changes = [
        {"name": "web", "before": None, "after": {"on": True}},
        {"name": "logs", "before": {"on": True}, "after": {"on": False}},
        {"name": "word", "before": {"value": "***"}, "after": None},
        {"name": "names", "before": {"value": ["a", "b"]}, "after": {"value": ""}},
        {"name": "spare", "before": None, "after": {"state": "available", "value": 1}},
    ]
    (record,) = telling.history([{"created_at": "t", "user_id": "", "generation": 2, "changes": changes}])
    assert record["user"] == "nobody known"
    assert [(one.name, one.before, one.after) for one in record["changes"]] == [
        ("web", "as the project has it", "on"),
        ("logs", "on", "off"),
        ("word", "***", "as the project has it"),
        ("names", "a, b", "empty"),
        ("spare", "as the project has it", "available, an administrator's word; 1"),
    ]


def test_two_who_differ_are_told_with_what_each_has_said() -> None:
    before = [
        package("web", on=True, chosen=True), variable("integer", "port", chosen=1), variable("secret", "word"),
        variable("integer", "theirs", chosen=1), package("gone"),
    ]  # fmt: skip
    fields = {
        "tag": "1", "base": forms.base_of(before), "v.port": "2", "v.word": "s3cret", "v.theirs": "1", "p.gone": "1",
        "r.web": "1", "p.web": "1",
    }  # fmt: skip
    form = forms.read_form(fields)
    now = [
        package("web", on=True, chosen=True), variable("integer", "port", chosen=3, title="Port"),
        variable("secret", "word"), variable("integer", "theirs"),
    ]  # fmt: skip
    rows = {row.name: row for row in rows_of(now, {"theirs": {"default": 7, "default_origin": "global"}})}
    mine, theirs = telling.parted(forms.differences(now, form), rows, form)
    assert [(one.title, one.mine, one.theirs, one.must_choose, one.is_secret) for one in mine] == [
        ("Port", "2", "3", True, False),
        ("web", "back to what the project has", "on", False, False),
        ("word", "a new secret", "as the project has it", False, True),
    ]
    assert [(one.title, one.theirs) for one in theirs] == [
        ("gone", "not on the menu any more"),
        ("theirs", "as the project has it: 7 (the cloud's)"),
    ]
    assert [one.carried for one in mine] == [(("v.port", "2"),), (("p.web", "1"), ("r.web", "1")), ()]
    assert "s3cret" not in repr(mine)
