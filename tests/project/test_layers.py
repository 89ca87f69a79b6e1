"""Who may import whom. A room that breaks a rule here has begun to do another room's work."""

from __future__ import annotations

import ast
from pathlib import PurePath

import pytest

from tests.project.source import Module, imports_of, is_under, modules, systems

# What each room of the house may know of the others, by full name without `glance_related.`; a system may know
# all of the plumbing. Whoever is missing here is a new room: say what it may know.
PLUMBING = ("db", "deliveries", "guest", "hosts", "instance_ref", "problem", "riders", "settings", "suite", "wsgi")
MAY_IMPORT = {
    "__init__": (),
    "client": ("instance_ref",),
    "cmd": (*PLUMBING, "healthcheck"),
    "db": (),
    "deliveries": ("db", "instance_ref"),
    "guest": ("db", "hosts", "instance_ref", "problem", "riders", "settings", "suite", "wsgi"),
    "healthcheck": ("db", "deliveries", "riders", "settings.options", "suite"),
    "hosts": ("problem", "settings", "wsgi"),
    "instance_ref": (),
    "osc": (),
    "problem": (),
    "riders": ("db",),
    "settings": (
        "db.database",
        "deliveries.options",
        "guest.options",
        "instance_ref",
        "problem",
        "riders.options",
        "wsgi.caller",
    ),
    "suite": ("db", "riders.mark", "settings"),
    "testing": (*PLUMBING,),
    "wsgi": ("problem",),
}
# Where a room of the plumbing has to name the systems one by one.
NAMES_SYSTEMS = {
    "cmd": "the commands of each system",
    "healthcheck": "what each system counts",
    "settings": "the options of each system, and nothing else of it",
    "testing": "the reference registry and the suites that are shipped",
}

# Third parties with one home each: where they may be imported, and why there.
HOMES = {
    ("sqlalchemy", "alembic", "oslo_db"): {
        "db": "the engine and the schema",
        "*/store.py": "each system's SQL",
        "*/*_store.py": "the same, where it is of several things",
        "deliveries/fanouts.py": "the part of the outbox that is of changes which reach many servers",
        "instance_aware/adoptions.py": "the part of it that keeps what awaits its proof",
        "instance_aware/register.py": "the part of it that registers installations",
        "settings/options.py": "reads the URL, to refuse a wrong one at start",
        "testing/statements.py": "counts what a store asks",
        "cmd/database.py": "names the errors of an upgrade",
    },
    ("webob",): {
        "wsgi": "the only code that knows WSGI",
        "*/*_filter.py": "a filter's own use of it",
        "testing": "the reference registry is an application",
    },
    ("routes", "paste"): {
        "wsgi": "the route table",
        "cmd": "reads the operator's paste file",
        "testing": "the reference registry is an application",
    },
    ("openstack",): {
        "client": "wraps it; an extra, which no service needs",
        "osc": "openstackclient's own commands; another such extra",
    },
    ("openstackclient", "osc_lib", "yaml"): {
        "osc": "openstackclient's own commands; an extra, which no service needs",
    },
    ("jinja2",): {
        "package_menu/page": "the templates of the page",
    },
    ("ldap3",): {
        "package_menu/drivers/ldap_directory.py": "the directory that a driver writes to; an extra",
    },
    ("requests", "keystoneauth1", "urllib3", "http"): {
        "hosts/account.py": "the suite's own account",
        "hosts/former_vendordata.py": "what Nova's vendordata target was before it was the suite",
        "hosts/login.py": "people who log in on the page",
        "guest/program/talking.py": "what a guest's answers may be cut off by",
        "settings/options.py": "the options of that account",
        "cmd": "says in a sentence what the account could not do",
    },
}

# A rule decides on plain data: what reads a clock, a file, a socket or the database is not its business.
PURE = ("__future__", "collections", "dataclasses", "enum", "functools", "itertools", "re", "typing")
PURE += ("operator", "types", "math")
PURE_LIBRARIES = {
    "package_menu/publishing.py": frozenset(
        {
            "jsonschema",  # judges the shape of a document, by a schema that is written there
            "glance_related.package_menu.patterns",
            "glance_related.package_menu.patterns.trouble_with",
            "glance_related.package_menu.rules",
            "glance_related.package_menu.rules.Fault",
        }
    ),
}
RULES_MAY_IMPORT = ("glance_related.instance_ref", "glance_related.problem", "glance_related.wsgi.caller")
# What a body says of servers; nothing in it waits or remembers either.
RULES_MAY_IMPORT += ("glance_related.hosts.nova.boots",)
# Parts of rules that are rules themselves, each as pure.
RULES_MAY_IMPORT += ("glance_related.package_menu.entry", "glance_related.package_menu.values")
# WebOb's parser of a query string, because it is the hosts' own; nothing in it waits or remembers.
RULES_MAY_IMPORT += ("glance_related.wsgi.query",)


def test_a_module_imports_only_what_its_room_may_know() -> None:
    strangers = {module.path: names for module in modules() if (names := _strangers(module))}
    assert strangers == {}


