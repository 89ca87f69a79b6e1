"""``openstack package menu export`` and ``import``: the menu as a file, and what an import changes."""

from __future__ import annotations

import json

import pytest
import yaml

from glance_related.osc.package_menu import menu_files
from tests.filters.conftest import ADMIN

APACHE = {"name": "apache", "kind": "package", "title": "Apache", "category": "web"}
PORT = {"name": "apache_port", "kind": "variable", "type": "integer", "default": 80, "packages": ["apache"]}
WEB = {"name": "web", "kind": "bundle", "contents": {"packages": ["apache"], "variables": {"apache_port": 8080}}}


def imported(admin, text, *words):
    return admin("package", "menu", "import", "-f", "json", *words, "-", stdin=text)


def rows(told):
    """What was printed, without the names of columns."""
    assert told.code == 0, told.err
    return [tuple(row.values()) for row in told.json]


@pytest.mark.parametrize(
    "text",
    ['- !!int ""', "- !!bool maybe", "[" * 100_000, "\n".join(["a0: &a0 [x]", *(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)
    )])],
    ids=["number", "boolean", "deep", "aliases"],
)  # fmt: skip
def test_a_file_that_is_none_is_told_in_a_sentence(admin, side, text):
    for words in (("package", "menu", "import", "-"), ("server", "package", "config", "--file", "-", "one")):
        told = admin(*words, stdin=text)
        assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
        assert told.err.startswith("standard input ")
    assert names(admin) == []


def names(admin):
    return admin("package", "menu", "list", "-f", "value", "-c", "Name").out.split()


# -- export


def test_a_menu_is_exported_in_the_order_in_which_one_reads_it(admin, side):
    zsh = {"name": "zsh", "kind": "package"}
    side.publish(WEB, PORT, zsh, APACHE)
    told = admin("package", "menu", "export")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[:5] == [
        "entries:",
        "- name: apache",
        "  kind: package",
        "  title: Apache",
        "  category: web",
    ]
    assert yaml.safe_load(told.out) == {"entries": [APACHE, zsh, PORT, WEB]}


def test_it_is_exported_as_json_where_that_is_asked_for(admin, side, tmp_path):
    side.publish(APACHE)
    assert json.loads(admin("package", "menu", "export", "--json").out) == {"entries": [APACHE]}
    told = admin("package", "menu", "export", "menu.json")
    assert (told.code, told.out) == (0, "")
    assert json.loads((tmp_path / "menu.json").read_text()) == {"entries": [APACHE]}
    assert admin("package", "menu", "export", "menu.yaml").code == 0
    assert yaml.safe_load((tmp_path / "menu.yaml").read_text()) == {"entries": [APACHE]}


def test_what_says_something_is_exported_however_little_that_is(admin, side):
    entries = [
        {"name": "p", "kind": "package", "enabled": False, "on_by_default": True},
        {"name": "b", "kind": "variable", "type": "boolean", "default": False},
        {"name": "i", "kind": "variable", "type": "integer", "default": 0, "min": 0, "required": True},
        {"name": "l", "kind": "variable", "type": "list", "default": []},
        {"name": "t", "kind": "variable", "type": "text", "default": "two\nlines\n"},
    ]
    side.publish(*entries)
    out = admin("package", "menu", "export").out
    exported = {entry["name"]: entry for entry in yaml.safe_load(out)["entries"]}
    assert exported == {entry["name"]: entry for entry in entries}
    assert "  default: |\n    two\n    lines\n" in out


def test_a_file_that_cannot_be_written_is_told(admin, side):
    told = admin("package", "menu", "export", "/nowhere/menu.yaml")
    assert (told.code, told.err) == (1, "/nowhere/menu.yaml cannot be written: No such file or directory.\n")


def test_what_was_exported_changes_nothing_and_brings_back_what_was(admin, side, menu, tmp_path):
    secret = {"name": "s", "kind": "variable", "type": "secret", "default": "not told"}
    side.publish(WEB, PORT, APACHE, secret)
    admin("package", "menu", "export", "menu.yaml")
    assert "not told" not in (tmp_path / "menu.yaml").read_text()
    assert rows(admin("package", "menu", "import", "menu.yaml", "-f", "json")) == []
    before = side.ask("GET", "/package-menu", who=ADMIN).json
    side.publish(PORT | {"default": 81, "max": 9999, "title": "Port"}, {"name": "new", "kind": "package"})
    told = admin("package", "menu", "import", "--remove-others", "menu.yaml", "-f", "json")
    assert rows(told) == [
        ("apache_port", "changed", "title", "Port", ""),
        ("apache_port", "changed", "default", 81, 80),
        ("apache_port", "changed", "max", 9999, None),
        ("new", "removed", None, None, None),
    ]
    after = side.ask("GET", "/package-menu", who=ADMIN).json
    for entry in (*before["package_menu"], *after["package_menu"]):
        del entry["version"]
    assert after == before
    assert side.books.menu.of_project("p").menu.menu.entries["s"].default is not None


