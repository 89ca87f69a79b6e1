"""Whatever a variable's name and value are: a shell that reads the file has the value, and does nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glance_related.guest.program.variables import for_shell, text_of
from glance_related.package_menu.entry import NAME

SHELLS = [shell for shell in ("sh", "bash", "busybox") if shutil.which(shell)]

_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
_NASTY = st.sampled_from(
    ["'", '"', "\\", "\n", "\r", "\t", " ", "$", "`", "$(exit 9)", "${IFS}", ";", "&", "|", "!", "*", "~", "#", "%s",
     "\\'", "'\\''", "\x1b[2J", "\u2028", "é", "\U0001f600", "\n# ", "\nexit 9\n", "'; exit 9; '", "\\\n", "-n", "\x85"]
)  # fmt: skip
TEXTS = st.lists(_NASTY | _CHARACTERS, max_size=12).map("".join)
VALUES = (
    TEXTS
    | st.integers()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(TEXTS, max_size=4)
)
WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name != "_")


def said_by(shell: str, folder: Path, content: bytes, names: list[str]) -> list[bytes]:
    """The values that a shell has of these names after it has read a file, in an environment with nothing in it."""
    file = folder / "variables.sh"
    file.write_bytes(content)
    text = f'. "{file}"\n' + "".join(f'printf "%s\\000" "${name}"\n' for name in names)
    argv = [shutil.which(shell) or shell, *(["sh"] if shell == "busybox" else []), "-euc", text]
    done = subprocess.run(argv, env={}, cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.split(b"\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_has_every_value_byte_for_byte(shell: str, tmp_path: Path) -> None:
    @settings(max_examples=150)
    @given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=6))
    @example({"a": 'it\'s\n$(exit 9) `exit 9` \\ "x"'})
    def holds(variables: dict[str, Any]) -> None:
        names = sorted(variables)
        said = said_by(shell, tmp_path, for_shell(variables), names)
        assert said == [text_of(variables[name]).encode() for name in names]
        assert [path.name for path in tmp_path.iterdir()] == ["variables.sh"]

    holds()


@given(st.dictionaries(st.from_regex(NAME, fullmatch=True) | TEXTS, VALUES, max_size=8))
def test_every_line_of_the_file_is_part_of_an_assignment(variables: dict[str, Any]) -> None:
    text = for_shell(variables).decode()
    head, _, rest = text.partition("\n")
    assert head.startswith("# Written by")
    assignments = r"(?:[A-Za-z_][A-Za-z0-9_]*='(?:[^']|'\\'')*'\n)*"
    assert re.fullmatch(assignments, rest)


SPECIAL = (
    "PATH", "IFS", "ENV", "HOME", "SHELL", "PS1", "PS4", "PWD", "OLDPWD", "PPID", "UID", "EUID", "BASH_ENV", "BASHOPTS",
    "SHELLOPTS", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "LC_ALL", "LANG",
    "CDPATH", "GCONV_PATH", "PROMPT_COMMAND", "OPTIND", "TMPDIR", "GLANCE_RELATED_VARIABLES", "_",
)  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
def test_what_means_something_to_a_shell_is_not_set(name: str) -> None:
    assert for_shell({name: "x", "web": "y"}).decode().splitlines()[1:] == ["web='y'"]


def test_a_name_that_no_shell_has_is_spelt_as_one() -> None:
    assert for_shell({"a.b": 1, "c-d": 2, "9": 3, "e:f": 4}).decode().splitlines()[1:] == [
        "_9='3'", "a_b='1'", "c_d='2'", "e_f='4'",
    ]  # fmt: skip


def test_of_two_names_that_come_to_the_same_the_one_counts_that_is_spelt_so() -> None:
    assert for_shell({"a.b": 1, "a_b": 2, "a-b": 3}).decode().splitlines()[1:] == ["a_b='2'"]
