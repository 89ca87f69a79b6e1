"""``openstack project package``: what a project makes of the menu, by who may."""

from __future__ import annotations

import pytest

PORT = {"name": "apache_port", "kind": "variable", "type": "integer", "default": 80, "packages": ["apache"]}
ENTRIES = (
    {"name": "apache", "kind": "package", "title": "Apache", "category": "web"},
    PORT,
    {"name": "motd", "kind": "variable", "type": "text"},
    {"name": "password", "kind": "variable", "type": "secret"},
    {"name": "nginx", "kind": "package", "on_by_default": True},
)
NOT_HERE = "This cloud has no package menu: nothing in front of its Nova knows it.\n"
ON_PROJECT = "/package-menu/projects/alice-project"


@pytest.fixture
def published(side, menu):
    side.publish(*ENTRIES)
    side.offer("apache", "apache_port", "motd", "password")
    menu.sent.clear()
    return side


def state_of(side, name, project="alice-project"):
    said = side.books.menu.of_project(project).menu.states.get(name)
    return tuple(said) if said is not None else None


# -- list


def test_a_projects_menu_is_listed_with_whose_word_each_state_and_value_is(alice, admin, published):
    admin("project", "package", "set", "alice", "apache_port", "--state", "default", "--default", "8080")
    told = alice("project", "package", "list", "alice", "-f", "json")
    assert (told.code, told.err) == (0, "")
    columns = ["Name", "Kind", "Type", "State", "State Origin", "Default", "Default Origin", "Title"]
    assert list(told.json[0]) == columns
    assert [tuple(row.values()) for row in told.json] == [
        ("apache", "package", None, "available", "project", False, "project", "Apache"),
        ("apache_port", "variable", "integer", "default", "project", 8080, "project", ""),
        ("motd", "variable", "text", "available", "project", None, "global", ""),
        ("nginx", "package", None, "default", "global", True, "global", ""),
        ("password", "variable", "secret", "available", "project", None, "global", ""),
    ]


def test_an_administrator_sees_what_the_project_cannot_have(admin, alice, published):
    published.publish({"name": "hidden", "kind": "package"})
    listed = admin("project", "package", "list", "alice", "-f", "value", "-c", "Name", "-c", "State").out
    assert "hidden unavailable" in listed
    assert "hidden" not in alice("project", "package", "list", "alice").out


@pytest.mark.parametrize(
    ("words", "query", "names"),
    [
        (["--state", "default"], {"state": "default"}, ["nginx"]),
        (["--kind", "variable", "--search", "o"], {"kind": "variable", "q": "o"}, ["apache_port", "motd", "password"]),
        (["--category", "web"], {"category": "web"}, ["apache"]),
    ],
)
def test_the_cloud_is_asked_for_some_of_it(alice, menu, published, words, query, names):
    told = alice("project", "package", "list", "alice", *words, "-f", "value", "-c", "Name")
    assert told.out.split() == names
    (asked,) = menu.asked("GET", ON_PROJECT)
    assert asked.query == query


# -- which project


@pytest.mark.parametrize("who", ["alice", "admin"])
@pytest.mark.parametrize("project", ["alice", "alice-project"])
def test_a_project_is_found_by_name_and_by_id_also_by_who_may_not_look_projects_up(
    alice, menu, published, who, project
):
    assert alice("project", "package", "list", project, who=who).code == 0
    assert [one.path for one in menu.sent] == [ON_PROJECT]


def test_a_project_is_looked_for_in_a_domain(admin, menu, published):
    assert admin("project", "package", "list", "alice", "--project-domain", "Default").code == 0
    assert [one.path for one in menu.sent] == [ON_PROJECT]
    assert menu.looked_up[-1] == ("/projects", {"name": "alice", "domain_id": "default"})


def test_one_of_several_projects_of_the_same_name_is_told_apart_by_its_domain_or_its_id(alice, menu, published):
    menu.more_projects = [{"id": "another", "name": "alice", "domain_id": "elsewhere"}]
    told = alice("project", "package", "list", "alice")
    assert (told.code, told.out, told.err) == (1, "", "Several of your projects have the name alice: say its ID.\n")
    assert alice("project", "package", "list", "alice", "--project-domain", "default").code == 0
    assert alice("project", "package", "list", "alice-project").code == 0
    assert [one.path for one in menu.sent] == [ON_PROJECT] * 2


def test_a_project_that_is_not_there_is_told(admin, menu, published):
    told = admin("project", "package", "list", "nobody")
    assert (told.code, told.out, told.err) == (1, "", "No project has the name or ID nobody.\n")
    assert menu.sent == []


def test_another_project_is_not_there_for_a_customer(alice, menu, published):
    told = alice("project", "package", "list", "bob-project")
    assert (told.code, told.out) == (1, "")
    assert told.err == "There is no menu of project bob-project for you.\n"


