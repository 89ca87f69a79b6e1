"""The page under gunicorn: the door in Nova's own URL map, the filter behind what Nova's pipeline has before authtoken.

Nova itself, Keystone and authtoken are ours.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from paste.deploy import loadapp

from glance_related.db import migration
from glance_related.deliveries.worker import Worker
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.carrier import PackageCarrier
from glance_related.suite import Suite, open_suite
from tests.filters.conftest import NOVA
from tests.filters.page_side import PEOPLE, FakeAuthtoken, FakeKeystone, KeystoneApp, PageNova, Person
from tests.servers.certificates import make_certificate
from tests.servers.server import Server

_PASTE = """
[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/identity: keystone
/v2.1/+: openstack_compute_api_v21
/package-menu-ui: package_menu_ui

[composite:package_menu_ui]
use = egg:glance_related#package_menu_ui
api = openstack_compute_api_v21
config_file = {conf}

[pipeline:openstack_compute_api_v21]
pipeline = cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken package_menu nova

[filter:cors]
paste.filter_factory = oslo_middleware.cors:filter_factory
oslo_config_project = nova

[filter:http_proxy_to_wsgi]
paste.filter_factory = oslo_middleware.http_proxy_to_wsgi:HTTPProxyToWSGI.factory

[filter:compute_req_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory

[filter:faultwrap]
paste.filter_factory = nova.api.openstack:FaultWrapper.factory

[filter:request_log]
paste.filter_factory = nova.api.openstack.requestlog:RequestLog.factory

[filter:sizelimit]
paste.filter_factory = oslo_middleware:RequestBodySizeLimiter.factory

[filter:osprofiler]
paste.filter_factory = nova.profiler:WsgiMiddleware.factory

[filter:package_menu]
use = egg:glance_related#package_menu
config_file = {conf}

[filter:authtoken]
paste.filter_factory = tests.real.page.site:authtoken_factory

[app:nova]
paste.app_factory = tests.real.page.site:nova_factory

[app:keystone]
paste.app_factory = tests.real.page.site:keystone_factory
"""

_CONF = """
[database]
connection = sqlite:///{root}/suite.sqlite
[instance_aware]
nova_installation_uuid = {nova}
[riders]
mark_keys = {mark}
[keys]
folder = {root}/keys
[package_menu_file]
folder = {root}/settings
[package_menu_ui]
auth_url = {url}/identity/v3
region_name = RegionOne
insecure_cookie = {insecure}
[account]
{account}
[deliveries]
poll_seconds = 0.05
retry_seconds = 0.1
"""

# The tests' own process of gunicorn: one Keystone and one Nova for every application in it.
_KEYSTONE = FakeKeystone((*PEOPLE, Person("carol", "carol's password", "carol", "member,reader")))
_NOVA = PageNova(lambda image_id, _: (200, "", {"id": image_id, "name": "debian", "status": "active"}))
_NOVA.is_discreet = True


def authtoken_factory(_: Any, **__: str) -> Any:
    return lambda app: FakeAuthtoken(app, _KEYSTONE)


def nova_factory(_: Any, **__: str) -> Any:
    return _NOVA


def keystone_factory(_: Any, **__: str) -> Any:
    return KeystoneApp(_KEYSTONE)


def application() -> Any:
    """What gunicorn serves."""
    return loadapp(f"config:{os.environ['PAGE_PASTE']}", name="osapi_compute")


class Site(Server):
    """The page on a port of its own.

    :param root: a folder of its own
    :param tls: with a certificate of its own, which nobody knows but its own page
    """

    def __init__(self, root: Path, port: int, *, tls: bool = False) -> None:
        super().__init__(root, "root")
        self.port = port
        self.tls = tls
        self.url = f"http{'s' if tls else ''}://localhost:{port}"
        self.conf = root / "glance-related.conf"

    def prepare(self) -> None:
        for name in ("keys", "settings"):
            (self.root / name).mkdir()
        (self.root / "keys" / "1").write_bytes(Fernet.generate_key())
        words = {"insecure": str(not self.tls).lower(), "account": f"cafile = {self.certificate}" if self.tls else ""}
        self.conf.write_text(_CONF.format(root=self.root, nova=NOVA, mark="k" * 32, url=self.url, **words))
        if self.tls:
            make_certificate(self.root)
        (self.root / "paste.ini").write_text(_PASTE.format(conf=self.conf))
        migration.upgrade(self.suite().database.engine)

    @property
    def certificate(self) -> Path:
        return self.root / "certificate.pem"

    def suite(self) -> Suite:
        """The same database and keys, in this process."""
        return open_suite(str(self.conf))

    def command(self) -> list[str]:
        return [
            "env", f"PAGE_PASTE={self.root / 'paste.ini'}", f"PYTHONPATH={Path(__file__).parents[3]}",
            sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--threads", "8",
            "--worker-tmp-dir", str(self.root), "--access-logfile", str(self.root / "access.log"),
            "--no-control-socket", *self._tls(),
            "tests.real.page.site:application()",
        ]  # fmt: skip

    def _tls(self) -> list[str]:
        return ["--certfile", str(self.certificate), "--keyfile", str(self.root / "key.pem")] if self.tls else []

    def answers(self) -> bool:
        return "Listening at" in self.log.read_text() and "Booting worker" in self.log.read_text()

    def deliver(self) -> None:
        """Let a worker hand over what is due."""
        suite = self.suite()
        books = Books(suite, open_drivers(suite.settings))
        Worker(books.deliveries, [PackageCarrier(books)], suite.settings.deliveries, "w").drain()
