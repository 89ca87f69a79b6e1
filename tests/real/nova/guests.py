"""Guests of the real cloud, as they are heard by its metadata service behind Neutron's proxy."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.filters.guest_side import REPORT, SETTINGS, unpacked
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.wire import Answer, exchange

VENDORDATA = "/openstack/latest/vendor_data2.json"


class Guests:
    """See the module.

    :param nova: whose guests they are; the cloud's first where nothing is said
    """

    def __init__(self, cloud: NovaCloud, nova: Any = None) -> None:
        self.cloud = cloud
        self.nova = nova or cloud.nova

    def headers(self, server_id: str, who: str = "alice") -> dict[str, str]:
        """What the proxy says of a guest of somebody's."""
        signature = hmac.new(self.nova.metadata_secret.encode(), server_id.encode(), hashlib.sha256).hexdigest()
        return {
            "X-Instance-ID": server_id,
            "X-Tenant-ID": self.cloud.project(who),
            "X-Instance-ID-Signature": signature,
            "X-Forwarded-For": "10.0.0.3",
        }

    def ask(self, headers: dict[str, str], path: str, body: bytes | None = None, method: str = "") -> Answer:
        """One request to the metadata service."""
        return exchange(self.nova.metadata.port, method or ("GET" if body is None else "POST"), path, headers, body)

    def settings(self, server_id: str, who: str = "alice", query: str = "") -> Answer:
        return self.ask(self.headers(server_id, who), f"{SETTINGS}{query}")

    def report(self, server_id: str, document: Any, who: str = "alice") -> Answer:
        body = json.dumps(document).encode()
        path = f"{REPORT}?length={len(body)}&sha256={hashlib.sha256(body).hexdigest()}"
        return self.ask(self.headers(server_id, who), path, body)

    def vendordata(self, server_id: str, who: str = "alice") -> Any:
        """What vendor data brings of ours, over the network; None: nothing of ours."""
        answer = self.ask(self.headers(server_id, who), VENDORDATA)
        assert answer.status == 200, answer
        return brought(answer.json())

    def on_drive(self, server_id: str) -> Any:
        """The same, from the config drive that nova-compute has made."""
        drive = self.nova.data / "instances" / server_id / "disk.config"
        return brought(json.loads(read(drive, VENDORDATA)))


def brought(document: Any) -> Any:
    """The settings of the menu that our script has with it; ``"to ask"``: it has none; None: there is no script."""
    parts = document.get("cloud-init") or []
    scripts = [part for part in parts if part.startswith("#!") and "glance-related" in part]
    if not scripts:
        return None
    (script,) = scripts
    found = unpacked(script)
    assert b"def main" in found["program"]
    return found["settings"]["parts"]["package_menu"] if "settings" in found else "to ask"


def read(drive: Path, path: str) -> bytes:
    """A file of a config drive."""
    argv = ["isoinfo", "-R", "-i", str(drive), "-x", path]
    return subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
