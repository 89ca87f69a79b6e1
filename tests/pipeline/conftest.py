"""The real Glance WSGI application, in this process, behind its own ``context`` filter and ours.

Identity comes from the headers that ``authtoken`` would set (the flavor has no authtoken), so that a
test can be anyone without a Keystone. The tests against real tokens are in ``tests/real``.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import webtest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from tests.pipeline.cloud import NOVA, OTHER_NOVA, Cloud

GLANCE_CONF = """
[DEFAULT]
worker_self_reference_url = http://127.0.0.1
enabled_backends = fs:file
log_file = {root}/glance.log
api_limit_max = 1000
[database]
connection = sqlite:///{root}/glance.sqlite
[glance_store]
default_backend = fs
[fs]
filesystem_store_datadir = {root}/images
[os_glance_staging_store]
filesystem_store_datadir = {root}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {root}/tasks
[paste_deploy]
flavor = ours
[oslo_concurrency]
lock_path = {root}
[oslo_messaging_notifications]
driver = noop
"""

# The older shape of the file: no outer urlmap collapses slashes before the filters.
PASTE = """
[pipeline:glance-api-ours]
pipeline = versionnegotiation context instance_aware rootapp
[pipeline:glance-api-stock]
pipeline = versionnegotiation context rootapp
[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app
[app:apiversions]
paste.app_factory = glance.api.versions:create_resource
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:instance_aware]
use = egg:glance_related#instance_aware
config_file = {root}/glance-related.conf
"""


@pytest.fixture(scope="session")
def _real_glance(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    root = tmp_path_factory.mktemp("glance")
    for store in ("images", "staging", "tasks"):
        (root / store).mkdir()
    (root / "glance-api.conf").write_text(GLANCE_CONF.format(root=root))
    (root / "glance-api-paste.ini").write_text(PASTE.format(root=root))
    (root / "glance-related.conf").write_text(f"[database]\nconnection = sqlite:///{root}/ours.sqlite\n")
    subprocess.run(
        [Path(sys.executable).parent / "glance-manage", "--config-file", root / "glance-api.conf", "db_sync"],
        check=True,
        capture_output=True,
    )
    database = Database(DatabaseSettings(f"sqlite:///{root}/ours.sqlite"))
    migration.upgrade(database.engine)
    os.environ["OS_GLANCE_CONFIG_DIR"] = str(root)
    from glance.common import config, wsgi_app
    from paste.deploy import loadapp

    ours = wsgi_app.init_app()
    atexit.unregister(wsgi_app.drain_workers)  # it would drain a pool that no test has started
    stock = loadapp(f"config:{root}/glance-api-paste.ini", name="glance-api-stock")
    assert config.CONF.paste_deploy.flavor == "ours"
    return Cloud(root, webtest.TestApp(ours, lint=True), webtest.TestApp(stock, lint=True), Store(database))


@pytest.fixture
def cloud(_real_glance: Cloud) -> Any:
    """A Glance without images, and a suite that knows two Novas."""
    store = _real_glance.store
    store.add_installation(Installation(NOVA, "nova", ("nova",), ("scheduler",)))
    store.add_installation(Installation(OTHER_NOVA, "other", ("other-nova",), ("other-scheduler",)))
    yield _real_glance
    with sqlite3.connect(_real_glance.root / "glance.sqlite") as glance:
        for table in ("image_properties", "image_tags", "image_members", "image_locations", "images"):
            glance.execute(f"delete from {table}")
    with sqlite3.connect(_real_glance.root / "ours.sqlite") as ours:
        for table in ("image_instances", "pending_images", "service_users", "installations"):
            ours.execute(f"delete from glance_related_{table}")
