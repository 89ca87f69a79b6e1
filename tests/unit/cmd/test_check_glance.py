"""``config check`` on Glance's side: its configuration, its schema, its tables, and the account."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from glance_related.instance_aware.register import Installation

NOVA = "11111111-2222-3333-4444-555555555555"
GOOD = """
[keystone_authtoken]
service_token_roles_required = true
password = a-secret
[paste_deploy]
flavor = keystone
"""
PASTE = """
[filter:instance_aware]
use = egg:glance_related#instance_aware
[pipeline:glance-api-keystone]
pipeline = versionnegotiation authtoken context instance_aware rootapp
[pipeline:glance-api]
pipeline = versionnegotiation unauthenticated-context rootapp
"""


@pytest.fixture
def glance(operator):
    """An operator with Glance's files beside ours: ``check`` with one more text in Glance's configuration."""

    def check(conf=GOOD, *words):
        operator.write(PASTE, "glance-api-paste.ini")
        return operator.check("--glance-conf", operator.write(conf, "glance-api.conf"), *words)

    return check


def errors(done):
    return done.codes("error")


def test_a_good_glance_has_no_error(glance):
    done = glance()
    assert errors(done) == []
    assert not [code for code in done.codes() if code.startswith(("glance.", "paste."))]


def test_the_paste_file_and_the_flavor_are_the_ones_that_glance_takes(glance, operator):
    assert errors(glance(GOOD.replace("flavor = keystone", ""))) == ["paste.not_in_force"]
    moved = operator.write(PASTE.replace(" instance_aware rootapp", " rootapp"), "elsewhere.ini")
    assert errors(glance(f"{GOOD}config_file = {moved}\n")) == ["paste.section_unused", "paste.not_in_force"]


def test_glance_is_found_where_glance_looks(glance, operator, monkeypatch):
    glance()
    monkeypatch.setenv("OS_GLANCE_CONFIG_DIR", str(operator.folder))
    found = operator.check()
    assert "glance.no_conf" not in found.codes()
    assert "paste.not_found" not in found.codes()


@pytest.mark.parametrize("line", ["", "service_token_roles_required = false"])
def test_service_tokens_that_are_not_required_are_an_error(glance, line):
    done = glance(GOOD.replace("service_token_roles_required = true", line))
    assert errors(done) == ["glance.service_tokens_not_required"]
    assert "set it to true" in done.text("glance.service_tokens_not_required")
    assert done.code == 1


@pytest.mark.parametrize(("roles", "found"), [("admin", True), ("admin,service", False), ("Service", False)])
def test_service_token_roles_must_contain_service(glance, roles, found):
    done = glance(GOOD.replace("password", f"service_token_roles = {roles}\npassword"))
    assert errors(done) == (["glance.service_role"] if found else [])


def test_a_later_file_has_the_last_word(glance, operator):
    more = operator.write("[keystone_authtoken]\nservice_token_roles_required = false\n", "more.conf")
    assert errors(glance(GOOD, "--glance-conf", more)) == ["glance.service_tokens_not_required"]
    more.unlink()
    (operator.folder / "glance-api.conf.d").mkdir()
    operator.write("[keystone_authtoken]\nservice_token_roles = admin\n", "glance-api.conf.d/50-mine.conf")
    assert errors(glance()) == ["glance.service_role"]


@pytest.mark.parametrize("name", ["nova_installation_uuid", "instance_id"])
def test_a_schema_that_requires_one_of_our_names_is_an_error(glance, operator, name):
    operator.write(json.dumps({"properties": {name: {"type": "string"}}, "required": [name]}), "schema-image.json")
    done = glance()
    assert errors(done) == ["glance.schema_required"]
    assert name in done.text("glance.schema_required")


@pytest.mark.parametrize(
    "schema",
    [
        {"instance_id": {"type": "string"}},
        {"properties": {"instance_id": {"type": "string"}}, "required": ["os_distro"]},
    ],
)
def test_a_schema_that_requires_neither_is_right(glance, operator, schema):
    operator.write(json.dumps(schema), "schema-image.json")
    assert errors(glance()) == []


def test_a_schema_that_is_no_json_is_an_error(glance, operator):
    operator.write("{", "schema-image.json")
    assert errors(glance()) == ["glance.schema_unreadable"]


def test_a_glance_configuration_that_cannot_be_parsed_is_one_sentence_without_its_lines(glance):
    done = glance("[keystone_authtoken]\npassword a-secret\n")
    assert "line 2" in done.text("glance.conf_wrong")
    assert "a-secret" not in done.out
    assert done.code == 1


def test_a_value_that_cannot_be_read_is_one_sentence(glance):
    done = glance(GOOD.replace("required = true", "required = perhaps"))
    assert "service_token_roles_required" in done.text("glance.conf_wrong")


def test_a_glance_configuration_that_is_not_there_is_one_sentence(operator):
    done = operator.check("--glance-conf", "/nowhere.conf")
    assert "No such file" in done.text("glance.conf_wrong")
    assert done.code == 1


# -- the account


def test_an_account_that_is_not_set_is_a_warning(glance):
    assert "reconcile cannot ask Glance" in glance().text("account.missing")


def test_an_incomplete_account_is_an_error(glance, operator):
    operator.write(operator.conf.read_text() + "[account]\nauth_type = password\n")
    done = glance()
    assert "missing: auth_url" in done.text("account.wrong")
    assert done.code == 1


def test_a_keystone_that_does_not_answer_is_a_warning(glance, operator):
    operator.write(
        operator.conf.read_text() + "[account]\nauth_type = v3password\nauth_url = http://127.0.0.1:9/v3\n"
        "username = u\npassword = a-secret\nproject_name = p\nuser_domain_name = d\n"
        "project_domain_name = d\ntimeout = 1\n"
    )
    done = glance()
    assert "Keystone does not answer" in done.text("account.unreachable")
    assert "a-secret" not in done.out
    assert done.code == 0


# -- native properties


@pytest.fixture
def tables(operator):
    path = operator.folder / "glance.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table images (id varchar(36) primary key, deleted boolean)")
        connection.execute(
            "create table image_properties (image_id varchar(36), name varchar(255), value text, deleted boolean)"
        )
        for image_id, properties in {
            "a": {"nova_installation_uuid": NOVA, "instance_id": "i-1"},
            "b": {"instance_id": "i-1"},
            "c": {"os_distro": "debian"},
        }.items():
            connection.execute("insert into images values (?, 0)", (image_id,))
            rows = [(image_id, name, value) for name, value in properties.items()]
            connection.executemany("insert into image_properties values (?, ?, ?, 0)", rows)
    operator.store.add_installation(Installation(NOVA, "east", ("nova",), ()))
    return f"sqlite:///{path}"


def test_strangers_are_counted_by_glances_configuration(glance, tables):
    done = glance(f"{GOOD}[database]\nconnection = {tables}\n")
    assert done.text("strangers.importable").startswith("1 images")
    assert "(half: 1)" in done.text("strangers.others")
    assert done.code == 0


def test_strangers_are_counted_by_the_command_lines_word(operator, tables):
    assert "strangers.importable" in operator.check("--glance-database", tables).codes("warning")


def test_strangers_are_counted_where_glances_tables_lie_beside_ours(operator, tables):
    operator.write(f"[database]\nconnection = {tables}\n")
    assert operator.run("db", "upgrade").code == 0
    assert "strangers.others" in operator.check().codes("warning")


@pytest.mark.parametrize("url", ["sqlite:////nowhere/glance.sqlite", "no url", "mysql+nodriver://g:a-secret@db/glance"])
def test_tables_that_cannot_be_read_are_a_warning_without_the_url(operator, url):
    done = operator.check("--glance-database", url)
    assert "glance.database_unreadable" in done.codes("warning")
    assert "a-secret" not in done.out
    assert done.code == 0
