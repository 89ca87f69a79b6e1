"""Glance's request context: proof that the caller is known, and another project's view.

Glance's ``context`` filter hangs its context on the WebOb request, which keeps it in
``environ["webob.adhoc_attrs"]``. No header can forge that, so a request that carries one has
passed ``context``, and before it ``authtoken``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_ATTRIBUTES = "webob.adhoc_attrs"

# Everything of a context by which Glance's policies and queries tell one caller from another.
# What this release of Glance's context does not have is not set.
_CLEARED = (
    "user_id",
    "user_name",
    "user_domain_id",
    "user_domain_name",
    "project_name",
    "project_domain_id",
    "project_domain_name",
    "domain_id",
    "domain_name",
    "system_scope",
    "auth_token",
    "service_token",
    "service_user_id",
    "service_user_name",
    "service_user_domain_id",
    "service_user_domain_name",
    "service_project_id",
    "service_project_name",
    "service_project_domain_id",
    "service_project_domain_name",
)


def host_context(environ: WSGIEnvironment) -> Any:
    """Glance's context of this request, or None where ``context`` has not run yet."""
    return environ.get(_ATTRIBUTES, {}).get("context")


def is_without_identity(context: Any) -> bool:
    """Whether the context is that of a pipeline without authentication (``unauthenticated-context``)."""
    return bool(context.is_admin) and context.user_id is None and not context.roles


def view_as(environ: WSGIEnvironment, project_id: str, roles: Iterable[str]) -> None:
    """Make this request one of a plain user of a project: Glance then answers what that user would see.

    Everything else about the caller is cleared. Changing the project alone leaks private images,
    and keeping the caller's roles leaks properties that are protected from the customer.

    :param environ: a request's own copy of the environ; the caller's context stays as it was
    :param project_id: the customer
    :param roles: the roles that the customer's user is taken to have
    """
    context = copy.copy(host_context(environ))
    for attribute in _CLEARED:
        if hasattr(context, attribute):
            setattr(context, attribute, None)
    context.project_id = project_id
    context.is_admin = False
    context.is_admin_project = True  # what a token says in a cloud without an admin project
    context.roles = list(roles)  # a new list: Glance extends it in place
    context.service_roles = []
    environ[_ATTRIBUTES] = {**environ[_ATTRIBUTES], "context": context}