def test_what_can_be_no_id_is_not_sent_anywhere(alice, menu, published):
    told = alice("project", "package", "list", "../nodes")
    assert (told.code, told.out) == (1, "")
    assert told.err == "../nodes is no ID of a project, and who it is the name of you may not look up.\n"
    assert menu.sent == []


def test_a_cloud_without_a_menu_is_told_in_one_sentence(alice, menu):
    menu.has_menu = False
    for words in (["list", "alice"], ["set", "alice", "a", "b", "--state", "available"], ["unset", "alice", "a"]):
        told = alice("project", "package", *words)
        assert (told.code, told.out, told.err) == (1, "", NOT_HERE)


# -- set


def test_several_entries_are_made_available_at_once(admin, menu, side):
    side.publish(*ENTRIES)
    told = admin("project", "package", "set", "--state", "available", "alice", "apache", "apache_port")
    assert (told.code, told.out, told.err) == (0, "", "")
    sent = [(one.method, one.path, one.json) for one in menu.changes]
    assert sent == [("PUT", f"{ON_PROJECT}/{name}", {"state": "available"}) for name in ("apache", "apache_port")]
    assert state_of(side, "apache_port") == ("available", None)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("apache_port", "8080", 8080), ("motd", "8080", "8080"), ("motd", "@file", "two\nlines\n")],
)
def test_a_default_is_of_the_entrys_type(alice, menu, published, tmp_path, name, text, value):
    (tmp_path / "file").write_text("two\nlines\n")
    words = ("project", "package", "set", "alice", name, "--state", "default", "--default", text)
    assert alice(*words, who="mallory").code == 0
    assert menu.changes[-1].json == {"state": "default", "default": value}
    assert state_of(published, name) == ("default", value)


def test_a_projects_secret_is_read_from_elsewhere_and_never_shown(alice, menu, published, tmp_path):
    words = ("project", "package", "set", "alice", "password", "--state", "default", "--default", "-")
    assert alice(*words, who="mallory", stdin="not told\n").code == 0
    assert menu.changes[-1].json == {"state": "default", "default": "not told"}
    told = alice("project", "package", "list", "alice", "-f", "json")
    assert told.json[-1]["Default"] == "***"
    assert "not told" not in told.out


def test_a_default_is_the_clouds_again_where_none_is_given(alice, published):
    words = ("project", "package", "set", "alice", "apache_port", "--state", "default")
    assert alice(*words, "--default", "81", who="mallory").code == 0
    assert state_of(published, "apache_port") == ("default", 81)
    assert alice(*words, who="mallory").code == 0
    assert state_of(published, "apache_port") == ("default", None)


def test_each_refusal_is_told_and_the_others_are_set(admin, alice, menu, published):
    words = ("project", "package", "set", "alice", "--state", "default", "--default", "x")
    told = admin(*words, "apache", "apache_port", "motd", "none", "no/name")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines() == [
        "apache: only a variable whose state is default has a default",
        "apache_port: it must be a whole number",
        "none: There is no entry none on the menu.",
        "no/name: no entry of a menu can have this name",
    ]
    assert state_of(published, "motd") == ("default", "x")
    assert state_of(published, "apache") == ("available", None)


def test_who_may_not_is_told_why(alice, menu, published):
    told = alice("project", "package", "set", "alice", "apache", "--state", "default", who="rita")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("apache: ")
    assert "package_menu:project_set" in told.err
    told = alice("project", "package", "set", "alice", "apache", "--state", "unavailable", who="mallory")
    assert told.err == (
        "apache: Entry apache is available to this project; only an administrator makes something available, "
        "or unavailable.\n"
    )


@pytest.mark.parametrize("words", [["alice", "apache"], ["alice", "--state", "on"], ["alice", "--state", "default"]])
def test_a_wrong_command_line_is_refused_before_anybody_is_asked(alice, menu, words):
    told = alice("project", "package", "set", *words)
    assert told.code == 2
    assert menu.sent == []


# -- unset


def test_what_a_project_says_is_taken_back(admin, menu, published):
    told = admin("project", "package", "unset", "alice", "apache", "motd")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert [(one.method, one.path) for one in menu.changes] == [
        ("DELETE", f"{ON_PROJECT}/apache"),
        ("DELETE", f"{ON_PROJECT}/motd"),
    ]
    assert state_of(published, "apache") is None


def test_what_may_not_be_taken_back_is_told_and_the_others_are(alice, published):
    told = alice("project", "package", "unset", "alice", "apache", "none", who="mallory")
    assert (told.code, told.out) == (1, "")
    assert [line.partition(": ")[0] for line in told.err.splitlines()] == ["apache", "none"]
    assert state_of(published, "apache") == ("available", None)
