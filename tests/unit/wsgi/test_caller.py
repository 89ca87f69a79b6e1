"""Who is asking, from verified headers."""

from __future__ import annotations

import pytest

from glance_related.wsgi.caller import Caller, read_caller

USER = {
    "HTTP_X_IDENTITY_STATUS": "Confirmed",
    "HTTP_X_USER_ID": "alice",
    "HTTP_X_PROJECT_ID": "alice-project",
    "HTTP_X_ROLES": "Member, reader",
}
SERVICE = {
    "HTTP_X_SERVICE_TOKEN": "secret",
    "HTTP_X_SERVICE_IDENTITY_STATUS": "Confirmed",
    "HTTP_X_SERVICE_USER_ID": "nova",
    "HTTP_X_SERVICE_ROLES": "Service,admin",
}


def test_a_confirmed_user_is_read_with_roles_in_lower_case() -> None:
    assert read_caller(USER) == Caller(True, "alice", "alice-project", frozenset({"member", "reader"}))


@pytest.mark.parametrize("status", ["Invalid", "confirmed", ""])
def test_an_unconfirmed_user_is_nobody(status: str) -> None:
    caller = read_caller({**USER, "HTTP_X_IDENTITY_STATUS": status})
    assert caller == Caller(False, None, None, frozenset())


def test_a_services_roles_are_never_added_to_the_users() -> None:
    caller = read_caller({**USER, **SERVICE})
    assert caller.roles == {"member", "reader"}
    assert (caller.service_user_id, caller.program_id) == ("nova", "nova")


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param({"HTTP_X_SERVICE_IDENTITY_STATUS": "Invalid"}, id="a token that is not confirmed"),
        pytest.param({"HTTP_X_SERVICE_ROLES": "member,reader"}, id="a customer's own token"),
        pytest.param({"HTTP_X_SERVICE_ROLES": "services"}, id="a role that only begins alike"),
        pytest.param({"HTTP_X_SERVICE_USER_ID": ""}, id="no user"),
    ],
)
def test_a_service_token_that_is_not_a_services_counts_for_nothing_but_being_there(lie: dict[str, str]) -> None:
    caller = read_caller({**USER, **SERVICE, **lie})
    assert caller.service_user_id is None
    assert caller.program_id is None
    assert caller.has_service_token


def test_a_service_with_its_own_token_is_a_program() -> None:
    caller = read_caller({**USER, "HTTP_X_USER_ID": "scheduler", "HTTP_X_ROLES": "service"})
    assert caller.is_service
    assert caller.program_id == "scheduler"


def test_a_member_is_no_program() -> None:
    assert read_caller(USER).program_id is None
