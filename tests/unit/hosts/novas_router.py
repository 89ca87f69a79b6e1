"""Nova's own router, in a process of its own: Glance and Nova register options of the same names.

Reads ``[[method, path], ...]`` as JSON and prints, for each, the route of Nova's table that takes it, or null.
"""

from __future__ import annotations

import json
import sys

from nova.api.openstack import ProjectMapper
from nova.api.openstack.compute.routes import ROUTE_LIST


def main() -> None:
    mapper = ProjectMapper()  # its controllers would want a message bus
    for path, methods in ROUTE_LIST:
        if isinstance(methods, dict):
            for method in methods:
                mapper.create_route(path, method, path, "x")
    found = (mapper.routematch(path, {"REQUEST_METHOD": method, "PATH_INFO": path}) for method, path in _asked())
    print(json.dumps([match and match[0]["controller"] for match in found]))


def _asked() -> list[tuple[str, str]]:
    return [(method, path) for method, path in json.load(sys.stdin)]


if __name__ == "__main__":
    main()