# -- import


def test_a_dry_run_lists_each_word_with_what_it_was_and_would_be_and_changes_nothing(admin, side, menu):
    side.publish(APACHE, PORT)
    menu.sent.clear()
    text = """
entries:
  - {name: apache, kind: package, title: Apache httpd, category: web, realisations: {guest: {debian: apache2}}}
  - {name: apache_port, kind: variable, type: integer, default: 8080, packages: [apache]}
  - {name: nginx, kind: package, on_by_default: yes}
"""
    told = imported(admin, text, "--dry-run")
    assert rows(told) == [
        ("apache", "changed", "title", "Apache", "Apache httpd"),
        ("apache", "changed", "realisations", {}, {"guest:debian": "apache2"}),
        ("apache_port", "changed", "default", 80, 8080),
        ("nginx", "created", "kind", None, "package"),
        ("nginx", "created", "on_by_default", None, True),
    ]
    assert list(told.json[0]) == ["Name", "Change", "Field", "Before", "After"]
    assert [(one.method, one.json["dry_run"]) for one in menu.changes] == [("POST", True)]
    assert names(admin) == ["apache", "apache_port"]


def test_an_import_lists_the_same_and_does_it(admin, menu):
    text = json.dumps([APACHE, PORT, WEB])
    tried, done = imported(admin, text, "--dry-run"), imported(admin, text)
    assert rows(tried) == rows(done)
    assert ("web", "created", "bundle_values", None, {"apache_port": 8080}) in rows(done)
    assert names(admin) == ["apache", "apache_port", "web"]
    assert rows(imported(admin, text)) == []
    assert [one.json["entries"] for one in menu.changes] == [[APACHE, PORT, WEB]] * 3


def test_what_the_file_does_not_say_of_an_entry_is_taken_back(admin, side, menu):
    side.publish(APACHE, PORT | {"title": "Port", "required": True, "realisations": {"guest": {"*": "x"}}})
    told = imported(admin, json.dumps([APACHE, {"name": "apache_port", "kind": "variable", "type": "integer"}]))
    assert rows(told) == [
        ("apache_port", "changed", "title", "Port", ""),
        ("apache_port", "changed", "default", 80, None),
        ("apache_port", "changed", "required", True, False),
        ("apache_port", "changed", "packages", ["apache"], []),
        ("apache_port", "changed", "realisations", {"guest:*": "x"}, {}),
    ]
    taken_back = dict.fromkeys(("title", "default", "required", "packages", "realisations"))
    assert menu.changes[-1].json["entries"][1] == {"name": "apache_port", "kind": "variable", "type": "integer"} | (
        taken_back
    )


def test_others_are_taken_off_the_menu_where_that_is_asked_for_only(admin, side, menu):
    side.publish(APACHE, PORT)
    side.offer("apache")
    text = json.dumps([{"name": "nginx", "kind": "package"}])
    assert rows(imported(admin, text, "--dry-run", "--remove-others"))[:2] == [
        ("apache", "removed", None, None, None),
        ("apache_port", "removed", None, None, None),
    ]
    assert rows(imported(admin, text)) == [("nginx", "created", "kind", None, "package")]
    assert names(admin) == ["apache", "apache_port", "nginx"]
    assert len(rows(imported(admin, text, "--remove-others"))) == 2
    assert names(admin) == ["nginx"]


def test_a_secret_is_never_listed(admin, side):
    secret = {"name": "s", "kind": "variable", "type": "secret", "default": "first"}
    told = imported(admin, json.dumps([secret]))
    assert ("s", "created", "default", None, "***") in rows(told)
    again = imported(admin, json.dumps([secret | {"default": "second"}]))
    assert rows(again) == [("s", "changed", "default", "***", "***")]
    assert "first" not in told.out + again.out
    assert "second" not in again.out


