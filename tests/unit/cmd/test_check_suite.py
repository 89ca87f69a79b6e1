"""``config check`` on our own side: configuration file, database, policies, installations."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from glance_related.db.models import service_users
from glance_related.instance_aware.register import Installation

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-8888-7777-6666-555555555555"
#: What every folder of these tests says, none of it an error.
USUAL = {"glance.no_conf", "paste.not_found", "database.sqlite", "account.missing", "installation.none"}


def test_an_upgraded_suite_has_warnings_and_no_error(operator):
    done = operator.check()
    assert set(done.codes("warning")) == USUAL
    assert done.codes("error") == []
    assert done.code == 0


def test_the_table_shows_the_same(operator):
    done = operator.run("config", "check")
    assert done.out.splitlines()[0].split() == ["severity", "code", "text"]
    assert "database.sqlite" in done.out
    assert done.code == 0


def test_a_configuration_that_is_not_there_is_one_finding(manage_):
    manage_.conf.unlink()
    done = manage_.check()
    assert done.codes("error") == ["config.wrong"]
    assert "does not exist" in done.text("config.wrong")
    assert done.code == 1


def test_a_misspelt_option_is_a_finding(operator):
    operator.write(operator.conf.read_text() + "[instance_aware]\ngrace_second = 60\n")
    assert "did you mean grace_seconds?" in operator.check().text("config.wrong")


@pytest.mark.parametrize(
    "secret", ["[account]\nauth_type = password\npassword = a-secret", f"[riders]\nmark_keys = {'a-secret' * 5}"]
)
@pytest.mark.parametrize(("mode", "found"), [(0o644, True), (0o604, True), (0o640, False), (0o600, False)])
def test_a_file_with_a_secret_is_for_its_owner_and_group(operator, mode, found, secret):
    operator.write(f"{operator.conf.read_text()}{secret}\n")
    operator.conf.chmod(mode)
    done = operator.check()
    assert ("config.readable_by_others" in done.codes("error")) is found
    assert "a-secret" not in done.out


def test_a_url_with_a_password_counts_as_one(manage_):
    manage_.write("[database]\nconnection = postgresql+psycopg2://ours:a-secret@127.0.0.1:1/ours\ntimeout = 1\n")
    manage_.conf.chmod(0o644)
    done = manage_.check()
    assert set(done.codes("error")) == {"config.readable_by_others", "database.down"}
    assert "a-secret" not in done.out


def test_a_file_without_a_password_may_be_read_by_all(operator):
    operator.conf.chmod(0o644)
    assert "config.readable_by_others" not in operator.check().codes()


def test_a_database_that_does_not_answer_is_an_error(manage_):
    manage_.write("[database]\nconnection = sqlite:////nowhere/at/all.sqlite\n")
    done = manage_.check()
    assert done.codes("error") == ["database.down"]
    assert done.code == 1


def test_a_database_without_tables_is_an_error_that_names_the_command(manage_):
    done = manage_.check()
    assert f"--config-file {manage_.conf} db upgrade" in done.text("database.no_tables")
    assert done.code == 1


def test_an_older_schema_is_an_error_and_a_newer_one_is_none(operator, monkeypatch):
    from glance_related.db import migration

    operator.run("db", "upgrade")
    monkeypatch.setattr(migration, "head", lambda: "9999")
    assert "db upgrade" in operator.check().text("database.old")
    monkeypatch.undo()
    with operator.database.engine.begin() as connection:
        connection.execute(sa.text("update glance_related_alembic_version set version_num = '9999'"))
    assert not [code for code in operator.check().codes("error") if code.startswith("database.")]


# -- installations


def test_an_installation_without_users_is_a_warning(operator):
    operator.store.add_installation(Installation(NOVA, "east", (), ()))
    text = operator.check().text("installation.no_users")
    assert "'east'" in text
    assert f"installation add {NOVA} --name east --service-user" in text


def test_two_installations_that_share_a_service_user_are_an_error(operator):
    operator.store.add_installation(Installation(NOVA, "east", ("nova",), ()))
    operator.store.add_installation(Installation(OTHER, "west", ("nova-west",), ("scheduler",)))
    assert "installation.shared_user" not in operator.check().codes()
    with operator.database.engine.begin() as connection:  # the command itself refuses it
        values = {"nova_installation_uuid": OTHER, "user_id": "nova", "trusted_program": False}
        connection.execute(sa.insert(service_users).values(values))
    done = operator.check()
    assert "east and west" in done.text("installation.shared_user")
    assert done.code == 1


def test_a_trusted_program_may_serve_two_installations(operator):
    operator.store.add_installation(Installation(NOVA, "east", (), ("scheduler",)))
    operator.store.add_installation(Installation(OTHER, "west", (), ("scheduler",)))
    assert "installation.shared_user" not in operator.check().codes()


# -- policies


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('"instance_aware:bnd": "role:admin"\n', "policy.unknown_rule", "did you mean 'instance_aware:bind'?"),
        ('"something": "role:admin"\n', "policy.unknown_rule", "take it out"),
        ('"instance_aware:bind": "rule:backup"\n', "policy.no_such_rule", "rule:backup"),
        ('"instance_aware:bind": "role:admin or or"\n', "policy.bad_rule", "refuses everybody"),
        ("- a\n- b\n", "policy.unreadable", "name: rule"),
        ("a: [\n", "policy.unreadable", "no YAML"),
    ],
)
def test_a_policy_file_that_says_something_else_than_it_means_is_an_error(operator, text, code, said):
    operator.write(text, "policy.yaml")
    done = operator.check()
    assert done.codes("error") == [code]
    assert said in done.text(code)
    assert done.code == 1


def test_a_rule_that_only_helps_others_is_right(operator):
    operator.write('"backup": "role:backup"\n"instance_aware:bind": "rule:backup or !"\n', "policy.yaml")
    assert operator.check().codes("error") == []


def test_a_policy_file_that_is_named_must_be_there(operator):
    operator.write(operator.conf.read_text() + "[oslo_policy]\npolicy_file = mine.yaml\n")
    assert "mine.yaml" in operator.check().text("policy.no_file")
    operator.write('"instance_aware:bind": "role:admin"\n', "mine.yaml")
    assert operator.check().codes("error") == []
