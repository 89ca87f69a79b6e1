"""A gibibyte of image data through a real Glance: nothing of it may stay in the worker, and no bit may change."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import catalogue
from benchmarks.bench import Bench
from benchmarks.client import ADMIN, Client
from benchmarks.figures import Figure
from benchmarks.glances import STOCK, SYSTEM_1, Glance, db_upgrade
from cloud import Trouble
from cloud.processes import HOST

_MIB = 1 << 20
_WARM_UP_MIB = 32
_SAMPLE_SECONDS = 0.01


def measure(bench: Bench) -> list[Figure]:
    """How much a worker grows, up and down, from what it has after a smaller image."""
    sides: dict[str, float] = {}
    changed = []
    for name in ("ours", "stock"):
        with bench.progress.step(f"{bench.options.memory_mib} MiB up and down, {name}"), _glance(bench, name) as glance:
            client = glance.client()
            _there_and_back(glance, client, _WARM_UP_MIB)
            with _watched(glance.worker()) as grown:
                if not _there_and_back(glance, client, bench.options.memory_mib):
                    changed.append(name)
            sides[name] = max(grown) / 1024
    return [
        Figure(
            f"memory of the worker while {bench.options.memory_mib} MiB of image data go up and down, growth",
            sides["ours"],
            catalogue.MEMORY,
            sides,
            broken=f"the bytes that came back are others ({', '.join(changed)})" if changed else "",
        )
    ]


@contextmanager
def _glance(bench: Bench, name: str) -> Iterator[Glance]:
    folder = bench.root / "memory" / name
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder}/glance.sqlite?timeout=30"
    filters = SYSTEM_1 if name == "ours" else STOCK
    glance = Glance(folder, f"memory-{name}", bench.venv, url, filters=filters)
    glance.prepare()
    glance.db_sync()
    db_upgrade(folder, glance.name, bench.venv, url)
    try:
        glance.start()
        yield glance
    finally:
        glance.stop()


def _there_and_back(glance: Glance, client: Client, mib: int) -> bool:
    """Whether what came back is what was sent."""
    new = {"name": "data", "disk_format": "raw", "container_format": "bare"}
    path = "/v2/images/" + client.request("POST", "/v2/images", ADMIN, new, expected=201).json()["id"]
    sent = hashlib.sha512()
    came = _send_and_read(glance.port, f"{path}/file", _blocks(mib, sent))
    client.request("DELETE", path, ADMIN, expected=204)
    return sent.digest() == came


def _send_and_read(port: int, path: str, blocks: Iterator[bytes]) -> bytes:
    """The digest of what comes back."""
    connection = http.client.HTTPConnection(HOST, port, timeout=600)
    data = {"Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"}
    connection.request("PUT", path, blocks, ADMIN | data, encode_chunked=True)
    reply = connection.getresponse()
    if (reply.status, reply.read()) != (204, b""):
        raise Trouble(f"image data was not accepted: {reply.status}")
    connection.request("GET", path, headers=ADMIN)
    reply = connection.getresponse()
    if reply.status != 200:
        raise Trouble(f"image data did not come back: {reply.status}")
    came = hashlib.sha512()
    while block := reply.read(_MIB):
        came.update(block)
    connection.close()
    return came.digest()


def _blocks(mib: int, digest: hashlib._Hash) -> Iterator[bytes]:
    """Blocks of noise, no two the same."""
    noise = random.Random(mib).randbytes(_MIB - 8)
    for number in range(mib):
        block = number.to_bytes(8, "big") + noise
        digest.update(block)
        yield block


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """How many KiB a process has grown, sample by sample."""
    before = _resident(pid)
    grown: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            grown.append(_resident(pid) - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield grown
    finally:
        over.set()
        watcher.join()
        grown.append(_resident(pid) - before)


def _resident(pid: int) -> int:
    """Memory of a process, KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise Trouble(f"process {pid} has ended")
