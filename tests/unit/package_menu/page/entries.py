"""Entries of a server as the API shows them."""

from __future__ import annotations

from typing import Any


def package(name: str = "web", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "package", "title": "", "description": "", "category": "", "state": "available",
        "state_origin": "project", "origin": "project", "through": None, "on": False, "chosen": None, **more,
    }  # fmt: skip


def variable(type_: str = "string", name: str = "word", **more: Any) -> dict[str, Any]:
    secret = {"has_value": False, "is_chosen": False} if type_ == "secret" else {}
    return {
        "name": name, "kind": "variable", "type": type_, "title": "", "description": "", "category": "",
        "state": "default", "state_origin": "global", "origin": "global", "through": None, "enum": [], "min": None,
        "max": None, "pattern": None, "required": False, "packages": [], "in_play": True, "value": None, "chosen": None,
        **secret, **more,
    }  # fmt: skip
