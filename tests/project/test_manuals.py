"""The manual of a system is the docstring of its package, and says all that there is to say."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from types import ModuleType
from typing import Any

import pytest

from glance_related import problem
from glance_related.cmd.check.nova_pipelines import IN_METADATA, IN_NOVA
from glance_related.cmd.check.pipelines import IN_GLANCE
from glance_related.cmd.paste import our_filters
from glance_related.guest import options as guest_options
from glance_related.guest import problems as guest
from glance_related.hosts.glance import patch
from glance_related.hosts.registry import errors as registry
from glance_related.instance_aware import problems as instance_aware
from glance_related.package_menu import problems as package_menu
from glance_related.props_override import problems as props_override
from glance_related.settings import options, policy
from glance_related.wsgi.filter import Filter, Route
from tests.project.declared import declared_problems
from tests.project.source import PACKAGE, PROJECT, systems

HEADINGS = (
    "What it does",
    "Requests it changes",
    "Place in the pipeline",
    "Options",
    "Problems",
    "Try it",
    "Limits",
    "Why so",
)


def parts(module: ModuleType) -> dict[str, str]:
    """The parts of a docstring, by heading; nothing where it has none."""
    pieces = re.split(r"(?m)^(\S[^\n]*)\n=+$", inspect.getdoc(module) or "")
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def package(system: str) -> ModuleType:
    return importlib.import_module(f"glance_related.{system}")


def manual(system: str) -> dict[str, str]:
    return parts(package(system))


def filters() -> list[tuple[str, type[Filter], dict[str, str]]]:
    """Every filter with its manual: its module's own where it has one, else its system's.

    What guests are handed belongs to no system: its filters have manuals of their own.
    """
    found = []
    for system in [*systems(), "guest"]:
        for info in pkgutil.iter_modules(package(system).__path__, f"glance_related.{system}."):
            module = importlib.import_module(info.name)
            found += [
                (system, value, parts(module) or manual(system))
                for value in vars(module).values()
                if inspect.isclass(value) and issubclass(value, Filter) and value.__module__ == info.name
            ]
    return found


FILTERS = filters()
ROUTES = [(route, told) for _, filter_, told in FILTERS for route in filter_.routes]


def requests_in(text: str) -> list[tuple[str, str]]:
    return re.findall(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE) (/[^\s`,?]*)", text)


@pytest.mark.parametrize("system", systems())
def test_a_manual_has_its_parts_in_order(system: str) -> None:
    assert tuple(manual(system)) == HEADINGS
    assert all(len(part.split()) > 20 for part in manual(system).values())


@pytest.mark.parametrize(("system", "filter_", "told"), FILTERS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_filters_manual_has_the_parts_in_the_same_order(
    system: str, filter_: type[Filter], told: dict[str, str]
) -> None:
    assert tuple(told) == tuple(heading for heading in HEADINGS if heading in told)
    assert {"What it does", "Requests it changes", "Place in the pipeline", "Problems", "Limits"} <= set(told)
    # and whoever reads of the system finds it
    module = inspect.getmodule(filter_)
    assert module
    assert told == manual(system) or module.__name__ in (inspect.getdoc(package(system)) or "")


@pytest.mark.parametrize(("route", "told"), ROUTES, ids=lambda value: getattr(value, "path", ""))
def test_a_manual_names_every_route(route: Route, told: dict[str, str]) -> None:
    assert (route.method, _short(route)) in requests_in(told["Requests it changes"])


@pytest.mark.parametrize(("system", "filter_", "told"), FILTERS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_manual_names_no_route_that_is_not_there(system: str, filter_: type[Filter], told: dict[str, str]) -> None:
    assert set(requests_in(told["Requests it changes"])) == {(route.method, _short(route)) for route in filter_.routes}


def _short(route: Route) -> str:
    """Nova takes each path with a project in front, too; a manual says so once."""
    return route.path.removeprefix("/{project_id}")


@pytest.mark.parametrize("system", systems())
def test_a_manual_tells_every_option_with_its_default(system: str) -> None:
    told = manual(system)["Options"]
    _check_options(told, importlib.import_module(f"glance_related.{system}.options").OPTS)
    for option in (*options.DATABASE_OPTS, *options.ACCOUNT_OPTS):
        assert f"``{option.dest}``" in told


def test_what_guests_are_handed_is_told_with_its_options() -> None:
    (told,) = [told["Options"] for _, _, told in FILTERS if "``former_vendordata_url``" in told.get("Options", "")]
    _check_options(told, guest_options.OPTS)


def _check_options(told: str, declared: list[Any]) -> None:
    assert re.findall(r"(?m)^``(\w+)`` \(.+\)$", told) == [option.dest for option in declared]
    for option in declared:
        (default,) = re.findall(rf"(?m)^``{option.dest}`` \((.+)\)$", told)
        assert _said(option.default) == default


def _said(default: object) -> str:
    if isinstance(default, list):
        return ", ".join(default)
    if isinstance(default, int) and not isinstance(default, bool) and default % 2**20 == 0:
        return f"{default // 2**20} MiB"
    return f"{default:g}" if isinstance(default, float) else str(default).lower()


# The problems that each filter's manual tells: its own, and those of the plumbing behind it.
PROBLEMS = {
    "InstanceAwareMiddleware": (*instance_aware.PROBLEMS, *patch.PROBLEMS, *problem.COMMON),
    "InstanceAwareNovaMiddleware": (
        *instance_aware.NOVA_PROBLEMS,
        problem.BODY_TOO_LARGE,
        problem.BODY_MALFORMED,
        problem.BODY_TRUNCATED,
        problem.MISPLACED,
        problem.INTERNAL,
    ),
    "InstanceAwareRegistryMiddleware": registry.PROBLEMS,
    "PropsOverrideMiddleware": (*props_override.PROBLEMS, problem.MISPLACED, problem.INTERNAL),
    "PropsOverrideNovaMiddleware": (
        *props_override.NOVA_PROBLEMS,
        problem.BODY_TOO_LARGE,
        problem.BODY_MALFORMED,
        problem.BODY_TRUNCATED,
        problem.METHOD_IN_QUERY,
        problem.FORBIDDEN,
        problem.DATABASE_DOWN,
        problem.MISPLACED,
        problem.INTERNAL,
    ),
    "VendordataMiddleware": (
        *guest.NOVA_PROBLEMS,
        problem.BODY_TOO_LARGE,
        problem.BODY_MALFORMED,
        problem.BODY_TRUNCATED,
        problem.METHOD_IN_QUERY,
        problem.FORBIDDEN,
        problem.DATABASE_DOWN,
        problem.MISPLACED,
        problem.INTERNAL,
    ),
    "GuestMetaMiddleware": (*guest.META_PROBLEMS, problem.DATABASE_DOWN, problem.INTERNAL),
    "PackageMenuMiddleware": (
        *package_menu.PROBLEMS,
        problem.BODY_TOO_LARGE,
        problem.BODY_MALFORMED,
        problem.BODY_TRUNCATED,
        problem.METHOD_IN_QUERY,
        problem.FORBIDDEN,
        problem.DATABASE_DOWN,
        problem.MISPLACED,
        problem.INTERNAL,
    ),
}


@pytest.mark.parametrize(("system", "filter_", "told"), FILTERS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_manual_tells_every_problem_with_its_status_and_no_other(
    system: str, filter_: type[Filter], told: dict[str, str]
) -> None:
    shown = re.findall(r"(?m)^([a-z_]+\.[a-z_]+) +(\d{3}) +\S", told["Problems"])
    known = {(kind.code, str(kind.status)) for kind in PROBLEMS[filter_.__name__]}
    assert set(shown) == known
    assert len(shown) == len(known)


def test_every_problem_that_is_declared_is_in_a_manual() -> None:
    told = {kind.code for kinds in PROBLEMS.values() for kind in kinds}
    assert {kind.code for kind in declared_problems()} == told


@pytest.mark.parametrize("rule", policy.list_rules(), ids=lambda rule: rule.name)
def test_a_manual_tells_every_policy(rule: policy.policy.DocumentedRuleDefault) -> None:
    manuals = [*(manual(system) for system in systems()), *(told for _, _, told in FILTERS)]
    assert any(f"``{rule.name}``" in told["Requests it changes"] for told in manuals)


@pytest.mark.parametrize("system", systems())
def test_a_manual_is_found_on_the_map_and_in_the_readme(system: str) -> None:
    assert f"``{system}``" in (inspect.getdoc(importlib.import_module("glance_related")) or "")
    assert f"glance_related.{system}" in (PROJECT / "README.md").read_text()


def test_the_map_shows_every_room_and_no_other() -> None:
    text = inspect.getdoc(importlib.import_module("glance_related")) or ""
    rooms = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.name != "__init__.py"
    }
    assert set(re.findall(r"(?m)^`(\w+)` ", text)) == rooms


def test_the_map_has_every_filter_in_its_place() -> None:
    text = inspect.getdoc(importlib.import_module("glance_related")) or ""
    lines = [line.split() for line in text.splitlines() if line.startswith("    ...")]
    ours = [[word for word in line if word in our_filters()] for line in lines]
    assert ours == [list(IN_GLANCE), list(IN_NOVA), [IN_METADATA]]


PACKAGES = [
    "glance_related." + ".".join(path.parent.relative_to(PACKAGE).parts) for path in PACKAGE.glob("*/**/__init__.py")
]


@pytest.mark.parametrize("name", [name for name in PACKAGES if ".alembic" not in name])
def test_a_package_names_its_modules(name: str) -> None:
    told = inspect.getdoc(importlib.import_module(name)) or ""
    here = [info.name for info in pkgutil.iter_modules(importlib.import_module(name).__path__) if not info.ispkg]
    if name.removeprefix("glance_related.") in systems():
        return  # its docstring is the manual of its users
    missing = [module for module in here if f"`{module}`" not in told]
    assert not missing or len(here) == 1, f"{name} does not say what {missing} are for"
