"""`Rights`: which properties the operator offers, and what Glance's protections let a caller do with them.

Judged by the caller's own roles: on Nova's requests Glance adds the roles of Nova's service user to them, and what a
customer may not set himself would slip in.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence

from glance_related.hosts.glance.policy_rules import GlancePolicy
from glance_related.hosts.glance.protections import BadProtections, ProtectionsFile
from glance_related.props_override.options import GROUP, PropsOverrideSettings
from glance_related.props_override.started import NONE
from glance_related.settings.options import ConfigError
from glance_related.wsgi.caller import Caller


class Rights:
    """What the operator has laid down, for everyone.

    :param settings: ``[props_override]``
    :param config_file: named where something is wrong with it
    :raises ConfigError: the protections cannot be read as Glance would read them
    """

    def __init__(self, settings: PropsOverrideSettings, config_file: str) -> None:
        self._allowed = _any_of(settings.allowed)
        self._denied = _any_of(settings.denied)
        self._file: ProtectionsFile | None = None
        self._policy: GlancePolicy | None = None
        path, form = settings.property_protection_file, settings.property_protection_rule_format
        if path is None:
            return
        try:
            self._file = ProtectionsFile(path, form)
            if form == "policies":
                self._policy = GlancePolicy(settings.property_protection_policy_file)
        except BadProtections as problem:
            raise ConfigError(f"{config_file}: [{GROUP}] property_protection_file: {problem}") from None

    @property
    def are_protected(self) -> bool:
        """Whether there are protections at all."""
        return self._file is not None

    @property
    def fingerprint(self) -> str:
        """What tells the protections in force from others, for `glance_related.props_override.started`."""
        return self._file.fingerprint() if self._file else NONE

    def of(self, caller: Caller) -> CallersRights:
        """What a caller may do."""
        return CallersRights(self, self._may(caller))

    def is_offered(self, names: Sequence[str]) -> bool:
        """Whether a property that goes by these names may be overridden at all."""
        return any(map(self._allowed, names)) and not any(map(self._denied, names))

    def _may(self, caller: Caller) -> Callable[[str, str], bool]:
        if self._file is None:
            return lambda _operation, _name: True
        protections, policy = self._file.current(), self._policy

        def by_policy(rule: str) -> bool:
            return policy is not None and policy.allows(rule, caller.roles, caller.project_id, caller.user_id)

        return lambda operation, name: protections.permits(operation, name, caller.roles, by_policy)


class CallersRights:
    """What one caller may do; it answers as `glance_related.props_override.rules.Rights` asks."""

    def __init__(self, rights: Rights, may: Callable[[str, str], bool]) -> None:
        self.is_offered = rights.is_offered
        self.may = may


def _any_of(patterns: Iterable[str]) -> Callable[[str], object]:
    """Whether a name fits one of some shell patterns; case counts, as in names of properties."""
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)").match
