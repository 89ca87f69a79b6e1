"""The script that a guest's first boot runs: it unpacks the program, and what the guest is to have, and runs it.

It is a part of vendor data that begins with ``#!``: the ``packages`` and ``write_files`` of a user's own cloud-config
take the place of those of vendor data, while a script of vendor data is run whatever the user has. Who does not want it
says ``vendor_data2: {enabled: false}``, and cloud-init passes over all of it; ``vendor_data`` is to cloud-init the
other, static kind, and to our script the same no.
"""

from __future__ import annotations

import ast
import base64
import functools
import gzip
from pathlib import Path

#: The modules of the program, each behind those that it imports.
MODULES = ("tools", "packages", "variables", "talking", "staying", "glance_related_guest")

_OURS = "glance_related."

_SCRIPT = """\
#!/bin/sh
# This server's packages and variables are kept as its owner has chosen them in the cloud. The program that does so is
# /usr/local/sbin/glance-related-guest from now on. "vendor_data: {{enabled: false}}" in the user data keeps it out.
umask 077
python=$(command -v python3 || command -v /usr/libexec/platform-python) || {{
    echo "glance-related: there is no Python 3 here" >&2
    exit 0
}}
"$python" - <<'END' || exit 0
import sys
try:
    import yaml
    with open("/var/lib/cloud/instance/cloud-config.txt") as file:
        said = yaml.safe_load(file)["vendor_data"]
except Exception:
    sys.exit(0)
said = said.get("enabled", True) if isinstance(said, dict) else False
sys.exit(str(said).lower() not in ("true", "1", "on", "yes"))
END
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unpack() {{
    "$python" -c 'import base64, gzip, sys
sys.stdout.buffer.write(gzip.decompress(base64.b64decode(sys.stdin.read())))' >"$work/$1" || exit 1
}}
unpack program <<'END'
{program}
END
{settings}# What failed is reported, and tried again.
"$python" "$work/program" install {file} || :
"""
_SETTINGS = """\
unpack settings <<'END'
{settings}
END
"""


def script(settings: bytes | None) -> str:
    """The script.

    :param settings: what the guest is to have, for its program; None: it shall ask for it at once
    """
    return _SCRIPT.format(
        program=_program_packed(),
        settings="" if settings is None else _SETTINGS.format(settings=_packed(settings)),
        file='"$work/settings"' if settings is not None else "",
    )


@functools.cache
def program() -> bytes:
    """The program as one file."""
    texts = [_alone((Path(__file__).parent / "program" / f"{name}.py").read_text()) for name in MODULES]
    head = "#!/usr/bin/env python3\n# glance-related-guest, made of the modules of glance_related.guest.program.\n"
    return (head + "\n\n".join(texts)).encode()


def _alone(source: str) -> str:
    """A module without what it imports from its neighbours, which stand above it."""
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_OURS):
            assert node.end_lineno is not None
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "".join(lines)


@functools.cache
def _program_packed() -> str:
    return _packed(program())


def _packed(content: bytes) -> str:
    # without the time: the same content is always the same text
    return base64.encodebytes(gzip.compress(content, mtime=0)).decode().rstrip()
