"""The list that everyone makes all day, with tuples shown, beside a stock Glance's."""

from __future__ import annotations

from benchmarks import catalogue
from benchmarks.bench import Bench, Pair
from benchmarks.client import Client, caller
from benchmarks.databases import Server
from benchmarks.figures import Figure
from benchmarks.measure import Side, interval, median, ratios, take_turns
from benchmarks.population import PROJECTS, project
from cloud import Trouble
from glance_related.instance_aware.rules import NAMES

_LIMITS = (25, 1000)

# Somebody with a page of 1000 images.
_WHO = caller(project(3))


def measure(bench: Bench) -> list[Figure]:
    """At every size that gives a project a page of 1000 images, at least at the larger one."""
    small, large = bench.options.images
    sizes = (small, large) if small >= PROJECTS * max(_LIMITS) else (large,)
    figures = []
    for server in bench.servers():
        for size in sizes:
            with bench.glances(server, bench.images(size)) as pair:
                figures += [_figure(bench, server, size, pair, limit) for limit in _LIMITS]
    return figures


def _figure(bench: Bench, server: Server, size: int, pair: Pair, limit: int) -> Figure:
    path = f"/v2/images?limit={limit}"
    with bench.progress.step(f"plain list of {limit}, {server.name}, {size} images"):
        listed = _same_list(pair, path)
        taken = take_turns(
            {"ours": _side(pair.ours, path), "stock": _side(pair.stock, path)},
            bench.options.rounds,
            bench.options.seconds,
        )
    shares = ratios(taken["ours"], taken["stock"])
    return Figure(
        f"plain list of {listed} with tuples / stock, {server.name}, {size} images",
        median(shares),
        catalogue.PLAIN,
        {name: median(values) for name, values in taken.items()},
        interval(shares),
        len(shares),
    )


def _same_list(pair: Pair, path: str) -> int:
    """How many images both sides list; every one of ours shows a tuple, and nothing else differs."""
    ours, stock = (client.get(path, _WHO).json()["images"] for client in (pair.ours, pair.stock))
    for image in ours:
        for name in NAMES:
            if not image.pop(name, None):
                raise Trouble(f"image {image['id']} of our list shows no {name}")
    if ours != stock:
        raise Trouble("our list, without its tuples, is not stock's")
    return len(ours)


def _side(client: Client, path: str) -> Side:
    return lambda _: client.get(path, _WHO).milliseconds
