"""``openstack package menu``: what an administrator lists, shows, creates, changes and deletes."""

from __future__ import annotations

import pytest

APACHE = {"name": "apache", "kind": "package", "title": "Apache", "category": "web"}
PORT = {"name": "apache_port", "kind": "variable", "type": "integer", "default": 80, "packages": ["apache"]}
NOT_HERE = "This cloud has no package menu: nothing in front of its Nova knows it.\n"


@pytest.fixture
def published(side, menu):
    side.publish(APACHE, PORT, {"name": "nginx", "kind": "package", "enabled": False, "description": "as Apache"})
    menu.sent.clear()
    return side


def shown(admin, name):
    told = admin("package", "menu", "show", name, "-f", "json")
    assert told.code == 0, told.err
    return told.json


def of_entry(admin, name):
    """An entry as it is on the menu, without what says nothing."""
    return {word: value for word, value in shown(admin, name).items() if value not in (None, "", [], {}, False)}


# -- list, show


def test_the_menu_is_listed_by_name(admin, published):
    told = admin("package", "menu", "list", "-f", "json")
    assert (told.code, told.err) == (0, "")
    assert list(told.json[0]) == [
        "Name",
        "Kind",
        "Type",
        "Default",
        "Category",
        "Title",
        "On By Default",
        "Enabled",
    ]
    assert [tuple(row.values()) for row in told.json] == [
        ("apache", "package", None, None, "web", "Apache", False, True),
        ("apache_port", "variable", "integer", 80, "", "", False, True),
        ("nginx", "package", None, None, "", "", False, False),
    ]


@pytest.mark.parametrize(
    ("words", "query", "names"),
    [
        (["--kind", "variable"], {"kind": "variable"}, ["apache_port"]),
        (["--category", "web"], {"category": "web"}, ["apache"]),
        (["--search", "APACHE"], {"q": "APACHE"}, ["apache", "apache_port", "nginx"]),
        (["--enabled"], {"enabled": "true"}, ["apache", "apache_port"]),
        (["--disabled"], {"enabled": "false"}, ["nginx"]),
        (["--search", "a", "--kind", "package", "--enabled"], None, ["apache"]),
    ],
)
def test_the_cloud_is_asked_for_some_of_the_menu(admin, menu, published, words, query, names):
    told = admin("package", "menu", "list", *words, "-f", "value", "-c", "Name")
    assert told.out.split() == names
    (asked,) = menu.asked("GET", "/package-menu")
    assert query in (None, asked.query)


def test_a_long_menu_is_listed_whole(admin, side, menu):
    side.publish(*({"name": f"p{number:04}", "kind": "package"} for number in range(1003)))
    told = admin("package", "menu", "list", "-f", "value", "-c", "Name")
    assert told.out.split() == [f"p{number:04}" for number in range(1003)]
    assert [one.query.get("marker") for one in menu.asked("GET", "/package-menu")] == [None, "p0999"]


def test_values_are_readable_in_a_table(admin, side):
    side.publish({"name": "v", "kind": "variable", "type": "list", "default": ["a", "b"], "on_by_default": True})
    out = admin("package", "menu", "list").out
    assert "| a, b " in out
    assert "| true " in out
    assert "None" not in out


def test_an_entry_is_shown_with_all_that_it_says(admin, side):
    side.publish(
        APACHE | {"realisations": {"guest": {"debian": "apache2", "*": "httpd"}, "puppet": {"*": None}}},
        PORT,
        {"name": "web", "kind": "bundle", "contents": {"packages": ["apache"], "variables": {"apache_port": 8080}}},
    )
    names = {"guest:debian": "apache2", "guest:*": "httpd", "puppet:*": None}
    assert shown(admin, "apache")["realisations"] == names
    assert shown(admin, "web") | {"bundle_packages": ["apache"], "bundle_values": {"apache_port": 8080}} == shown(
        admin, "web"
    )
    port = shown(admin, "apache_port")
    assert (port["default"], port["packages"], port["enabled"]) == (80, ["apache"], True)
    assert list(port) == sorted(port)
    assert "guest:debian=apache2, guest:*=httpd, puppet:*=" in admin("package", "menu", "show", "apache").out


def test_an_entry_that_is_not_there_is_told(admin, published):
    told = admin("package", "menu", "show", "nothing")
    assert (told.code, told.out, told.err) == (1, "", "There is no entry nothing on the menu.\n")


