"""Files in one step, other programs, words for the log."""

import json
import os
import re
import subprocess
import sys
import tempfile
from typing import Any, Dict, Sequence, Tuple

NAME = "glance-related-guest"

_UNPRINTABLE = re.compile(r"[^ -~\u00a0-\u2027\u202f-\ud7ff\ue000-\ufffd]+")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def say(text: str) -> None:
    """A line for the log."""
    sys.stderr.write(f"{NAME}: {text}\n")
    sys.stderr.flush()


def plain(text: str, most: int = 300) -> str:
    """A text in one line, without anything that is not for reading."""
    return _UNPRINTABLE.sub(" ", text).strip()[:most]


def write(path: str, content: bytes, mode: int) -> None:
    """Put a file there in one step: whoever reads it, reads the old one or the new one."""
    folder = os.path.dirname(path)
    os.makedirs(folder, 0o755, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_json(path: str) -> Dict[str, Any]:
    """What a file says; nothing where it is not there, or is broken."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def run(command: Sequence[str], seconds: int, **environment: str) -> Tuple[int, str]:
    """Run a program; its exit code, and all that it said."""
    path = os.environ.get("PATH")
    env = dict(os.environ, PATH=path + ":" + _PATH if path else _PATH, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    env.update(environment)
    try:
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return 124, f"it took more than {seconds} seconds"
    except OSError as error:
        return 127, str(error.strerror)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def last_words(said: str) -> str:
    """Of what a program said, what most likely tells why it failed."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"E:|error\b", line, re.IGNORECASE)]
    return plain("; ".join((errors or lines)[-2:]))
