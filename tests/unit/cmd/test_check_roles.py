"""``config check`` asks Keystone whether the registered service users have the role of a service."""

from __future__ import annotations

import pytest

from glance_related.instance_aware.register import Installation
from tests.unit.hosts.services import Services

EAST = "11111111-2222-3333-4444-555555555555"
WEST = "99999999-8888-7777-6666-555555555555"
CODES = ("account.unreachable", "account.wrong", "installation.no_service_role", "installation.roles_unchecked",
         "installation.no_such_user")  # fmt: skip


class Cloud:
    """A Keystone that knows users by their roles, and an operator who has registered two Novas."""

    def __init__(self, operator):
        self.operator = operator
        self.keystone = Services()
        operator.store.add_installation(Installation(EAST, "east", ("nova-east", "compute-east"), ("scheduler",)))
        operator.store.add_installation(Installation(WEST, "west", ("nova-west",), ()))
        operator.write(
            f"{operator.conf.read_text()}[account]\nauth_type = v3password\nauth_url = {self.keystone.url}/v3\n"
            "username = u\npassword = p\nproject_name = p\nuser_domain_name = Default\n"
            "project_domain_name = Default\ntimeout = 2\n"
        )
        for user in ("nova-east", "compute-east", "nova-west", "scheduler"):
            self.has(user, "admin", "service")

    def asks(self, user):
        return f"/v3/role_assignments?user.id={user}&effective&include_names"

    def has(self, user, *roles):
        assignments = [{"role": {"id": role, "name": role}, "scope": {"project": {"id": "p"}}} for role in roles]
        self.keystone.replies[self.asks(user)] = (200, {}, {"role_assignments": assignments})

    def check(self):
        done = self.operator.check()
        return [(row["code"], row["severity"], row["text"]) for row in done.json() if row["code"] in CODES]


@pytest.fixture
def cloud(operator):
    made = Cloud(operator)
    yield made
    made.keystone.stop()


def test_service_users_who_have_the_role_are_right_whatever_its_letter_case(cloud):
    cloud.has("nova-west", "Service")
    assert cloud.check() == []


@pytest.mark.parametrize("roles", [(), ("admin", "member", "service-user")])
def test_a_service_user_without_the_role_is_an_error_that_names_the_command(cloud, roles):
    cloud.has("compute-east", *roles)
    ((code, severity, text),) = cloud.check()
    assert (code, severity) == ("installation.no_service_role", "error")
    assert "user compute-east of installation 'east'" in text
    assert "openstack role add --user compute-east --project service service" in text


def test_each_of_them_is_named(cloud):
    for user in ("nova-east", "nova-west"):
        cloud.has(user, "admin")
    assert [text.split()[1] for _, _, text in cloud.check()] == ["nova-east", "nova-west"]


def test_a_trusted_program_is_not_asked_about(cloud):
    cloud.has("scheduler", "member")
    assert cloud.check() == []
    assert cloud.asks("scheduler") not in cloud.keystone.paths()


def test_a_user_whom_keystone_does_not_know_is_found_as_such_only(cloud):
    cloud.keystone.replies["/v3/users/nova-east"] = (404, {}, {"error": {"code": 404}})
    cloud.has("nova-east")
    assert [code for code, _, _ in cloud.check()] == ["installation.no_such_user"]


@pytest.mark.parametrize(
    "reply",
    [
        (403, {}, {"error": {"code": 403}}),
        (500, {}, {}),
        (200, {}, []),
        (200, {}, {"path": "/"}),
        (200, {}, {"role_assignments": [{"role": {"id": "of no name"}}]}),
    ],
)
def test_a_keystone_that_does_not_say_is_one_note_and_no_failure(cloud, reply):
    for user in ("nova-east", "compute-east", "nova-west"):
        cloud.keystone.replies[cloud.asks(user)] = reply
    ((code, severity, text),) = cloud.check()
    assert (code, severity) == ("installation.roles_unchecked", "note")
    assert "openstack role assignment list --names --user" in text


def test_a_keystone_that_cannot_be_asked_is_one_note_and_no_failure(cloud):
    cloud.keystone.stop()
    ((code, severity, _),) = cloud.check()
    assert (code, severity) == ("account.unreachable", "warning")
