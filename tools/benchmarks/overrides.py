"""Image properties overridden at boot: what that costs, and what it costs those who override nothing."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import calls, catalogue
from benchmarks.bench import Bench
from benchmarks.client import Answer, Client, caller
from benchmarks.databases import Server
from benchmarks.figures import Figure
from benchmarks.glances import BESIDE, BOTH_SYSTEMS, MARK_KEY, SYSTEM_1, Glance
from benchmarks.loading import properties_of
from benchmarks.measure import Side, interval, median, ratios, take_turns
from benchmarks.population import Population, installation_of, project_of
from cloud import Trouble
from glance_related.db.models import utcnow
from glance_related.hosts.nova.image_properties import shipped
from glance_related.instance_aware import instance_aware_nova_filter
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from glance_related.props_override import props_override_nova_filter, rules
from glance_related.props_override.options import PropsOverrideSettings
from glance_related.props_override.override import OVERRIDE, Override
from glance_related.props_override.rights import Rights
from glance_related.riders.mark import Marks
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.wsgi.caller import Caller

#: A usual boot, of about 400 bytes, in which nothing is overridden.
BOOT = json.dumps(
    {
        "server": {
            "name": "web-1",
            "imageRef": calls.ID,
            "flavorRef": "2",
            "key_name": "alice",
            "networks": [{"uuid": "f2b9e2a8-3d0c-4a52-8d1f-0b6a6f6f0c11"}],
            "security_groups": [{"name": "default"}],
            "user_data": base64.b64encode(b"#cloud-config\npackages: [nginx, postgresql]\nruncmd: [reboot]\n").decode(),
            "metadata": {"role": "frontend"},
            "min_count": 1,
            "max_count": 1,
        }
    }
).encode()

_PROPERTIES = {
    "hw_video_model": "virtio",
    "hw_numa_nodes": "2",
    "hw_cpu_policy": "dedicated",
    "os_command_line": "console=ttyS0 ks=http://192.0.2.1/web-1",
}

# The first big server's image, asked for as Nova asks for it in a boot.
_INSTALLATION, _NOVA = installation_of(0), "nova"
_ASKING = caller(project_of(0)) | {
    "X-Service-Token": "bench",
    "X-Service-Identity-Status": "Confirmed",
    "X-Service-User-Id": _NOVA,
    "X-Service-Roles": "service",
}
_MARKS = Marks((MARK_KEY,))

# Hardly one differs from another, so the sides alternate after each, and have so many times the usual turns.
_TIMES = 10

_SECTIONS, _JUDGED = 200, 50
# Less than a millisecond, nearly: one turn is so many.
_JUDGEMENTS = 5


def measure(bench: Bench) -> list[Figure]:
    """In front of Glance the smaller number of images will do: one of them is asked for."""
    figures = [_boot(bench), *_judgements(bench)]
    small = bench.options.images[0]
    for server in bench.servers():
        name = bench.images(small)
        Store(bench.database(server, name)).add_installation(Installation(_INSTALLATION, "bench", (_NOVA,), ()))
        image_id = Population(small).image_id(Population(small).images_of(0)[0])
        with (
            _riding(bench, server, name, image_id) as request_id,
            bench.glance(server, name, "both", filters=BOTH_SYSTEMS, beside=SYSTEM_1) as glance,
            bench.progress.step(f"GET of an image, {server.name}"),
        ):
            figures += _shown(bench, server, glance, f"/v2/images/{image_id}", request_id)
    return figures


# -- in front of Nova


def _boot(bench: Bench) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        conf = calls.suite_conf(Path(folder))
        return calls.extra(
            bench,
            "POST /servers without an override, through all filters in front of Nova, extra time / RequestId's",
            catalogue.BOOT,
            calls.through(conf, instance_aware_nova_filter, props_override_nova_filter),
            calls.environ_of("Nova", "POST", "/servers", BOOT),
            BOOT,
        )


def _judgements(bench: Bench) -> list[Figure]:
    """Properties that no special section is for: each section is looked at, unless the name is remembered."""
    who = Caller(confirmed=True, user_id="bench", project_id="bench", roles=frozenset({"member", "reader"}))
    image = dict(properties_of(0, calls.ID, "bench", "bench"))
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder:
        rights = Rights(PropsOverrideSettings(property_protection_file=_protections(Path(folder))), "the bench")

        def judged(_: int, *, new: bool) -> float:
            prefixes = [f"ROUND_{next(numbers) if new else 'ANY'}" for _ in range(_JUDGEMENTS)]
            overrides = [{f"trait:{prefix}_{n}": "required" for n in range(_JUDGED)} for prefix in prefixes]
            start = time.thread_time()
            for given in overrides:
                rules.judge(given, shipped(), rights.of(who), image, PropsOverrideSettings.max_properties)
            return (time.thread_time() - start) * 1000 / _JUDGEMENTS

        sides = {
            "of new names": functools.partial(judged, new=True),
            "of names that are remembered": functools.partial(judged, new=False),
        }
        taken = take_turns(sides, bench.options.rounds, bench.options.seconds)
    return [
        Figure(
            f"judging {_JUDGED} overrides {names} by {_SECTIONS} sections of protections",
            median(values),
            catalogue.JUDGING,
            {},
            interval(values),
            len(values),
        )
        for names, values in taken.items()
    ]


def _protections(folder: Path) -> str:
    """A file as Glance's own example: special names first, at the end everything else."""
    special = [f"[^acme_{n:03}_.*]\ncreate = admin\nread = @\nupdate = admin\ndelete = admin\n" for n in range(1, 200)]
    file = folder / "property-protections.conf"
    file.write_text("\n".join((*special, "[.*]\ncreate = @\nread = @\nupdate = @\ndelete = @\n")))
    assert len(special) + 1 == _SECTIONS
    return str(file)


