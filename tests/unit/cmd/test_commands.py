"""The command line itself: help, exit codes, one sentence for each failure, installations, tables."""

from __future__ import annotations

import io
import re

import pytest

from glance_related.cmd import manage, output
from glance_related.instance_ref import InstanceRef

NOVA = "11111111-2222-3333-4444-555555555555"
COMMANDS = [
    (),
    ("db",),
    ("db", "upgrade"),
    ("db", "version"),
    ("generate-installation-uuid",),
    ("installation",),
    ("installation", "add"),
    ("installation", "list"),
    ("installation", "remove"),
    ("reconcile",),
    ("deliveries",),
    ("deliveries", "list"),
    ("deliveries", "show"),
    ("deliveries", "retry"),
    ("deliveries", "status"),
    ("keys",),
    ("keys", "setup"),
    ("keys", "stage"),
    ("keys", "promote"),
    ("keys", "rewrite"),
    ("keys", "forget"),
    ("keys", "list"),
    ("purge",),
    ("config",),
    ("config", "check"),
    ("config", "show"),
    ("show",),
]
NEEDING_CONFIGURATION = [
    ("db", "upgrade"),
    ("db", "version"),
    ("installation", "list"),
    ("installation", "add", NOVA, "--name", "east"),
    ("installation", "remove", NOVA),
    ("generate-installation-uuid", "--register", "east"),
    ("deliveries", "list"),
    ("deliveries", "show", "any"),
    ("deliveries", "retry"),
    ("deliveries", "status"),
    ("keys", "forget", "any"),
    ("purge", "--older-than", "1"),
    ("reconcile",),
]


