"""createImage through both our filters, beside the same on a stock nova-api and a stock Glance of the same cloud."""

from __future__ import annotations

from benchmarks import catalogue
from benchmarks import measure as turns
from benchmarks.bench import Bench
from benchmarks.clouds import Side, wait
from benchmarks.figures import Figure
from benchmarks.measure import interval, median, ratios
from cloud import Trouble

# Most of each turn is not timed: the hypervisor's upload has to be over before the next.
_TIMES = 4


def measure(bench: Bench) -> list[Figure]:
    """What a customer waits for is timed; the images are deleted again, untimed."""
    cloud = bench.cloud()
    with bench.progress.step("createImage"):
        taken = turns.take_turns(
            {"ours": _side(cloud.ours, knows=True), "stock": _side(cloud.stock, knows=False)},
            bench.options.rounds,
            bench.options.seconds * _TIMES,
        )
    shares = ratios(taken["ours"], taken["stock"])
    return [
        Figure(
            "createImage through both filters / stock, real cloud",
            median(shares),
            catalogue.SNAPSHOT,
            {name: median(values) for name, values in taken.items()},
            interval(shares),
            len(shares),
        )
    ]


def _side(side: Side, *, knows: bool) -> turns.Side:
    def snapshot(turn: int) -> float:
        answer = side.act({"createImage": {"name": f"snapshot-{turn}"}})
        path = f"/v2/images/{answer.json()['image_id']}"
        side.settle()
        wait(lambda: side.glance("GET", path, 200).json()["status"] == "active", f"{path} is active", pause=0.1)
        known = side.glance("GET", path, 200).json().get("instance_id")
        if known != (side.server if knows else None):
            raise Trouble(f"a snapshot of {side.server} knows {known}")
        side.glance("DELETE", path, 204)
        return answer.milliseconds

    return snapshot
