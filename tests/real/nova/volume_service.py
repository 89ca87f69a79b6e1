"""As much of a Cinder as Nova needs to boot from a volume and to snapshot such a server, in this process."""

from __future__ import annotations

import json
import re
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cloud.processes import HOST

_VERSION = {
    "id": "v3.0", "status": "CURRENT", "version": "3.70", "min_version": "3.0", "updated": "2023-08-31T00:00:00Z",
    "links": [],
}  # fmt: skip


class VolumeService:
    """start(), stop(); `volume()` is the id of a fresh one, `snapshots` those that Nova had made: their volumes."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}/v3"
        self.snapshots: dict[str, str] = {}
        self._volumes: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer((HOST, port), _handler(self))

    def start(self) -> None:
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def volume(self) -> str:
        volume_id = str(uuid.uuid4())
        self._volumes[volume_id] = {
            "id": volume_id, "status": "available", "size": 1, "availability_zone": "nova", "name": "disk",
            "created_at": "2026-01-01T00:00:00", "attachments": [], "description": "", "volume_type": "fake",
            "snapshot_id": None, "bootable": "true", "metadata": {}, "multiattach": False,
            "volume_image_metadata": {}, "shared_targets": False, "service_uuid": None,
        }  # fmt: skip
        return volume_id

    def answer(self, method: str, path: str, asked: Any) -> tuple[int, Any]:
        """Whatever is not known here is done, and nothing is said of it."""
        if path.rstrip("/") in ("", "/v3"):
            versions = [{**_VERSION, "links": [{"rel": "self", "href": f"{self.url}/"}]}]
            return 200, {"versions": versions}
        if path.endswith("/limits"):
            return 200, {"limits": {"rate": [], "absolute": {"totalSnapshotsUsed": 0, "maxTotalSnapshots": -1}}}
        if path.endswith("/snapshots") and method == "POST":
            return 202, {"snapshot": self._snapshot(asked["snapshot"])}
        if "/attachments" in path and method in ("POST", "PUT", "GET"):
            return 200, {"attachment": {"id": str(uuid.uuid4()), "instance": None, "connection_info": {}}}
        found = re.search(r"/volumes/([0-9a-f-]{36})$", path)
        if method == "GET" and found and found[1] in self._volumes:
            return 200, {"volume": self._volumes[found[1]]}
        return (202, None) if method != "GET" else (404, {"itemNotFound": {"code": 404, "message": path}})

    def _snapshot(self, asked: dict[str, Any]) -> dict[str, Any]:
        snapshot_id = str(uuid.uuid4())
        self.snapshots[snapshot_id] = asked["volume_id"]
        return {
            "id": snapshot_id, "status": "creating", "progress": "0%", "size": 1, "name": asked.get("name"),
            "created_at": "2026-01-01T00:00:00", "description": "", "volume_id": asked["volume_id"],
            "project_id": "", "metadata": {},
        }  # fmt: skip


def _handler(service: VolumeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = json.loads(body) if body else None
            status, content = service.answer(self.command, self.path.partition("?")[0], asked)
            answer = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("OpenStack-API-Version", self.headers.get("OpenStack-API-Version", "volume 3.0"))
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    return Handler
