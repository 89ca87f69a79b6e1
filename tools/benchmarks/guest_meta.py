"""GETs of Nova's metadata service that are none of ours, through `guest_meta` and past it, in one process."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re

from benchmarks import catalogue
from benchmarks.bench import Bench
from benchmarks.client import Answer, Client
from benchmarks.clouds import WITHOUT, NovaCloud
from benchmarks.figures import Figure
from benchmarks.measure import Side, interval, median, processor_time, ratios, take_turns
from cloud import Trouble

#: What guests ask for, of both trees.
_PATHS = ("/openstack/latest/meta_data.json", "/latest/meta-data/hostname")
# Nothing differs but one test of the path, so the sides alternate after each, and have so many times the usual turns.
_TIMES = 50


def measure(bench: Bench) -> list[Figure]:
    """Processor time of the service: nobody waits for anything of ours, and others on the machine do not count."""
    cloud = bench.cloud()
    nova = cloud.compute.sites[0].nova
    client, headers = Client(nova.metadata.port), _as_neutron(cloud)
    _check(client, headers)
    (pid,) = nova.metadata.worker_pids()
    side = functools.partial(_side, client, headers, pid)
    figures = []
    for path in _PATHS:
        with bench.progress.step(f"GET {path}"):
            taken = take_turns(
                {"with": side(path), "without": side(WITHOUT + path)},
                bench.options.rounds * _TIMES,
                bench.options.seconds,
            )
        shares = ratios(taken["with"], taken["without"])
        middle = {name: median(values) for name, values in taken.items()}
        name = f"GET of {path} through guest_meta / without, processor time, real cloud"
        figures.append(Figure(name, median(shares), catalogue.GUEST_META, middle, interval(shares), len(shares)))
    client.close()
    return figures


def _as_neutron(cloud: NovaCloud) -> dict[str, str]:
    """What Neutron's proxy says of the guest that asks."""
    server = cloud.ours.server
    secret = cloud.compute.sites[0].nova.metadata_secret
    return {
        "X-Instance-ID": server,
        "X-Instance-ID-Signature": hmac.new(secret.encode(), server.encode(), hashlib.sha256).hexdigest(),
        "X-Tenant-ID": cloud.accounts.projects["alice"],
        "X-Forwarded-For": "192.0.2.1",
    }


def _check(client: Client, headers: dict[str, str]) -> None:
    """Both answer the same to what is Nova's, and one of them alone to what is ours."""
    for path in _PATHS:
        ours, theirs = (_without_chance(client.get(where + path, headers)) for where in ("", WITHOUT))
        if ours != theirs:
            raise Trouble(f"{path} is answered otherwise through guest_meta: {ours[:200]!r}, {theirs[:200]!r}")
    # nobody has anything for this server: the filter says so in its own words, and Nova in others
    settings = "/openstack/glance-related/v1/settings"
    ours, theirs = (client.request("GET", where + settings, headers, expected=404).body for where in ("", WITHOUT))
    if ours == theirs:
        raise Trouble(f"guest_meta does not answer for itself: {ours[:200]!r}")


def _without_chance(answer: Answer) -> bytes:
    """What is new each time is left out."""
    return re.sub(rb'"random_seed": "[^"]*"', b"", answer.body)


def _side(client: Client, headers: dict[str, str], pid: int, path: str) -> Side:
    def turn(_: int) -> float:
        start = processor_time(pid)
        client.get(path, headers)
        return processor_time(pid) - start

    return turn
