"""The problems that the package declares, found by looking at every module."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import glance_related
from glance_related.problem import ProblemKind


def declarations() -> dict[str, list[tuple[str, ProblemKind]]]:
    """Every declared problem by its code, with the names under which it is declared."""
    found: dict[str, list[tuple[str, ProblemKind]]] = {}
    for info in pkgutil.walk_packages(glance_related.__path__, "glance_related."):
        # the reference registry is a host, and its problems are its own
        if ".alembic" in info.name or ".testing" in info.name:
            continue
        module = importlib.import_module(info.name)
        tree = ast.parse(Path(str(module.__file__)).read_text())
        own = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in _names(node.targets)}
        for name, value in vars(module).items():
            if isinstance(value, ProblemKind) and name in own:
                found.setdefault(value.code, []).append((name, value))
    return found


def declared_problems() -> list[ProblemKind]:
    """Each of them once."""
    return [kind for named in declarations().values() for _, kind in named]


def _names(targets: list[ast.expr]) -> list[ast.Name]:
    return [target for target in targets if isinstance(target, ast.Name)]
