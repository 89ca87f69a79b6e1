"""The figures by name, with their goals.

Nothing is imported here but the standard library, so that the list can be shown before any environment is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.figures import Goal

PASSING = Goal(0.15)
BY_INSTANCE_GROWTH = Goal(1.3)
BY_INSTANCE_EXTRA = Goal(1, "ms")
MEMBER = Goal(10, at_least=True, note="at 10^6 images")
ADMIN = Goal(100, at_least=True, note="at 10^6 images")
ADMIN_SMALL_POOL = Goal(1000, at_least=True, note="at 10^6 images, pool of 512 MB")
PLAIN = Goal(1.05)
CREATE = Goal(1.10)
SNAPSHOT = Goal(1.05)
ROTATION = Goal(1.0)
LOOK_UP = Goal(1.5)
MEMORY = Goal(16, "MiB", note="bytes identical")
BOOT = Goal(0.5)
NOT_OVERRIDDEN = Goal(1.02)
MERGED = Goal(1.25)
JUDGING = Goal(1, "ms")
STATEMENTS = Goal(3, "statements", note="at any size of the menu")
SETTINGS = Goal(5, "ms", note="on PostgreSQL")
MENU_SHOWN = Goal(1.3)
DELIVERIES = Goal(500, "per second", at_least=True, note="on PostgreSQL")
DELIVERIES_BESIDE = Goal(0.8, at_least=True)
TWO_WORKERS = Goal(1.8, at_least=True)
LAUNCH = Goal(1.10)
GUEST_META = Goal(1.02)
PAGE = Goal(1000, "ms")
PAGE_SIZE = Goal(150, "KiB")

#: A pool so small that a million images do not fit.
SMALL_POOL_MB = 512


@dataclass(frozen=True)
class Group:
    """Figures that are measured together by `measure(bench)` of a module."""

    module: str
    what: tuple[tuple[str, str], ...]


GROUPS: dict[str, Group] = {
    "passing": Group(
        "benchmarks.passing",
        (("request that is not ours, extra time / extra time of oslo_middleware.RequestId", str(PASSING)),),
    ),
    "listing": Group(
        "benchmarks.listing",
        (
            ("list by instance, many images / a tenth of them", str(BY_INSTANCE_GROWTH)),
            ("list by instance, more than stock's id=in: list of the same ids", str(BY_INSTANCE_EXTRA)),
            ("stock's ?instance_uuid= / list by instance, member, MariaDB", str(MEMBER)),
            ("stock's ?instance_uuid= / list by instance, admin, MariaDB", f"{ADMIN}, {ADMIN_SMALL_POOL}"),
        ),
    ),
    "plain": Group("benchmarks.plain", (("plain list of 25 and of 1000 with tuples shown / stock", str(PLAIN)),)),
    "creating": Group("benchmarks.creating", (("create with tuple / create without our filter", str(CREATE)),)),
    "snapshots": Group(
        "benchmarks.snapshots", (("createImage through both filters / stock, real cloud", str(SNAPSHOT)),)
    ),
    "rotation": Group(
        "benchmarks.rotation",
        (
            ("Nova's question in a rotation / stock, 10^5 images of the project", str(ROTATION)),
            ("createBackup with rotation / stock, 10^5 images of the project", str(ROTATION)),
        ),
    ),
    "overrides": Group(
        "benchmarks.overrides",
        (
            ("POST /servers without an override, extra time / extra time of oslo_middleware.RequestId", str(BOOT)),
            ("GET of an image, nothing overridden / without props_override, processor time", str(NOT_OVERRIDDEN)),
            ("GET of an image with an override merged / without", str(MERGED)),
            ("judging 50 overrides by 200 sections of protections, new names and remembered ones", str(JUDGING)),
        ),
    ),
    "menus": Group(
        "benchmarks.menus",
        (
            ("statements for the settings of one server", str(STATEMENTS)),
            ("settings of one server, menu of 1000, p95", str(SETTINGS)),
            ("GET of a project's menu of 1000 entries / its SQL and json.dumps of the reply", str(MENU_SHOWN)),
        ),
    ),
    "delivering": Group(
        "benchmarks.delivering",
        (
            ("deliveries per second, one worker, driver file", str(DELIVERIES)),
            ("the same beside 10^6 that are done / alone", str(DELIVERIES_BESIDE)),
            ("two workers / one, a driver that takes 20 ms", str(TWO_WORKERS)),
        ),
    ),
    "launching": Group(
        "benchmarks.launching", (("POST /servers with packages / without our filters, real cloud", str(LAUNCH)),)
    ),
    "guest_meta": Group(
        "benchmarks.guest_meta",
        (("GET of Nova's metadata service through guest_meta / without, processor time, real cloud", str(GUEST_META)),),
    ),
    "page": Group(
        "benchmarks.page",
        (
            ("page of the menu, first view of 1000 entries in Chromium, real cloud", str(PAGE)),
            ("the same, bytes over the wire", str(PAGE_SIZE)),
        ),
    ),
    "lookups": Group("benchmarks.lookups", (("store look-up, 10^7 rows / 10^4 rows", str(LOOK_UP)),)),
    "memory": Group("benchmarks.memory", (("memory while 1 GiB goes up and down, growth", str(MEMORY)),)),
}


def listing() -> str:
    """What `--list` prints."""
    lines = [(name, what, goal) for name, group in GROUPS.items() for what, goal in group.what]
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join(f"{name:{widths[0]}}  {what:{widths[1]}}  {goal}" for name, what, goal in lines)
