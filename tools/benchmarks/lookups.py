"""Our table alone: what a page shows and what a list is narrowed with, in front of many rows and of few."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks import catalogue
from benchmarks.bench import Bench
from benchmarks.databases import Server
from benchmarks.figures import Figure
from benchmarks.measure import Side, interval, median, ratios, take_turns
from benchmarks.population import BIG, BIG_SERVERS, Population, installation_of, server_id
from cloud import Trouble
from glance_related.instance_aware.rules import Wanted
from glance_related.instance_aware.store import Store

_PAGE = 25
#: Look-ups are quick: one turn is so many.
_CALLS = 5

LookUp = Callable[[Store, Population, int], int]


def measure(bench: Bench) -> list[Figure]:
    """The rows of one page and the images of one server; each is read once before anything is timed."""
    few, many = (bench.rows(count) for count in bench.options.rows)
    figures = []
    for server in bench.servers():
        stores = tuple(Store(bench.database(server, name)) for name in (few, many))
        for name, look_up in (("Store.refs of 25", _refs), ("Store.images_of", _images_of)):
            with bench.progress.step(f"{name}, {server.name}"):
                figures.append(_figure(bench, server, stores, name, look_up))
    return figures


def _figure(bench: Bench, server: Server, stores: tuple[Store, ...], name: str, look_up: LookUp) -> Figure:
    few, many = bench.options.rows
    sides = {
        f"{rows} rows": _side(store, Population(rows), look_up) for store, rows in zip(stores, (few, many), strict=True)
    }
    taken = take_turns(sides, bench.options.rounds, bench.options.seconds, warm_up=BIG_SERVERS)
    growth = ratios(taken[f"{many} rows"], taken[f"{few} rows"])
    return Figure(
        f"{name}, {server.name}, {many} rows / {few} rows",
        median(growth),
        catalogue.LOOK_UP,
        {side: median(values) for side, values in taken.items()},
        interval(growth),
        len(growth),
    )


def _side(store: Store, population: Population, look_up: LookUp) -> Side:
    def turn(number: int) -> float:
        start = time.perf_counter()
        found = [look_up(store, population, number % BIG_SERVERS) for _ in range(_CALLS)]
        taken = (time.perf_counter() - start) * 1000 / _CALLS
        if 0 in found:
            raise Trouble("a look-up found nothing")
        return taken

    return turn


def _refs(store: Store, population: Population, number: int) -> int:
    """Images from all over the table, as a page by date has them."""
    step = population.images // _PAGE
    ids = [population.image_id(number + step * place) for place in range(_PAGE)]
    return len(store.refs(ids)) == _PAGE


def _images_of(store: Store, population: Population, number: int) -> int:
    return len(store.images_of(Wanted(installation_of(number), server_id(number), nothing=False), 10_001)) == BIG
