"""An image with a tuple, created through our filter, beside one that a stock Glance creates without."""

from __future__ import annotations

from benchmarks import catalogue
from benchmarks.bench import Bench, Pair
from benchmarks.client import ADMIN
from benchmarks.databases import Server
from benchmarks.figures import Figure
from benchmarks.loading import properties_of
from benchmarks.measure import Side, interval, median, ratios, take_turns
from benchmarks.population import installation_of, server_id
from cloud import Trouble
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.rules import INSTALLATION, INSTANCE
from glance_related.instance_aware.store import Store

_TUPLE = {INSTALLATION: installation_of(0), INSTANCE: server_id(0)}


def measure(bench: Bench) -> list[Figure]:
    """The images are deleted again, untimed."""
    large = bench.options.images[1]
    figures = []
    for server in bench.servers():
        name = bench.images(large)
        Store(bench.database(server, name)).add_installation(Installation(_TUPLE[INSTALLATION], "bench", (), ()))
        with bench.glances(server, name) as pair, bench.progress.step(f"create, {server.name}"):
            figures.append(_figure(bench, server, large, pair))
    return figures


def _figure(bench: Bench, server: Server, size: int, pair: Pair) -> Figure:
    taken = take_turns(
        {"ours": _side(pair, with_tuple=True), "stock": _side(pair, with_tuple=False)},
        bench.options.rounds,
        bench.options.seconds,
    )
    shares = ratios(taken["ours"], taken["stock"])
    return Figure(
        f"create with tuple / create without our filter, {server.name}, {size} images",
        median(shares),
        catalogue.CREATE,
        {name: median(values) for name, values in taken.items()},
        interval(shares),
        len(shares),
    )


def _side(pair: Pair, *, with_tuple: bool) -> Side:
    client = pair.ours if with_tuple else pair.stock
    shown = _TUPLE if with_tuple else {}

    def create(turn: int) -> float:
        image = {"name": f"created-{turn}", "disk_format": "qcow2", "container_format": "bare"}
        image |= dict(properties_of(turn, server_id(0), "bench", "bench"))
        answer = client.request("POST", "/v2/images", ADMIN, image | shown, expected=201)
        created = answer.json()
        if {name: created[name] for name in _TUPLE if name in created} != shown:
            raise Trouble(f"the image was created with another tuple than {shown}: {created}")
        pair.ours.request("DELETE", f"/v2/images/{created['id']}", ADMIN, expected=204)
        return answer.milliseconds

    return create
