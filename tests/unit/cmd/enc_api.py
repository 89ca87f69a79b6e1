"""What ``glance-related-enc`` asks: a Keystone, and the nodes of a compute API; and its user's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from glance_related.cmd import enc
from tests.unit.hosts.services import Services

SECRET = "s3cr3t-of-the-credential"
NODE = {"classes": {"web": {"port": 8080}, "db": None}, "parameters": {"role": "grün 🐢"}}


class Api(Services):
    """Knows some nodes, each with a tag."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, tuple[str, Any]] = {"web-1": ("1-a", NODE)}
        self.tags: list[str | None] = []
        compute = self._endpoint("internal", f"{self.url}/v2.1")
        self.catalog.append({"type": "compute", "endpoints": [compute]})

    def _usual(self, request: Any) -> tuple[int, dict[str, str], Any]:
        before, _, name = request.path.partition("/package-menu/nodes/")
        if before != "/v2.1":
            return super()._usual(request)
        self.tags.append(request.headers.get("If-None-Match"))
        if name not in self.nodes:
            message = f"No server of yours is known by the name {name}."
            code = {"X-Glance-Related-Code": "package_menu.no_node"}
            return 404, code, {"itemNotFound": {"message": message, "code": 404}}
        tag, document = self.nodes[name]
        if request.headers.get("If-None-Match") == f'"{tag}"':
            return 304, {"ETag": f'"{tag}"'}, b""
        return 200, {"ETag": f'"{tag}"'}, document

    def node_answers(self, status: int, document: Any = b"<html>", **headers: str) -> None:
        """What is answered of web-1 instead."""
        self.replies["/v2.1/package-menu/nodes/web-1"] = (status, headers, document)


@dataclass
class Done:
    """What the command has done: exit code, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def node(self) -> Any:
        """What Puppet would read."""
        return yaml.safe_load(self.out)


class Puppets:
    """Puppet's user: `run` is the command, as Puppet runs it."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.conf = folder / "enc.conf"
        self.cache = folder / "cache"
        self._url = url
        self._capsys = capsys
        self.write()

    def write(self, **options: str) -> None:
        """The configuration, with some of it otherwise; "" leaves a line out."""
        lines = {
            "auth_url": f"{self._url}/v3",
            "application_credential_id": "the-id",
            "application_credential_secret": SECRET,
            "cache_folder": str(self.cache),
            "timeout_seconds": "5",
            **options,
        }
        self.conf.write_text("[enc]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items() if value))

    def run(self, certname: str = "web-1") -> Done:
        self._capsys.readouterr()
        code = enc.main(["--config-file", str(self.conf), certname])
        said = self._capsys.readouterr()
        assert SECRET not in said.out + said.err
        return Done(code, said.out, said.err)

    @property
    def kept(self) -> list[str]:
        return sorted(path.name for path in self.cache.iterdir()) if self.cache.exists() else []
