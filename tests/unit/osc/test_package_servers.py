"""``openstack server package`` add, remove, list, copy and history: what one server has, and what is changed of it."""

from __future__ import annotations

import json

import pytest

from tests.filters.conftest import ADMIN
from tests.filters.menu_side import MANAGER

ENTRIES = (
    {"name": "apache", "kind": "package", "title": "Apache"},
    {
        "name": "port", "kind": "variable", "type": "integer", "default": 80, "min": 1, "max": 65535,
        "packages": ["apache"],
    },
    {"name": "share", "kind": "variable", "type": "number"},
    {"name": "flag", "kind": "variable", "type": "boolean"},
    {"name": "release", "kind": "variable", "type": "string"},
    {"name": "hosts", "kind": "variable", "type": "list"},
    {"name": "motd", "kind": "variable", "type": "text"},
    {"name": "password", "kind": "variable", "type": "secret"},
    {"name": "nginx", "kind": "package"},
    {"name": "web", "kind": "bundle", "contents": {"packages": ["nginx"], "variables": {"flag": True}}},
)  # fmt: skip
NAMES = [entry["name"] for entry in ENTRIES]
NOT_HERE = "This cloud has no package menu: nothing in front of its Nova knows it.\n"


@pytest.fixture
def server(side, menu):
    """The id of web-1, whose project may have everything."""
    side.publish(*ENTRIES)
    side.offer(*NAMES)
    made = side.booted(name="web-1")
    menu.sent.clear()
    return made


def add(alice, *words, **more):
    return alice("server", "package", "add", *words, **more)


def chosen(side, server):
    """All that a server has of its own, as the API shows it."""
    return side.settings(server)["chosen"]


# -- add


def test_packages_are_turned_on_and_variables_set_in_one_change(alice, side, menu, server):
    told = add(alice, "web-1", "apache", "port=8080", "web")
    assert (told.code, told.out, told.err) == (0, "", "")
    (sent,) = menu.changes
    assert (sent.method, sent.path) == ("PUT", f"/servers/{server}/packages")
    assert sent.json == {"packages": {"apache": True, "web": True}, "package_variables": {"port": 8080}}
    assert sent.headers["If-Match"].startswith('"')
    assert side.settings(server)["packages"] == ["apache", "nginx"]


def test_values_are_of_the_types_that_the_menu_says(alice, side, menu, server):
    words = ("port=8080", "share=2.50", "flag=no", "release=1.10", "hosts=a, b", "motd=a,b")
    told = add(alice, "web-1", *words)
    assert told.code == 0, told.err
    values = {"port": 8080, "share": 2.5, "flag": False, "release": "1.10", "hosts": ["a", "b"], "motd": "a,b"}
    (sent,) = menu.changes
    assert sent.json["package_variables"] == values
    assert chosen(side, server)["package_variables"] == values


def test_what_the_server_has_of_its_own_already_stays(alice, side, menu, server):
    assert add(alice, "web-1", "apache", "release=a", "password=@word", "nginx=false").code == 1
    assert add(alice, "web-1", "apache", "release=a", "password=word", "web").code == 0
    assert add(alice, "web-1", "nginx=false", "port=81").code == 0
    (*_, sent) = menu.changes
    assert sent.json == {
        "packages": {"apache": True, "web": True, "nginx": False},
        "package_variables": {"release": "a", "password": None, "port": 81},
    }
    assert chosen(side, server) == sent.json
    kept = side.kept(server).choices["password"].value
    assert side.suite.keys.open(kept.token) == "word"


def test_what_the_menu_does_not_offer_now_is_not_lost(alice, side, menu, server):
    assert add(alice, "web-1", "nginx", "release=a", "password=word").code == 0
    side.offer("nginx", "release", "password", state="unavailable")
    assert add(alice, "web-1", "apache").code == 0
    side.offer("nginx", "release", "password")
    own = {"packages": {"apache": True, "nginx": True}, "package_variables": {"password": None, "release": "a"}}
    assert chosen(side, server) == own
    assert side.settings(server)["packages"] == ["apache", "nginx"]


