"""The decisions of instance_aware."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.instance_aware.rules import (
    Registration,
    Standing,
    Wanted,
    is_shown_to,
    judge_binding,
    read_tuple,
    standing,
    wanted,
)
from glance_related.instance_ref import InstanceRef
from glance_related.problem import Problem
from glance_related.wsgi.caller import Caller

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-8888-7777-6666-555555555555"
REF = InstanceRef(NOVA, "i-1")

MEMBER = Caller(True, "alice", "p", frozenset({"member"}))
ADMIN = Caller(True, "admin", "p", frozenset({"admin"}))
SCHEDULER = Caller(True, "scheduler", "service", frozenset({"service"}))
VIA_NOVA = Caller(True, "alice", "p", frozenset({"member"}), True, "nova")
VIA_SCHEDULER = Caller(True, "alice", "p", frozenset({"member"}), True, "scheduler")
BAD_SERVICE_TOKEN = Caller(True, "alice", "p", frozenset({"member"}), True, None)

IS_NOVA = Registration(NOVA, "nova", False)
IS_SCHEDULER = Registration(NOVA, "scheduler", True)
IS_OTHERS = Registration(OTHER, "scheduler", True)


@pytest.mark.parametrize(
    ("caller", "registrations", "expected"),
    [
        pytest.param(MEMBER, [], Standing.OTHER, id="a member"),
        pytest.param(ADMIN, [], Standing.OTHER, id="an admin"),
        pytest.param(VIA_NOVA, [IS_NOVA], Standing.NOVA, id="Nova in a member's name"),
        pytest.param(Caller(True, "nova", "s", frozenset({"admin"})), [IS_NOVA], Standing.NOVA, id="Nova as itself"),
        pytest.param(SCHEDULER, [IS_SCHEDULER], Standing.PROGRAM, id="a program as itself"),
        pytest.param(VIA_SCHEDULER, [IS_SCHEDULER], Standing.PROGRAM, id="a program in a member's name"),
        pytest.param(VIA_NOVA, [], Standing.OTHER, id="a service that nobody registered"),
        pytest.param(
            Caller(True, "scheduler", "s", frozenset({"member"})), [IS_SCHEDULER], Standing.OTHER, id="no role service"
        ),
        pytest.param(
            Caller(True, "scheduler", "s", frozenset({"service"}), True, "cinder"),
            [IS_SCHEDULER],
            Standing.OTHER,
            id="another service in a program's name",
        ),
        pytest.param(
            Caller(True, "nova", "s", frozenset({"service"}), True, "scheduler"),
            [IS_NOVA, IS_SCHEDULER],
            Standing.PROGRAM,
            id="a program in Nova's name",
        ),
        pytest.param(SCHEDULER, [IS_SCHEDULER, Registration(OTHER, "scheduler", False)], Standing.NOVA, id="both"),
    ],
)
def test_as_whom_a_caller_is_judged(caller: Caller, registrations: Any, expected: Standing) -> None:
    assert standing(caller, registrations) is expected


def judge(
    caller: Caller,
    registrations: Any = (),
    ref: InstanceRef | None = REF,
    before: InstanceRef | None = None,
    **may: bool,
) -> str:
    policy, program = may.get("policy", False), may.get("program", False)
    try:
        judge_binding(before, ref, caller, registrations, policy_allows=policy, program_may=program)
    except Problem as problem:
        return problem.code
    return "allowed"


def test_a_member_may_not_bind() -> None:
    assert judge(MEMBER, program=True) == "instance_aware.not_allowed"


def test_whom_the_policy_allows_may_bind() -> None:
    assert judge(ADMIN, policy=True) == "allowed"


def test_a_program_may_bind_for_its_own_installation_only() -> None:
    assert judge(SCHEDULER, [IS_SCHEDULER], program=True) == "allowed"
    assert judge(SCHEDULER, [IS_OTHERS], program=True) == "instance_aware.foreign_installation"
    assert judge(SCHEDULER, [IS_OTHERS], program=True, policy=True) == "instance_aware.foreign_installation"


@pytest.mark.parametrize("after", [None, REF])
def test_a_program_may_not_take_another_installations_tuple_away(after: InstanceRef | None) -> None:
    theirs = InstanceRef(OTHER, "i-1")
    assert judge(SCHEDULER, [IS_SCHEDULER], after, theirs, program=True) == "instance_aware.foreign_installation"
    assert judge(SCHEDULER, [IS_SCHEDULER, IS_OTHERS], after, theirs, program=True) == "allowed"


def test_a_program_does_not_borrow_the_registrations_of_the_user_in_whose_name_it_asks() -> None:
    caller = Caller(True, "scheduler", "service", frozenset({"service"}), True, "other-program")
    registrations = [IS_SCHEDULER, Registration(OTHER, "other-program", True)]
    assert judge(caller, registrations, program=True) == "instance_aware.foreign_installation"


def test_a_program_may_not_bind_what_its_policy_does_not_allow() -> None:
    assert judge(SCHEDULER, [IS_SCHEDULER], policy=True) == "instance_aware.not_allowed"


def test_a_program_may_unbind_its_own_projects_images() -> None:
    assert judge(SCHEDULER, [IS_SCHEDULER], ref=None, program=True) == "allowed"
    assert judge(SCHEDULER, [IS_SCHEDULER], ref=None) == "instance_aware.not_allowed"


@pytest.mark.parametrize("service_user", ["cinder", None])
def test_what_an_unregistered_service_says_in_an_admins_name_is_not_believed(service_user: str | None) -> None:
    caller = Caller(True, "admin", "p", frozenset({"admin"}), True, service_user)
    assert judge(caller, policy=True) == "instance_aware.not_allowed"


def test_to_whom_tuples_are_shown() -> None:
    programs, novas = {"scheduler"}, {"nova"}
    shown = {
        caller: is_shown_to(caller, programs, novas)
        for caller in (MEMBER, ADMIN, SCHEDULER, VIA_SCHEDULER, VIA_NOVA, BAD_SERVICE_TOKEN)
    }
    assert shown == {
        MEMBER: True,
        ADMIN: True,
        SCHEDULER: True,
        VIA_SCHEDULER: True,
        VIA_NOVA: False,
        BAD_SERVICE_TOKEN: False,
    }
    assert not is_shown_to(Caller(True, "nova", "s", frozenset({"service"})), programs, novas)


def test_a_tuple_is_stored_in_canonical_form() -> None:
    properties = {"nova_installation_uuid": NOVA.upper().replace("-", ""), "instance_id": "I-1 ", "other": 5}
    assert read_tuple(properties) == InstanceRef(NOVA, "I-1 ")
    assert read_tuple({"other": 5}) is None


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"instance_id": "i"}, "instance_aware.half_tuple"),
        ({"nova_installation_uuid": NOVA}, "instance_aware.half_tuple"),
        ({"nova_installation_uuid": "nova", "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": "{" + NOVA + "}", "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": NOVA + "\n", "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": "\u0661" * 32, "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": None, "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": [NOVA], "instance_id": "i"}, "instance_aware.bad_installation"),
        ({"nova_installation_uuid": NOVA, "instance_id": ""}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": "x" * 256}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": "a\0b"}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": "a\x85b"}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": "\ud800"}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": 7}, "instance_aware.bad_instance"),
        ({"nova_installation_uuid": NOVA, "instance_id": None}, "instance_aware.bad_instance"),
    ],
)
def test_a_tuple_that_is_not_one_is_400(properties: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as caught:
        read_tuple(properties)
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize("instance_id", ["1", "x" * 255, "é" * 255, "😀", "in:a,b", "a b", "%", "'; drop table"])
def test_any_printable_text_names_an_instance(instance_id: str) -> None:
    ref = read_tuple({"nova_installation_uuid": NOVA, "instance_id": instance_id})
    assert ref == InstanceRef(NOVA, instance_id)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], None),
        ([("tag", "x"), ("customer", "p")], None),
        ([("instance_id", "i")], Wanted(None, "i", False)),
        ([("server", "i")], Wanted(None, "i", False)),
        ([("nova_installation_uuid", NOVA.upper())], Wanted(NOVA, None, False)),
        ([("instance_id", "i"), ("nova_installation_uuid", NOVA)], Wanted(NOVA, "i", False)),
        ([("instance_id", "i"), ("instance_id", "j")], Wanted(None, "j", False)),
        ([("server", "i"), ("instance_id", "i")], Wanted(None, "i", False)),
        ([("server", "j"), ("instance_id", "i")], Wanted(None, "i", True)),
        ([("instance_id", "in:a,b")], Wanted(None, "in:a,b", False)),
        ([("instance_id", "")], Wanted(None, "", True)),
        ([("instance_id", "\0")], Wanted(None, "\0", True)),
        ([("nova_installation_uuid", "x"), ("instance_id", "i")], Wanted(None, "i", True)),
        ([("nova_installation_uuid", "")], Wanted(None, None, True)),
    ],
)
def test_what_a_query_asks_for(query: Any, expected: Wanted | None) -> None:
    assert wanted(tuple(query)) == expected


def test_what_is_asked_for_matches_exactly() -> None:
    assert Wanted(NOVA, "i-1", False).matches(REF)
    assert Wanted(None, "i-1", False).matches(REF)
    assert Wanted(NOVA, None, False).matches(REF)
    assert not Wanted(NOVA, "I-1", False).matches(REF)
    assert not Wanted(OTHER, "i-1", False).matches(REF)
    assert not Wanted(NOVA, "i-1", True).matches(REF)
