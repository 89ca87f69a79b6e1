"""`GlancePolicy`: the rules of Glance's policy that property protections name, read from a copy of its policy file.

Glance asks for ``rule:<what the protections say>``, in the policy language, with an empty target: nothing is known of
the image. What it is asked for and cannot be judged here is refused, whatever else the rule says:

* A rule that is not in the copy. Glance would go by its rule ``default``, which lets everyone in unless the operator
  says otherwise; but it has dozens of rules of its own besides, most of them for administrators, and a copy may be old
  or forgotten.
* A rule that turns on what is not known here: the caller's domains, a token's system scope.

oslo.policy's own reading of files is not used. It sees no file that was put back with an older time, makes the next
request fail where the file is broken, and takes one that has vanished for an empty one.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Collection
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from glance_related.hosts.glance.protections import BadProtections, KeptFile

LOG = logging.getLogger(__name__)

# Glance's own rules that are meant to be named by others. All its other rules come, where nothing is known of the
# image, to administrators or to nobody: who names one puts it into the file.
_DEFAULTS = {"default": "", "context_is_admin": "role:admin", "service_api": "role:service or role:admin"}

# Glance knows more of a caller than we do. A service's token is none of it: a customer who asks himself has none.
_NOT_KNOWN = frozenset(("user_domain_id", "project_domain_id", "domain_id", "system_scope", "is_admin_project"))


class GlancePolicy:
    """What Glance's policy allows.

    :param policy_file: a copy of Glance's policy file (what its ``policy.d`` holds must be in it too); None: there is
        none, and Glance's own rules are all
    :param clock: seconds that only grow
    :param every: how often the file is looked at, in seconds
    :raises BadProtections: it cannot be read
    """

    def __init__(
        self, policy_file: str | None, clock: Callable[[], float] = time.monotonic, every: float = 1.0
    ) -> None:
        self._own = _Rules("", "")
        self._file: KeptFile[_Rules] | None = None
        if policy_file is not None:
            self._file = KeptFile(policy_file, lambda text: _Rules(text, policy_file), clock, every)

    @property
    def trouble(self) -> str | None:
        """Why the file that is there now is not in force; None while it is."""
        return self._file.trouble if self._file else None

    def allows(self, rule_name: str, roles: Collection[str], project_id: str | None, user_id: str | None) -> bool:
        """Whether a rule allows a caller.

        :param rule_name: as the protections name it
        :param roles: the caller's own
        """
        rules = self._file.current() if self._file else self._own
        return rules.allow(rule_name, _Caller(roles=sorted(roles), project_id=project_id, user_id=user_id))


class _CannotJudge(Exception):
    """A rule asks for what is not known here; no KeyError, which oslo.policy takes for a no, and ``not`` for a yes."""


class _Caller(dict[str, Any]):
    """What is known of a caller."""

    def __missing__(self, attribute: str) -> Any:
        if attribute in _NOT_KNOWN:
            raise _CannotJudge(f"it turns on {attribute}, which is not known here")
        raise KeyError(attribute)


class _Unknown(policy.Check):
    """Stands for every rule that is not there."""

    def __call__(self, target: Any, creds: Any, enforcer: Any, current_rule: str | None = None) -> bool:
        raise _CannotJudge("it, or a rule that it refers to, is not in the policy file; copy that from Glance's")


class _Rules:
    """What one content of a policy file says.

    :raises BadProtections: it is no policy file
    """

    def __init__(self, text: str, source: str) -> None:
        written = _read(text, source)
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        self._enforcer = policy.Enforcer(
            conf,
            rules={**policy.Rules.from_dict(_DEFAULTS), **written},
            default_rule=_Unknown("rule", ""),
            use_conf=False,
        )
        self._enforcer.check_rules()  # says in the log what refers to nothing, or to itself
        self._told: set[str] = set()

    def allow(self, rule: str, caller: _Caller) -> bool:
        try:
            return bool(self._enforcer.enforce(_check(rule), {}, caller))
        except _CannotJudge as why:
            self._tell(rule, str(why))
        except (RecursionError, TypeError, ValueError):  # what a circle comes to, and a % with nothing good behind it
            self._tell(rule, "it refers to itself, or is not well formed")
        return False

    def _tell(self, rule: str, why: str) -> None:
        if rule not in self._told:
            self._told.add(rule)
            LOG.warning("the policy rule %s, which the property protections name, refuses: %s", rule, why)


def _read(text: str, source: str) -> dict[str, Any]:
    try:
        return dict(policy.Rules.load(text))
    except ValueError as error:
        mark = getattr(error.__context__, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "it"
        raise BadProtections(f"{source}: {where} is not YAML; mend it, or copy Glance's file anew") from None
    except (AttributeError, TypeError, RecursionError):
        raise BadProtections(f'{source}: a policy file is lines of "rule": "check"; copy Glance\'s anew') from None


@functools.lru_cache(1024)
def _check(rule: str) -> Any:
    return policy.Rules.from_dict({rule: f"rule:{rule}"})[rule]