def test_all_that_is_wrong_is_told_a_line_each_and_nothing_is_changed(alice, side, menu, server):
    words = ("apache", "port=99999", "share=much", "flag=yep", "hosts=[", "nothing", "none=1", "web=often", "motd")
    told = add(alice, "web-1", *words)
    assert (told.code, told.out) == (1, "")
    assert sorted(told.err.splitlines()) == [
        "flag: it must be true or false",
        "hosts: it must be a list of texts",
        "motd: it is a variable, which has a value and is not turned on or off",
        "none: it is not on the menu of this project",
        "nothing: it is not on the menu of this project",
        "port: it must be at most 65535",
        "share: it must be a number",
        "web: it is a bundle, which is turned on or off and has no value",
    ]
    assert len(menu.changes) == 1
    assert side.kept(server) is None or not side.kept(server).choices


def test_a_server_is_found_by_its_id_too(alice, side, server):
    assert add(alice, server, "apache").code == 0
    assert side.settings(server)["packages"] == ["apache"]


def test_a_server_that_is_not_there_is_told(alice, menu, server):
    told = add(alice, "web-2", "apache")
    assert (told.code, told.out) == (1, "")
    assert "web-2" in told.err
    assert menu.changes == []


def test_what_somebody_else_has_changed_meanwhile_is_not_lost(alice, side, menu, server):
    def other():
        side.ask("PUT", f"/servers/{server}/packages/release", {"value": "other"})

    menu.meanwhile("PUT", "/packages", other)
    assert add(alice, "web-1", "apache").code == 0
    own = {"packages": {"apache": True}, "package_variables": {"release": "other"}}
    assert chosen(side, server) == own
    assert len(menu.changes) == 2


def test_who_is_always_slower_is_told_after_the_second_time(alice, side, menu, server):
    for value in ("a", "b"):
        path = f"/servers/{server}/packages/release"
        menu.meanwhile("PUT", "/packages", lambda path=path, value=value: side.ask("PUT", path, {"value": value}))
    told = add(alice, "web-1", "apache")
    assert (told.code, told.out) == (1, "")
    assert "This has changed since you read it" in told.err
    assert len(menu.changes) == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "the following arguments are required"),
        (["=80"], "argument <name=value>: expected name=value, not '=80'"),
        (["port=80", "apache", "port=81"], "argument <name=value>: port is given twice"),
        (["apache", "--timeout", "soon"], "argument --timeout: expected a number of seconds, not 'soon'"),
    ],
)
def test_a_wrong_command_line_is_refused_before_anybody_is_asked(alice, menu, words, why):
    told = add(alice, "web-1", *words)
    assert told.code == 2
    assert why in told.err
    assert menu.sent == []


@pytest.mark.parametrize("words", [["add", "web-1", "a"], ["remove", "web-1", "a"], ["list", "web-1"],
                                   ["copy", "web-1", "web-1"], ["history", "web-1"], ["status", "web-1"],
                                   ["status", "web-1", "--wait"], ["config", "web-1"]])  # fmt: skip
def test_a_cloud_without_a_menu_is_told_in_one_sentence(alice, menu, server, words):
    menu.has_menu = False
    told = alice("server", "package", *words)
    assert (told.code, told.out, told.err) == (1, "", NOT_HERE)


def test_a_server_that_is_gone_meanwhile_is_told_as_nova_tells_it(alice, side, menu, server):
    menu.meanwhile("GET", "/packages", lambda: side.nova.servers.clear())
    told = alice("server", "package", "list", server)
    assert (told.code, told.out) == (1, "")
    assert f"Instance {server} could not be found" in told.err


def test_a_locked_server_is_changed_by_administrators_only(alice, side, server):
    side.nova.servers[server].is_locked = True
    told = add(alice, "web-1", "apache")
    assert (told.code, told.out) == (1, "")
    assert told.err == "The server is locked; only an administrator changes its settings then.\n"
    assert add(alice, server, "apache", who="admin").code == 0


# -- values from elsewhere


def test_a_secret_is_read_from_a_file_or_a_pipe(alice, side, menu, server, tmp_path):
    (tmp_path / "word").write_text("of a file\n")
    assert add(alice, "web-1", "password=@word").code == 0
    assert add(alice, "web-1", "password=-", stdin="of a pipe\r\n").code == 0
    (tmp_path / "key").write_text("-----BEGIN\nabc\n-----END\n")
    assert add(alice, "web-1", "password=@key").code == 0
    sent = [one.json["package_variables"]["password"] for one in menu.changes]
    assert sent == ["of a file", "of a pipe", "-----BEGIN\nabc\n-----END\n"]


