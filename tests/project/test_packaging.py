"""The wheel: what is in it, what it asks for, and that it moves nothing where Glance is installed already."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.project.source import PACKAGE, PROJECT, lines_of, modules, setup_cfg

#: Too slow for the inner loop: real packages, and a real Glance that is built of them.
pytestmark = pytest.mark.real

CONSTRAINTS = sorted((PROJECT / "tools").glob("constraints-*.txt"))
REQUIRED = [Requirement(line) for line in lines_of("options", "install_requires")]
EXTRAS = [
    Requirement(line)
    for extra in setup_cfg()["options.extras_require"]
    for line in lines_of("options.extras_require", extra)
]
# What a driver needs, and nobody who does without it; the extra that asks for it.
OF_DRIVERS = {"ldap3": "ldap"}
# Distributions whose modules go by another name.
MODULES = {"pastedeploy": "paste", "sqlalchemy": "sqlalchemy", "webob": "webob", "routes": "routes"}


def _pip(*words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    # a configured place of packages is a place to fetch from, and here nothing is to be fetched
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        environment.pop(name, None)
    argv = [sys.executable, "-m", "pip", *map(str, words)]
    environment["PIP_CONFIG_FILE"] = os.devnull
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, for setuptools leaves things beside the sources; its version says that it is no release."""
    source = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    shutil.copytree(PACKAGE, source / "glance_related", ignore=shutil.ignore_patterns("__pycache__"))
    text = (source / "setup.cfg").read_text()
    version = setup_cfg()["metadata"]["version"]
    (source / "setup.cfg").write_text(text.replace(f"version = {version}\n", f"version = {version}+tests\n"))
    out = tmp_path_factory.mktemp("wheel")
    done = _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", out, source)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_module_and_the_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"glance_related/{module.path}" for module in modules()}
    wanted |= {"glance_related/py.typed", "glance_related/db/alembic/script.py.mako"}
    assert wanted <= names
    revisions = [name for name in names if name.startswith("glance_related/db/alembic/versions/0")]
    assert len(revisions) == len(list((PACKAGE / "db" / "alembic" / "versions").glob("0*.py"))) > 0
    others = {name for name in names if not name.startswith(("glance_related/", "glance_related-"))}
    assert not others, "the wheel would install other packages too"


def test_the_wheel_is_under_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        (licence,) = [name for name in archive.namelist() if name.endswith("/LICENSE")]
        text = archive.read(metadata).decode()
        assert archive.read(licence) == (PROJECT / "LICENSE").read_bytes()
    assert "License: Apache-2.0" in text or "License-Expression: Apache-2.0" in text
    assert "License-File: LICENSE" in text
    assert "# glance_related" in text  # the README is its description


def test_the_wheels_own_migrations_make_the_tables(wheel: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    conf = tmp_path / "glance-related.conf"
    conf.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/suite.sqlite\n")
    code = (
        "import sys, glance_related; from glance_related.cmd.manage import main; print(glance_related.__file__);"
        "sys.exit(main(sys.argv[1:]))"
    )
    argv = [sys.executable, "-c", code, "--config-file", str(conf), "db", "upgrade"]
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(unpacked))
    assert (tmp_path / "suite.sqlite").exists()


def test_where_glance_is_installed_only_the_suite_itself_would_be(wheel: Path) -> None:
    """Without an index, so that anything that had to be fetched or moved would be an error."""
    done = _pip("install", "--dry-run", "--no-index", "--quiet", "--report", "-", wheel)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert [canonicalize_name(item["metadata"]["name"]) for item in report["install"]] == ["glance-related"]


def test_what_the_suite_asks_for_glance_asks_for_too() -> None:
    closure = _closure("glance")
    assert {canonicalize_name(requirement.name) for requirement in REQUIRED} <= closure