def test_values_in_yaml_are_texts_where_their_type_is_one(admin, menu):
    text = """
- {name: release, kind: variable, type: choice, enum: [1.9, 1.10, yes], default: 1.10, title: 2024-01-01}
- {name: flag, kind: variable, type: boolean, default: yes}
- {name: names, kind: variable, type: list, default: [1.10, no]}
- {name: share, kind: variable, type: number, default: 1.10, max: 2}
- name: 443
  kind: bundle
  contents: {variables: {release: 1.9, share: 1.5, names: [2.0]}}
"""
    assert imported(admin, text).code == 0
    release, flag, names_, share, bundle = menu.changes[-1].json["entries"]
    assert (release["enum"], release["default"], release["title"]) == (["1.9", "1.10", "yes"], "1.10", "2024-01-01")
    assert (flag["default"], names_["default"], share["default"]) == (True, ["1.10", "no"], 1.1)
    assert bundle["name"] == "443"
    assert bundle["contents"]["variables"] == {"release": "1.9", "share": 1.5, "names": ["2.0"]}


def test_all_that_is_wrong_in_a_file_is_told_a_line_each_and_nothing_is_changed(admin, side, menu):
    text = """
- {name: v, kind: variable, type: integer, default: many, packages: [nothing]}
- {name: p, kind: package, colour: red}
- {name: ok, kind: package}
- kind: package
- text
"""
    told = imported(admin, text)
    assert (told.code, told.out) == (1, "")
    lines = told.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["p", "entry 4", "entry 5", "v"]
    assert "p: Additional properties are not allowed ('colour' was unexpected)" in lines
    assert names(admin) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "standard input is neither JSON nor YAML: "),
        ("", "standard input holds no list of entries, nor an object with nothing but 'entries' in it."),
        ("entries: {}", "standard input holds no list of entries, nor an object with nothing but 'entries' in it."),
        ("entries: []\nother: 1", "standard input holds no list of entries, nor an object with"),
        ("- {name: a, kind: package, name: b}", "standard input has name twice."),
    ],
)
def test_a_file_that_is_none_is_told_before_anybody_is_asked(admin, menu, text, why):
    told = imported(admin, text)
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith(why)
    assert menu.sent == []


def test_a_file_that_is_not_there_is_told(admin, menu):
    told = admin("package", "menu", "import", "none.yaml")
    assert (told.code, told.err) == (1, "none.yaml cannot be read: No such file or directory.\n")


# -- in parts


def large(number=400, size=600):
    """A file over the limit, with all that refers to something before it: bundles, variables, packages."""
    packages = [{"name": f"p{n}", "kind": "package", "description": "x" * size} for n in range(number)]
    variables = [
        {"name": f"v{n}", "kind": "variable", "type": "integer", "default": 1, "packages": [f"p{n}"]}
        for n in range(number)
    ]
    bundles = [
        {"name": f"b{n}", "kind": "bundle", "contents": {"packages": [f"p{n}"], "variables": {f"v{n}": 2}}}
        for n in range(0, number, 50)
    ]
    return [*bundles, *variables, *packages]


def posts(menu, *, dry):
    return [one.json for one in menu.asked("POST", "/package-menu") if one.json.get("dry_run", False) is dry]


def test_a_large_file_is_tried_in_parts_and_then_sent_in_parts(admin, menu):
    entries = large()
    told = imported(admin, json.dumps(entries))
    assert {row[0] for row in rows(told)} == {entry["name"] for entry in entries}
    tried, sent = posts(menu, dry=True), posts(menu, dry=False)
    assert 2 < len(sent) == len(tried)
    assert [one.json.get("dry_run", False) for one in menu.changes] == [True] * len(tried) + [False] * len(sent)
    assert all(len(json.dumps(one)) < 112 * 1024 for one in (*tried, *sent))
    assert sorted(entry["name"] for one in sent for entry in one["entries"]) == sorted(one["name"] for one in entries)
    assert len(names(admin)) == len(entries)
    assert rows(imported(admin, json.dumps(entries))) == []


def test_a_dry_run_of_a_large_file_changes_nothing(admin, side, menu):
    side.publish({"name": "other", "kind": "package"})
    menu.sent.clear()
    entries = large()
    told = imported(admin, json.dumps(entries), "--dry-run", "--remove-others")
    found = rows(told)
    assert {row[0] for row in found if row[1] == "created"} == {entry["name"] for entry in entries}
    assert len([row for row in found if row[2] == "kind"]) == len(entries), "something is listed twice"
    assert ("other", "removed", None, None, None) in found
    assert posts(menu, dry=False) == menu.asked("DELETE") == []
    assert names(admin) == ["other"]