def test_a_text_is_read_as_it_stands_and_all_else_is_what_is_typed(alice, menu, server, tmp_path):
    (tmp_path / "motd").write_text("hello\n")
    assert add(alice, "web-1", "motd=@motd", "release=@motd", "hosts=-", stdin="never read").code == 0
    (sent,) = menu.changes
    assert sent.json["package_variables"] == {"motd": "hello\n", "release": "@motd", "hosts": ["-"]}


def test_a_secret_is_asked_for_on_a_terminal_once_and_unseen(alice, menu, side, server, monkeypatch):
    asked = []

    def answer(prompt):
        asked.append(prompt)
        return "typed"

    monkeypatch.setattr("getpass.getpass", answer)
    menu.meanwhile("PUT", "/packages", lambda: side.ask("PUT", f"/servers/{server}/packages/flag", {"value": True}))
    told = add(alice, "web-1", "password=-", stdin=Terminal())
    assert (told.code, told.out, told.err) == (0, "", "")
    assert asked == ["password: "]
    assert [one.json["package_variables"]["password"] for one in menu.changes] == ["typed", "typed"]


class Terminal:
    """What stands for a terminal: it is one, and nobody reads from it."""

    encoding = "utf-8"

    def isatty(self):
        return True


def test_what_cannot_be_read_is_told_and_nothing_is_changed(alice, menu, server):
    told = add(alice, "web-1", "password=@none")
    assert (told.code, told.out, told.err) == (1, "", "none cannot be read: No such file or directory.\n")
    told = add(alice, "web-1", "password=-", "motd=-", stdin="once")
    assert (told.code, told.err) == (1, "motd: standard input has been read for another value already.\n")
    assert menu.changes == []


# -- remove


def test_packages_are_turned_off_and_values_taken_back_in_one_change(alice, side, menu, server):
    side.offer("nginx", state="default")
    assert add(alice, "web-1", "apache", "port=81", "release=a").code == 0
    menu.sent.clear()
    told = alice("server", "package", "remove", "web-1", "apache", "nginx", "port")
    assert (told.code, told.out, told.err) == (0, "", "")
    (sent,) = menu.changes
    assert sent.json == {"packages": {"apache": False, "nginx": False}, "package_variables": {"release": "a"}}
    settings = side.settings(server)
    assert (settings["packages"], settings["package_variables"]) == ([], {"release": "a"})


def test_what_a_bundle_brings_is_turned_off(alice, side, server):
    assert add(alice, "web-1", "web").code == 0
    assert side.settings(server)["packages"] == ["nginx"]
    assert alice("server", "package", "remove", "web-1", "nginx").code == 0
    settings = side.settings(server)
    assert (settings["packages"], settings["package_variables"]) == ([], {"flag": True})


def test_with_inherit_the_projects_word_counts_again(alice, side, menu, server):
    side.offer("nginx", state="default")
    assert alice("server", "package", "remove", "web-1", "nginx").code == 0
    assert side.settings(server)["packages"] == []
    assert alice("server", "package", "remove", "--inherit", "web-1", "nginx").code == 0
    assert side.settings(server)["packages"] == ["nginx"]
    assert chosen(side, server) == {"packages": {}, "package_variables": {}}


def test_what_is_not_offered_any_more_is_taken_back_too(alice, side, server):
    assert add(alice, "web-1", "nginx", "release=a").code == 0
    side.offer("nginx", "release", state="unavailable")
    assert alice("server", "package", "remove", "web-1", "nginx", "release").code == 0
    assert chosen(side, server) == {"packages": {}, "package_variables": {}}


@pytest.mark.parametrize("words", [[], ["--inherit"]])
def test_a_name_that_is_nowhere_is_told_and_nothing_is_removed(alice, side, server, words):
    assert add(alice, "web-1", "apache").code == 0
    told = alice("server", "package", "remove", *words, "web-1", "apache", "apach")
    assert (told.code, told.out, told.err) == (1, "", "apach: it is not on the menu of this project\n")
    assert side.settings(server)["packages"] == ["apache"]


# -- list


