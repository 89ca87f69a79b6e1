"""A plugin for oslo.middleware's healthcheck: is the database there, and its schema current?

In Glance's paste file::

    [app:healthcheck]
    paste.app_factory = oslo_middleware:Healthcheck.app_factory
    backends = disable_by_file, glance_related
    disable_by_file_path = /etc/glance/healthcheck_disable
    glance_related_config_file = /etc/glance-related/glance-related.conf
    detailed = true

The detail (``detailed = true``, as JSON or HTML) has these figures:

==================  ====================================================================================
of this process     since it has started
==================  ====================================================================================
bound               images bound to their servers, in front of Glance
refused             requests that a filter of ours has refused
listed              lists that were narrowed, in front of Glance
riding              images and boots that something rides on, in front of Nova
merged              images shown with the properties of a boot, in front of Glance
launched            servers made with packages, in front of Nova
vendordata          questions of Nova's for a first boot, several for each server, in front of Nova
vendordata_failed   those of them to which nothing of ours was answered, for the database was down
settings            questions of guests for their settings, in front of the metadata service
reports             what guests have told of what became of these, the same
==================  ====================================================================================

==================  ====================================================================================
of the database     the same on whichever host one asks
==================  ====================================================================================
pending             creations of images that have not ended yet
swept               rows that ``reconcile`` has removed
waiting             deliveries that are still to be handed over
oldest_seconds      since when the first of them is wished for
failed_deliveries   deliveries that will not be handed over until somebody changes or retries them
open_boots          requests to Nova of which it is not known yet for which servers they were
==================  ====================================================================================

Each is read from an index, and without the detail none of them is; ``glance-related-manage deliveries status`` tells
more.

Glance goes on without the suite's database, so taking an API host out of service for it would make
a small trouble a big one: name the plugin here to *see* the trouble, not in a load balancer's probe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_middleware.healthcheck import pluginbase

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown
from glance_related.deliveries.store import DeliveryStore
from glance_related.instance_aware.store import Store
from glance_related.package_menu.started import recorded_drivers
from glance_related.riders.store import RiderStore
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite

CONFIG_KEY = "glance_related_config_file"
_COUNTED = (
    "bound", "refused", "listed", "riding", "merged", "launched", "vendordata", "vendordata_failed", "settings",
    "reports",
)  # fmt: skip


class DatabaseHealthcheck(pluginbase.HealthcheckBaseExtension):
    """Entry point ``oslo.middleware.healthcheck``, name ``glance_related``."""

    def __init__(self, oslo_conf: Any, conf: dict[str, Any]) -> None:
        super().__init__(oslo_conf, conf)
        self._config_file: str | None = conf.get(CONFIG_KEY)

    def healthcheck(self, server_port: int) -> Any:
        """Ask the database; see the module for what the detail says."""
        try:
            # only now: a plugin that fails while it is loaded is left out in silence, and all would look well
            suite = open_suite(self._config_file)
        except ConfigError as error:
            return self._result(False, "glance_related: NOT CONFIGURED", str(error))
        return self._asked(suite)

    def _asked(self, suite: Suite) -> Any:
        counts = _written({name: suite.counters[name] for name in _COUNTED})
        try:
            if not suite.database.read(migration.is_current):
                return self._result(
                    False,
                    "glance_related: SCHEMA NOT CURRENT",
                    f"glance_related: {counts}; run 'glance-related-manage db upgrade'",
                )
            kept = _written(_figures(suite.database)) if self._conf_get("detailed") else ""
        except DatabaseDown:
            return self._result(False, "glance_related: DATABASE DOWN", f"glance_related: {counts}")
        return self._result(True, "OK", f"glance_related: {counts} {kept}".rstrip())

    @staticmethod
    def _result(available: bool, reason: str, details: str) -> Any:
        return pluginbase.HealthcheckResult(available=available, reason=reason, details=details)


def _figures(database: Database) -> dict[str, int]:
    """See the module.

    :raises DatabaseDown:
    """
    state, outbox, drivers = Store(database).state(), DeliveryStore(database), recorded_drivers(database)
    waiting = outbox.waiting(drivers)
    return {
        "pending": int(state["pending"]),
        "swept": int(state.get("swept", 0)),
        "waiting": waiting.number,
        "oldest_seconds": int(waiting.oldest),
        "failed_deliveries": outbox.failed(drivers),
        "open_boots": RiderStore(database).open_number(),
    }


def _written(figures: Mapping[str, int]) -> str:
    return " ".join(f"{name}={number}" for name, number in figures.items())
