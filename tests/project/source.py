"""The project as its rules see it: files, parsed modules, and what each of them imports."""

from __future__ import annotations

import ast
import configparser
import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "glance_related"


@dataclass(frozen=True)
class Module:
    """A module of the package.

    :param path: relative to the package, as ``wsgi/filter.py``
    """

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The part of the house that it lies in: ``wsgi``, ``instance_aware``, or its own name at the top."""
        return self.path.partition("/")[0].removesuffix(".py")

    @functools.cached_property
    def imports(self) -> frozenset[str]:
        """Full names of the modules it imports, wherever in its code; for ``from x import y``, both x and x.y."""
        return imports_of(self.tree)


def imports_of(tree: ast.AST) -> frozenset[str]:
    """See `Module.imports`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # a relative import would hide from every rule below what it imports
            assert node.level == 0, f"line {node.lineno}: import by the full name"
            assert node.module
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def is_under(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of these packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every module of the package."""
    return tuple(
        Module(str(path.relative_to(PACKAGE)), ast.parse(path.read_text(), str(path)))
        for path in sorted(PACKAGE.rglob("*.py"))
    )


def systems() -> list[str]:
    """The systems of the suite: the packages with a filter in them."""
    return sorted({path.parent.name for path in PACKAGE.glob("*/*_filter.py")} - {"guest"})


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file of the project that is, or could now be, committed."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False).stdout
    paths = [PROJECT / name for name in listed.split("\0") if name]
    return tuple(path for path in paths if path.is_file() and not path.is_symlink()) or _without_git()


def _without_git() -> tuple[Path, ...]:
    """An unpacked archive has no git."""
    left_out = ("var", "build", "dist", "__pycache__")
    return tuple(
        path
        for path in sorted(PROJECT.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not any(part in left_out or part.startswith(".") for part in path.relative_to(PROJECT).parts[:-1])
    )


def text_files(*suffixes: str) -> list[Path]:
    """Files of the project with one of these endings, and programs that have none."""
    return [path for path in files() if path.suffix in suffixes or (path.parent.name == "tools" and not path.suffix)]


@functools.cache
def setup_cfg() -> configparser.ConfigParser:
    """The packaging."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(PROJECT / "setup.cfg")
    return parser


def lines_of(section: str, key: str) -> list[str]:
    """A list in setup.cfg."""
    return [line.strip() for line in setup_cfg()[section][key].splitlines() if line.strip()]