def test_mistakes_in_any_part_of_a_large_file_are_told_together_and_nothing_is_changed(admin, menu):
    entries = large()
    entries[0]["contents"]["variables"]["v0"] = "two"
    entries[-1]["colour"] = "red"
    told = imported(admin, json.dumps(entries))
    assert (told.code, told.out) == (1, "")
    assert sorted(line.partition(":")[0] for line in told.err.splitlines()) == ["b0", "p399"]
    assert posts(menu, dry=False) == []
    assert names(admin) == []


def test_a_type_and_the_values_of_a_bundle_change_together_in_a_large_file(admin, side, menu):
    entries = large()
    assert imported(admin, json.dumps(entries)).code == 0
    for entry in entries:
        if entry["name"] == "v0":
            entry |= {"type": "boolean", "default": True}
        if entry["name"] == "b0":
            entry["contents"]["variables"]["v0"] = False
    told = imported(admin, json.dumps(entries))
    assert ("b0", "changed", "bundle_values", {"v0": 2}, {"v0": False}) in rows(told)


def test_others_are_taken_off_the_menu_after_a_large_file(admin, side, menu):
    side.publish({"name": "other", "kind": "package"}, {"name": "touched", "kind": "package"})
    side.offer("other")
    menu.sent.clear()
    changed = {"name": "touched", "kind": "package", "title": "by somebody else, meanwhile"}
    menu.meanwhile("DELETE", "/other", lambda: side.publish(changed))
    told = imported(admin, json.dumps(large()), "--remove-others")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("touched: This has changed since you read it")
    assert "other" not in names(admin)
    assert "touched" in names(admin)
    assert imported(admin, json.dumps(large()), "--remove-others").code == 0
    assert "touched" not in names(admin)


def test_another_that_somebody_has_taken_off_the_menu_meanwhile_is_gone_as_well(admin, side, menu):
    side.publish({"name": "first", "kind": "package"}, {"name": "second", "kind": "package"})
    path = "/package-menu/second?force=true"
    menu.meanwhile("DELETE", "/first", lambda: side.ask("DELETE", path, who=ADMIN))
    told = imported(admin, json.dumps(large()), "--remove-others")
    assert (told.code, told.err) == (0, "")
    assert len(names(admin)) == len(large())


def test_a_part_that_fails_after_all_is_told_with_how_far_it_has_come(admin, menu):
    text = json.dumps(large())
    assert imported(admin, text, "--dry-run").code == 0
    number = len(menu.asked("POST"))

    def lose_the_second_that_is_sent():
        if len(posts(menu, dry=False)) == 2:
            menu.has_menu = False
        menu.meanwhile("POST", "/package-menu", lose_the_second_that_is_sent)

    lose_the_second_that_is_sent()
    told = imported(admin, text)
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines() == [
        f"1 of {number} parts of the file are on the menu: import it again.",
        "This cloud has no package menu: nothing in front of its Nova knows it.",
    ]
    menu.has_menu = True
    menu.before.clear()
    assert 0 < len(names(admin)) < len(large())
    assert imported(admin, text).code == 0
    assert len(names(admin)) == len(large())


def test_a_large_file_with_a_name_twice_is_refused_as_a_small_one(admin, menu):
    entries = large()
    told = imported(admin, json.dumps([*entries, entries[0], entries[-1]]))
    assert (told.code, told.err) == (1, "b0: it is named twice\np399: it is named twice\n")
    told = imported(admin, json.dumps([*entries, "text", {"kind": "package"}]))
    assert told.err == "entry 809: it must be an object with a name\nentry 810: it must be an object with a name\n"
    assert menu.changes == []


def test_what_must_go_together_and_is_too_large_is_told(admin, menu):
    variables = [{"name": f"v{n}", "kind": "variable", "type": "string", "description": "x" * 500} for n in range(250)]
    bundle = {"name": "b", "kind": "bundle", "contents": {"variables": {f"v{n}": "a" for n in range(250)}}}
    told = imported(admin, json.dumps([*variables, bundle]))
    assert (told.code, told.out) == (1, "")
    assert f"must go into one request, which takes {menu_files.LIMIT} bytes: there are 14" in told.err
    assert menu.changes == []
