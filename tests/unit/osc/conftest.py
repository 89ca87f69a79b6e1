"""The shell of openstackclient as it is, with the commands in it, and a fake Nova and Glance at the other end."""

from __future__ import annotations

import functools
import io
import json
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TextIO
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from openstackclient.shell import OpenStackShell
from osc_lib.clientmanager import ClientManager

from glance_related.testing.fake_glance import FakeGlance
from tests.filters.menu_side import MenuSide
from tests.filters.menu_side import make as make_side
from tests.project.source import lines_of
from tests.unit.osc.menu_cloud import IDENTITY, PEOPLE, PROJECTS, MenuCloud

NOVA = "/compute/v2.1"
SERVER = "5f1f9bd3-4c3a-4a5c-8a39-1d0c9c3d7a01"
IMAGE = "0b8b2b1c-70c0-4b1e-9c2a-1e5a6f0a3c02"
OFFER = f"{NOVA}/image-props-override"

COMMANDS = {
    point.name.replace("_", " "): point.load()
    for line in lines_of("options.entry_points", "openstack.compute.v2")
    for point in [EntryPoint(*line.split(" = "), "openstack.compute.v2")]
}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed with ``-f json``."""
        return json.loads(self.out)


class Cloud(FakeGlance):
    """A Nova and a Glance behind one address; `openstack` asks them as a customer does.

    :param url: where it is
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        version = {"status": "CURRENT", "version": "2.100", "min_version": "2.1"}
        links = [{"rel": "self", "href": f"{url}{NOVA}/"}]
        self.answers("GET", f"{NOVA}/", json={"version": {"id": "v2.1", "links": links, **version}})
        for service, name, folder in (("image", "v2.17", "v2"), ("network", "v2.0", "v2.0")):
            links = [{"rel": "self", "href": f"{url}/{service}/{folder}/"}]
            self.answers("GET", f"/{service}", json={"versions": [{"id": name, "status": "CURRENT", "links": links}]})
        self.answers("GET", f"/image/v2/images/{IMAGE}", json={"id": IMAGE, "name": "debian", "tags": []})
        flavor = {"id": "1", "name": "tiny", "ram": 64, "disk": 1, "vcpus": 1}
        self.answers("GET", f"{NOVA}/flavors/1", json={"flavor": flavor})

    def has_overrides(self, *, schema: Any = None) -> None:
        """The filter stands in front of its Nova."""
        self.answers("GET", OFFER, json=schema or {"type": "object", "properties": {}})

    def makes_server(self, **more: Any) -> None:
        """A boot is accepted, and then there is this server."""
        self.answers("POST", f"{NOVA}/servers", status="202 Accepted", json={"server": {"id": SERVER}})
        self.has_server(**more)

    def has_server(self, **more: Any) -> None:
        """There is this server."""
        server = {"id": SERVER, "name": "node-1", "status": "ACTIVE", "image": {"id": IMAGE}, "metadata": {}}
        server |= {"flavor": {"original_name": "tiny", "ram": 64}, "addresses": {}}
        self.answers("GET", f"{NOVA}/servers/{SERVER}", json={"server": {**server, **more}})

    @property
    def booted(self) -> list[dict[str, Any]]:
        """What was sent to make servers."""
        return [call.json["server"] for call in self.asked("POST", f"{NOVA}/servers")]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with _serving(Cloud) as fake:
        yield fake


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    """The filter of the package menu itself, and a Nova behind it."""
    (tmp_path / "service").mkdir()
    return make_side(tmp_path / "service")


@pytest.fixture
def menu(side: MenuSide) -> Iterator[MenuCloud]:
    """A cloud with that filter."""
    with _serving(lambda url: MenuCloud(side, url)) as fake:
        yield fake


@contextmanager
def _serving(make: Callable[[str], Any]) -> Iterator[Any]:
    server = make_server("127.0.0.1", 0, None, handler_class=_Quiet)
    fake = make(f"http://127.0.0.1:{server.server_port}")
    server.set_app(fake)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def openstack(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """Runs ``openstack`` with these words; ``stdin`` is what comes in through a pipe."""
    at = {"compute": f"{NOVA}/", "image": "/image", "network": "/network"}
    endpoints = {f"{service}_endpoint_override": cloud.url + path for service, path in at.items()}
    settings = {"auth_type": "none", "auth": {"endpoint": cloud.url}, "region_name": "here", **endpoints}
    return _shell({"fake": settings}, tmp_path, monkeypatch, capsys)


@pytest.fixture
def alice(
    menu: MenuCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """Runs ``openstack`` as alice, or with ``who=`` as another of `PEOPLE`, against the cloud with the menu."""

    def of(user: str) -> dict[str, Any]:
        domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
        project = PROJECTS[PEOPLE[user]["X-Project-Id"]]
        auth = {"auth_url": menu.url + IDENTITY, "username": user, "password": "x", "project_name": project}
        return {"auth_type": "password", "auth": auth | domains, "region_name": "here", "identity_api_version": "3"}

    return _shell({user: of(user) for user in PEOPLE}, tmp_path, monkeypatch, capsys, who="alice")


@pytest.fixture
def admin(alice: Callable[..., Told]) -> Callable[..., Told]:
    """The same as the administrator."""
    return functools.partial(alice, who="admin")


def _shell(
    clouds: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    who: str = "fake",
) -> Callable[..., Told]:
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": clouds}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    monkeypatch.setattr(OpenStackShell, "NAME", "openstack")  # else it is the program that runs the tests
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, stdin: str | TextIO = "", who: str = who) -> Told:
        monkeypatch.setenv("OS_CLOUD", who)
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
        with _one_process():
            shell = OpenStackShell()
            for name, command in COMMANDS.items():
                shell.command_manager.add_command(name, command)
            try:
                code = shell.run(list(argv))
            except SystemExit as stopped:
                code = int(stopped.code or 0)
        told = capsys.readouterr()
        return Told(code, told.out, told.err)

    return run


@contextmanager
def _one_process() -> Iterator[None]:
    """The shell counts on a process of its own, and leaves its clients and its loggers behind.

    Other tests have set levels, as Glance does: the shell finds none.
    """
    root = logging.getLogger()
    handlers, level, levels = list(root.handlers), root.level, _levels()
    _set_levels({})
    for name in ("compute", "identity", "image", "network", "volume"):
        vars(ClientManager)[name]._handle = None
    with warnings.catch_warnings():
        try:
            yield
        finally:
            root.handlers = handlers
            root.setLevel(level)
            _set_levels(levels)


def _levels() -> dict[str, int]:
    """Of every logger but the root."""
    known = logging.Logger.manager.loggerDict
    return {name: one.level for name, one in known.items() if isinstance(one, logging.Logger)}


def _set_levels(levels: Mapping[str, int]) -> None:
    """Of every logger but the root; each that is set costs a walk over all of them, and there are thousands."""
    for name, level in _levels().items():
        wanted = levels.get(name, logging.NOTSET)
        if level != wanted:
            logging.getLogger(name).setLevel(wanted)
