"""The driver puppet without a Puppet: its forms, what it tells, and what stops the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glance_related.deliveries.delivery import Done, Refused
from glance_related.package_menu.drivers.driver import Package, Variable
from glance_related.package_menu.drivers.puppet import PuppetDriver
from glance_related.package_menu.drivers.puppet_text import literal
from glance_related.settings.options import ConfigError
from glance_related.testing.package_driver_suite import server, variable

DB, WEB = Package("database", "postgresql::server"), Package("web", "apache")


def driver(**more: Any) -> PuppetDriver:
    known = {"certname": "{instance_id}", "manifests": None, "compile": None, "compile_seconds": 60}
    return PuppetDriver({**known, "environment": None, **more})


def test_puppet_is_told_classes_with_their_parameters_and_variables_of_the_top_scope() -> None:
    variables = [variable("port", 80, "apache"), variable("role", "front"), variable("x", 1, "apache", DB.realised)]
    assert driver().document(server(), [WEB, DB], variables) == {
        "classes": {"apache": {"port": 80, "x": 1}, "postgresql::server": {"x": 1}},
        "parameters": {"role": "front"},
    }
    assert driver(environment="testenv").document(server(), [WEB], []) == {
        "classes": {"apache": None},
        "parameters": {},
        "environment": "testenv",
    }


def test_who_comes_for_what(tmp_path: Path) -> None:
    asked = driver()
    assert (asked.is_pulled, asked.certnames is not None) == (True, True)
    compiled = driver(compile="puppet catalog compile {certname}")
    assert (compiled.is_pulled, compiled.certnames is not None) == (False, True)
    folder = driver(manifests=str(tmp_path))
    assert (folder.is_pulled, folder.certnames) == (False, None)
    with pytest.raises(Refused, match="asks for none"):
        folder.document(server(), [], [])


def test_what_compiles_is_told_the_same_as_what_is_asked_for(tmp_path: Path) -> None:
    """In either form the command runs after each change, and with nothing to compile there is nothing to say."""
    command = tmp_path / "compile"
    command.write_text(f'#!/bin/sh\necho "$1" >>"{tmp_path}/seen"\nls "{tmp_path}/servers" >>"{tmp_path}/seen"\n')
    command.chmod(0o755)
    (tmp_path / "servers").mkdir()
    one = server()
    for more in ({}, {"manifests": str(tmp_path / "servers")}):
        assert driver(compile=f"{command} {{certname}}", **more).configure_packages(one, [WEB], []) == Done()
    name = one.ref.instance_id
    assert (tmp_path / "seen").read_text().split() == [name, name, f"{name}.pp"]


def test_what_is_compiled_in_vain_is_in_place_all_the_same(tmp_path: Path) -> None:
    made = driver(manifests=str(tmp_path), compile="sh -c 'echo Error: no >&2; exit 1' {certname}")
    one = server()
    with pytest.raises(Refused, match=r"^no$"):
        made.configure_packages(one, [WEB], [])
    assert made.read_back(one) is not None
    assert made.remove(one) == Done()
    assert made.read_back(one) is None


def test_everything_that_puppet_would_not_take_is_told_at_once_in_the_menus_words(tmp_path: Path) -> None:
    packages = [Package("web", "Apache"), Package("db-1", "db-1"), WEB]
    variables = [Variable("port", "http-port", 80), Variable("trusted", "trusted", 1), variable("fine", 1)]
    for made in (driver(manifests=str(tmp_path)), driver(compile="false {certname}")):
        with pytest.raises(Refused) as caught:
            made.configure_packages(server(), packages, variables)
        for word in ("Apache (web on the menu)", "db-1 cannot", "http-port (port on the menu)", "trusted cannot"):
            assert word in str(caught.value)
        assert "fine" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["settings", "main", "::web", "web::", "web::::x", "Web", "9web", "we-b", "we.b", "wéb"]
)
def test_what_cannot_be_a_class_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="cannot be a class"):
        driver().document(server(), [Package("entry", name)], [])


@pytest.mark.parametrize(
    "name", ["trusted", "facts", "title", "true", "Port", "_x", "9x", "a::b", "a-b", "a.b", "é", ""]
)
@pytest.mark.parametrize("packages", [[], ["apache"]])
def test_what_cannot_be_a_variable_is_refused(name: str, packages: list[str]) -> None:
    with pytest.raises(Refused, match="cannot be a variable"):
        driver().document(server(), [WEB], [Variable("entry", name, 1, packages)])


def test_parameters_of_one_class_that_differ_in_case_are_one_to_puppet() -> None:
    both = [variable("aB", 1, "apache"), variable("ab", 1, "apache")]
    with pytest.raises(Refused, match="does not tell the parameter ab from aB"):
        driver().document(server(), [WEB], both)
    driver().document(server(), [WEB, DB], [both[0], variable("ab", 1, DB.realised)])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", "'it\\'s'"),
        ("a\\", "'a\\\\'"),
        ("\\'", "'\\\\\\''"),
        ("a\nb", "'a\nb'"),
        ('${x} "', "'${x} \"'"),
        (True, "true"),
        (False, "false"),
        (-5, "-5"),
        (1e16, "1e16"),
        (1e-07, "1e-07"),
        (1.0, "1.0"),
        (["a", "b'"], "['a', 'b\\'']"),
        ([], "[]"),
    ],
)
def test_a_value_in_puppets_language(value: Any, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"certname": "{name}"}, "certname must have"),
        ({"environment": "Prod"}, "environment must have"),
        ({"environment": "prod", "manifests": "/x"}, "with glance-related-enc only"),
        ({"compile": "puppet"}, "compile must be a command"),
    ],
)
def test_a_wrong_option_stops_the_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        driver(**settings)
    assert str(caught.value).startswith("[package_menu_puppet]")


def test_an_operator_is_told_of_everything(tmp_path: Path) -> None:
    made = driver(certname="{hostname}", manifests=str(tmp_path / "away"), compile="no-such-command {certname}")
    customers, folder, command = made.check()
    assert "customers choose" in customers
    assert "does not exist" in folder
    assert "no-such-command" in command
    assert driver().check() == []