def _closure(name: str) -> set[str]:
    """A distribution and all that it needs, as installed here."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = canonicalize_name(waiting.pop())
        if one in found:
            continue
        try:
            needs = importlib.metadata.requires(one) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform
        found.add(one)
        waiting += [r.name for r in map(Requirement, needs) if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def test_the_wheel_holds_what_the_page_is_made_of(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    page = PACKAGE / "package_menu" / "page"
    made_of = [*page.glob("templates/*"), *page.glob("static/*")]
    assert len(made_of) > 10
    assert {f"glance_related/{path.relative_to(PACKAGE)}" for path in made_of} <= names


def test_where_glance_or_nova_is_the_page_has_its_templates_engine() -> None:
    assert lines_of("options.extras_require", "page") == ["Jinja2>=3.1"]
    assert "jinja2" in _closure("nova")


def test_what_is_asked_for_is_imported_and_what_is_imported_is_asked_for() -> None:
    imported = {
        name.partition(".")[0]
        for module in modules()
        if module.room not in ("client", "osc", "testing")  # their users have an extra of that name, or `test`
        for name in module.imports
        if not (module.path.startswith("package_menu/page/") and name.partition(".")[0] == "jinja2")  # the same
    } - set(sys.stdlib_module_names)
    asked = {_module_of(requirement) for requirement in REQUIRED}
    assert imported - {"glance_related"} - set(OF_DRIVERS) == asked
    for library, extra in OF_DRIVERS.items():
        assert library in imported
        assert [Requirement(line).name for line in lines_of("options.extras_require", extra)] == [library]


@pytest.mark.parametrize(
    ("room", "imports", "asks"),
    [
        ("client", {"openstack"}, {"openstacksdk"}),
        (
            "osc",
            {"openstack", "openstackclient", "osc_lib", "yaml"},
            {"openstacksdk", "python-openstackclient", "PyYAML"},
        ),
    ],
)
def test_an_extra_asks_for_what_its_room_imports_and_for_no_more(room: str, imports: set[str], asks: set[str]) -> None:
    imported = {name.partition(".")[0] for module in modules() if module.room == room for name in module.imports} - set(
        sys.stdlib_module_names
    )
    asked = {Requirement(line).name for line in lines_of("options.extras_require", room)}
    assert (imported - {"glance_related"}, asked) == (imports, asks)


def _module_of(requirement: Requirement) -> str:
    name = canonicalize_name(requirement.name)
    return MODULES.get(name, name.replace("-", "_"))


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.stem)
def test_every_version_that_tests_run_with_is_pinned_and_in_range(path: Path) -> None:
    lines = [line.partition(";")[0].strip() for line in path.read_text().splitlines()]
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    for requirement in (*REQUIRED, *EXTRAS):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} and {version}"


def test_the_pythons_that_are_claimed_are_those_that_are_pinned() -> None:
    pythons = {path.stem.removeprefix("constraints-") for path in CONSTRAINTS}
    claimed = {
        line.rpartition(" ")[2]
        for line in lines_of("metadata", "classifiers")
        if line.startswith("Programming Language :: Python :: 3.")
    }
    assert claimed == pythons
    allowed = SpecifierSet(setup_cfg()["options"]["python_requires"])
    assert {f"3.{minor}" for minor in range(20) if allowed.contains(f"3.{minor}.0")} == pythons


def _entry_points() -> list[EntryPoint]:
    section = setup_cfg()["options.entry_points"]
    return [
        EntryPoint(*(part.strip() for part in line.split("=", 1)), group)
        for group in section
        for line in lines_of("options.entry_points", group)
    ]


@pytest.mark.parametrize("entry_point", _entry_points(), ids=lambda one: f"{one.group}:{one.name}")
def test_an_entry_point_leads_somewhere_and_is_explained(entry_point: EntryPoint) -> None:
    target = entry_point.load()
    assert callable(target)
    assert target.__doc__
    # a command says what a person types
    command = f"``openstack {entry_point.name.replace('_', ' ')}``"
    assert (command if entry_point.group.startswith("openstack.") else f"``{entry_point.group}``") in target.__doc__


@pytest.mark.parametrize("entry_point", _entry_points(), ids=lambda one: f"{one.group}:{one.name}")
def test_what_is_installed_has_the_entry_points_of_the_source(entry_point: EntryPoint) -> None:
    installed = importlib.metadata.entry_points(group=entry_point.group, name=entry_point.name)
    assert {one.value for one in installed} == {entry_point.value}


def test_every_filter_factory_has_a_section_in_a_manual_or_in_etc() -> None:
    paste: Any = configparser.ConfigParser(interpolation=None)
    paste.read(PROJECT / "etc" / "paste.ini")
    shown = {paste[section].get("use", "") for section in paste.sections()}
    texts = "".join((PACKAGE / module.path).read_text() for module in modules())
    for entry_point in _entry_points():
        if entry_point.group.startswith("paste."):
            use = f"egg:glance_related#{entry_point.name}"
            assert use in shown or f"use = {use}" in texts
