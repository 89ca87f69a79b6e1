"""What is wrong with the registered service users: Glance's side takes a token for a service's by its role."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Iterator

from glance_related.cmd.check.findings import Finding, error, note
from glance_related.hosts.account import GlanceAccount
from glance_related.wsgi.caller import SERVICE_ROLE


class RolesAccount(GlanceAccount):
    """The suite's own account, which asks Keystone for roles too."""

    def roles_of(self, user_id: str) -> frozenset[str] | None:
        """The roles that a user has anywhere, by himself, by a group or by another role, in lower case.

        :returns: None where the account may not ask, or Keystone does not say
        :raises Unreachable:
        :raises ConfigError:
        """
        query = urllib.parse.urlencode({"user.id": user_id})
        answer = self._keystone(f"/v3/role_assignments?{query}&effective&include_names")
        if answer is None or answer.status != 200 or not isinstance(answer.document, dict):
            return None
        assignments = answer.document.get("role_assignments")
        if not isinstance(assignments, list):
            return None
        names = [one["role"].get("name") for one in assignments]
        return frozenset(name.lower() for name in names) if all(names) else None


def check_roles(account: RolesAccount, users: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Whether Nova's users are believed to be services.

    :param users: name of the installation and id, for each of its service users whom Keystone knows
    :raises Unreachable:
    :raises ConfigError:
    """
    for installation, user in users:
        roles = account.roles_of(user)
        if roles is None:
            yield note(
                "installation.roles_unchecked",
                f"whether the registered service users have the role '{SERVICE_ROLE}' was not checked, for Keystone "
                f"does not tell the suite's account; look with 'openstack role assignment list --names --user {user}'.",
            )
            return
        if SERVICE_ROLE not in roles:
            yield error(
                "installation.no_service_role",
                f"user {user} of installation '{installation}' has the role '{SERVICE_ROLE}' nowhere, so Glance's side "
                "does not believe that it is Nova, and nothing that it makes is bound; run 'openstack role add "
                f"--user {user} --project service {SERVICE_ROLE}', with the project that Nova logs in to.",
            )
