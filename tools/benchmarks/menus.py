"""The package menu: what a server has, and a project's menu of a thousand entries, on PostgreSQL."""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks import calls, catalogue
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import Side, interval, median, ratios, take_turns
from cloud import Trouble
from glance_related.db import migration
from glance_related.db.models import utcnow
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu import package_menu_filter
from glance_related.package_menu.entry import Contents, Entry
from glance_related.package_menu.instance_store import InstanceStore, Kept
from glance_related.package_menu.rules import AVAILABLE, DEFAULT, Choice, ProjectState
from glance_related.package_menu.store import CLOUD, MenuStore
from glance_related.suite import open_suite
from glance_related.testing.statements import questions, statements

ENTRIES = 1000
_SERVERS = 2000
_CHOICES = 20
PROJECT = "a-project"
_NAME = "menu"


def measure(bench: Bench) -> list[Figure]:
    """On the first database that was asked for; the goals are about PostgreSQL."""
    server = bench.servers()[0]
    server.recreate(_NAME)
    database = bench.database(server, _NAME)
    migration.upgrade(database.engine)
    with bench.progress.step(f"filling a menu of {ENTRIES} entries for {_SERVERS} servers on {server.name}"):
        refs = fill(MenuStore(database), InstanceStore(database), _SERVERS)
    figures = [_statements(bench, refs), _settings(bench, refs)]
    with tempfile.TemporaryDirectory() as folder:
        figures.append(_shown(bench, Path(folder), server.url(_NAME)))
    return figures


