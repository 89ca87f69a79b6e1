"""``etc/package-menu.yaml`` is taken by the cloud as it stands, and what the manuals say to try can be typed."""

from __future__ import annotations

import inspect
import re
import shlex
import shutil
import threading

import pytest
import yaml

from glance_related import osc, package_menu
from glance_related.osc.package_menu import status
from glance_related.package_menu.entry import KINDS, TYPES
from tests.filters.conftest import ADMIN
from tests.project.source import PROJECT
from tests.unit.osc.conftest import COMMANDS

EXAMPLE = PROJECT / "etc" / "package-menu.yaml"


def typed(manual):
    """What a manual says to type of ours, and as whom: each as its words, without what the shell makes of them."""
    text = inspect.getdoc(manual).partition("\nTry it\n")[2].partition("\nLimits\n")[0].replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        line = re.sub(r"\$\(sed [^)]*\)", " ".join(entries()), line.strip())
        command = re.search(r"\bopenstack .*?(?= \|\|? | >|;|\)|$)", line)
        if command or line.startswith(". "):
            found.append(shlex.split(command[0] if command else line, comments=True))
    ours = tuple(f"openstack {name} " for name in COMMANDS)
    return [words for words in found if words[0] == "." or " ".join(words).startswith(ours)]


def entries():
    return {entry["name"]: entry for entry in yaml.safe_load(EXAMPLE.read_text())["entries"]}


# -- the example


def test_the_example_is_taken_tried_first_and_exported_as_it_stands(admin, menu):
    tried = admin("package", "menu", "import", "--dry-run", str(EXAMPLE), "-f", "json")
    assert (tried.code, tried.err) == (0, "")
    assert menu.changes[-1].json["dry_run"] is True
    done = admin("package", "menu", "import", str(EXAMPLE), "-f", "json")
    assert (done.code, done.out) == (0, tried.out)
    assert {row["Name"] for row in done.json} == set(entries())
    again = admin("package", "menu", "import", str(EXAMPLE), "-f", "json")
    assert (again.code, again.json) == (0, [])
    exported = yaml.safe_load(admin("package", "menu", "export").out)["entries"]
    assert {entry["name"]: entry for entry in exported} == entries()


def test_the_example_shows_everything_that_there_is():
    found = entries().values()
    assert {entry["kind"] for entry in found} == set(KINDS)
    assert {entry["type"] for entry in found if entry["kind"] == "variable"} == set(TYPES)
    words = {word for entry in found for word in entry}
    assert {"min", "max", "pattern", "enum", "required", "packages", "on_by_default", "realisations"} <= words
    drivers = {driver: set(names) for entry in found for driver, names in entry.get("realisations", {}).items()}
    assert set(drivers) == {"guest", "puppet"}
    apache = entries()["apache"]["realisations"]["guest"]
    assert {"debian", "ubuntu", "fedora"} <= set(apache)
    assert "enabled" in EXAMPLE.read_text()
    assert not [entry for entry in found if entry.get("type") == "secret" and "default" in entry]


def test_a_project_that_is_given_a_package_of_the_example_has_its_variables_with_it(admin, alice, side, menu):
    assert admin("package", "menu", "import", str(EXAMPLE)).code == 0
    assert admin("project", "package", "set", "--state", "available", "alice", "postgresql").code == 0
    server = side.booted(name="web-1")
    assert side.settings(server)["package_variables"] == {}
    told = alice("server", "package", "add", "web-1", "postgresql")
    assert (told.code, told.err) == (1, "postgresql_password: package postgresql needs a value for it\n")
    words = ("server", "package", "add", "web-1", "postgresql", "postgresql_password=-")
    assert alice(*words, stdin="long enough to be one\n").code == 0
    settings = side.settings(server)
    assert settings["packages"] == ["postgresql"]
    assert settings["package_variables"] == {"postgresql_password": None, "postgresql_random_page_cost": 4.0}


def test_the_bundle_of_the_example_brings_what_it_says(admin, alice, side, menu):
    assert admin("package", "menu", "import", str(EXAMPLE)).code == 0
    names = ("web_with_database", "nginx", "postgresql")
    assert admin("project", "package", "set", "--state", "available", "alice", *names).code == 0
    server = side.booted(name="web-1")
    words = ("server", "package", "add", "web-1", "web_with_database", "postgresql_password=long enough to be")
    assert alice(*words).code == 0
    settings = side.settings(server)
    assert settings["packages"] == ["nginx", "postgresql"]
    values = settings["package_variables"]
    assert (values["web_keepalive"], values["postgresql_random_page_cost"]) == (False, 1.1)


# -- what the manuals say to try


@pytest.mark.parametrize("manual", [package_menu, osc], ids=["package_menu", "osc"])
def test_every_command_of_ours_that_a_manual_says_to_try_can_be_typed(manual):
    lines = [words for words in typed(manual) if words[0] == "openstack"]
    found = [(name, words) for words in lines for name in COMMANDS if " ".join(words[1:]).startswith(f"{name} ")]
    assert len(found) > 5
    for name, words in found:
        COMMANDS[name](None, None).get_parser(name).parse_args(words[1 + len(name.split()) :])


def test_what_the_manual_of_the_menu_says_to_try_does_what_it_says(alice, side, menu, monkeypatch, tmp_path):
    monkeypatch.setattr(status, "FIRST_PAUSE", 0.02)
    shutil.copytree(EXAMPLE.parent, tmp_path / "etc")
    is_over = threading.Event()

    def work():
        while not is_over.wait(0.05):
            side.deliver()

    worker = threading.Thread(target=work)
    worker.start()
    told = {}
    try:
        for words in typed(package_menu):
            if words[0] == ".":
                who = re.sub(r".*/rc-", "", words[1])
            elif words[1:3] == ["server", "boot"]:  # of a flavor and an image that are not there
                side.booted(name=words[-1], packages=["apache"], package_variables={"apache_port": 8080})
            else:
                told[" ".join(words[1:])] = alice(*words[1:], who=who)
    finally:
        is_over.set()
        worker.join()
    refused = told.pop("server package add with-packages apache_port=99999 no_such_thing")
    assert (refused.code, refused.out) == (1, "")
    assert sorted(refused.err.splitlines()) == [
        "apache_port: it must be at most 65535",
        "no_such_thing: it is not on the menu of this project",
    ]
    assert {line: one.err for line, one in told.items() if one.code} == {}
    listed = told["server package list with-packages -f value -c Name -c Value -c Origin"].out
    assert "apache_port 8080 instance" in listed
    assert "8081" in told["server package history with-packages -f value -c Name -c After"].out
    assert side.ask("GET", "/package-menu", who=ADMIN).json["package_menu"] == [], "the administrator takes it all away"