# -- in front of Glance


@contextmanager
def _riding(bench: Bench, server: Server, name: str, image_id: str) -> Iterator[str]:
    """The request id of a boot of the image with overridden properties."""
    riders = RiderStore(bench.database(server, name))
    rider = Rider(
        request_id=_MARKS.new_id(decides=True),
        kind=OVERRIDE,
        own_request_id=calls.CLIENTS_ID,
        nova_installation_uuid=_INSTALLATION,
        project_id=_ASKING["X-Project-Id"],
        user_id=_ASKING["X-User-Id"],
        content=Override(_PROPERTIES, image_id, image_id).content(),
        created_at=utcnow(),
    )
    riders.add(rider)
    try:
        yield rider.request_id
    finally:
        riders.remove(rider.request_id, OVERRIDE)


def _shown(bench: Bench, server: Server, glance: Glance, path: str, riding: str) -> list[Figure]:
    """Both pipelines stand in one process, and are asked over one connection."""
    client, marked, theirs, without = glance.client(), _MARKS.new_id(), calls.CLIENTS_ID, BESIDE + path
    image = _ask(client, without, theirs).json()
    for request_id, shown in ((theirs, image), (marked, image), (riding, image | _PROPERTIES)):
        if _ask(client, path, request_id).json() != shown:
            raise Trouble(f"under {request_id} the image is not shown as {shown}")
    # where no database is asked there is nothing to wait for, and others on the machine do not count
    computed = functools.partial(_computed, glance, client)
    waited = functools.partial(_waited, client)
    figures = []
    for what, goal, more, less in (
        (
            "under somebody's request id / without props_override, processor time",
            catalogue.NOT_OVERRIDDEN,
            computed(path, theirs),
            computed(without, theirs),
        ),
        (
            "under a marked request id without an override / without props_override, processor time",
            catalogue.NOT_OVERRIDDEN,
            computed(path, marked),
            computed(without, marked),
        ),
        ("with an override merged / without", catalogue.MERGED, waited(path, riding), waited(path, theirs)),
    ):
        taken = take_turns({"with": more, "without": less}, bench.options.rounds * _TIMES, bench.options.seconds)
        shares = ratios(taken["with"], taken["without"])
        middle = {side: median(values) for side, values in taken.items()}
        name = f"GET of an image {what}, {server.name}"
        figures.append(Figure(name, median(shares), goal, middle, interval(shares), len(shares)))
    return figures


def _computed(glance: Glance, client: Client, path: str, request_id: str) -> Side:
    def turn(_: int) -> float:
        start = glance.computed()
        _ask(client, path, request_id)
        return glance.computed() - start

    return turn


def _waited(client: Client, path: str, request_id: str) -> Side:
    return lambda _: _ask(client, path, request_id).milliseconds


def _ask(client: Client, path: str, request_id: str) -> Answer:
    return client.get(path, {**_ASKING, "X-OpenStack-Request-ID": request_id})
