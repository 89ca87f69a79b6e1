"""A site of its own for each failure: Glances of these tests and a suite database, on the shared Keystone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.environment import PROJECT
from cloud.glance import Glance
from cloud.suite import Suite
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.rules import INSTALLATION, INSTANCE
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from tests.real.cloud_of_tests import Cloud
from tests.servers.ports import free_port
from tests.servers.server import wait_until

if TYPE_CHECKING:
    from tests.real.http import Answer

#: The words around ours, and what they are; `{root}` is the site's folder.
PASTE = """
[filter:crash_outside]
paste.filter_factory = tests.real.failures.crash_filter:outside
journal = {root}/crashes
[filter:crash_inside]
paste.filter_factory = tests.real.failures.crash_filter:inside
[filter:fault]
paste.filter_factory = tests.real.failures.fault_filter:inside
gate = {root}/gate
"""


class FailingGlance(Glance):
    """A Glance whose gunicorn is given more words (``--preload``)."""

    gunicorn_words = ""

    def _environment(self, **more: str) -> dict[str, str]:
        if "GUNICORN_CMD_ARGS" in more:
            more["GUNICORN_CMD_ARGS"] += f" {self.gunicorn_words}"
        return super()._environment(**more)


class Site:
    """Glances over one database of Glance's, with one database of ours behind all of them.

    :param database: SQLAlchemy URL of ours, by which the tests look at it too
    :param conf_extra: more of ``glance-related.conf``
    """

    def __init__(self, root: Path, cloud: Cloud, *, database: str | None = None, conf_extra: str = "") -> None:
        self.root = root
        self.cloud = cloud
        self.port = free_port()
        self.installation = cloud.installation
        self.journal = root / "crashes"
        self._conf_extra = conf_extra
        self._glances: list[Glance] = []
        self.suite = self._suite("suite", database)
        self.suite.data.mkdir(parents=True, exist_ok=True)
        self.database = Database(DatabaseSettings(self.suite.database))
        self.store = Store(self.database)

    @property
    def glance_database(self) -> Path:
        """Glance's own tables: one SQLite file for all Glances of the site."""
        return self._glances[0].database_file

    # -- servers

    def prepare(self) -> None:
        """Our tables, with the installation of `nova` and `scheduler` in them."""
        migration.upgrade(self.database.engine)
        users = self.cloud.accounts.users
        self.store.add_installation(Installation(self.installation, "nova", (users["nova"],), (users["scheduler"],)))

    def glance(
        self, name: str = "failing", *, gunicorn_words: str = "", suite: Suite | None = None, **options: Any
    ) -> Glance:
        """A Glance with crash points around our filter, running; the first one has the port that `account` names."""
        first = self._glances[0] if self._glances else None
        shared = {"database": first.database, "store": first.store} if first else {}
        words = {"before": "crash_outside", "after": "crash_inside fault", "threads": 4, **shared, **options}
        words["paste_extra"] = PASTE.format(root=self.root) + words.get("paste_extra", "")
        glance = FailingGlance(
            self.root, name, self.port if first is None else free_port(), self.cloud.venv, self.cloud.keystone,
            suite_conf=(suite or self.suite).conf, pythonpath=[PROJECT], **words,
        )  # fmt: skip
        glance.gunicorn_words = gunicorn_words
        glance.write_config()
        if first is None:
            self._tables_for(glance)
        self._glances.append(glance)
        glance.start()
        # Keystone notes of each user when he first came, and has been seen to answer 500 to two who come at once
        for who in ("scheduler", "admin"):
            assert self.ask(glance, who, "GET", "/v2/schemas/image").status == 200
        return glance

    def suite_at(self, name: str, database: str) -> Suite:
        """The same suite, reached by another way: another node of the cluster."""
        return self._suite(name, database)

    def stop(self) -> None:
        for glance in self._glances:
            glance.stop()
        self.database.dispose()

    def _suite(self, name: str, database: str | None) -> Suite:
        extra = f"glance_endpoint = http://127.0.0.1:{self.port}\n{self._conf_extra}"
        suite = Suite(
            self.root,
            self.cloud.venv,
            self.cloud.keystone,
            name=name,
            database=database,
            conf_extra=extra,
            pythonpath=[PROJECT],
        )
        suite.write_config()
        return suite

    def _tables_for(self, glance: Glance) -> None:
        """Glance's own tables: made once in a session, which takes seconds, and then copied."""
        template = self.cloud.root / "glance-template.sqlite"
        if not template.exists():
            glance.db_sync()
            shutil.copy(glance.database_file, template)
        shutil.copy(template, glance.database_file)

    # -- holding a request

    @property
    def _gate(self) -> Path:
        return self.root / "gate"

    @contextmanager
    def held(self, ask: Callable[[], Answer]) -> Iterator[Future[Answer]]:
        """A request that waits inside Glance's pipeline (it says so in its header) until the block is left."""
        waiting = self._gate.with_suffix(".waiting")
        waiting.unlink(missing_ok=True)
        self._gate.unlink(missing_ok=True)
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(ask)
            try:
                wait_until(lambda: waiting.exists() or answer.done(), "the request does not come to the gate")
                yield answer
            finally:
                self._gate.touch()

    # -- asking

    def ask(self, glance: Glance, who: str, method: str, path: str, **extra: Any) -> Answer:
        return self.cloud.call(glance, who, method, path, **extra)

    def create(self, glance: Glance, image: Mapping[str, Any], *, who: str = "scheduler", **extra: Any) -> Answer:
        return self.ask(glance, who, "POST", "/v2/images", json=dict(image), **extra)

    def patch(self, glance: Glance, image_id: str, changes: Any, *, who: str = "scheduler", **extra: Any) -> Answer:
        return self.cloud.patch(glance, who, image_id, changes, **extra)

    def show(self, glance: Glance, image_id: str, *, who: str = "scheduler") -> Answer:
        return self.ask(glance, who, "GET", f"/v2/images/{image_id}")

    def ref(self, instance: str) -> InstanceRef:
        """An instance of the installation that is registered here."""
        return InstanceRef(self.installation, instance)

    def images(self, glance: Glance) -> dict[str, list[dict[str, Any]]]:
        """Every image that there is, as the administrator sees it, by name."""
        named: dict[str, list[dict[str, Any]]] = {}
        for image in self._walk(glance):
            named.setdefault(image["name"], []).append(image)
        return named

    def _walk(self, glance: Glance) -> Iterator[dict[str, Any]]:
        path: str | None = "/v2/images?limit=500"
        while path:
            page = self.ask(glance, "admin", "GET", path)
            assert page.status == 200, page
            yield from page.json()["images"]
            path = page.json().get("next")


def shown_by(images: Iterable[Mapping[str, Any]]) -> set[InstanceRef | None]:
    """The tuples that some images show."""
    return {tuple_of(image) for image in images}


def tuple_of(image: Mapping[str, Any]) -> InstanceRef | None:
    """The tuple that an image shows: both halves or nothing."""
    shown = [image.get(INSTALLATION), image.get(INSTANCE)]
    if shown == [None, None]:
        return None
    assert None not in shown, f"half a tuple: {image}"
    return InstanceRef(str(shown[0]), str(shown[1]))


def as_properties(ref: InstanceRef) -> dict[str, str]:
    return {INSTALLATION: ref.nova_installation_uuid, INSTANCE: ref.instance_id}


@contextmanager
def running(site: Site) -> Iterator[Site]:
    """A site that is stopped whatever happens."""
    try:
        site.prepare()
        yield site
    finally:
        site.stop()
