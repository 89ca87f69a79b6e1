"""`Caller`: who is asking, read once from the headers that keystonemiddleware has verified.

==========================  ============================================================
read                        meaning
==========================  ============================================================
X-Identity-Status           ``Confirmed`` where the user's token is good
X-User-Id, X-Project-Id,    of the user's token
X-Roles
X-Service-Token             was a second token sent at all
X-Service-Identity-Status   ``Confirmed`` where that token is good
X-Service-User-Id,          of the second token
X-Service-Roles
==========================  ============================================================

A client can send these headers too. They are worth something only behind ``authtoken``, which
removes what the client sent, and ``context``, which refuses what is not confirmed: the filter
makes sure that the host's own context is there before it reads a `Caller`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

#: The role that makes a token a service's token.
SERVICE_ROLE = "service"


@dataclass(frozen=True)
class Caller:
    """The user behind a request, and the service that made it in the user's name, if any.

    :param confirmed: the user's token was verified
    :param user_id: None for an anonymous caller
    :param roles: lower-case names from the user's token only; a service's roles are never added
    :param has_service_token: a service token was sent, good or not
    :param service_user_id: the service's user, only where its token is verified *and* has the role
        ``service``: with Keystone's default ``service_token_roles_required = false`` a customer's
        own token passes as a service token
    """

    confirmed: bool
    user_id: str | None
    project_id: str | None
    roles: frozenset[str]
    has_service_token: bool = False
    service_user_id: str | None = None

    @property
    def is_service(self) -> bool:
        """The caller's own token has the role of a service."""
        return SERVICE_ROLE in self.roles

    @property
    def program_id(self) -> str | None:
        """The user of the program that is asking: the service token's, else a service's own."""
        if self.service_user_id:
            return self.service_user_id
        return self.user_id if self.is_service else None


def read_caller(environ: WSGIEnvironment) -> Caller:
    """Read the caller from the headers of a request."""
    confirmed = environ.get("HTTP_X_IDENTITY_STATUS") == "Confirmed"
    service_roles = _roles(environ, "HTTP_X_SERVICE_ROLES")
    good_service = environ.get("HTTP_X_SERVICE_IDENTITY_STATUS") == "Confirmed" and SERVICE_ROLE in service_roles
    return Caller(
        confirmed=confirmed,
        user_id=environ.get("HTTP_X_USER_ID") or None if confirmed else None,
        project_id=environ.get("HTTP_X_PROJECT_ID") or None if confirmed else None,
        roles=_roles(environ, "HTTP_X_ROLES") if confirmed else frozenset(),
        has_service_token=bool(environ.get("HTTP_X_SERVICE_TOKEN")),
        service_user_id=environ.get("HTTP_X_SERVICE_USER_ID") or None if good_service else None,
    )


def _roles(environ: WSGIEnvironment, header: str) -> frozenset[str]:
    return frozenset(role.strip().lower() for role in environ.get(header, "").split(",") if role.strip())
