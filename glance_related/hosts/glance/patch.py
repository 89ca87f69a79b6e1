"""Both media types of Glance's image PATCH, read as Glance reads them.

=============================================  ==============================================
media type                                     one change
=============================================  ==============================================
application/openstack-images-v2.1-json-patch   ``{"op": "add", "path": "/x", "value": "y"}``
application/openstack-images-v2.0-json-patch   ``{"add": "/x", "value": "y"}``; ``add`` of what
                                               is there already is a conflict
=============================================  ==============================================

Only changes of our names are taken out and judged. Every other one is passed on as it came,
well-formed or not: Glance refuses what it cannot read, and what it reads as ours we read as ours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.problem import ProblemKind

#: Media type to the number of the JSON-patch draft that it follows.
DRAFTS = {
    "application/openstack-images-v2.1-json-patch": 10,
    "application/openstack-images-v2.0-json-patch": 4,
}
_OPERATIONS = ("add", "remove", "replace")

BAD_OPERATION = ProblemKind(
    "image_patch.bad_operation", 400, "Operations on '{name}' must be one of: add, remove, replace."
)
BAD_POINTER = ProblemKind("image_patch.bad_pointer", 400, "Invalid JSON pointer for this resource: '/{pointer}'.")
NO_VALUE = ProblemKind("image_patch.no_value", 400, 'Operation "{operation}" requires a member named "value".')
BAD_VALUE = ProblemKind("image_patch.bad_value", 400, "The value of '{name}' must be a string.")
EXISTS = ProblemKind("image_patch.exists", 409, "Property {name} already present.")
MISSING = ProblemKind("image_patch.missing", 409, "Property {name} does not exist.")

PROBLEMS = (BAD_OPERATION, BAD_POINTER, NO_VALUE, BAD_VALUE, EXISTS, MISSING)


@dataclass(frozen=True)
class Change:
    """A change of one of our names.

    :param operation: ``add``, ``replace`` or ``remove``
    :param name: the property
    :param value: the new value; None for ``remove``
    :param overwrites: whether ``add`` may meet a value (v2.1) or not (v2.0)
    """

    operation: str
    name: str
    value: str | None
    overwrites: bool


def draft_of(content_type: str) -> int | None:
    """The draft that a Content-Type stands for, or None: Glance answers 415."""
    return DRAFTS.get(content_type.partition(";")[0].strip().lower())


def split(changes: list[Any], draft: int, names: Collection[str]) -> tuple[list[Change], list[Any]]:
    """Take the changes of our names out of a PATCH.

    :param changes: the document
    :param draft: from `draft_of`
    :param names: the properties that are ours
    :returns: our changes, and all others as they came, both in their order
    :raises Problem: 400 for a change of ours that Glance, too, would refuse
    """
    ours: list[Change] = []
    rest: list[Any] = []
    for raw in changes:
        operation, pointer = _operation_and_pointer(raw, draft)
        path = _tokens(pointer)
        if not path or path[0] not in names:
            rest.append(raw)
            continue
        name = path[0]
        if operation not in _OPERATIONS:
            raise BAD_OPERATION(name=name)
        if len(path) != 1:
            raise BAD_POINTER(pointer="/".join(path))
        ours.append(Change(operation, name, _value(raw, operation, name), overwrites=draft == 10))
    return ours, rest


def apply(changes: list[Change], properties: Mapping[str, str]) -> dict[str, str]:
    """What these changes make of some properties.

    :raises Problem: 409 where a change does not fit what is there
    """
    result = dict(properties)
    for change in changes:
        if change.operation == "add" and change.name in result and not change.overwrites:
            raise EXISTS(name=change.name)
        if change.operation != "add" and change.name not in result:
            raise MISSING(name=change.name)
        if change.value is None:
            del result[change.name]
        else:
            result[change.name] = change.value
    return result


def _operation_and_pointer(raw: Any, draft: int) -> tuple[Any, Any]:
    if not isinstance(raw, dict):
        return None, None
    if draft == 10:
        return raw.get("op"), raw.get("path")
    operations = [operation for operation in _OPERATIONS if operation in raw]
    # none or several: Glance refuses the change, and so the whole PATCH
    return (operations[0], raw[operations[0]]) if len(operations) == 1 else (None, None)


def _tokens(pointer: Any) -> list[str]:
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        return []
    return [token.replace("~1", "/").replace("~0", "~").strip() for token in pointer.lstrip("/").split("/")]


def _value(raw: dict[str, Any], operation: str, name: str) -> str | None:
    if operation == "remove":
        return None
    if "value" not in raw:
        raise NO_VALUE(operation=operation)
    value = raw["value"]
    if not isinstance(value, str):
        raise BAD_VALUE(name=name)
    return value
