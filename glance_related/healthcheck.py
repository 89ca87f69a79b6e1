"""A plugin for oslo.middleware's healthcheck: is the database there, and its schema current?

In Glance's paste file::

    [app:healthcheck]
    paste.app_factory = oslo_middleware:Healthcheck.app_factory
    backends = disable_by_file, glance_related
    disable_by_file_path = /etc/glance/healthcheck_disable
    glance_related_config_file = /etc/glance-related/glance-related.conf
    detailed = true

The detail counts what this worker has bound, refused and listed since it started, in front of Nova how
many images it has let ride; then how many creations are pending in the database, and how many rows
``reconcile`` has swept.

Glance goes on without the suite's database, so taking an API host out of service for it would make
a small trouble a big one: name the plugin here to *see* the trouble, not in a load balancer's probe.
"""

from __future__ import annotations

from typing import Any

from oslo_middleware.healthcheck import pluginbase

from glance_related.db import migration
from glance_related.db.database import DatabaseDown
from glance_related.instance_aware.store import Store
from glance_related.settings.options import ConfigError
from glance_related.suite import Suite, open_suite

CONFIG_KEY = "glance_related_config_file"
_COUNTED = ("bound", "refused", "listed", "riding", "merged")


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
        counts = " ".join(f"{name}={suite.counters[name]}" for name in _COUNTED)
        try:
            if not suite.database.read(migration.is_current):
                return self._result(
                    False,
                    "glance_related: SCHEMA NOT CURRENT",
                    f"glance_related: {counts}; run 'glance-related-manage db upgrade'",
                )
            state = Store(suite.database).state()
        except DatabaseDown:
            return self._result(False, "glance_related: DATABASE DOWN", f"glance_related: {counts}")
        return self._result(
            True, "OK", f"glance_related: {counts} pending={state['pending']} swept={state.get('swept', '0')}"
        )

    @staticmethod
    def _result(available: bool, reason: str, details: str) -> Any:
        return pluginbase.HealthcheckResult(available=available, reason=reason, details=details)
