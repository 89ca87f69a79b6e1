"""Variables for the shell: whatever a value is, it is only ever a value."""

import json
import re
from typing import Any, Dict

from glance_related.guest.program.tools import NAME

# What means something to the shell itself, to the loader or to an interpreter: no value must become that.
_SPECIAL = re.compile(
    r"_|PATH|IFS|ENV|CDPATH|HOME|SHELL|PS\d|OPT(IND|ARG|ERR)|P?PID|E?UID|GROUPS|(OLD)?PWD|TERM(INFO)?|TMPDIR|TZ|RANDOM"
    r"|SECONDS|LINENO|HOSTNAME|FUNCN\w*|GLOBIGNORE|SHELLOPTS|PROMPT_\w*|DIRSTACK|PIPESTATUS|POSIXLY_CORRECT|NLSPATH"
    r"|LANG(UAGE)?|LC_\w*|LD_\w*|BASH\w*|HIST\w*|COMP_\w*|GCONV_PATH|GLIBC_\w*|MALLOC_\w*|RES_OPTIONS|LOCALDOMAIN"
    r"|HOSTALIASES|PYTHON\w*|PERL\w*|RUBY\w*|NODE_\w*|JAVA_TOOL_OPTIONS|SUDO_\w*|GLANCE_RELATED_\w*"
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def for_shell(variables: Dict[str, Any]) -> bytes:
    """Assignments for ``sh``.

    A name is spelt with ``_`` for what no shell's name has; of two that come to the same, the one counts that needs no
    other spelling. What means something to the shell is left out.
    """
    names: Dict[str, str] = {}
    for name in sorted(variables, key=lambda one: (not _WORD.fullmatch(one), one)):
        spelt = re.sub(r"[^A-Za-z0-9_]", "_", name)
        if spelt[:1].isdigit():
            spelt = "_" + spelt
        if spelt and not _SPECIAL.fullmatch(spelt):
            names.setdefault(spelt, name)
    lines = [f"# Written by {NAME}; what is changed here is lost."]
    for spelt, name in sorted(names.items()):
        value = text_of(variables[name])
        if "\0" not in value:
            lines.append("{}='{}'".format(spelt, value.replace("'", "'\\''")))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def text_of(value: Any) -> str:
    """A value as a text: a list has a line for each item."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(text_of(item) for item in value)
    return json.dumps(value)