def _strangers(module: Module) -> list[str]:
    if module.room in systems():
        allowed: tuple[str, ...] = (*PLUMBING, module.room)
    else:
        assert module.room in MAY_IMPORT, f"{module.room} is a new room: say in MAY_IMPORT what it may know"
        allowed = (*MAY_IMPORT[module.room], module.room)
        if module.room in NAMES_SYSTEMS:
            allowed = (*allowed, *systems())
    ours = {name.removeprefix("glance_related.") for name in module.imports if name.startswith("glance_related.")}
    return sorted(name for name in ours if not any(_reaches(name, one) for one in allowed))


def test_this_rule_sees_a_system_that_imports_another() -> None:
    tree = ast.parse("from glance_related.props_override import rules")
    assert _strangers(Module("instance_aware/rules.py", tree)) == ["props_override", "props_override.rules"]
    assert _strangers(Module("wsgi/body.py", ast.parse("import glance_related.suite"))) == ["suite"]


def _reaches(name: str, allowed: str) -> bool:
    # `from glance_related.db import database` names db as well as db.database
    return is_under(name, allowed) or is_under(allowed, name)


def test_the_page_knows_of_the_menu_what_any_client_may_know() -> None:
    """All else it asks of the HTTP API, as whoever is logged in."""
    own = "glance_related.package_menu"
    parts = [module for module in modules() if module.path.startswith("package_menu/page/")]
    of_menu = {name for module in parts for name in module.imports if is_under(name, own)}
    may_know = (f"{own}.page", f"{own}.entry", f"{own}.options")
    assert of_menu
    assert sorted(name for name in of_menu - {own} if not is_under(name, *may_know)) == []


def test_settings_know_of_a_system_its_options_only() -> None:
    of_systems = {
        name
        for module in modules()
        if module.room == "settings"
        for name in module.imports
        if is_under(name, *(f"glance_related.{system}" for system in systems()))
    }
    names = {name for name in of_systems if name.count(".") > 1}
    assert names
    assert all(".options" in name for name in names), sorted(names)


@pytest.mark.parametrize("libraries", HOMES, ids=lambda libraries: libraries[0])
def test_a_library_is_used_in_its_home_only(libraries: tuple[str, ...]) -> None:
    users = [module.path for module in modules() if any(is_under(name, *libraries) for name in module.imports)]
    homeless = [path for path in users if not any(_lives_in(path, home) for home in HOMES[libraries])]
    assert users
    assert not homeless, f"{libraries} has its homes in {sorted(HOMES[libraries])}"


def _lives_in(path: str, home: str) -> bool:
    return path.startswith(f"{home}/") or PurePath(path).match(home)


def test_nobody_imports_a_host() -> None:
    hosts = ("glance", "nova", "keystone", "glance_store")
    assert [(module.path, name) for module in modules() for name in module.imports if is_under(name, *hosts)] == []


PARTS_OF_RULES = [f"package_menu/{name}.py" for name in ("entry", "patterns", "publishing", "values")]


@pytest.mark.parametrize("path", [*(f"{system}/rules.py" for system in systems()), *PARTS_OF_RULES])
def test_rules_are_pure(path: str) -> None:
    (rules,) = [module for module in modules() if module.path == path]
    system = rules.room
    own = f"glance_related.{system}.problems"
    impure = {
        name
        for name in rules.imports
        if not is_under(name, *PURE, *RULES_MAY_IMPORT, own) and name != f"glance_related.{system}"
    } - PURE_LIBRARIES.get(path, frozenset())
    assert not impure
    calls = {node.func.id for node in ast.walk(rules.tree) if isinstance(node, ast.Call) and _is_name(node.func)}
    assert not calls & {"open", "print", "input", "exec", "eval"}


@pytest.mark.parametrize("system", systems())
def test_store_driver_and_rules_call_none_of_each_other(system: str) -> None:
    room = f"glance_related.{system}"
    for module in modules():
        if module.room != system:
            continue
        if module.path.endswith("/store.py"):
            assert not [n for n in module.imports if is_under(n, f"{room}.drivers", "glance_related.hosts")]
        if "/drivers/" in module.path:
            assert not [n for n in module.imports if is_under(n, f"{room}.store", f"{room}.rules")]


def test_nothing_is_registered_in_the_hosts_global_configuration() -> None:
    touched = [
        (module.path, ast.unparse(node))
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _mentions_global_conf(node.func)
    ]
    assert touched == []


def _mentions_global_conf(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute | ast.Name) and _last(part) == "CONF" for part in ast.walk(node))


def _last(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def test_these_rules_see_an_import_inside_a_function() -> None:
    tree = ast.parse("def f():\n    from glance.common import config\n")
    assert imports_of(tree) == {"glance.common", "glance.common.config"}


def test_these_rules_see_a_registration_in_the_global_configuration() -> None:
    call = ast.parse("cfg.CONF.register_opts([])").body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert _mentions_global_conf(call.value.func)


def test_these_rules_refuse_a_relative_import() -> None:
    with pytest.raises(AssertionError, match="full name"):
        imports_of(ast.parse("from . import store"))
