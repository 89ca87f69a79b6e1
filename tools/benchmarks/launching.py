"""POST /servers with packages through all our filters, beside one without on a stock nova-api of the same cloud."""

from __future__ import annotations

from benchmarks import catalogue
from benchmarks import measure as turns
from benchmarks.bench import Bench
from benchmarks.clouds import NovaCloud, Side, wait
from benchmarks.figures import Figure
from benchmarks.measure import interval, median, ratios
from cloud import Trouble
from cloud.compute import FLAVOR
from cloud.images import IMAGE, ensure_image

# Most of each turn is not timed: the server has to be built and gone before the next.
_TIMES = 4
_ENTRIES = [
    {"name": "apache", "kind": "package"},
    {"name": "port", "kind": "variable", "type": "integer", "packages": ["apache"], "on_by_default": True},
    {"name": "monitoring", "kind": "package", "on_by_default": True},
]
_ASKED = {"packages": ["apache"], "package_variables": {"port": 8080}}


def measure(bench: Bench) -> list[Figure]:
    """What a customer waits for is timed; the servers are deleted again, untimed."""
    cloud = bench.cloud()
    _publish(cloud)
    with bench.progress.step("POST /servers"):
        taken = turns.take_turns(
            {"ours": _side(cloud, cloud.ours, _ASKED), "stock": _side(cloud, cloud.stock, {})},
            bench.options.rounds,
            bench.options.seconds * _TIMES,
        )
    shares = ratios(taken["ours"], taken["stock"])
    return [
        Figure(
            "POST /servers with packages / without our filters, real cloud",
            median(shares),
            catalogue.LAUNCH,
            {name: median(values) for name, values in taken.items()},
            interval(shares),
            len(shares),
        )
    ]


def _publish(cloud: NovaCloud) -> None:
    nova = cloud.compute.sites[0].nova
    project = cloud.accounts.projects["alice"]
    for method, path, body in (
        ("POST", "/package-menu", {"entries": _ENTRIES}),
        ("PUT", f"/package-menu/projects/{project}/apache", {"state": "available"}),
    ):
        reply = nova.call(method, path, body)
        if reply.status >= 300:
            raise Trouble(f"{method} {path} is answered {reply.status}: {reply.text}")


def _side(cloud: NovaCloud, side: Side, more: dict[str, object]) -> turns.Side:
    image_id = ensure_image(cloud._glance.url, cloud.token("admin", "admin"), IMAGE)
    flavors = cloud.compute.sites[0].nova.call("GET", "/flavors").json()["flavors"]
    (flavor,) = [one["id"] for one in flavors if one["name"] == FLAVOR]

    def boot(turn: int) -> float:
        about = {"name": f"server-{turn}", "flavorRef": flavor, "imageRef": image_id, "networks": "none", **more}
        answer = side.nova("POST", "/servers", {"server": about | {"availability_zone": side.host}}, 202)
        path = f"/servers/{answer.json()['server']['id']}"
        wait(lambda: side.nova("GET", path).json()["server"]["status"] == "ACTIVE", f"{path} is ACTIVE", pause=0.1)
        shown = side.nova("GET", path).json()["server"].get("packages")
        if shown != (["apache", "monitoring"] if more else None):
            raise Trouble(f"{path} is shown with {shown}")
        side.nova("DELETE", path, None, 204)
        return answer.milliseconds

    return boot
