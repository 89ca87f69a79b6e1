"""What a server's record proves of images, decided on plain data."""

from __future__ import annotations

import datetime

import pytest

from glance_related.instance_aware.evidence import AHEAD, BEFORE, Action, Claim, Verdict, judge

NOON = datetime.datetime(2024, 1, 1, 12)
SECOND = datetime.timedelta(seconds=1)


def image(image_id="image-1", *, at=NOON, owner="alice-project", user_id="alice", request_id="", is_open=True):
    return Claim(image_id, owner, user_id, at, request_id, is_open)


def action(request_id="req-1", *, at=NOON, name="createImage", project_id="alice-project", user_id="alice"):
    return Action("server-1", name, request_id, project_id, user_id, at)


# -- by request id


@pytest.mark.parametrize("name", ["createImage", "createBackup", "shelve"])
def test_the_action_that_bears_the_images_request_id_proves_it(name):
    assert judge([image(request_id="req-1")], [action(name=name)]) == {"image-1": Verdict.PROVED}


@pytest.mark.parametrize("name", ["create", "reboot", "unshelve", "createimage", "shelveOffload", "rebuild"])
def test_an_action_that_makes_no_image_proves_none(name):
    assert judge([image(request_id="req-1")], [action(name=name)]) == {"image-1": Verdict.UNPROVED}


def test_an_image_is_proved_by_its_own_request_among_many():
    images = [image(f"image-{n}", at=NOON + n * SECOND, request_id=f"req-{n}") for n in range(9)]
    actions = [action(f"req-{n}", at=NOON + n * SECOND) for n in range(9)]
    assert set(judge(images, actions).values()) == {Verdict.PROVED}


def test_the_id_of_an_older_action_proves_no_new_image():
    replayed = image(at=NOON + BEFORE + SECOND, request_id="req-1")
    assert judge([replayed], [action()]) == {"image-1": Verdict.UNPROVED}


def test_of_two_images_that_show_one_request_id_none_is_proved():
    assert judge([image("a", request_id="req-1"), image("b", request_id="req-1")], [action()]) == {
        "a": Verdict.AMBIGUOUS,
        "b": Verdict.AMBIGUOUS,
    }


def test_a_request_id_that_an_image_showed_which_is_gone_proves_no_other():
    gone = image("gone", request_id="req-1", is_open=False)
    assert judge([gone, image("b", request_id="req-1")], [action()]) == {"b": Verdict.AMBIGUOUS}


def test_a_request_id_that_a_customer_repeats_takes_no_action_from_the_image_that_is_bound_already():
    """Bound by what rode on its request, the action's own image does not say under which id it was made."""
    bound = image("bound", is_open=False)
    assert judge([bound, image("lie", at=NOON + SECOND, request_id="req-1")], [action()]) == {"lie": Verdict.AMBIGUOUS}


def test_a_bound_image_of_another_action_is_no_argument_against_a_request_id():
    bound = image("bound", is_open=False)
    actions = [action("req-0"), action("req-1", at=NOON + SECOND)]
    assert judge([bound, image("own", at=NOON + SECOND, request_id="req-1")], actions) == {"own": Verdict.PROVED}


def test_a_bound_image_of_another_time_is_no_argument_against_a_request_id():
    bound = image("bound", at=NOON - 2 * BEFORE, is_open=False)
    assert judge([bound, image("own", request_id="req-1")], [action()]) == {"own": Verdict.PROVED}


def test_an_action_whose_image_is_known_by_its_id_is_not_taken_for_another_images():
    known = image("known", request_id="req-1")
    other = image("other", at=NOON + SECOND)
    assert judge([known, other], [action()]) == {"known": Verdict.PROVED, "other": Verdict.UNPROVED}


def test_a_request_id_that_the_client_chose_is_no_argument_against_the_image():
    assert judge([image(request_id="req-of-the-client")], [action()]) == {"image-1": Verdict.PROVED}


# -- by who asked, and when


def test_the_one_action_that_can_have_made_the_one_image_proves_it():
    assert judge([image()], [action()]) == {"image-1": Verdict.PROVED}


def test_without_an_action_nothing_is_proved():
    assert judge([image()], []) == {"image-1": Verdict.UNPROVED}


