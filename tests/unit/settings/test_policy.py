"""Who may do what."""

from __future__ import annotations

from pathlib import Path

import pytest

from glance_related.problem import Problem
from glance_related.settings import policy
from glance_related.settings.options import load
from glance_related.settings.policy import Policy, list_rules
from glance_related.wsgi.caller import Caller

ADMIN = Caller(True, "admin", "p", frozenset({"admin", "member", "reader"}))
MEMBER = Caller(True, "alice", "p", frozenset({"member", "reader"}))
SERVICE = Caller(True, "scheduler", "service", frozenset({"service"}))
THROUGH_ADMIN_SERVICE = Caller(True, "alice", "p", frozenset({"member"}), True, "nova")
NOBODY = Caller(False, None, None, frozenset())


def made(tmp_path: Path, rules: str = "") -> Policy:
    (tmp_path / "glance-related.conf").write_text("[database]\nconnection = sqlite://\n")
    if rules:
        (tmp_path / "policy.yaml").write_text(rules)
    return Policy(load(str(tmp_path / "glance-related.conf")))


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (policy.BIND, {ADMIN}),
        (policy.LIST_CUSTOMER, {ADMIN, SERVICE}),
        (policy.ABOUT, {ADMIN, MEMBER, SERVICE, THROUGH_ADMIN_SERVICE}),
        (policy.ABOUT_ADMIN, {ADMIN}),
    ],
)
def test_the_defaults(tmp_path: Path, rule: str, allowed: set[Caller]) -> None:
    rules = made(tmp_path)
    target = {"owner": "p", "project_id": "p"}
    everyone = {ADMIN, MEMBER, SERVICE, THROUGH_ADMIN_SERVICE, NOBODY}
    assert {caller for caller in everyone if rules.allows(rule, caller, **target)} == allowed


def test_a_programs_images_are_those_of_its_token_by_default(tmp_path: Path) -> None:
    rules = made(tmp_path)
    assert rules.allows(policy.BIND_AS_PROGRAM, SERVICE, owner="service")
    assert not rules.allows(policy.BIND_AS_PROGRAM, SERVICE, owner="p")
    assert not rules.allows(policy.BIND_AS_PROGRAM, NOBODY, owner=None)


@pytest.mark.parametrize("project_id", ["None", "p", "", None])
@pytest.mark.parametrize("rule", [rule.name for rule in list_rules() if "project_id:" in rule.check_str])
def test_a_token_without_a_project_has_the_rights_of_none(tmp_path: Path, rule: str, project_id: str | None) -> None:
    of_domain = Caller(True, "dora", None, frozenset({"manager", "member", "reader"}))
    rules = made(tmp_path)
    assert not rules.allows(rule, of_domain, project_id=project_id, owner=project_id)
    of_project = Caller(True, "dora", "None", frozenset({"manager", "member", "reader"}))
    assert rules.allows(rule, of_project, project_id=project_id, owner=project_id) is (project_id == "None")


def test_a_caller_who_is_nobody_is_no_user_of_that_name(tmp_path: Path) -> None:
    rules = made(tmp_path, '"instance_aware:bind": "user_id:%(owner)s"\n')
    assert not rules.allows(policy.BIND, NOBODY, owner="None")
    assert rules.allows(policy.BIND, MEMBER, owner="alice")


def test_the_operators_file_stands_beside_the_configuration(tmp_path: Path) -> None:
    rules = made(tmp_path, '"instance_aware:bind": "role:curator and project_id:%(project_id)s"\n')
    curator = Caller(True, "c", "p", frozenset({"curator"}))
    assert rules.allows(policy.BIND, curator, project_id="p")
    assert not rules.allows(policy.BIND, curator, project_id="other")
    assert not rules.allows(policy.BIND, ADMIN, project_id="p")


def test_what_is_required_and_not_allowed_is_403(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        made(tmp_path).require(policy.ABOUT, NOBODY)
    assert (caught.value.status, caught.value.code) == (403, "glance_related.forbidden")


def test_every_rule_says_what_it_is_for() -> None:
    assert all(rule.description and rule.operations for rule in list_rules())
