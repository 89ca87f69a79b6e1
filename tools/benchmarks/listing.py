"""The images of one server, in front of many images and of a tenth of them, and as a stock Glance lists them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks import catalogue
from benchmarks.bench import Bench, Pair
from benchmarks.client import ADMIN, Client, caller
from benchmarks.databases import Server
from benchmarks.figures import Figure
from benchmarks.measure import Side, differences, interval, median, ratios, take_turns
from benchmarks.population import BIG_SERVERS, Population, installation_of, project_of, server_id
from cloud import Trouble

_PAGE = 25

Query = Callable[[int], str]


def measure(bench: Bench) -> list[Figure]:
    """Every server's images are asked for once before anything is timed: what a cold disk costs is not ours."""
    small, large = (bench.images(count) for count in bench.options.images)
    figures: list[Figure] = []
    for server in bench.servers():
        with ExitStack() as stack:
            few, many = (stack.enter_context(bench.glances(server, name)) for name in (small, large))
            with bench.progress.step(f"list by instance, {server.name}"):
                figures += _grown(bench, server, few, many)
            if server is bench.mariadb():
                figures += [_against_scan(bench, many, who) for who in ("member", "admin")]
    return figures


def _grown(bench: Bench, server: Server, few: Pair, many: Pair) -> list[Figure]:
    small, large = bench.options.images
    narrowed = _stock_narrowed(Population(large))
    for number in range(BIG_SERVERS):
        found = [_ids(many.ours, _by_instance, number), _ids(many.stock, narrowed, number)]
        if found[0] != found[1] or len(found[0]) != _PAGE:
            raise Trouble(f"our list of a server's images is not stock's: {found}")
        _ids(few.ours, _by_instance, number)
    sides = {
        "few": _side(few.ours, _by_instance),
        "many": _side(many.ours, _by_instance),
        "stock id=in:": _side(many.stock, narrowed),
    }
    taken = take_turns(sides, bench.options.rounds, bench.options.seconds)
    growth = ratios(taken["many"], taken["few"])
    extra = differences(taken["many"], taken["stock id=in:"])
    middle = {name: median(values) for name, values in taken.items()}
    return [
        Figure(
            f"list by instance, {server.name}, {large} images / {small} images",
            median(growth),
            catalogue.BY_INSTANCE_GROWTH,
            {f"{large} images": middle["many"], f"{small} images": middle["few"]},
            interval(growth),
            len(growth),
        ),
        Figure(
            f"list by instance, {server.name}, {large} images, more than stock's id=in: list of the same ids",
            median(extra),
            catalogue.BY_INSTANCE_EXTRA,
            {"ours": middle["many"], "stock": middle["stock id=in:"]},
            interval(extra),
            len(extra),
        ),
    ]


def _against_scan(bench: Bench, many: Pair, who: str) -> Figure:
    """Ours beside the list that a stock Glance makes by comparing a property."""
    large = bench.options.images[1]
    headers = None if who == "member" else ADMIN
    sides = {"stock": _side(many.stock, _by_property, headers), "ours": _side(many.ours, _by_instance, headers)}
    with bench.progress.step(f"list by instance against stock's ?instance_uuid=, {who}"):
        if _ids(many.stock, _by_property, 0, headers) != _ids(many.ours, _by_instance, 0, headers):
            raise Trouble("our list of a server's images is not the list of stock's ?instance_uuid=")
        taken = take_turns(sides, bench.options.rounds, bench.options.seconds, warm_up=1)
    faster = ratios(taken["stock"], taken["ours"])
    goal = catalogue.MEMBER
    if who == "admin":
        small_pool = bench.options.pool_mb <= catalogue.SMALL_POOL_MB
        goal = catalogue.ADMIN_SMALL_POOL if small_pool else catalogue.ADMIN
    return Figure(
        f"list by instance, mariadb, {large} images, {who}: times faster than stock's ?instance_uuid=",
        median(faster),
        goal,
        {name: median(values) for name, values in taken.items()},
        interval(faster),
        len(faster),
        judged=bench.options.at_scale,
    )


def _by_instance(number: int) -> str:
    return f"nova_installation_uuid={installation_of(number)}&instance_id={server_id(number)}"


def _by_property(number: int) -> str:
    return f"instance_uuid={server_id(number)}"


def _stock_narrowed(population: Population) -> Query:
    """The list that our filter makes of `_by_instance`, asked for without it."""
    ids = {
        number: ",".join(population.image_id(image) for image in population.images_of(number))
        for number in range(BIG_SERVERS)
    }
    return lambda number: f"id=in:{ids[number]}"


def _side(client: Client, query: Query, headers: dict[str, str] | None = None) -> Side:
    return lambda turn: client.get(*_request(query, turn % BIG_SERVERS, headers)).milliseconds


def _request(query: Query, number: int, headers: dict[str, str] | None) -> tuple[str, dict[str, str]]:
    """As a member of the project that the server belongs to, unless other headers are given."""
    return f"/v2/images?{query(number)}&limit={_PAGE}", headers or caller(project_of(number))


def _ids(client: Client, query: Query, number: int, headers: dict[str, str] | None = None) -> list[str]:
    return [image["id"] for image in client.get(*_request(query, number, headers)).json()["images"]]
