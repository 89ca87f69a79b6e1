"""What holds for every file, and what must be the same in several places."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import re
import string
import tokenize
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from glance_related.settings import options, policy
from tests.project.declared import declarations
from tests.project.source import PACKAGE, PROJECT, files, modules, text_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
# What one promises to do and then does not. Written so that this file does not find itself.
LEFTOVERS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


def relative(path: Path) -> str:
    return str(path.relative_to(PROJECT))


PYTHON = text_files(".py")
TEXT = text_files(".py", ".md", ".ini", ".sh", ".yml", ".yaml", ".cfg", ".toml")


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {relative(path): len(path.read_text().splitlines()) for path in PYTHON}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_a_function_can_be_read_at_a_glance() -> None:
    long = {
        f"{module.path}: {node.name}": length
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
        and "/versions/" not in module.path  # a revision lists its tables
    }
    assert long == {}


def test_nothing_is_left_for_later() -> None:
    assert [relative(path) for path in TEXT if LEFTOVERS.search(path.read_text())] == []


def test_the_search_for_leftovers_finds_one() -> None:
    assert LEFTOVERS.search("# TO" + "DO: later")


def test_no_test_replaces_a_part_by_a_mock() -> None:
    assert [relative(path) for path in PYTHON if names_in(path) & {"unittest", "MagicMock", "mocker"}] == []


def names_in(path: Path) -> set[str]:
    with tokenize.open(path) as source:
        return {token.string for token in tokenize.generate_tokens(source.readline) if token.type == tokenize.NAME}


def test_a_module_says_what_it_is_for() -> None:
    # the folders of the migrations are empty
    assert [module.path for module in modules() if module.tree.body and not ast.get_docstring(module.tree)] == []


def test_the_version_is_said_in_one_place_and_in_the_change_log() -> None:
    version = importlib.metadata.version("glance_related")
    assert f"## {version}" in (PROJECT / "CHANGELOG.md").read_text()


KINDS = declarations()


@pytest.mark.parametrize("code", KINDS)
def test_a_problem_has_one_code_one_declaration_and_is_raised(code: str) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", code)
    ((name, kind),) = KINDS[code]
    assert 400 <= kind.status < 600
    assert kind.text.endswith(".")
    calls = [
        node
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and _called(node.func) == name
    ]
    assert calls, f"nothing answers {code}"
    given = {frozenset(keyword.arg for keyword in call.keywords) for call in calls}
    assert given == {frozenset(named for _, named, _, _ in string.Formatter().parse(kind.text) if named)}


def _called(function: ast.Name | ast.Attribute) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr


def test_no_two_problems_share_their_text() -> None:
    texts = Counter(kind.text for declared in KINDS.values() for _, kind in declared)
    assert max(texts.values()) == 1


OWN_OPTIONS = [
    (group, option)
    for group, opts in options.list_opts()
    for option in opts
    if group != options.ACCOUNT_GROUP or option in options.ACCOUNT_OPTS
]


@pytest.mark.parametrize(("group", "option"), OWN_OPTIONS, ids=lambda value: getattr(value, "name", value))
def test_an_option_is_explained_and_read(group: str, option: Any) -> None:
    assert option.help.rstrip().endswith(".")
    assert option.dest in _attributes_read(), f"[{group}] {option.name} changes nothing"


@functools.cache
def _attributes_read() -> frozenset[str]:
    """Every attribute and every key that any module reads in so many words, but for those that declare options."""
    nodes = [node for module in modules() if not module.path.endswith("options.py") for node in ast.walk(module.tree)]
    keys = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
    named = {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return frozenset({node.attr for node in nodes if isinstance(node, ast.Attribute)} | named)


@pytest.mark.parametrize("rule", policy.list_rules(), ids=lambda rule: rule.name)
def test_a_policy_is_asked_somewhere(rule: Any) -> None:
    constants = {name for name, value in vars(policy).items() if value == rule.name}
    assert len(constants) == 1
    (constant,) = constants
    asked = {
        node.attr
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "policy"
    }
    assert constant in asked


def test_every_package_is_shipped() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_nothing_that_a_machine_made_is_in_the_project() -> None:
    made = {".pyc", ".sqlite", ".db", ".log", ".orig", ".rej", ".swp"}
    assert not [relative(path) for path in files() if path.suffix in made]
