"""`Suite`: what the filters of one process share - settings, database, policy, counters.

A process opens one suite per configuration file, however many filters its pipelines name, so that
they share one pool of connections and one set of counters.
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown
from glance_related.db.facts import facts_under, forget_fact, set_fact
from glance_related.riders.mark import Marks
from glance_related.settings.keys import Keys
from glance_related.settings.options import DEFAULT_FILE, ConfigError, Settings, load
from glance_related.settings.policy import Policy

LOG = logging.getLogger(__name__)


class Counters:
    """How often things have happened in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def count(self, name: str) -> None:
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + 1

    def __getitem__(self, name: str) -> int:
        return self._counts.get(name, 0)


@dataclass(frozen=True)
class Suite:
    """See the module.

    :param systems: the systems whose filters this process has built, with their limits
    """

    settings: Settings
    database: Database
    policy: Policy
    marks: Marks = field(default_factory=lambda: Marks(()))
    keys: Keys = field(default_factory=lambda: Keys(None))
    counters: Counters = field(default_factory=Counters)
    systems: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def installation(self) -> str:
        """Which Nova the filters of this process stand in front of.

        :raises ConfigError: it is not said, or there is no key to make marks with
        """
        file, installation = self.settings.config_file, self.settings.instance_aware.nova_installation_uuid
        if installation is None:
            raise ConfigError(
                f"{file}: [instance_aware] nova_installation_uuid is not set; set it to the UUID that "
                "'glance-related-manage generate-installation-uuid --register NAME --service-user ID' prints."
            )
        if not self.marks:
            raise ConfigError(
                f"{file}: [riders] mark_keys is not set; set it to what 'glance-related-manage generate-mark-key' "
                "prints, the same in front of Glance."
            )
        return installation

    def check_schema(self) -> None:
        """Stop a start-up over a schema that is missing or too old; a database that is down does not stop it.

        :raises ConfigError: with the command that mends it
        """
        try:
            current = self.database.read(migration.is_current)
        except DatabaseDown:
            return
        finally:
            self.database.dispose()  # a worker that is forked later makes connections of its own
        if not current:
            raise ConfigError(
                f"The tables of glance_related in [database] connection of {self.settings.config_file} are missing or "
                f"old; run 'glance-related-manage --config-file {self.settings.config_file} db upgrade'."
            )


_KEYS = "keys."


def record_keys(database: Database, fingerprints: Sequence[str]) -> bool:
    """Leave word of the keys that this host has, for ``keys promote`` and ``rewrite``; False where that cannot be done.

    :param fingerprints: that of the primary first
    """
    try:
        set_fact(database, _KEYS + this_host(), ",".join(fingerprints)[:255])
    except DatabaseDown:
        LOG.info("which keys this host has is recorded later: the database is down")
        return False
    return True


def recorded_keys(database: Database) -> dict[str, list[str]]:
    """The fingerprints of the keys that each host has told of, that of its primary first, by its name.

    :raises DatabaseDown:
    """
    return {name.removeprefix(_KEYS): value.split(",") for name, value in facts_under(database, _KEYS).items()}


def forget_keys(database: Database, host: str) -> bool:
    """Forget what a host has told of; False where it never did.

    :raises DatabaseDown:
    """
    return forget_fact(database, _KEYS + host)


def this_host() -> str:
    """By which name this host is told of."""
    return socket.gethostname()[: 64 - len(_KEYS)]


def version() -> str:
    """The version of the installed suite."""
    return importlib.metadata.version("glance_related")


def open_suite(config_file: str | None = None) -> Suite:
    """The suite of a configuration file, made at the first call.

    :raises ConfigError: one sentence that names the fix
    """
    return _open(config_file or DEFAULT_FILE)


# Not a global in disguise: the key is the file, the value is frozen, and nothing ever has to be reset.
@functools.cache
def _open(config_file: str) -> Suite:
    settings = load(config_file)
    database = Database(settings.database)
    return Suite(
        settings,
        database,
        Policy(settings),
        Marks(settings.riders.mark_keys),
        Keys(settings.keys_folder, functools.partial(record_keys, database)),
    )