def one_sentence(done):
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("glance-related-manage: ")
    assert done.err.count("\n") == 1
    assert done.err.endswith(".\n")
    assert "Traceback" not in done.err
    return done.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        manage.main([*words, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: glance-related-manage")


@pytest.mark.parametrize("words", [("nothing",), ("db",), ("show", "nothing"), ("installation", "add", "no-uuid")])
def test_a_wrong_command_line_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        manage.main([*words])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("words", NEEDING_CONFIGURATION, ids=" ".join)
def test_a_configuration_that_is_not_there_is_one_sentence(manage_, words):
    manage_.conf.unlink()
    assert "does not exist; create it" in one_sentence(manage_.run(*words))


@pytest.mark.parametrize("words", NEEDING_CONFIGURATION[2:-1], ids=" ".join)
def test_tables_that_are_not_there_are_one_sentence_that_names_the_command(manage_, words):
    assert "db upgrade" in one_sentence(manage_.run(*words))


@pytest.mark.real  # it waits for seconds
@pytest.mark.parametrize("words", NEEDING_CONFIGURATION[:-1], ids=" ".join)
def test_a_database_that_is_not_there_is_one_sentence(manage_, words):
    manage_.write("[database]\nconnection = sqlite:////nowhere/at/all.sqlite\n")
    one_sentence(manage_.run(*words))


# -- db


def test_upgrading_twice_is_upgrading_once(manage_):
    assert (manage_.run("db", "upgrade").code, manage_.run("db", "upgrade").code) == (0, 0)
    database, release = (line.split()[-1] for line in manage_.run("db", "version").out.splitlines())
    assert database == release


def test_tables_of_a_newer_release_are_left_alone(operator):
    with operator.database.engine.begin() as connection:
        connection.exec_driver_sql("update glance_related_alembic_version set version_num = '9999'")
    assert operator.run("db", "upgrade").code == 0
    assert "9999" in operator.run("db", "version").out


def test_a_line_that_cannot_be_parsed_is_not_repeated(manage_):
    manage_.write("[account]\npassword a-secret\n")
    said = one_sentence(manage_.run("db", "version"))
    assert "line 2" in said
    assert "a-secret" not in said


def test_the_version_of_a_database_without_tables_says_so(manage_):
    assert "no tables" in manage_.run("db", "version").out


# -- installations


def test_a_generated_uuid_is_printed_and_nothing_else_happens(manage_):
    done = manage_.run("generate-installation-uuid")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n", done.out)
    assert done.code == 0


def test_a_generated_uuid_can_be_registered_with_its_users(operator):
    words = ("--register", "east", "--service-user", "nova", "--trusted-program", "scheduler")
    new = operator.run("generate-installation-uuid", *words).out.strip()
    (row,) = operator.run("installation", "list", "-f", "json").json()
    assert (row.pop("service_users"), row.pop("trusted_programs")) == (["nova"], ["scheduler"])
    assert row == {"uuid": new, "name": "east", "region": None}


def test_users_without_a_name_to_register_are_refused(operator):
    assert "--register" in one_sentence(operator.run("generate-installation-uuid", "--service-user", "nova"))


def test_a_name_that_is_taken_is_one_sentence(operator):
    operator.run("installation", "add", NOVA, "--name", "east")
    assert "east" in one_sentence(operator.run("generate-installation-uuid", "--register", "east"))
    other = NOVA.replace("1", "9")
    assert "east" in one_sentence(operator.run("installation", "add", other, "--name", "east"))


def test_adding_is_registering_once_and_learning_more_users(operator):
    operator.run("installation", "add", NOVA.upper(), "--name", "east")
    operator.run("installation", "add", NOVA, "--name", "east", "--service-user", "nova")
    (row,) = operator.run("installation", "list", "-f", "json").json()
    assert (row["uuid"], row["service_users"]) == (NOVA, ["nova"])


def test_removing_is_refused_while_images_are_bound_and_force_leaves_them_bound(operator):
    operator.run("installation", "add", NOVA, "--name", "east")
    operator.store.bind("22222222-0000-0000-0000-000000000000", InstanceRef(NOVA, "i-1"))
    assert "1 images are bound" in one_sentence(operator.run("installation", "remove", NOVA))
    assert len(operator.store.installations()) == 1
    done = operator.run("installation", "remove", NOVA, "--force")
    assert (done.code, "1 images stay bound" in done.out) == (0, True)
    assert operator.store.installations() == []
    assert operator.store.count() == 1


def test_removing_what_is_not_registered_is_one_sentence(operator):
    assert "no installation" in one_sentence(operator.run("installation", "remove", NOVA))


# -- reconcile


def test_reconciling_without_an_account_is_one_sentence_that_names_the_setting(operator):
    assert "auth_type is not set" in one_sentence(operator.run("reconcile"))


def test_reconciling_without_a_keystone_changes_nothing_and_says_so(operator):
    operator.write(
        operator.conf.read_text() + "[account]\nauth_type = v3password\nauth_url = http://127.0.0.1:9/v3\n"
        "username = u\npassword = a-secret\nproject_name = p\n"
        "user_domain_name = d\nproject_domain_name = d\ntimeout = 1\n"
    )
    operator.store.bind("22222222-0000-0000-0000-000000000000", InstanceRef(NOVA, "i-1"))
    said = one_sentence(operator.run("reconcile"))
    assert "nothing was changed: Keystone does not answer" in said
    assert "a-secret" not in said
    assert operator.store.count() == 1


def test_importing_without_glances_database_is_one_sentence(operator):
    assert "--glance-database" in one_sentence(operator.run("reconcile", "--import"))


# -- how commands print


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_and_nowhere_else(monkeypatch):
    for stream, shown in ((Terminal(), "\rrows: 1 of 2\rrows: 2\n"), (io.StringIO(), "")):
        monkeypatch.setattr("sys.stderr", stream)
        progress = output.Progress("rows")
        progress(1, 2)
        progress(2)
        progress.end()
        progress.end()
        assert stream.getvalue() == shown


def test_progress_that_never_began_leaves_no_empty_line(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    output.Progress("rows").end()
    import sys

    assert sys.stderr.getvalue() == ""


def test_a_table_lines_up_and_json_is_for_programs(capsys):
    rows = [{"name": "a", "users": ["x", "y"]}, {"name": "long-name", "users": []}]
    output.print_rows(rows, ("name", "users"), "table")
    assert capsys.readouterr().out == "name       users\n---------  -----\na          x, y\nlong-name\n"
    output.print_rows(rows, ("name",), "json")
    assert capsys.readouterr().out == '[\n  {\n    "name": "a"\n  },\n  {\n    "name": "long-name"\n  }\n]\n'


def test_an_interrupted_command_ends_with_1_and_a_sentence(operator, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("glance_related.instance_aware.store.Store.installations", interrupted)
    assert "interrupted" in one_sentence(operator.run("installation", "list"))