def fill(menu: MenuStore, instances: InstanceStore, servers: int) -> list[InstanceRef]:
    """A thousand entries, of which a project has most, and servers that chose some of them."""
    packages = [f"package-{number:03}" for number in range(ENTRIES // 2)]
    entries = [_package(number, name) for number, name in enumerate(packages)]
    entries += [_variable(number, packages[number]) for number in range(ENTRIES // 2 - 10)]
    entries += [
        Entry(f"bundle-{number}", "bundle", contents=Contents(tuple(packages[number * 10 : number * 10 + 10])))
        for number in range(10)
    ]
    menu.publish(menu.of_project(CLOUD).cloud, entries)
    states = {name: ProjectState(DEFAULT if n % 10 == 0 else AVAILABLE) for n, name in enumerate(packages)}
    states |= {f"bundle-{number}": ProjectState(AVAILABLE) for number in range(10)}
    menu.say(PROJECT, menu.of_project(PROJECT), states)
    refs = []
    for number in range(servers):
        chosen = [(number * 7 + n) % (len(packages) - 10) for n in range(_CHOICES // 2)]
        choices = {packages[n]: Choice(is_on=True) for n in chosen}
        choices |= {f"variable-{n:03}": Choice(value=_VALUES[n % 4]) for n in chosen}
        ref = InstanceRef(calls.ID, str(uuid.uuid4()))
        kept = Kept(ref, PROJECT, f"server-{number}", f"server-{number}", "debian", utcnow(), choices=choices)
        instances.add(kept, [])
        refs.append(kept.ref)
    return refs


_TYPES = ("string", "integer", "boolean", "list")
_VALUES = ("text", 7, True, ["a", "b"])


def _package(number: int, name: str) -> Entry:
    return Entry(
        name,
        "package",
        title=f"Package {name}",
        description="What it is for, in a sentence of usual length.",
        category=f"category {number % 20}",
        realisations={"guest": {"debian": name, "*": f"{name}-x"}, "puppet": {"*": f"profile::{name[:7]}"}},
    )


def _variable(number: int, package: str) -> Entry:
    return Entry(
        f"variable-{number:03}",
        "variable",
        title=f"Variable {number}",
        description="What it says.",
        category=f"category {number % 20}",
        type=_TYPES[number % 4],
        default=_VALUES[number % 4],
        packages=(package,),
        on_by_default=True,
    )


def _stores(bench: Bench) -> tuple[MenuStore, InstanceStore]:
    server = bench.servers()[0]
    database = bench.database(server, _NAME)
    return MenuStore(database), InstanceStore(database)


def settings_of(menu: MenuStore, instances: InstanceStore, ref: InstanceRef) -> int:
    """What a server has, from the tables; how many packages are on."""
    kept = instances.get(ref)
    assert kept is not None
    return len(menu.of_project(kept.project_id).menu.settings(kept.choices).packages)


def _statements(bench: Bench, refs: list[InstanceRef]) -> Figure:
    """Of a process that remembers nothing yet."""
    menu, instances = _stores(bench)
    with statements(menu._database) as asked:
        settings_of(menu, instances, refs[0])
        first = questions(asked)
        settings_of(menu, instances, refs[1])
    sides = {"of a process that remembers nothing": float(first), "later": float(questions(asked) - first)}
    return Figure("statements for the settings of one server", float(first), catalogue.STATEMENTS, sides)


def _settings(bench: Bench, refs: list[InstanceRef]) -> Figure:
    menu, instances = _stores(bench)
    numbers = itertools.count()
    taken: list[float] = []
    until = time.monotonic() + bench.options.seconds
    with bench.progress.step("settings of one server"):
        while time.monotonic() < until:
            ref = refs[next(numbers) % len(refs)]
            start = time.perf_counter()
            if not settings_of(menu, instances, ref):
                raise Trouble("a server has nothing")
            taken.append((time.perf_counter() - start) * 1000)
    value = statistics.quantiles(taken, n=20)[-1]
    sides = {"median": median(taken), "95 of 100 within": value}
    name = f"settings of one server, menu of {ENTRIES}, p95"
    return Figure(name, value, catalogue.SETTINGS, sides, samples=len(taken))


def _shown(bench: Bench, folder: Path, url: str) -> Figure:
    """A project's menu through our filter, beside its SQL and `json.dumps` of the same reply."""
    conf = folder / "glance-related.conf"
    (folder / "out").mkdir()
    conf.write_text(
        f"[database]\nconnection = {url}\ntimeout = 60\n[instance_aware]\nnova_installation_uuid = {calls.ID}\n"
        f"[riders]\nmark_keys = {'k' * 32}\n[package_menu_file]\nfolder = {folder}/out\n"
    )
    app = package_menu_filter.filter_factory({}, config_file=str(conf))(calls.bare)
    path = f"/package-menu/projects/{PROJECT}"
    environ = calls.environ_of("Nova", "GET", path) | {"keystone.token_auth": object(), "QUERY_STRING": ""}
    environ |= {"HTTP_X_IDENTITY_STATUS": "Confirmed", "HTTP_X_PROJECT_ID": PROJECT, "HTTP_X_ROLES": "admin,member"}
    said: list[str] = []

    def ours(_: int) -> float:
        start = time.perf_counter()
        body = b"".join(app(dict(environ), lambda status, headers, _=None: said.append(status)))  # type: ignore[arg-type]
        taken = (time.perf_counter() - start) * 1000
        if said[-1] != "200 OK" or len(json.loads(body)["project_packages"]) != ENTRIES:
            raise Trouble(f"the menu is answered {said[-1]}: {body[:200]!r}")
        return taken

    document = json.loads(b"".join(app(dict(environ), lambda *_: None)))  # type: ignore[arg-type, misc]
    sides = {"ours": ours, "SQL and json.dumps": _plain(str(conf), document)}
    taken = take_turns(sides, bench.options.rounds * 5, bench.options.seconds)
    shares = ratios(taken["ours"], taken["SQL and json.dumps"])
    middle = {side: median(values) for side, values in taken.items()}
    name = f"GET of a project's menu of {ENTRIES} entries / its SQL and json.dumps of the reply"
    return Figure(name, median(shares), catalogue.MENU_SHOWN, middle, interval(shares), len(shares))


def _plain(conf: str, document: Any) -> Side:
    """The rows that the reply is made of, read by the driver, and the reply written."""
    database = open_suite(conf).database
    statements = [
        "select * from glance_related_package_scopes where scope in ('', 'a-project')",
        "select e.*, s.state, s.default_value from glance_related_package_entries e "
        "left join glance_related_package_project_states s on s.name = e.name and s.project_id = 'a-project'",
    ]

    def turn(_: int) -> float:
        start = time.perf_counter()
        with database.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement).all()
        json.dumps(document)
        return (time.perf_counter() - start) * 1000

    return turn