def test_what_a_server_has_is_listed_with_whose_word_it_is(alice, side, menu, server):
    side.offer("release", state="default")
    side.ask(
        "PUT", "/package-menu/projects/alice-project/release", {"state": "default", "default": "1.10"}, who=MANAGER
    )
    assert add(alice, "web-1", "apache", "web", "hosts=a,b", "password=word").code == 0
    menu.sent.clear()
    told = alice("server", "package", "list", "web-1", "-f", "json")
    assert (told.code, told.err) == (0, "")
    columns = ["Name", "Kind", "Type", "Value", "Origin", "Through", "State", "Title"]
    assert list(told.json[0]) == columns
    assert [tuple(row.values()) for row in told.json] == [
        ("apache", "package", None, True, "instance", None, "available", "Apache"),
        ("flag", "variable", "boolean", True, "instance", "web", "available", ""),
        ("hosts", "variable", "list", ["a", "b"], "instance", None, "available", ""),
        ("nginx", "package", None, True, "instance", "web", "available", ""),
        ("password", "variable", "secret", "***", "instance", None, "available", ""),
        ("port", "variable", "integer", 80, "global", None, "available", ""),
        ("release", "variable", "string", "1.10", "project", None, "default", ""),
        ("web", "bundle", None, True, "instance", None, "available", ""),
    ]
    assert menu.asked("GET", "/packages")[0].query == {"on": "true"}
    assert "| a, b " in alice("server", "package", "list", "web-1").out


def test_all_that_a_server_could_have_is_listed_too(alice, menu, server):
    told = alice("server", "package", "list", "--all", "web-1", "-f", "value", "-c", "Name")
    assert told.out.split() == sorted(NAMES)
    assert menu.asked("GET", "/packages")[0].query == {}


def test_a_long_list_is_listed_whole(alice, side, menu, server):
    many = [{"name": f"p{number:04}", "kind": "package", "on_by_default": True} for number in range(1003)]
    side.publish(*many)
    told = alice("server", "package", "list", "web-1", "-f", "value", "-c", "Name")
    assert told.out.split() == [one["name"] for one in many]
    assert len(menu.asked("GET", "/packages")) == 2


def test_what_was_chosen_and_has_no_effect_is_a_warning(alice, side, server):
    assert add(alice, "web-1", "nginx", "release=a").code == 0
    side.offer("nginx", state="unavailable")
    told = alice("server", "package", "list", "web-1", "-f", "json")
    assert told.code == 0
    assert [row["Name"] for row in told.json] == ["release"]
    assert told.err == "nginx: it is not available to this server any more\n"


def test_another_customers_server_is_not_there(alice, side, server):
    side.nova.is_discreet = True
    told = alice("server", "package", "list", server, who="bob")
    assert (told.code, told.out) == (1, "")
    assert server in told.err


# -- copy


def test_a_server_gets_what_another_one_has_of_its_own_secrets_too(alice, side, menu, server):
    other = side.booted(name="web-2")
    assert add(alice, "web-1", "apache", "port=81", "password=word").code == 0
    assert add(alice, "web-2", "nginx").code == 0
    menu.sent.clear()
    told = alice("server", "package", "copy", "web-1", "web-2")
    assert (told.code, told.out, told.err) == (0, "", "")
    (sent,) = menu.changes
    assert (sent.path, sent.json) == (f"/servers/{other}/packages", {"copy_from": server})
    assert chosen(side, other) == chosen(side, server)
    assert side.kept(other).choices["password"] == side.kept(server).choices["password"]


# -- history


def test_who_changed_what_is_listed_the_last_first(alice, side, server):
    assert add(alice, "web-1", "apache", "hosts=a,b", "password=word").code == 0
    assert alice("server", "package", "remove", "web-1", "apache", who="mallory").code == 0
    side.ask("PUT", f"/servers/{server}/packages/apache", {"on": False, "state": "default"}, who=ADMIN)
    side.ask("PUT", f"/servers/{server}/packages/apache", {"state": "unavailable"}, who=ADMIN)
    told = alice("server", "package", "history", "web-1", "-f", "json")
    assert (told.code, told.err) == (0, "")
    assert list(told.json[0]) == ["Time", "User ID", "Generation", "Name", "Before", "After"]
    assert [tuple(row.values())[1:] for row in told.json if row["User ID"] != "admin"] == [
        ("mallory", 3, "apache", "on", None),
        ("alice", 2, "apache", None, "on"),
        ("alice", 2, "hosts", None, ["a", "b"]),
        ("alice", 2, "password", None, "***"),
    ]
    assert [tuple(row.values())[3:] for row in told.json if row["User ID"] == "admin"] == [
        ("apache", "off, state=default", "off, state=unavailable"),
        ("apache", None, "off, state=default"),
    ]
    assert "word" not in json.dumps(told.json).replace("password", "")
