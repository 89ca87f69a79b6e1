"""``openstack server package config``: all that a server has of its own, printed, edited and sent back."""

from __future__ import annotations

import json

import pytest
import yaml

ENTRIES = (
    {"name": "apache", "kind": "package"},
    {"name": "nginx", "kind": "package"},
    {"name": "port", "kind": "variable", "type": "integer", "default": 80},
    {"name": "release", "kind": "variable", "type": "string"},
    {"name": "hosts", "kind": "variable", "type": "list"},
    {"name": "motd", "kind": "variable", "type": "text"},
    {"name": "password", "kind": "variable", "type": "secret"},
)
NAMES = [entry["name"] for entry in ENTRIES]


@pytest.fixture
def server(side, menu):
    """The id of web-1, which has something of its own."""
    side.publish(*ENTRIES)
    side.offer(*NAMES)
    variables = {"port": 81, "password": "not told", "motd": "two\nlines\n"}
    made = side.booted(name="web-1", packages={"apache": True}, package_variables=variables)
    menu.sent.clear()
    return made


def config(alice, *words, **more):
    return alice("server", "package", "config", "web-1", *words, **more)


def chosen(side, server):
    return side.settings(server)["chosen"]


# -- printed


def test_it_is_printed_as_it_may_be_sent_back(alice, menu, server):
    told = config(alice)
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "packages:\n  apache: true\npackage_variables:\n  motd: |\n    two\n    lines\n  password: null\n  port: 81\n"
    )
    assert json.loads(config(alice, "--json").out) == yaml.safe_load(told.out)
    assert menu.changes == []


def test_what_is_printed_and_sent_back_changes_nothing(alice, side, menu, server):
    before, generation = side.kept(server).choices, side.settings(server)["generation"]
    for words in ((), ("--json",)):
        told = config(alice, "--file", "-", stdin=config(alice, *words).out)
        assert (told.code, told.out, told.err) == (0, "", "")
    assert side.kept(server).choices == before
    assert side.settings(server)["generation"] == generation
    assert len(menu.changes) == 2


# -- replaced


def test_a_file_is_all_that_the_server_has_of_its_own_then(alice, side, menu, server, tmp_path):
    (tmp_path / "web.yaml").write_text("packages: [nginx]\npackage_variables: {release: 1.10, hosts: [1.0, no]}\n")
    told = config(alice, "--file", "web.yaml")
    assert (told.code, told.out, told.err) == (0, "", "")
    (sent,) = menu.changes
    assert (sent.method, sent.path) == ("PUT", f"/servers/{server}/packages")
    assert sent.json == {"packages": ["nginx"], "package_variables": {"release": "1.10", "hosts": ["1.0", "no"]}}
    own = {"packages": {"nginx": True}, "package_variables": {"hosts": ["1.0", "no"], "release": "1.10"}}
    assert chosen(side, server) == own


@pytest.mark.parametrize("text", ["{}", "# nothing\n", "packages:\npackage_variables: {}\n"])
def test_a_file_with_nothing_in_it_takes_everything_back(alice, side, server, text):
    assert config(alice, "--file", "-", stdin=text).code == 0
    assert chosen(side, server) == {"packages": {}, "package_variables": {}}


def test_a_secret_that_is_null_stays_and_one_that_is_not_is_new(alice, side, server):
    before = side.kept(server).choices["password"]
    assert config(alice, "--file", "-", stdin="package_variables: {password: null}").code == 0
    assert side.kept(server).choices == {"password": before}
    assert config(alice, "--file", "-", stdin="package_variables: {password: 1234}").code == 0
    assert side.suite.keys.open(side.kept(server).choices["password"].value.token) == "1234"


def test_all_that_is_wrong_is_told_a_line_each_and_nothing_is_changed(alice, side, server):
    before = chosen(side, server)
    text = "packages: {nothing: true, port: true}\npackage_variables: {release: [a], nginx: 1}\n"
    told = config(alice, "--file", "-", stdin=text)
    assert (told.code, told.out) == (1, "")
    assert sorted(told.err.splitlines()) == [
        "nginx: it is a package, which is turned on or off and has no value",
        "nothing: it is not on the menu of this project",
        "port: it is a variable, which has a value and is not turned on or off",
        "release: it must be a text",
    ]
    assert chosen(side, server) == before


@pytest.mark.parametrize("text", ["[]", "package: [apache]", "apache", "packages: {}\npackage_variables: {}\nother: 1"])
def test_a_file_of_something_else_is_told_before_anybody_is_asked(alice, menu, text):
    told = config(alice, "--file", "-", stdin=text)
    assert (told.code, told.out) == (1, "")
    assert told.err == ("standard input holds no object with 'packages' and 'package_variables', and nothing else.\n")
    assert menu.sent == []


def test_words_that_are_no_settings_are_for_the_cloud_to_refuse(alice, server):
    told = config(alice, "--file", "-", stdin="packages: {apache: 1}")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("'packages' must be a list of names, or an object of names with true or false")


@pytest.mark.parametrize("text", ["packages: [[a]]", "packages: a", "package_variables: [a]"])
def test_a_dry_run_refuses_words_that_are_no_settings_by_itself(alice, menu, server, text):
    told = config(alice, "--dry-run", "--file", "-", stdin=text)
    assert (told.code, told.out) == (1, "")
    assert told.err == "'packages' must be a list or an object of names, 'package_variables' an object of them.\n"
    assert menu.changes == []


# -- dry run


def test_a_dry_run_prints_what_differs_and_changes_nothing(alice, side, menu, server):
    before = chosen(side, server)
    text = "packages: {nginx: true}\npackage_variables: {port: 8080, hosts: [a, b], password: null}\n"
    told = config(alice, "--dry-run", "--file", "-", stdin=text)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines() == [
        "apache: true -> as the project",
        "hosts: as the project -> a, b",
        "motd: two",
        "lines",
        " -> as the project",
        "nginx: as the project -> true",
        "port: 81 -> 8080",
    ]
    assert menu.changes == []
    assert chosen(side, server) == before


def test_a_dry_run_tells_no_secret(alice, menu, server):
    told = config(alice, "--dry-run", "--file", "-", stdin="package_variables: {password: another}")
    assert "password: *** -> ***" in told.out
    assert "another" not in told.out + told.err
    told = config(alice, "--dry-run", "--file", "-", stdin="{}")
    assert "password: *** -> as the project" in told.out


def test_a_dry_run_of_what_is_there_prints_nothing(alice, server):
    told = config(alice, "--dry-run", "--file", "-", stdin=config(alice).out)
    assert (told.code, told.out, told.err) == (0, "", "")


def test_a_dry_run_tells_what_is_not_on_the_menu(alice, menu, server):
    told = config(alice, "--dry-run", "--file", "-", stdin="packages: [a, apache]\npackage_variables: {b: 1}")
    assert (told.code, told.out) == (1, "")
    assert told.err == "a: it is not on the menu of this project\nb: it is not on the menu of this project\n"
