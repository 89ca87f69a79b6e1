"""What a request costs that is none of a filter's, beside what oslo_middleware's RequestId costs every request."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import calls, catalogue
from benchmarks.bench import Bench
from benchmarks.calls import ID
from benchmarks.figures import Figure
from glance_related.instance_aware import instance_aware_filter, instance_aware_nova_filter
from glance_related.props_override import props_override_filter, props_override_nova_filter

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Requests = tuple[tuple[str, str], ...]

GLANCES: Requests = (
    ("GET", f"/v2/images/{ID}/file"),
    ("PUT", f"/v2/images/{ID}/file"),
    ("GET", f"/v2/images/{ID}/members"),
    ("PUT", f"/v2/images/{ID}/tags/tag"),
    ("GET", "/v2/tasks"),
    ("GET", "/v2/schemas/members"),
    ("GET", "/healthcheck"),
    ("GET", "/"),
)
#: Under the request ids that these have, none is one of `props_override`.
OF_IMAGES: Requests = (
    ("GET", f"/v2/images/{ID}"),
    ("GET", "/v2/images"),
    ("POST", "/v2/images"),
    ("PATCH", f"/v2/images/{ID}"),
    ("DELETE", f"/v2/images/{ID}"),
)
NOVAS: Requests = (
    ("GET", "/servers"),
    ("PUT", f"/servers/{ID}"),
    ("POST", f"/servers/{ID}/os-volume_attachments"),
    ("DELETE", f"/servers/{ID}/os-volume_attachments/{ID}"),
    ("GET", f"/servers/{ID}/os-interface"),
    ("GET", "/images/detail"),
    ("GET", "/flavors/detail"),
    ("GET", "/"),
)
OF_SERVERS: Requests = (
    ("GET", "/servers/detail"),
    ("GET", f"/servers/{ID}"),
    ("POST", "/servers"),
    ("DELETE", f"/servers/{ID}"),
)
OF_METADATA: Requests = (
    ("POST", f"/images/{ID}/metadata"),
    ("PUT", f"/images/{ID}/metadata"),
    ("PUT", f"/images/{ID}/metadata/key"),
)

#: Filters of ours, the host that they stand in front of, and requests that are none of theirs.
FILTERS = (
    ("Glance", "instance_aware", (instance_aware_filter,), GLANCES),
    ("Glance", "props_override", (props_override_filter,), GLANCES + OF_IMAGES),
    ("Glance", "either filter", (instance_aware_filter, props_override_filter), GLANCES),
    ("Nova", "instance_aware_nova", (instance_aware_nova_filter,), NOVAS + OF_SERVERS),
    ("Nova", "props_override_nova", (props_override_nova_filter,), NOVAS + OF_METADATA),
    ("Nova", "either filter", (instance_aware_nova_filter, props_override_nova_filter), NOVAS),
)


def measure(bench: Bench) -> list[Figure]:
    """The dearest of the requests, for each filter and for both; the sides are milliseconds of one call."""
    dearest = []
    with tempfile.TemporaryDirectory() as folder:
        conf = calls.suite_conf(Path(folder))
        for host, whose, filters, requests in FILTERS:
            ours = calls.through(conf, *filters)
            figures = [_figure(bench, ours, host, whose, *request) for request in requests]
            dearest.append(max(figures, key=lambda figure: figure.value))
    return dearest


def _figure(bench: Bench, ours: WSGIApplication, host: str, whose: str, method: str, path: str) -> Figure:
    told = (
        f"request to {host} that is none of {whose}'s, extra time / RequestId's "
        f"({method} {path.replace(ID, '{id}')}, the dearest)"
    )
    return calls.extra(bench, told, catalogue.PASSING, ours, calls.environ_of(host, method, path))