@pytest.mark.parametrize("name", ["..", "a/b", "", "a?force=true", "projects", "ä"])
def test_what_can_be_no_name_is_not_sent_anywhere(admin, menu, name):
    for words in (["show", name], ["delete", name], ["set", name, "--title", "x"]):
        told = admin("package", "menu", *words)
        assert (told.code, told.out) == (1, "")
        assert told.err.endswith(f"{name}: no entry of a menu can have this name\n")
    assert menu.sent == []


def test_who_may_not_see_the_clouds_menu_is_told_so(alice, published):
    told = alice("package", "menu", "list")
    assert (told.code, told.out) == (1, "")
    assert "package_menu:list" in told.err


def test_a_cloud_without_a_menu_is_told_in_one_sentence(admin, menu):
    menu.has_menu = False
    for words in (["list"], ["show", "a"], ["create", "a", "--kind", "package"], ["set", "a", "--title", "b"]):
        assert tuple(vars(admin("package", "menu", *words)).values()) == (1, "", NOT_HERE)
    told = admin("package", "menu", "delete", "a", "b")
    assert (told.code, told.out, told.err) == (1, "", NOT_HERE)


# -- create


def test_a_package_is_created_with_what_it_is_called_elsewhere(admin, menu):
    told = admin(
        "package", "menu", "create", "apache", "--kind", "package", "--title", "Apache", "--description", "d",
        "--category", "web", "--on-by-default", "--disabled", "-f", "json",
        "--realisation", "guest:debian=apache2", "--realisation", "guest:*=httpd", "--realisation", "puppet:*=",
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    assert told.json["realisations"] == {"guest:debian": "apache2", "guest:*": "httpd", "puppet:*": None}
    (sent,) = menu.asked("POST", "/package-menu")
    assert sent.json == {
        "entry": {
            "name": "apache",
            "kind": "package",
            "title": "Apache",
            "description": "d",
            "category": "web",
            "on_by_default": True,
            "enabled": False,
            "realisations": {"guest": {"debian": "apache2", "*": "httpd"}, "puppet": {"*": None}},
        }
    }


def test_a_variable_is_created_with_values_of_its_type(admin, menu, published):
    told = admin(
        "package", "menu", "create", "apache_timeout", "--kind", "variable", "--type", "integer", "--default", "30",
        "--enum", "30", "--enum", "60", "--min", "1", "--max", "1e2", "--required", "--package", "apache",
        "--package", "nginx", "-f", "json",
    )  # fmt: skip
    assert told.code == 0, told.err
    (sent,) = menu.asked("POST", "/package-menu")
    assert sent.json["entry"] == {
        "name": "apache_timeout",
        "kind": "variable",
        "type": "integer",
        "default": 30,
        "enum": [30, 60],
        "min": 1,
        "max": 100,
        "required": True,
        "packages": ["apache", "nginx"],
    }
    assert told.json["default"] == 30


@pytest.mark.parametrize(("type_", "text", "value"), [("string", "1", "1"), ("boolean", "Off", False)])
def test_a_default_is_of_the_type_that_is_given_with_it(admin, menu, type_, text, value):
    told = admin("package", "menu", "create", "v", "--kind", "variable", "--type", type_, "--default", text)
    assert told.code == 0, told.err
    (sent,) = menu.asked("POST", "/package-menu")
    assert sent.json["entry"]["default"] == value


def test_what_may_be_chosen_are_texts(admin, menu):
    words = ("--kind", "variable", "--enum", "8.1", "--enum", "8.10")
    assert admin("package", "menu", "create", "v", "--type", "choice", "--default", "8.10", *words).code == 0
    assert admin("package", "menu", "create", "w", "--type", "list", "--default", "8.10,8.1", *words).code == 0
    assert [one.json["entry"]["enum"] for one in menu.changes] == [["8.1", "8.10"]] * 2
    assert [one.json["entry"]["default"] for one in menu.changes] == ["8.10", ["8.10", "8.1"]]


def test_a_bundles_values_are_of_its_variables_types(admin, menu, published):
    told = admin(
        "package", "menu", "create", "web", "--kind", "bundle", "--bundle-package", "apache",
        "--bundle-value", "apache_port=8080", "-f", "json",
    )  # fmt: skip
    assert told.code == 0, told.err
    (sent,) = menu.asked("POST", "/package-menu")
    assert sent.json["entry"]["contents"] == {"packages": ["apache"], "variables": {"apache_port": 8080}}
    assert told.json["bundle_values"] == {"apache_port": 8080}


def test_a_secret_default_does_not_stand_on_the_command_line(admin, menu, tmp_path):
    (tmp_path / "word").write_text("not told\n")
    words = ("package", "menu", "create", "--kind", "variable", "--type", "secret", "-f", "json")
    told = admin(*words, "--default", "@word", "password")
    assert told.code == 0, told.err
    assert "not told" not in told.out
    assert admin(*words, "--default", "-", "token", stdin="of a pipe").code == 0
    assert [one.json["entry"]["default"] for one in menu.asked("POST")] == ["not told", "of a pipe"]


def test_all_that_is_wrong_with_an_entry_is_told_a_line_each(admin, menu):
    told = admin(
        "package", "menu", "create", "v", "--kind", "variable", "--type", "boolean", "--min", "1", "--default", "yep",
        "--package", "apache",
    )  # fmt: skip
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines() == [
        "v: min, max: a variable of type boolean has none",
        "v: packages: apache is not on the menu, and no package",
    ]
    assert len(menu.asked("POST")) == 1


def test_a_name_that_is_taken_is_told(admin, published):
    told = admin("package", "menu", "create", "apache", "--kind", "package")
    assert (told.code, told.out, told.err) == (1, "", "There is an entry apache on the menu already.\n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--kind", "thing"], "argument --kind: invalid choice"),
        ([], "the following arguments are required: --kind"),
        (["--kind", "variable", "--type", "float"], "argument --type: invalid choice"),
        (["--kind", "variable", "--min", "few"], "argument --min: expected a number, not 'few'"),
        (["--kind", "package", "--realisation", "guest=x"], "expected driver:os=name, not 'guest=x'"),
        (["--kind", "package", "--realisation", "guest:debian"], "expected driver:os=name, not 'guest:debian'"),
        (["--kind", "bundle", "--bundle-value", "x"], "expected name=value, not 'x'"),
        (["--kind", "package", "--no-title"], "unrecognized arguments: --no-title"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_refused_before_anybody_is_asked(admin, menu, words, why):
    told = admin("package", "menu", "create", "a", *words)
    assert told.code == 2
    assert why in told.err
    assert menu.sent == []


# -- set


def test_what_is_set_is_changed_and_all_else_stays(admin, menu, published):
    told = admin("package", "menu", "set", "apache_port", "--title", "Port", "--default", "8080", "--max", "9000")
    assert (told.code, told.out, told.err) == (0, "", "")
    (sent,) = menu.changes
    assert (sent.method, sent.path) == ("PATCH", "/package-menu/apache_port")
    assert sent.json == {"entry": {"title": "Port", "default": 8080, "max": 9000}}
    assert of_entry(admin, "apache_port") == {
        "name": "apache_port",
        "kind": "variable",
        "type": "integer",
        "title": "Port",
        "default": 8080,
        "max": 9000,
        "packages": ["apache"],
        "enabled": True,
        "version": 2,
    }


def test_every_word_can_be_taken_back(admin, menu, side):
    whole = {
        "name": "v", "kind": "variable", "title": "t", "description": "d", "category": "c", "type": "string",
        "default": "a", "enum": ["a", "b"], "min": 1, "max": 2, "pattern": "[ab]", "required": True,
        "packages": ["p"], "on_by_default": True, "enabled": False, "realisations": {"guest": {"*": "x"}},
    }  # fmt: skip
    side.publish({"name": "p", "kind": "package"}, whole)
    words = ("title", "description", "category", "default", "enum", "min", "max", "pattern", "required", "package")
    words += ("on-by-default", "realisation")
    told = admin("package", "menu", "set", "v", *(f"--no-{word}" for word in words), "--enabled")
    assert told.code == 0, told.err
    left = {"name": "v", "kind": "variable", "type": "string", "enabled": True, "version": 2}
    assert of_entry(admin, "v") == left
    assert set(menu.changes[-1].json["entry"].values()) == {None, True}


def test_what_may_be_there_several_times_is_added(admin, side):
    side.publish(
        *({"name": name, "kind": "package"} for name in "pqr"),
        {
            "name": "v", "kind": "variable", "type": "choice", "enum": ["a"], "packages": ["p"],
            "realisations": {"guest": {"debian": "one", "*": "two"}, "puppet": {"*": "three"}},
        },
    )  # fmt: skip
    added = ("--enum", "b", "--enum", "a", "--package", "q", "--realisation", "guest:debian=1", "--realisation", "x:y=")
    assert admin("package", "menu", "set", "v", *added).code == 0
    entry = shown(admin, "v")
    assert (entry["enum"], entry["packages"]) == (["a", "b"], ["p", "q"])
    names = {"guest:debian": "1", "guest:*": "two", "puppet:*": "three", "x:y": None}
    assert entry["realisations"] == names
    words = ("--no-enum", "--enum", "c", "--no-package", "--package", "r", "--no-realisation", "--realisation", "a:b=c")
    assert admin("package", "menu", "set", "v", *words).code == 0
    entry = shown(admin, "v")
    assert (entry["enum"], entry["packages"], entry["realisations"]) == (["c"], ["r"], {"a:b": "c"})


def test_a_bundle_has_more_in_it_and_less(admin, menu, published):
    contents = {"packages": ["apache"], "variables": {"apache_port": 81}}
    published.publish({"name": "web", "kind": "bundle", "contents": contents})
    assert admin("package", "menu", "set", "web", "--bundle-package", "nginx").code == 0
    assert shown(admin, "web")["bundle_packages"] == ["apache", "nginx"]
    assert shown(admin, "web")["bundle_values"] == {"apache_port": 81}
    assert admin("package", "menu", "set", "web", "--bundle-value", "apache_port=82", "--no-bundle-package").code == 0
    assert menu.changes[-1].json == {"entry": {"contents": {"packages": [], "variables": {"apache_port": 82}}}}
    assert admin("package", "menu", "set", "web", "--no-bundle-value").code == 0
    assert shown(admin, "web")["bundle_values"] == {}


def test_where_nothing_is_to_be_set_nothing_is_sent(admin, menu, published):
    assert admin("package", "menu", "set", "apache").code == 0
    assert menu.changes == []


def test_what_somebody_else_has_added_meanwhile_is_not_lost(admin, menu, published):
    def other():
        published.publish({"name": "v", "kind": "variable", "type": "choice", "enum": ["a", "other"]})

    published.publish({"name": "v", "kind": "variable", "type": "choice", "enum": ["a"]})
    menu.meanwhile("PATCH", "/v", other)
    assert admin("package", "menu", "set", "v", "--enum", "b").code == 0
    assert shown(admin, "v")["enum"] == ["a", "other", "b"]
    first, second = menu.asked("PATCH", "/v")
    assert first.headers["If-Match"] != second.headers["If-Match"]


def test_who_is_always_slower_is_told_after_the_second_time(admin, menu, published):
    for title in ("b", "c"):
        menu.meanwhile("PATCH", "/apache", lambda title=title: published.publish(APACHE | {"title": title}))
    told = admin("package", "menu", "set", "apache", "--title", "a")
    assert (told.code, told.out) == (1, "")
    assert "This has changed since you read it" in told.err
    assert len(menu.asked("PATCH")) == 2
    assert shown(admin, "apache")["title"] == "c"


# -- delete


def test_entries_are_deleted_those_last_that_others_speak_of(admin, menu, published):
    told = admin("package", "menu", "delete", "apache", "apache_port")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert admin("package", "menu", "list", "-f", "value", "-c", "Name").out.split() == ["nginx"]
    gone = [one.path for one in menu.asked("DELETE")]
    assert gone == ["/package-menu/apache", "/package-menu/apache_port", "/package-menu/apache"]


def test_what_is_in_use_is_deleted_with_force_only(admin, menu, published):
    published.offer("apache")
    told = admin("package", "menu", "delete", "apache", "apache_port", "nothing", "nginx")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines() == [
        "apache: Entry apache is in use by 1 project; with --force it is removed all the same.",
        "nothing: There is no entry nothing on the menu.",
    ]
    assert admin("package", "menu", "delete", "--force", "apache").code == 0
    assert menu.changes[-1].query == {"force": "true"}
    assert admin("package", "menu", "list", "-f", "value").out == ""
