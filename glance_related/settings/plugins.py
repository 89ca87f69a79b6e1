"""What is installed under an entry point's name: loaded loudly, for what is silently not there loses things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stevedore import ExtensionManager

from glance_related.settings.options import ConfigError


def load(group: str, names: Sequence[str], option: str) -> dict[str, Any]:
    """What stands behind some names of a group of entry points.

    :param option: where they are named, for the sentence
    :raises ConfigError: one is not installed, or cannot be loaded
    """
    failures: dict[str, BaseException] = {}
    manager: Any = ExtensionManager(
        group,
        invoke_on_load=False,
        on_load_failure_callback=lambda _, point, error: failures.update({point.name: error}),
    )
    found = {extension.name: extension.plugin for extension in manager}
    for name in names:
        if name in failures:
            raise ConfigError(f"{option} names {name}, which cannot be loaded: {failures[name]}.")
        if name not in found:
            known = ", ".join(sorted({*found, *failures}))
            raise ConfigError(f"{option} names {name}, which is not installed; there are {known}.")
    return {name: found[name] for name in names}


def load_all(group: str) -> dict[str, Any]:
    """Everything that is installed in a group of entry points.

    :raises ConfigError: something cannot be loaded
    """
    manager: Any = ExtensionManager(group, invoke_on_load=False)
    return load(group, sorted({point.name for point in manager.list_entry_points()}), f"the group {group}")