@pytest.mark.parametrize("request_id", ["", "req-1"])
@pytest.mark.parametrize(
    "changed", [{"project_id": "bob-project"}, {"project_id": None}, {"user_id": "bob"}], ids=lambda one: str(one)
)
def test_an_action_for_somebody_else_proves_nothing(request_id, changed):
    assert judge([image(request_id=request_id)], [action(**changed)]) == {"image-1": Verdict.UNPROVED}


def test_an_image_without_an_owner_is_not_proved_by_an_action_without_a_project():
    assert judge([image(owner=None)], [action(project_id=None)]) == {"image-1": Verdict.UNPROVED}


def test_an_image_that_does_not_say_who_asked_for_it_is_its_projects():
    assert judge([image(user_id=None)], [action(user_id="bob")]) == {"image-1": Verdict.PROVED}


@pytest.mark.parametrize(
    ("after_the_action", "verdict"),
    [
        (-AHEAD - SECOND, Verdict.UNPROVED),
        (-AHEAD, Verdict.PROVED),
        (BEFORE, Verdict.PROVED),
        (BEFORE + SECOND, Verdict.UNPROVED),
    ],
)
@pytest.mark.parametrize("request_id", ["", "req-1"])
def test_the_image_was_made_a_moment_after_the_request_came(after_the_action, verdict, request_id):
    made = image(at=NOON + after_the_action, request_id=request_id)
    assert judge([made], [action()]) == {"image-1": verdict}


def test_two_images_for_one_action_are_left():
    assert set(judge([image("a"), image("b", at=NOON + SECOND)], [action()]).values()) == {Verdict.AMBIGUOUS}


def test_one_image_for_two_actions_is_left():
    assert judge([image()], [action("req-1"), action("req-2")]) == {"image-1": Verdict.AMBIGUOUS}


def test_as_many_images_as_actions_are_proved():
    images = [image("a"), image("b", at=NOON + 30 * SECOND)]
    actions = [action("req-1"), action("req-2", at=NOON + 29 * SECOND)]
    assert judge(images, actions) == {"a": Verdict.PROVED, "b": Verdict.PROVED}


def test_as_many_images_as_actions_are_left_where_they_do_not_make_pairs():
    # the later action can have made neither
    images = [image("a"), image("b", at=NOON + SECOND), image("c", at=NOON + BEFORE)]
    actions = [action("req-1"), action("req-2", at=NOON + BEFORE), action("req-3", at=NOON + BEFORE + SECOND)]
    assert set(judge(images, actions).values()) == {Verdict.AMBIGUOUS}


@pytest.mark.parametrize("is_open", [True, False], ids=["unbound", "bound or young"])
def test_an_image_that_could_be_the_actions_as_well_stands_in_the_way(is_open):
    other = image("other", at=NOON + SECOND, is_open=is_open)
    assert judge([image(), other], [action()])["image-1"] is Verdict.AMBIGUOUS


def test_only_open_images_get_a_verdict():
    bound, young = image("bound", is_open=False), image("young", request_id="req-1", is_open=False)
    assert judge([bound, young], [action()]) == {}


def test_what_is_far_apart_is_told_apart():
    images = [image("a"), image("b", at=NOON + 10 * BEFORE), image("c", at=NOON + 10 * BEFORE)]
    actions = [action("req-1"), action("req-2", at=NOON + 10 * BEFORE)]
    assert judge(images, actions) == {"a": Verdict.PROVED, "b": Verdict.AMBIGUOUS, "c": Verdict.AMBIGUOUS}


def test_projects_are_told_apart_in_the_same_second():
    images = [image("a"), image("b", owner="admin-project", user_id="admin")]
    actions = [action("req-1"), action("req-2", project_id="admin-project", user_id="admin")]
    assert set(judge(images, actions).values()) == {Verdict.PROVED}


@pytest.mark.real  # it waits for seconds
def test_a_customer_of_thousands_of_images_is_decided_about_in_a_moment():
    images = [image(f"image-{n}", at=NOON + n * SECOND) for n in range(2000)]
    actions = [action(f"req-{n}", at=NOON + n * SECOND) for n in range(2000)]
    assert set(judge(images, actions).values()) == {Verdict.PROVED}
