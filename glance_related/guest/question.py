"""What Nova asks its vendordata target, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance_related.guest import problems
from glance_related.guest.part import Guest
from glance_related.instance_ref import InstanceRef, canonical_uuid

#: Longest name that Nova has for anything here, in characters.
_LONGEST = 255


def guest_of(document: Any, installation: str) -> Guest:
    """Of which guest Nova asks.

    :param installation: which Nova
    :raises Problem: 400
    """
    if not isinstance(document, dict):
        raise problems.QUESTION_UNFIT(reason="it must be a JSON object")
    instance_id = canonical_uuid(_text(document, "instance-id"))
    project_id = _text(document, "project-id")
    if instance_id is None:
        raise problems.QUESTION_UNFIT(reason="'instance-id' must be a UUID")
    if not project_id:
        raise problems.QUESTION_UNFIT(reason="'project-id' is missing")
    for name in ("image-id", "boot-roles", "user-data"):
        if document.get(name) is not None and not isinstance(document[name], str):
            raise problems.QUESTION_UNFIT(reason=f"'{name}' must be a text")
    if not isinstance(document.get("metadata", {}), dict):
        raise problems.QUESTION_UNFIT(reason="'metadata' must be an object")
    return Guest(InstanceRef(installation, instance_id), project_id, _text(document, "hostname"))


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise problems.QUESTION_UNFIT(reason=f"'{name}' must be a text of at most {_LONGEST} characters")
    return value
