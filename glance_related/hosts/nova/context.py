"""Where in Nova's pipeline a request is: behind ``authtoken``, and before ``keystonecontext``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


def is_well_placed(environ: WSGIEnvironment) -> bool:
    """Whether the identity headers are verified, and Nova has not yet built its context from them.

    Both are objects in the environ, which no header can forge: ``authtoken`` leaves its own behind, and a
    request id that is set after ``keystonecontext`` would reach nobody.
    """
    return "keystone.token_auth" in environ and "nova.context" not in environ
