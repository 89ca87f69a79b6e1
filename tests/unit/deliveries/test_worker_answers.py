"""Whatever a receiver says, and whatever fails beside: a worker goes on, and what went well is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from glance_related.db.database import BadValue, DatabaseDown
from glance_related.deliveries.delivery import DELIVERED, FAILED, Delivery, Done, Refused, words
from glance_related.deliveries.store import DeliveryStore, Failed
from tests.unit.deliveries.carrying import QUICK, Carrier, make, running, states, until


def refuses(text: str) -> Callable[[], Done]:
    def act() -> Done:
        raise Refused(text)

    return act


def exits() -> Done:
    raise SystemExit("a receiver's own library gives up")


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (refuses("The directory says: \0 invalid \ud800"), "The directory says:   invalid  "),
        (refuses("x" * 5000), "x" * 2000),
        (lambda: Done({"a": {1, 2}}), "its log says why"),  # type: ignore[dict-item]
        (lambda: Done({"a": math.nan}), "its log says why"),
        (lambda: None, "its log says why"),
        (exits, "its log says why"),
    ],
    ids=["strange letters", "long", "no JSON", "no number", "nothing", "the end"],
)
def test_an_answer_that_cannot_be_kept_ends_its_own_delivery_only(
    store: DeliveryStore, wished: Any, act: Callable[[], Done], message: str
) -> None:
    (odd,), others = wished(), wished(5)
    carrier = Carrier(act=lambda delivery: act() if delivery.ref == odd else Done())
    with running(make(store, carrier)):
        until(lambda: states(store, others) == {DELIVERED})
        until(lambda: states(store, [odd]) == {FAILED})
    assert message in store.of(odd)[0].message


def test_a_receiver_that_says_nothing_of_it_has_it(store: DeliveryStore, wished: Any) -> None:
    (ref,) = wished()
    make(store, Carrier(act=lambda _: Done(None, None))).drain()  # type: ignore[arg-type]
    (row,) = store.of(ref)
    assert (row.state, row.message, row.applied) == (DELIVERED, "", None)


def test_words_are_kept_as_they_are_where_they_can_be() -> None:
    assert words("line 1\n\tline 2: gr\u00fcn \U0001f600") == "line 1\n\tline 2: gr\u00fcn \U0001f600"
    assert words("a\rb\x1b[31mc\u2028d") == "a b [31mc d"
    assert words(None) == ""


@pytest.mark.parametrize("is_lasting", [False, True], ids=["as it is", "at all"])
def test_one_that_the_database_does_not_take_is_no_burden_to_others(
    store: DeliveryStore, wished: Any, is_lasting: bool
) -> None:
    """A database may have bounds that nobody here knows."""
    (odd,), others = wished(), wished(5)
    finish = store.finish

    def picky(claim: str, outcomes: list[tuple[Delivery, Done | Failed]]) -> list[str]:
        if any(one.ref == odd and (is_lasting or isinstance(outcome, Done)) for one, outcome in outcomes):
            raise BadValue("too long")
        return finish(claim, outcomes)

    store.finish = picky  # type: ignore[method-assign]
    worker = make(store, Carrier())
    worker.step()
    with running(worker):
        until(lambda: states(store, others) == {DELIVERED})
        if not is_lasting:
            until(lambda: states(store, [odd]) == {FAILED})
    if not is_lasting:
        assert "its log says why" in store.of(odd)[0].message


def test_answers_that_were_recorded_alone_are_not_recorded_again(store: DeliveryStore, wished: Any) -> None:
    refs = wished(6)
    finish, failures, alone = store.finish, iter([BadValue("one of them")]), []

    def failing(claim: str, outcomes: list[tuple[Delivery, Done | Failed]]) -> list[str]:
        for error in failures:
            raise error
        if len(alone) == 3:
            alone.append("")
            raise DatabaseDown("gone")
        alone.extend(one.id for one, _ in outcomes)
        lost = finish(claim, outcomes)
        assert lost == []
        return lost

    store.finish = failing  # type: ignore[method-assign]
    carrier = Carrier()
    with running(make(store, carrier)):
        until(lambda: states(store, refs) == {DELIVERED})
    assert len(carrier.had) == 6


def test_a_chore_that_fails_is_tried_again_and_stops_nobody(store: DeliveryStore, wished: Any, caplog: Any) -> None:
    carrier, tried = Carrier(), []

    def chores() -> bool:
        tried.append(1)
        if len(tried) < 3:
            raise KeyError("servers")
        return False

    carrier.chores = chores  # type: ignore[method-assign]
    refs = wished(20)
    with running(make(store, carrier, QUICK)):
        until(lambda: states(store, refs) == {DELIVERED})
        until(lambda: len(tried) > 3)
    assert caplog.text.count("KeyError: 'servers'") == 2
